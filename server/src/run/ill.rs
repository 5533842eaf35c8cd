//! Which receivers are not well by what they hear of people, and what positions rest on, told to pages when that changes.

use std::collections::BTreeMap;

use engine::core::Core;
use locate::calibrate::Source;
use locate::health::Condition;
use model::ids::{ReceiverId, StoreId};
use model::time::Timestamp;

use crate::live::Live;

/// What pages were told last, by store.
#[derive(Debug, Default)]
pub(super) struct Ill(BTreeMap<StoreId, Told>);

/// What pages were told of one store.
#[derive(Debug, Default)]
struct Told {
    ill: BTreeMap<ReceiverId, Condition>,
    source: Option<Source>,
}

impl Ill {
    /// Tells pages of stores in which others are not well than before, or in which positions rest on something else.
    pub(super) fn tell<'s>(
        &mut self,
        core: &Core,
        live: &Live,
        stores: impl Iterator<Item = &'s StoreId>,
        now: Timestamp,
    ) {
        for store in stores {
            let Told { ill: known, source } = self.0.entry(store.clone()).or_default();
            if core.source(store) != *source {
                *source = core.source(store);
                live.put_source(store, *source);
            }
            if core.ill_receivers(store).eq(known.iter().map(|(receiver, condition)| (receiver, *condition))) {
                continue;
            }
            *known = core.ill_receivers(store).map(|(receiver, condition)| (receiver.clone(), condition)).collect();
            live.put_ill(store, known, now);
        }
    }
}
