//! What the box counts: heard, passed on, dropped by reason, and how each receiver fares.

use std::collections::BTreeMap;

use model::ids::{ReceiverId, SensorId};
use model::time::Timestamp;
use wire::uplink::{DROP_CODES_MAX, ReceiverHealth};
use wire::vendor::espresense::Telemetry;

use crate::metric::{self, Name};
use crate::radio::port::Heard;

/// Most receivers that are told apart; further ones are heard and not listed.
pub(crate) const RECEIVERS_MAX: usize = 512;

/// Counts since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Advertisements heard.
    pub heard: u64,
    /// Sightings passed on, on either lane.
    pub sightings: u64,
    /// Readings passed on.
    pub readings: u64,
    /// What was left out, by reason.
    pub dropped: BTreeMap<&'static str, u64>,
    /// What the own radio heard and lost on its way to the pipeline, by receiver.
    pub radios: BTreeMap<ReceiverId, Heard>,
    receivers: BTreeMap<ReceiverId, ReceiverHealth>,
    accounts: BTreeMap<ReceiverId, Account>,
    sensors: BTreeMap<SensorId, bool>,
}

/// A receiver's own account of what it sent, and ours of what came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Account {
    came: u64,
    /// What never came of its runs that have ended.
    before: u64,
    /// What had not come of this run when it last said.
    missed: u64,
    /// What it said at first and last that it had sent, and what had come at first.
    first: Option<(u64, u64)>,
    last: u64,
}

impl Counts {
    /// A receiver heard something. `kind` is whose form it speaks.
    pub fn heard(&mut self, receiver: &ReceiverId, kind: &'static str, at: Timestamp) {
        self.heard += 1;
        metric::add(Name::Heard, 1);
        if let Some(health) = self.receivers.get_mut(receiver) {
            (health.last_heard, health.heard) = (at, health.heard + 1);
            // Who speaks is there, whatever was said of it before.
            if health.there == Some(false) {
                health.there = Some(true);
                metric::of_receiver(Name::ReceiverOnline, receiver, 1);
            }
            if health.kind != kind {
                kind.clone_into(&mut health.kind);
            }
        } else if self.receivers.len() < RECEIVERS_MAX {
            let known = ReceiverHealth::new(receiver.clone(), at, 1);
            self.receivers.insert(receiver.clone(), ReceiverHealth { kind: kind.to_owned(), ..known });
        }
    }

    /// A receiver is to be there: it is listed also while it hears nothing.
    pub fn expect(&mut self, receiver: &ReceiverId, kind: &'static str) {
        let never =
            || ReceiverHealth { kind: kind.to_owned(), ..ReceiverHealth::new(receiver.clone(), Timestamp(0), 0) };
        self.receivers.entry(receiver.clone()).or_insert_with(never);
    }

    /// A receiver says that it is there, or its will says that it is gone.
    ///
    /// One that is there is listed also while it hears nothing. Of one that was never heard and is gone nothing is told:
    /// brokers keep wills of devices that were taken down long ago.
    pub fn is_there(&mut self, receiver: &ReceiverId, kind: &'static str, is_there: bool) {
        if is_there && self.receivers.len() < RECEIVERS_MAX {
            self.expect(receiver, kind);
        }
        if let Some(health) = self.receivers.get_mut(receiver) {
            health.there = Some(is_there);
            metric::of_receiver(Name::ReceiverOnline, receiver, u64::from(is_there));
        }
    }

    /// Which sensors are there and which are gone, of those of which it is known.
    pub fn sensors_are_there(&mut self, sensors: BTreeMap<SensorId, bool>) {
        for (sensor, is_there) in &sensors {
            if self.sensors.get(sensor) != Some(is_there) {
                metric::sensor_is_there(sensor, *is_there);
            }
        }
        self.sensors = sensors;
    }

    /// Sensors of which it is known whether they are there.
    pub fn sensors(&self) -> impl Iterator<Item = (&SensorId, bool)> {
        self.sensors.iter().map(|(sensor, is_there)| (sensor, *is_there))
    }

    /// What a receiver heard became a sighting's part.
    pub fn forwarded(&mut self, receiver: &ReceiverId) {
        if let Some(health) = self.receivers.get_mut(receiver) {
            health.forwarded += 1;
        }
    }

    /// A message of a receiver that keeps an account of them came, whatever is in it.
    pub fn came(&mut self, receiver: ReceiverId) {
        if self.accounts.len() < RECEIVERS_MAX || self.accounts.contains_key(&receiver) {
            self.accounts.entry(receiver).or_default().came += 1;
        }
    }

    /// What a receiver says of itself: frames that its radio heard, and messages that it sent since its own start.
    pub fn telemetry(&mut self, telemetry: &Telemetry) {
        let receiver = &telemetry.receiver;
        let Some(health) = self.receivers.get_mut(receiver) else { return };
        if let Some(on_air) = telemetry.adverts.map(u64::from) {
            health.on_air = Some(on_air);
            metric::of_receiver(Name::ReceiverOnAir, receiver, on_air);
        }
        let (Some(sent), Some(account)) = (telemetry.reported, self.accounts.get_mut(receiver)) else { return };
        let missed = account.missed(u64::from(sent));
        metric::add_of_receiver(Name::ReceiverMissed, receiver, missed.saturating_sub(health.missed));
        health.missed = health.missed.max(missed);
    }

