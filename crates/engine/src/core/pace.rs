//! Spreads each budget over the time of its offer: what is held back follows what was planned and what is spent.
//!
//! It works on fixed times, each once, so that it makes no difference when the core is woken. Between two inputs nothing
//! is spent, so times that were missed are made up for at the next input.

use std::collections::BTreeMap;

use decide::brain::Course;
use decide::catalogue::Catalogue;
use model::ids::{OfferId, StoreId};
use model::shop::Shop;
use model::time::{Millis, Timestamp};

use super::Core;

/// How often the brake is worked.
pub(super) const EVERY: Millis = Millis::minutes(6);
/// After a longer pause of the core the steps before these are left out.
const MISSED_MAX: i64 = 240;

impl Core {
    /// Works the brakes of all budgets up to now.
    pub(super) fn keep_pace(&mut self) {
        let due = self.now.0.div_euclid(EVERY.0);
        if due <= self.paced {
            return;
        }
        self.paced = due;
        let spent: Vec<(StoreId, OfferId, u64, u64)> = self
            .leases
            .spent()
            .map(|(store, offer, budget, spent)| (store.clone(), offer.clone(), budget, spent))
            .collect();
        for (store, offer, budget, spent) in spent {
            let epoch = self.epochs.get(&(store.clone(), offer.clone())).map(|epoch| epoch.started);
            let Some(plan) = self.plans.get(&store) else { continue };
            let course = self.lent.brain.course_mut(&store, &offer);
            let last = course.paced.0.div_euclid(EVERY.0);
            if course.paced == Timestamp::default() {
                course.paced = self.now;
                continue;
            }
            for step in last.saturating_add(1).max(due - MISSED_MAX)..=due {
                let at = Timestamp(step * EVERY.0);
                course.brake = planned(plan, &offer, epoch, budget, at)
                    .map_or(1.0, |planned| course.pace.step(planned, units(spent), EVERY.as_seconds() / 3_600.0));
                course.paced = at;
            }
        }
    }
}

/// Lets go of the brakes of offers whose budget was taken away: nothing would work them any more.
pub(super) fn release(courses: &mut BTreeMap<OfferId, Course>, plan: &Shop) {
    for (offer, course) in courses {
        if plan.offer(offer).is_none_or(|offer| offer.budget.is_none()) {
            *course = Course { epoch: course.epoch, stopped: course.stopped, ..Course::default() };
        }
    }
}

/// What of a budget should be spent by a moment; none for an offer without an end, whose budget lasts as long as it lasts.
fn planned(plan: &Catalogue, offer: &OfferId, epoch: Option<Timestamp>, budget: u64, at: Timestamp) -> Option<f64> {
    let offer = plan.offer(offer)?;
    let (starts, ends) = (offer.starts.or(epoch)?, offer.ends?);
    let (all, done) = (plan.awake(starts, ends), plan.awake(starts, at.min(ends)));
    let share = if all.0 > 0 { done.as_seconds() / all.as_seconds() } else { 1.0 };
    Some(units(budget) * share.clamp(0.0, 1.0))
}

#[expect(clippy::cast_precision_loss, reason = "budgets are counted, far below 2^53")]
const fn units(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_that_is_taken_away_takes_its_brake_with_it() {
        let plan = Shop::clone(&crate::fixture::plan(0.0));
        let limited = plan.offers.iter().find(|offer| offer.budget.is_some()).expect("one has a budget").id.clone();
        let course = Course { epoch: 3, brake: 0.2, paced: Timestamp(1), ..Course::default() };
        let mut courses = BTreeMap::from([(limited.clone(), course)]);
        release(&mut courses, &plan);
        assert_eq!(courses[&limited], course, "it is still worked");
        let mut free = plan;
        free.offers.iter_mut().for_each(|offer| offer.budget = None);
        release(&mut courses, &free);
        assert_eq!(courses[&limited], Course { epoch: 3, ..Course::default() });
    }
}
