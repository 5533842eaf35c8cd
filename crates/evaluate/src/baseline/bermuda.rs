//! The nearest receiver by a filter that hugs the minimum, with the rules of Bermuda: nearer counts at once, farther only as
//! fast as people walk, and the incumbent is left for one that is clearly nearer.

use std::collections::{BTreeMap, VecDeque};

use model::ids::ReceiverId;

use super::{Estimate, Ground};
use crate::part::Track;

/// The filter looks every so often, in seconds.
const STEP: f64 = 1.0;
/// Looks that are remembered.
const MEMORY: usize = 20;
/// The fastest retreat that is believed, in metres a second.
const SPEED_MAX: f64 = 3.0;
/// The farthest receiver that counts, in metres.
const RADIUS: f64 = 20.0;
/// The oldest frame that counts, in seconds.
const AGE_MAX: f64 = 10.0;
/// Constants for distance: power at 1 m in dBm, and the path loss exponent.
const RADIO: (f64, f64) = (-55.0, 3.0);
/// So much nearer wins at once.
const CLEARLY: f64 = 0.30;
/// So much nearer wins if it has been nearer for a while.
const NEARER: f64 = 0.15;
/// That while, in looks.
const WHILE: usize = 5;

/// One device as it is followed.
#[derive(Debug, Default)]
pub(super) struct Follow {
    looks: f64,
    heard: BTreeMap<ReceiverId, Filter>,
    incumbent: Option<ReceiverId>,
}

#[derive(Debug, Default)]
struct Filter {
    raw: VecDeque<f64>,
    filtered: VecDeque<f64>,
    heard_at: f64,
}

impl Follow {
    pub(super) fn answer(&mut self, ground: &Ground<'_>, track: &Track, t: f64) -> Option<Estimate> {
        if self.heard.is_empty() {
            self.looks = track.frames.first()?.t.min(t) - STEP;
        }
        while self.looks + STEP <= t + 1e-9 {
            self.looks += STEP;
            self.look(ground, track, self.looks);
        }
        let place = ground.places.get(self.incumbent.as_ref()?)?;
        let (floor, point) = (place.floor.clone(), place.point);
        let zone = ground.zone_at(&floor, point);
        Some(Estimate { floor, point, zone })
    }

    fn look(&mut self, ground: &Ground<'_>, track: &Track, t: f64) {
        let mut newest: BTreeMap<&ReceiverId, (f64, f64)> = BTreeMap::new();
        for frame in track.before(t, STEP).iter().filter(|frame| ground.places.contains_key(&frame.receiver)) {
            newest.insert(&frame.receiver, (frame.t, f64::from(frame.rssi)));
        }
        for (receiver, (at, rssi)) in newest {
            let distance = 10f64.powf((RADIO.0 - rssi) / (10.0 * RADIO.1));
            self.heard.entry(receiver.clone()).or_default().take(distance, at);
        }
        self.heard.retain(|_, filter| t - filter.heard_at <= AGE_MAX);
        self.choose();
    }

    fn choose(&mut self) {
        let mut winner = self.incumbent.take().filter(|receiver| self.heard.contains_key(receiver));
        for (receiver, challenger) in &self.heard {
            if challenger.last() > RADIUS || winner.as_ref() == Some(receiver) {
                continue;
            }
            let beaten =
                winner.as_ref().and_then(|name| self.heard.get(name)).is_none_or(|best| challenger.beats(best));
            if beaten {
                winner = Some(receiver.clone());
            }
        }
        self.incumbent = winner;
    }
}

impl Filter {
    fn take(&mut self, distance: f64, at: f64) {
        let last = self.raw.back().copied();
        let retreat = last.map_or(0.0, |last| (distance - last) / (at - self.heard_at).max(0.1));
        let believed = if retreat > SPEED_MAX { last.unwrap_or(distance) } else { distance };
        self.heard_at = at;
        push(&mut self.raw, believed);
        // The mean over the least values so far, from the newest back: a far one in between can't raise it.
        let (mut least, mut sum, mut count) = (f64::INFINITY, 0.0, 0.0);
        for distance in self.raw.iter().rev() {
            least = least.min(*distance);
            (sum, count) = (sum + least, count + 1.0);
        }
        push(&mut self.filtered, believed.min(sum / count));
    }

    fn last(&self) -> f64 {
        self.filtered.back().copied().unwrap_or(f64::INFINITY)
    }

    fn beats(&self, incumbent: &Self) -> bool {
        let (ours, theirs) = (self.last(), incumbent.last());
        let nearer = (theirs - ours) / ((theirs + ours) / 2.0);
        if nearer >= CLEARLY {
            return true;
        }
        let worst = self.filtered.iter().rev().take(WHILE).copied().fold(0.0, f64::max);
        let best = incumbent.filtered.iter().rev().take(WHILE).copied().fold(f64::INFINITY, f64::min);
        nearer >= NEARER && worst < best
    }
}

fn push(list: &mut VecDeque<f64>, value: f64) {
    if list.len() >= MEMORY {
        list.pop_front();
    }
    list.push_back(value);
}
