//! From beliefs to stays: who is in which zone, told as changes with their reasons.
//!
//! Each zone is followed on its own, so a shelf within a department is one stay in each. Everything counts time, never sightings.

pub mod rhythm;

use std::collections::BTreeMap;

use model::ids::ZoneId;
use model::presence::{Presence, PresenceKind, PresenceReason};
use model::time::{Millis, Timestamp};
use model::units::Probability;

use crate::grid::Estimate;

/// Belief at which a subject is taken to come in.
const ENTER: f64 = 0.7;
/// For so long the belief must hold before the subject has entered.
const ENTER_HOLD: Millis = Millis(1_000);
/// Belief at which a subject is taken to go.
const LEAVE: f64 = 0.3;
/// For so long it must stay low before the subject has left.
const LEAVE_HOLD: Millis = Millis(6_000);
/// Who left a zone so short a time ago comes back into it only when the belief holds for longer: a walk takes its time,
/// a wavering belief does not.
const RETURN: Millis = Millis(10_000);
/// For so long the belief must hold for one who comes back.
const RETURN_HOLD: Millis = Millis(3_000);
/// Belief that ends a low spell: between the two the stay is neither safe nor lost.
const RECOVER: f64 = 0.5;

/// A change of one stay.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// In which zone.
    pub zone: ZoneId,
    /// What changed.
    pub kind: PresenceKind,
    /// When it became so.
    pub at: Timestamp,
    /// When the stay began.
    pub since: Timestamp,
    /// Belief that the subject is in the zone.
    pub probability: Probability,
    /// Why.
    pub reason: PresenceReason,
}

impl Change {
    /// The change with the receivers and the next likeliest zone of what was last believed, under its own rule.
    #[must_use]
    pub fn explained(self, last: &Estimate) -> Self {
        Self { reason: reason(last, &self.zone, &self.reason.rule), ..self }
    }
}

/// The stays of one subject.
#[derive(Debug, Default)]
pub struct Tracker {
    stays: BTreeMap<ZoneId, Stay>,
    /// When zones were left, as far as it matters for coming back.
    left: BTreeMap<ZoneId, Timestamp>,
    seen: Option<Timestamp>,
}

/// How a subject stands to a zone; a zone without an entry is one where it is not.
#[derive(Debug, Clone, Copy)]
enum Stay {
    /// The belief is high, but not for long enough.
    Approaching { since: Timestamp },
    /// In the zone.
    Inside(Inside),
}

#[derive(Debug, Clone, Copy)]
struct Inside {
    since: Timestamp,
    /// The last change that was told.
    told: Timestamp,
    dwelt: bool,
    /// Since when the belief is low.
    fading: Option<Timestamp>,
    probability: Probability,
}

