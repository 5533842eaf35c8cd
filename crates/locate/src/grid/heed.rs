//! Which receivers a field heeds: one that is dead says nothing by its silence, one that was moved nothing by its levels.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::ids::ReceiverId;

use super::estimate::Estimate;
use super::field::{Field, HEARING, log_share, under};
use super::weigh::Workspace;
use super::{Filter, Heard};
use crate::health::{Condition, Look, Watch};

impl Field {
    /// A field in which all receivers are well, with receivers in these conditions; those that are not named stay well.
    ///
    /// Only the tables of who heard and who did not are made anew.
    #[must_use]
    pub fn heeding(&self, conditions: &BTreeMap<ReceiverId, Condition>) -> Self {
        let mut field = self.clone();
        for ear in &mut field.ears {
            ear.condition = conditions.get(&ear.id).copied().unwrap_or_default();
        }
        let (mut before, mut now) = (vec![0.0_f32; self.cells()], vec![0.0_f32; self.cells()]);
        for ear in &field.ears {
            before.iter_mut().zip(&ear.chance).for_each(|(all, chance)| *all += chance);
            if ear.condition == Condition::Well {
                now.iter_mut().zip(&ear.chance).for_each(|(all, chance)| *all += chance);
            }
        }
        for ear in &mut field.ears {
            // One that is silent is heard again before it is known to be well.
            let own = if ear.condition == Condition::Well { 0.0 } else { 1.0 };
            for (((claim, chance), before), now) in ear.claim.iter_mut().zip(&ear.chance).zip(&before).zip(&now) {
                *claim += HEARING * (log_share(*chance, now + own * chance) - log_share(*chance, *before));
            }
        }
        field
    }

    /// Whether what a receiver hears says where somebody is.
    pub(super) fn trusts(&self, receiver: u16) -> bool {
        self.ears[usize::from(receiver)].condition.is_trusted()
    }

    /// What a receiver is expected to hear at a cell, and how likely it hears it beside the others.
    pub(crate) fn expected_at(&self, receiver: usize, law: usize, cell: usize) -> (f32, f32) {
        let ear = &self.ears[receiver];
        (under(&ear.levels, law)[cell], ear.chance[cell])
    }

    /// Laws between which it is open.
    pub(crate) const fn law_count(&self) -> usize {
        self.laws.len()
    }
}

impl Filter {
    /// Goes on with the same field in which receivers are in another condition. What is still open is believed anew.
    #[must_use]
    pub fn heeding(mut self, field: Arc<Field>, work: &mut Workspace) -> Self {
        if !Arc::ptr_eq(&self.field.ground, &field.ground) || self.field.receivers != field.receivers {
            return self.moved(field, work);
        }
        self.field = field;
        (self.middle.slot, self.newest.slot) = (None, None);
        self
    }

    /// Gives what was heard in a slot to those who watch the receivers, with the estimate of the same slot.
    /// `who` is a number that tells subjects apart.
    pub fn examine(&self, slot: i64, who: u64, estimate: &Estimate, work: &Workspace, watch: &mut Watch) {
        let Some(open) = self.slots.iter().find(|open| open.number == slot) else { return };
        let device = &work.belief.device;
        let Estimate { at, floor, point, uncertainty, .. } = estimate;
        let look = Look { at: *at, floor, point: *point, uncertainty: *uncertainty, who };
        let heard = open.heard.iter().map(Heard::echo);
        watch.look(&look, heard.map(|echo| (echo.receiver, echo.level - device.offset, echo.frames)));
    }
}
