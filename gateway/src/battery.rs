//! Batteries of the shop's own beacons and sensors, and which sensors are there. Of strangers and customers nothing is kept.
//!
//! Telemetry comes under a bare radio address; whose that is, the beacon says itself in the frames between. Addresses stay here.

use std::collections::BTreeMap;

use model::anchor::Advertised;
use model::ids::SensorId;
use model::sighting::Transmitter;
use model::time::{Millis, Timestamp};
use wire::ble::frame::Frame;
use wire::uplink::{BEACONS_MAX, BeaconHealth, Bearer};

use crate::uplink::HEALTH_EVERY;

/// Most beacons and sensors that are kept.
const BEARERS_MAX: usize = 1_024;
/// For so long an address is a beacon's after it said who it is.
const KNOWN_FOR: Millis = Millis::minutes(10);

/// What is known of batteries.
#[derive(Debug, Default)]
pub struct Batteries {
    by_address: BTreeMap<[u8; 6], (Advertised, Millis)>,
    told: BTreeMap<Bearer, BeaconHealth>,
}

impl Batteries {
    /// An address said who it is.
    pub fn is(&mut self, address: [u8; 6], transmitter: &Transmitter, now: Millis) {
        let Some(numbers) = Advertised::of(transmitter) else { return };
        if self.by_address.len() >= BEARERS_MAX && !self.by_address.contains_key(&address) {
            self.by_address.retain(|_, (_, at)| now.0 - at.0 < KNOWN_FOR.0);
            if self.by_address.len() >= BEARERS_MAX {
                return;
            }
        }
        self.by_address.insert(address, (numbers, now));
    }

    /// An address said something; of a beacon that is known its battery is kept.
    pub fn hear(&mut self, address: [u8; 6], frame: &Frame, monotonic: Millis, now: Timestamp) {
        let Some((percent, millivolts)) = of(frame) else { return };
        let Some((numbers, at)) = self.by_address.get(&address) else { return };
        if monotonic.0 - at.0 < KNOWN_FOR.0 {
            self.keep(Bearer::Beacon(*numbers), percent, millivolts, now);
        }
    }

    /// A sensor said something of itself.
    pub fn sensor(&mut self, sensor: &SensorId, percent: Option<u8>, now: Timestamp) {
        if percent.is_some() {
            self.keep(Bearer::Sensor(sensor.clone()), percent, None, now);
        }
    }

    /// Which sensors are there and which are gone, by what they say, or what the broker says for them.
    pub fn are_there(&mut self, sensors: &BTreeMap<SensorId, bool>, now: Timestamp) {
        for (sensor, is_there) in sensors {
            if let Some(told) = self.entry(Bearer::Sensor(sensor.clone()), now) {
                told.there = Some(*is_there);
            }
        }
    }

    /// What the report of this moment tells: a part, so that no report is long, and another one next time.
    pub fn report(&self, now: Millis) -> Vec<BeaconHealth> {
        let turns = self.told.len().div_ceil(BEACONS_MAX).max(1);
        let turn = usize::try_from(now.0.max(0) / HEALTH_EVERY.0).unwrap_or(0) % turns;
        self.told.values().skip(turn * BEACONS_MAX).take(BEACONS_MAX).cloned().collect()
    }

    fn keep(&mut self, who: Bearer, battery_percent: Option<u8>, battery_mv: Option<u16>, at: Timestamp) {
        let battery_percent = battery_percent.filter(|percent| *percent <= 100);
        if let Some(told) = self.entry(who, at) {
            (told.at, told.battery_percent, told.battery_mv) = (at, battery_percent, battery_mv);
        }
    }

    /// What is told of somebody, from now on; none when there is no more room.
    fn entry(&mut self, who: Bearer, at: Timestamp) -> Option<&mut BeaconHealth> {
        if self.told.len() >= BEARERS_MAX && !self.told.contains_key(&who) {
            return None;
        }
        let new = BeaconHealth { who: who.clone(), at, battery_percent: None, battery_mv: None, there: None };
        Some(self.told.entry(who).or_insert(new))
    }
}

/// The battery that a frame tells of: percent, millivolt.
fn of(frame: &Frame) -> Option<(Option<u8>, Option<u16>)> {
    match frame {
        Frame::Tlm(tlm) => tlm.battery_mv.map(|mv| (None, Some(mv))),
        Frame::Measures(measures) => measures.battery.map(|percent| (Some(percent), None)),
        Frame::IBeacon(_)
        | Frame::AltBeacon(_)
        | Frame::Eid(_)
        | Frame::Uid(_)
        | Frame::EncryptedTlm(_)
        | Frame::Service(_)
        | Frame::SealedMeasures(_)
        | Frame::Exposure(_)
        | Frame::Overflow(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use model::sighting::RollingId;
    use wire::ble::eddystone::Tlm;

    use super::*;

    const NOW: Timestamp = Timestamp(1_790_000_000_000);

    fn tlm(mv: u16) -> Frame {
        Frame::Tlm(Tlm { battery_mv: Some(mv), temperature_256: None, adverts: 1, uptime_ds: 1 })
    }

    #[test]
    fn the_battery_of_a_beacon_of_the_shop_is_told_and_nobody_elses() {
        let mut batteries = Batteries::default();
        let beacon = Transmitter::Beacon { uuid: [1; 16], major: 2, minor: 3 };
        let customer = Transmitter::Rolling(RollingId { prefix: [1; 4], eid: [2; 8], tag: [3; 8] });
        batteries.is([1; 6], &beacon, Millis(0));
        batteries.is([2; 6], &customer, Millis(0));
        for address in [[1; 6], [2; 6], [3; 6]] {
            batteries.hear(address, &tlm(2_870), Millis(1), NOW);
        }
        let told = batteries.report(Millis(0));
        let who = Bearer::Beacon(Advertised { uuid: [1; 16], major: 2, minor: 3 });
        assert_eq!(told, [BeaconHealth { who, at: NOW, battery_percent: None, battery_mv: Some(2_870), there: None }]);
        batteries.hear([1; 6], &tlm(2_000), KNOWN_FOR, NOW);
        assert_eq!(batteries.report(Millis(0)), told, "by then the address may be somebody else's");
    }

    #[test]
    fn a_sensors_word_and_its_battery_stand_beside_each_other() {
        let mut batteries = Batteries::default();
        let (pir, door) = (SensorId::new("pir").expect("an id"), SensorId::new("door").expect("an id"));
        batteries.are_there(&[(pir.clone(), true), (door, false)].into(), NOW);
        batteries.sensor(&pir, Some(80), NOW + Millis(5));
        batteries.are_there(&[(pir, false)].into(), NOW + Millis(9));
        let told = batteries.report(Millis(0));
        let told: Vec<_> = told.iter().map(|told| (told.there, told.battery_percent, told.at)).collect();
        assert_eq!(told, [(Some(false), None, NOW), (Some(false), Some(80), NOW + Millis(5))]);
    }

    #[test]
    fn every_bearer_has_its_turn_and_their_number_is_bounded() {
        let mut batteries = Batteries::default();
        for number in 0..2_000 {
            batteries.sensor(&SensorId::new(&format!("s{number}")).expect("an id"), Some(80), NOW);
        }
        let turns = i64::try_from(BEARERS_MAX.div_ceil(BEACONS_MAX)).expect("few");
        let told: Vec<_> = (0..turns).flat_map(|turn| batteries.report(Millis(turn * HEALTH_EVERY.0))).collect();
        assert_eq!(told.len(), BEARERS_MAX);
        assert!(told.windows(2).all(|two| two[0].who < two[1].who), "each once");
    }
}