    /// What an adapter of the own radio has counted since the start; what it dropped counts as left out.
    pub fn radio(&mut self, receiver: ReceiverId, heard: &Heard) {
        let before = self.radios.insert(receiver.clone(), *heard).unwrap_or_default();
        self.drop("radio-queue-full", heard.dropped.saturating_sub(before.dropped));
        let gap_ms = |heard: &Heard| u64::try_from(heard.gap.0).unwrap_or(0);
        let gained = [
            (Name::ReceiverHeard, heard.adverts, before.adverts),
            (Name::ReceiverDropped, heard.dropped, before.dropped),
            (Name::ReceiverGaps, heard.gaps, before.gaps),
            (Name::ReceiverGapMillis, gap_ms(heard), gap_ms(&before)),
        ];
        for (name, now, then) in gained {
            metric::add_of_receiver(name, &receiver, now.saturating_sub(then));
        }
        if let Some(health) = self.receivers.get_mut(&receiver) {
            (health.overflowed, health.gaps, health.gap_ms) = (heard.dropped, heard.gaps, gap_ms(heard));
            health.on_air = Some(heard.adverts);
        }
    }

    /// Something was left out.
    pub fn drop(&mut self, reason: &'static str, count: u64) {
        if count > 0 && (self.dropped.len() < DROP_CODES_MAX || self.dropped.contains_key(reason)) {
            *self.dropped.entry(reason).or_default() += count;
            metric::add_labelled(Name::Dropped, "reason", reason, count);
        }
    }

    /// Sightings and readings went out on a lane.
    pub fn passed_on(&mut self, lane: &'static str, sightings: usize, readings: usize) {
        self.sightings += sightings as u64;
        self.readings += readings as u64;
        metric::add_labelled(Name::Sightings, "lane", lane, sightings as u64);
        metric::add(Name::Readings, readings as u64);
    }

    /// How each receiver fares, by name.
    pub fn receivers(&self) -> impl Iterator<Item = ReceiverHealth> + '_ {
        self.receivers.values().cloned()
    }
}

impl Account {
    /// What it sent and never came, since its first account.
    fn missed(&mut self, sent: u64) -> u64 {
        if sent < self.last {
            // It began anew, and so does its account; what is under way at this moment is nobody's loss.
            self.first = None;
            self.before += self.missed;
        }
        self.last = sent;
        let (sent_first, came_first) = *self.first.get_or_insert((sent, self.came));
        self.missed = (sent - sent_first).saturating_sub(self.came - came_first);
        self.before + self.missed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_790_000_000_000);

    fn wine() -> ReceiverId {
        ReceiverId::new("wine").expect("an id")
    }

    fn only(counts: &Counts) -> ReceiverHealth {
        counts.receivers().next().expect("a receiver")
    }

    #[test]
    fn what_a_receiver_sent_and_never_came_is_counted_over_its_restarts() {
        let mut counts = Counts::default();
        let say = |counts: &mut Counts, came: u32, sent: u32| {
            for _ in 0..came {
                counts.came(wine());
                counts.heard(&wine(), "espresense", NOW);
            }
            let (adverts, reported) = (Some(sent * 3), Some(sent));
            counts.telemetry(&Telemetry { receiver: wine(), uptime_s: None, adverts, reported });
            only(counts).missed
        };
        assert_eq!(say(&mut counts, 5, 100), 0, "what went before is not asked after");
        assert_eq!(say(&mut counts, 8, 110), 2);
        assert_eq!(say(&mut counts, 12, 120), 2, "one that came late makes up for one that was under way");
        assert_eq!(say(&mut counts, 3, 4), 2, "it began anew");
        assert_eq!(say(&mut counts, 0, 9), 5);
        assert_eq!((only(&counts).on_air, only(&counts).heard), (Some(27), 28));
        assert_eq!(say(&mut counts, 0, 1), 5, "it began anew once more");
        assert_eq!(say(&mut counts, 4, 8), 8, "what was lost before does not hide what is lost since");
        assert_eq!((say(&mut counts, 0, 2), say(&mut counts, 1, 4)), (8, 9));
    }

    #[test]
    fn a_receiver_that_is_there_is_listed_before_it_hears_and_one_that_speaks_is_there() {
        let mut counts = Counts::default();
        counts.is_there(&wine(), "espresense", false);
        assert_eq!(counts.receivers().next(), None, "a will of long ago");
        counts.is_there(&wine(), "espresense", true);
        assert_eq!(
            (only(&counts).there, only(&counts).heard, only(&counts).kind.as_str()),
            (Some(true), 0, "espresense")
        );
        counts.is_there(&wine(), "espresense", false);
        assert_eq!(only(&counts).there, Some(false));
        counts.heard(&wine(), "espresense", NOW);
        assert_eq!(only(&counts).there, Some(true), "its will came late");
    }

    #[test]
    fn no_more_receivers_are_listed_than_there_is_room_for() {
        let mut counts = Counts::default();
        for n in 0..=RECEIVERS_MAX {
            counts.is_there(&ReceiverId::new(&format!("r{n}")).expect("an id"), "espresense", true);
        }
        assert_eq!(counts.receivers().count(), RECEIVERS_MAX);
    }

    #[test]
    fn the_own_radio_tells_what_it_heard_and_lost() {
        let mut counts = Counts::default();
        counts.heard(&wine(), "radio", NOW);
        counts.forwarded(&wine());
        let mut heard = Heard::default();
        (heard.adverts, heard.dropped, heard.gaps, heard.gap) = (9, 2, 1, model::time::Millis(700));
        counts.radio(wine(), &heard);
        let health = only(&counts);
        assert_eq!((health.heard, health.forwarded, health.overflowed, health.on_air), (1, 1, 2, Some(9)));
        assert_eq!((health.gaps, health.gap_ms, health.kind.as_str()), (1, 700, "radio"));
    }
}
