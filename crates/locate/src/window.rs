//! Windows: all that one receiver heard of one transmitter within half a second becomes one sighting.
//!
//! Bounded and without an allocation per advertisement once it is warm: one table, one list, both reused.

use std::collections::HashMap;

use model::ids::ReceiverId;
use model::sighting::{RssiSummary, Sighting, Transmitter};
use model::time::{Millis, Timestamp};
use model::units::Dbm;

/// How long a window is.
pub const WINDOW: Millis = Millis(500);
/// Most pairs of receiver and transmitter in one window: half as many again as 20,000 advertisements a second can make.
pub const PAIRS_MAX: usize = 16_384;
/// Of these, strangers may take no more than so many, so that a flood of them can't push out who is known.
pub const STRANGERS_MAX: usize = 12_288;

/// One advertisement, after it was decided who it is from.
#[derive(Debug, Clone, PartialEq)]
pub struct Advert {
    /// Who heard it.
    pub receiver: ReceiverId,
    /// Who it is from.
    pub transmitter: Transmitter,
    /// How strong it was.
    pub rssi: f32,
    /// Variance of `rssi` in dB², when the receiver filtered it.
    pub variance: Option<f32>,
    /// The power that it says it would have at 1 m.
    pub power_at_1m: Option<i8>,
}

/// Why an advertisement found no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// A new stranger, and strangers have all the places that they may have.
    Stranger,
    /// A new known transmitter, and every place is taken.
    Known,
}

#[derive(Debug, Clone)]
struct Pair {
    receiver: ReceiverId,
    transmitter: Transmitter,
    count: u16,
    sum: f64,
    min: f32,
    max: f32,
    variance: Option<f32>,
    power_at_1m: Option<i8>,
}

/// The window that is open now.
#[derive(Debug)]
pub struct Window {
    index: HashMap<(ReceiverId, Transmitter), usize>,
    pairs: Vec<Pair>,
    strangers: usize,
    pairs_max: usize,
    strangers_max: usize,
}

impl Default for Window {
    fn default() -> Self {
        Self::new(PAIRS_MAX, STRANGERS_MAX)
    }
}

impl Window {
    /// An empty window with these bounds.
    #[must_use]
    pub fn new(pairs_max: usize, strangers_max: usize) -> Self {
        let index = HashMap::with_capacity(pairs_max);
        Self { index, pairs: Vec::with_capacity(pairs_max), strangers: 0, pairs_max, strangers_max }
    }

    /// Takes one advertisement in.
    ///
    /// # Errors
    /// [`Full`] when there is no place for a new pair; pairs that have one are never pushed out.
    pub fn add(&mut self, advert: &Advert) -> Result<(), Full> {
        let key = (advert.receiver.clone(), advert.transmitter.clone());
        if let Some(place) = self.index.get(&key) {
            self.pairs[*place].add(advert);
            return Ok(());
        }
        let stranger = matches!(advert.transmitter, Transmitter::Anonymous(_));
        if stranger && self.strangers >= self.strangers_max {
            return Err(Full::Stranger);
        }
        if self.pairs.len() >= self.pairs_max {
            return Err(Full::Known);
        }
        self.strangers += usize::from(stranger);
        self.index.insert(key, self.pairs.len());
        self.pairs.push(Pair::new(advert));
        Ok(())
    }

    /// Closes the window: its sightings, in the order in which the pairs were first heard. The next window is open.
    pub fn close(&mut self, at: Timestamp) -> impl Iterator<Item = Sighting> + '_ {
        self.index.clear();
        self.strangers = 0;
        self.pairs.drain(..).map(move |pair| pair.into_sighting(at))
    }

    /// Whether nothing was heard.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }
}

impl Pair {
    fn new(advert: &Advert) -> Self {
        Self {
            receiver: advert.receiver.clone(),
            transmitter: advert.transmitter.clone(),
            count: 1,
            sum: f64::from(advert.rssi),
            min: advert.rssi,
            max: advert.rssi,
            variance: advert.variance,
            power_at_1m: advert.power_at_1m,
        }
    }

    fn add(&mut self, advert: &Advert) {
        // 131 000 advertisements a second of one transmitter: only a jammer does that, and it needs no better mean.
        let Some(count) = self.count.checked_add(1) else {
            return;
        };
        self.count = count;
        self.sum += f64::from(advert.rssi);
        self.min = self.min.min(advert.rssi);
        self.max = self.max.max(advert.rssi);
        // A filtered value already holds the ones before it, so the newest variance is the one that fits.
        self.variance = advert.variance.or(self.variance);
        self.power_at_1m = advert.power_at_1m.or(self.power_at_1m);
    }

