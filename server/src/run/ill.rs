//! Which receivers are not well by what they hear of people, told to pages when that changes.

use std::collections::BTreeMap;

use engine::core::Core;
use locate::health::Condition;
use model::ids::{ReceiverId, StoreId};
use model::time::Timestamp;

use crate::live::Live;

/// What pages were told last, by store.
#[derive(Debug, Default)]
pub(super) struct Ill(BTreeMap<StoreId, BTreeMap<ReceiverId, Condition>>);

impl Ill {
    /// Tells pages of stores in which others are not well than before.
    pub(super) fn tell<'s>(
        &mut self,
        core: &Core,
        live: &Live,
        stores: impl Iterator<Item = &'s StoreId>,
        now: Timestamp,
    ) {
        for store in stores {
            let known = self.0.entry(store.clone()).or_default();
            if core.ill_receivers(store).eq(known.iter().map(|(receiver, condition)| (receiver, *condition))) {
                continue;
            }
            *known = core.ill_receivers(store).map(|(receiver, condition)| (receiver.clone(), condition)).collect();
            live.put_ill(store, known, now);
        }
    }
}
