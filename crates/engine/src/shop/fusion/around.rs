//! What is known of the surroundings of somebody in the store: how full it is, how fast they walk, who walks with them.
//!
//! All of it rests on the last seconds of the tracks, and says how old it is.

use model::decision::Around;
use model::ids::ZoneId;
use model::shop::Shop as Plan;
use model::signal::Aged;
use model::subject::Subject;
use model::time::{Millis, Timestamp};

use super::Fusion;
use super::crowd::Seen;

/// A speed is the way made in so long: shorter ways are lost in the noise of a position.
const STRIDE: Millis = Millis::seconds(5);
/// With a track shorter than this no speed is known.
const STRIDE_MIN: Millis = Millis::seconds(2);
/// Who keeps so near is company, in metres.
const COMPANY_M: f64 = 3.0;
/// So many seconds of both tracks must agree on it.
const COMPANY_MIN: usize = 8;
/// Two tracks are compared at times not farther apart than this.
const SAME_TIME: Millis = Millis(600);
/// A smaller zone counts as one of so many square metres.
const AREA_MIN: f64 = 1.0;

impl Fusion {
    /// The surroundings of somebody in a zone; what is not known is left out.
    pub(in crate::shop) fn around(&self, plan: &Plan, subject: &Subject, zone: &ZoneId) -> Around {
        let seen = self.crowd.seen(subject);
        Around {
            crowding: self.crowding(plan, zone),
            speed: seen.and_then(speed),
            company: seen.and_then(|seen| self.company(subject, seen)),
            ..Around::default()
        }
    }

    /// People on ten square metres of a zone.
    fn crowding(&self, plan: &Plan, zone: &ZoneId) -> Option<Aged<f64>> {
        let (people, at) = self.crowd.told(zone)?;
        let area = plan.zone(zone)?.square_metres().max(AREA_MIN);
        Some(Aged { value: people / area * 10.0, at })
    }

    /// How many others have kept near all along; radios of one person count once, as far as the doors tell.
    fn company(&self, subject: &Subject, seen: &Seen) -> Option<Aged<u32>> {
        let (at, _) = seen.track.back()?;
        if seen.track.len() < COMPANY_MIN {
            return None;
        }
        let others = self.crowd.people().filter(|(other, _)| *other != subject);
        let near = others.filter(|(_, other)| keeps_near(seen, other)).count();
        #[expect(clippy::cast_precision_loss, reason = "a shop holds thousands at most")]
        let people = ((near as f64 + 1.0) / self.crowd.radios()).round().max(1.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at least one, thousands at most")]
        Some(Aged { value: people as u32 - 1, at: *at })
    }
}

/// The speed of the last steps, in metres a second.
fn speed(seen: &Seen) -> Option<Aged<f64>> {
    let (at, here) = *seen.track.back()?;
    let (since, there) = *seen.track.iter().find(|(then, _)| at.since(*then) <= STRIDE)?;
    let time = at.since(since);
    (time >= STRIDE_MIN).then(|| Aged { value: here.distance(there) / time.as_seconds(), at })
}

/// Whether two were near each other nearly whenever both were heard, for long enough: a place is believed to a metre or two.
fn keeps_near(seen: &Seen, other: &Seen) -> bool {
    if seen.floor != other.floor {
        return false;
    }
    let apart = |at: Timestamp, other_at: Timestamp| at.since(other_at).0.abs();
    let (mut near, mut both) = (0, 0);
    for (at, point) in &seen.track {
        let Some((then, there)) = other.track.iter().min_by_key(|(then, _)| apart(*at, *then)) else { return false };
        if apart(*at, *then) <= SAME_TIME.0 {
            both += 1;
            near += usize::from(point.distance(*there) <= COMPANY_M);
        }
    }
    both >= COMPANY_MIN && near * 4 >= both * 3
}

#[cfg(test)]
mod tests;