impl Tracker {
    /// Takes up the stays that were open, as their last changes tell.
    #[must_use]
    pub fn restore<'a>(stays: impl IntoIterator<Item = &'a Presence>) -> Self {
        let mut tracker = Self::default();
        for stay in stays {
            let dwelt = match stay.kind {
                PresenceKind::Left => continue,
                PresenceKind::Entered => false,
                PresenceKind::Dwelling => true,
            };
            let inside =
                Inside { since: stay.since, told: stay.at, dwelt, fading: None, probability: stay.probability };
            tracker.stays.insert(stay.zone.clone(), Stay::Inside(inside));
        }
        tracker
    }

    /// Zones that the subject is in.
    pub fn inside(&self) -> impl Iterator<Item = &ZoneId> {
        self.stays.iter().filter_map(|(zone, stay)| match stay {
            Stay::Inside(_) => Some(zone),
            Stay::Approaching { .. } => None,
        })
    }

    /// Takes a belief that rests on what was just heard. Going comes before coming, and both before dwelling.
    /// After a silence longer than `quiet_after`, what was about to happen starts anew; nothing ends by it.
    pub fn see(&mut self, estimate: &Estimate, dwell: Millis, quiet_after: Millis) -> Vec<Change> {
        if self.seen.is_some_and(|seen| estimate.at <= seen) {
            return Vec::new();
        }
        let woken = self.seen.is_some_and(|seen| estimate.at.since(seen) > quiet_after);
        self.seen = Some(estimate.at);
        if woken {
            self.forget_spells();
        }
        self.left.retain(|_, left| estimate.at.since(*left) <= RETURN);
        let entered: Vec<Change> =
            estimate.zones.iter().filter_map(|(zone, p)| self.come(estimate, zone, *p)).collect();
        let unnamed: Vec<ZoneId> =
            self.stays.keys().filter(|zone| !estimate.zones.iter().any(|(other, _)| other == *zone)).cloned().collect();
        let unnamed = unnamed.iter().map(|zone| (zone, Probability::ZERO));
        let all = estimate.zones.iter().map(|(zone, p)| (zone, *p)).chain(unnamed);
        let mut changes: Vec<Change> = all.filter_map(|(zone, p)| self.go(estimate, zone, p, &entered)).collect();
        self.left.extend(changes.iter().map(|change| (change.zone.clone(), estimate.at)));
        changes.extend(entered);
        changes.extend(estimate.zones.iter().filter_map(|(zone, p)| self.dwell(estimate, zone, *p, dwell)));
        changes
    }

    /// The subject has not been heard for so long that it is gone; it went when it was last heard.
    pub fn silence(&mut self, last_heard: Timestamp, rule: &str) -> Vec<Change> {
        self.end(last_heard, rule, |_| true)
    }

    /// Ends the stays in zones that are not there any more.
    pub fn keep(&mut self, at: Timestamp, there: impl Fn(&ZoneId) -> bool) -> Vec<Change> {
        self.end(at, "plan", |zone| !there(zone))
    }

    fn end(&mut self, at: Timestamp, rule: &str, ends: impl Fn(&ZoneId) -> bool) -> Vec<Change> {
        let (ended, kept) = std::mem::take(&mut self.stays).into_iter().partition(|(zone, _)| ends(zone));
        self.stays = kept;
        let ended: BTreeMap<ZoneId, Stay> = ended;
        let left = |(zone, stay)| match stay {
            Stay::Approaching { .. } => None,
            Stay::Inside(inside) => Some(Change {
                zone,
                kind: PresenceKind::Left,
                at: at.max(inside.told),
                since: inside.since,
                probability: inside.probability,
                reason: PresenceReason { rule: rule.into(), ..PresenceReason::default() },
            }),
        };
        ended.into_iter().filter_map(left).collect()
    }

    fn forget_spells(&mut self) {
        self.stays.retain(|_, stay| match stay {
            Stay::Approaching { .. } => false,
            Stay::Inside(inside) => {
                inside.fading = None;
                true
            }
        });
    }

    fn come(&mut self, estimate: &Estimate, zone: &ZoneId, probability: Probability) -> Option<Change> {
        let at = estimate.at;
        let since = match (self.stays.get(zone), probability.get() >= ENTER) {
            (Some(Stay::Inside(_)), _) | (None, false) => return None,
            (Some(Stay::Approaching { .. }), false) => {
                self.stays.remove(zone);
                // Still wavering: the time in which it counts as coming back begins anew.
                self.left.entry(zone.clone()).and_modify(|left| *left = at);
                return None;
            }
            (None, true) => {
                self.stays.insert(zone.clone(), Stay::Approaching { since: at });
                return None;
            }
            (Some(Stay::Approaching { since }), true) => *since,
        };
        let hold = if self.left.contains_key(zone) { RETURN_HOLD } else { ENTER_HOLD };
        if at.since(since) < hold {
            return None;
        }
        let inside = Inside { since, told: at, dwelt: false, fading: None, probability };
        self.stays.insert(zone.clone(), Stay::Inside(inside));
        Some(change(estimate, zone, PresenceKind::Entered, (at, since), probability, "enter-probability"))
    }

    fn go(&mut self, estimate: &Estimate, zone: &ZoneId, p: Probability, entered: &[Change]) -> Option<Change> {
        let Some(Stay::Inside(inside)) = self.stays.get_mut(zone) else { return None };
        inside.probability = p;
        if p.get() > LEAVE {
            if p.get() >= RECOVER {
                inside.fading = None;
            }
            return None;
        }
        let fading = *inside.fading.get_or_insert(estimate.at);
        let elsewhere = entered.iter().any(|change| change.zone != *zone);
        if !elsewhere && estimate.at.since(fading) < LEAVE_HOLD {
            return None;
        }
        let rule = if elsewhere { "elsewhere" } else { "leave-probability" };
        let span = (fading.max(inside.told), inside.since);
        self.stays.remove(zone);
        Some(change(estimate, zone, PresenceKind::Left, span, p, rule))
    }

    fn dwell(&mut self, estimate: &Estimate, zone: &ZoneId, p: Probability, dwell: Millis) -> Option<Change> {
        let Some(Stay::Inside(inside)) = self.stays.get_mut(zone) else { return None };
        // Told once, so not while the belief wavers: whoever acts on it asks for the belief of coming in.
        let ready = !inside.dwelt && p.get() >= ENTER && estimate.at.since(inside.since) >= dwell;
        if !ready {
            return None;
        }
        (inside.dwelt, inside.told) = (true, estimate.at);
        Some(change(estimate, zone, PresenceKind::Dwelling, (estimate.at, inside.since), p, "dwell-time"))
    }
}

fn change(
    estimate: &Estimate,
    zone: &ZoneId,
    kind: PresenceKind,
    (at, since): (Timestamp, Timestamp),
    probability: Probability,
    rule: &str,
) -> Change {
    Change { zone: zone.clone(), kind, at, since, probability, reason: reason(estimate, zone, rule) }
}

/// Why something became so of a zone: the rule, the receivers and the next likeliest zone.
fn reason(estimate: &Estimate, zone: &ZoneId, rule: &str) -> PresenceReason {
    let others = estimate.zones.iter().filter(|(other, _)| other != zone);
    let runner_up = others.max_by(|a, b| a.1.get().total_cmp(&b.1.get())).cloned();
    PresenceReason { rule: rule.into(), heard: estimate.heard.iter().map(Into::into).collect(), runner_up }
}

#[cfg(test)]
mod tests;