    #[expect(clippy::cast_possible_truncation, reason = "a mean of dBm fits any float")]
    fn into_sighting(self, at: Timestamp) -> Sighting {
        // Rounding must not push the mean out of its own bounds.
        let mean = ((self.sum / f64::from(self.count)) as f32).clamp(self.min, self.max);
        Sighting {
            receiver: self.receiver,
            transmitter: self.transmitter,
            at,
            window: WINDOW,
            count: self.count,
            rssi: RssiSummary { mean: Dbm(mean), min: Dbm(self.min), max: Dbm(self.max), variance: self.variance },
            power_at_1m: self.power_at_1m,
        }
    }
}

#[cfg(test)]
mod tests {
    use model::subject::Pseudonym;
    use proptest::prelude::*;

    use super::*;

    const AT: Timestamp = Timestamp(1_000);

    fn advert(receiver: u8, transmitter: Transmitter, rssi: f32) -> Advert {
        let receiver = ReceiverId::new(&format!("r{receiver}")).expect("an id");
        Advert { receiver, transmitter, rssi, variance: None, power_at_1m: None }
    }

    fn stranger(n: u64) -> Transmitter {
        Transmitter::Anonymous(Pseudonym(n))
    }

    fn known(n: u8) -> Transmitter {
        Transmitter::Eid([n; 8])
    }

    #[test]
    fn one_pair_becomes_one_sighting_with_its_summary() {
        let mut window = Window::default();
        for rssi in [-60.0, -70.0, -65.0] {
            window.add(&advert(1, known(1), rssi)).expect("room");
        }
        window
            .add(&Advert { variance: Some(4.0), power_at_1m: Some(-59), ..advert(2, known(1), -80.0) })
            .expect("room");
        let sightings: Vec<Sighting> = window.close(AT).collect();
        assert_eq!(sightings.len(), 2);
        assert_eq!((sightings[0].count, sightings[0].at, sightings[0].window), (3, AT, WINDOW));
        let rssi = sightings[0].rssi;
        assert_eq!((rssi.mean, rssi.min, rssi.max, rssi.variance), (Dbm(-65.0), Dbm(-70.0), Dbm(-60.0), None));
        assert_eq!((sightings[1].rssi.variance, sightings[1].power_at_1m), (Some(4.0), Some(-59)));
        assert!(window.is_empty());
        assert_eq!(window.close(AT).count(), 0);
    }

    #[test]
    fn a_flood_of_strangers_leaves_room_for_who_is_known() {
        let mut window = Window::new(100, 60);
        let refused = (0..1_000).filter(|n| window.add(&advert(1, stranger(*n), -70.0)) == Err(Full::Stranger)).count();
        assert_eq!(refused, 940);
        assert_eq!(window.add(&advert(1, stranger(5), -70.0)), Ok(()), "who has a place keeps it");
        for n in 0..40 {
            assert_eq!(window.add(&advert(1, known(n), -70.0)), Ok(()));
        }
        assert_eq!(window.add(&advert(1, known(41), -70.0)), Err(Full::Known));
        assert_eq!(window.close(AT).count(), 100);
        assert_eq!(window.add(&advert(1, stranger(1), -70.0)), Ok(()), "the next window is empty again");
    }

    #[test]
    fn a_warm_window_never_grows() {
        let mut window = Window::new(512, 512);
        let capacity = (window.index.capacity(), window.pairs.capacity());
        for round in 0..100u64 {
            for n in 0..600 {
                let _ = window.add(&advert(1, stranger(round * 1_000 + n), -70.0));
            }
            assert_eq!(window.close(AT).count(), 512);
            assert_eq!((window.index.capacity(), window.pairs.capacity()), capacity);
        }
    }

    proptest! {
        #[test]
        fn every_advertisement_is_in_exactly_one_sighting(heard in prop::collection::vec((0..4u8, 0..6u64, -100..-30i8), 0..300)) {
            let mut window = Window::default();
            for (receiver, transmitter, rssi) in &heard {
                window.add(&advert(*receiver, stranger(*transmitter), f32::from(*rssi))).expect("room");
            }
            let sightings: Vec<Sighting> = window.close(AT).collect();
            prop_assert_eq!(sightings.iter().map(|s| usize::from(s.count)).sum::<usize>(), heard.len());
            for s in &sightings {
                prop_assert!(s.rssi.min <= s.rssi.mean && s.rssi.mean <= s.rssi.max);
            }
        }
    }
}
