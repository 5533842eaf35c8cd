//! Another channel asks: the same brain at a moment that is not one of walking.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use decide::catalogue::Catalogue;
use decide::evaluate::{self, Context};
use model::decision::{Decision, Moment, Trigger};
use model::ids::{OfferId, VisitId, ZoneId};
use model::time::{Millis, Timestamp};
use model::units::Probability;

use super::around::filled;
use super::{Lent, Shopper};
use crate::core::{Ask, nowhere};

impl Shopper {
    pub(super) fn asked(&mut self, ask: &Ask, now: Timestamp) {
        if !self.state.consent.profiling || !self.state.note_moment(ask.id) {
            return;
        }
        self.changed = true;
        let moment = self.moment_of(ask, now);
        self.decide(ask.id, moment, now);
    }

    /// What would be decided, with so many units of these budgets left.
    pub(crate) fn preview(
        &self,
        plan: &Arc<Catalogue>,
        ask: &Ask,
        left: &BTreeMap<OfferId, u64>,
        lent: &Lent,
        now: Timestamp,
    ) -> Decision {
        let (moment, nothing) = (self.moment_of(ask, now), BTreeSet::new());
        let context = self.context(plan, ask.id, &moment, &nothing, lent, now);
        let needed = evaluate::budgets_needed(&context).into_iter();
        let to_be_had = needed.filter(|(offer, kept)| left.get(offer).is_some_and(|left| left > kept));
        let granted = to_be_had.map(|(offer, _)| offer).collect();
        evaluate::evaluate(&Context { granted: &granted, ..context })
    }

    /// Where the channel says that the customer is, else where they were last seen in that store.
    fn moment_of(&self, ask: &Ask, now: Timestamp) -> Moment {
        let stays = self.state.stays.iter().filter(|stay| stay.store == ask.store);
        let fits = |zone: &ZoneId| ask.zone.as_ref().is_none_or(|asked| asked == zone);
        let stay = stays.filter(|stay| fits(&stay.zone)).max_by_key(|stay| stay.since);
        let told = ask.zone.clone();
        let zone = told.or_else(|| stay.map(|stay| stay.zone.clone())).unwrap_or_else(nowhere);
        let seen = stay.map(|stay| self.state.around_at(&stay.store, &zone)).unwrap_or_default();
        Moment {
            store: ask.store.clone(),
            visit: stay.and_then(|stay| stay.devices.first()).map_or(VisitId(0), |(_, visit)| *visit),
            zone,
            trigger: Trigger::Asked,
            at: now,
            dwell: stay.map_or(Millis::ZERO, |stay| stay.dwell(now)),
            // A kiosk knows where it stands: whoever asks there is there.
            probability: match (&ask.zone, stay) {
                (Some(_), _) => Probability::ONE,
                (None, Some(stay)) => stay.probability,
                (None, None) => Probability::ZERO,
            },
            pattern: None,
            channel: ask.channel,
            placement: ask.placement.clone(),
            around: filled(&ask.around, seen),
        }
    }
}
