//! What waits between a source and the pipeline: bounded, and under a flood every address keeps its newest advertisement.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::port::RawAdvertisement;

/// Whom an advertisement is from, as far as making room goes.
type From = (String, [u8; 6]);

/// Advertisements in the order they came.
///
/// When it is full, the oldest one goes of which its sender has said something newer.
/// If nobody has two, the newcomer goes: a flood of fresh addresses can't push out those who were there first.
#[derive(Debug)]
pub struct Waiting {
    max: usize,
    next: u64,
    all: BTreeMap<u64, RawAdvertisement>,
    newest: HashMap<From, u64>,
    outdated: BTreeSet<u64>,
}

impl Waiting {
    /// An empty queue with room for so many.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self { max, next: 0, all: BTreeMap::new(), newest: HashMap::new(), outdated: BTreeSet::new() }
    }

    /// Takes one in; gives back the one that had to go for it, which may be the same.
    pub fn push(&mut self, advertisement: RawAdvertisement) -> Option<RawAdvertisement> {
        let full = self.all.len() >= self.max;
        let from = from(&advertisement);
        let before = self.newest.get(&from).copied();
        let victim = match (full, self.outdated.first().copied()) {
            (false, _) => None,
            (true, Some(oldest)) => Some(oldest),
            (true, None) => match before {
                Some(own) => Some(own),
                None => return Some(advertisement),
            },
        };
        let gone = victim.and_then(|number| self.take(number));
        let number = self.next;
        self.next += 1;
        if let Some(before) = self.newest.insert(from, number)
            && self.all.contains_key(&before)
        {
            self.outdated.insert(before);
        }
        self.all.insert(number, advertisement);
        gone
    }

    /// The oldest one.
    pub fn pop(&mut self) -> Option<RawAdvertisement> {
        let (&number, _) = self.all.first_key_value()?;
        self.take(number)
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    fn take(&mut self, number: u64) -> Option<RawAdvertisement> {
        let advertisement = self.all.remove(&number)?;
        self.outdated.remove(&number);
        let from = from(&advertisement);
        if self.newest.get(&from) == Some(&number) {
            self.newest.remove(&from);
        }
        Some(advertisement)
    }
}

fn from(advertisement: &RawAdvertisement) -> From {
    (advertisement.adapter.clone(), advertisement.address.bytes)
}

#[cfg(test)]
mod tests {
    use model::time::Timestamp;
    use proptest::prelude::*;
    use wire::ble::address::{Address, AddressKind};

    use super::*;
    use crate::radio::port::Kind;

    fn heard(from: u8, number: u16) -> RawAdvertisement {
        RawAdvertisement {
            time: Timestamp(0),
            adapter: "hci0".into(),
            address: Address { bytes: [0, 0, 0, 0, 0, from], kind: AddressKind::Random },
            kind: Kind::Unknown,
            rssi: -60,
            bytes: number.to_be_bytes().to_vec(),
        }
    }

    #[test]
    fn under_a_flood_everybody_keeps_the_newest_and_fresh_addresses_wait_outside() {
        let mut waiting = Waiting::new(3);
        for (from, number) in [(1, 1), (1, 2), (2, 3)] {
            assert_eq!(waiting.push(heard(from, number)), None);
        }
        assert_eq!(waiting.push(heard(3, 4)), Some(heard(1, 1)), "it has said something newer");
        assert_eq!(waiting.push(heard(4, 5)), Some(heard(4, 5)), "nobody has two: the newcomer goes");
        assert_eq!(waiting.push(heard(2, 6)), Some(heard(2, 3)), "its own older one makes room");
        let left: Vec<_> = std::iter::from_fn(|| waiting.pop()).collect();
        assert_eq!(left, [heard(1, 2), heard(3, 4), heard(2, 6)]);
        assert!(waiting.is_empty() && waiting.newest.is_empty() && waiting.outdated.is_empty());
    }

    proptest! {
        #[test]
        fn it_stays_bounded_loses_nothing_uncounted_and_keeps_each_newest(
            steps in proptest::collection::vec((0..6u8, proptest::bool::weighted(0.3)), 1..300),
            max in 1..8usize,
        ) {
            let mut waiting = Waiting::new(max);
            let (mut taken, mut popped, mut gone) = (0, 0, 0);
            let mut newest: BTreeMap<u8, u16> = BTreeMap::new();
            for (number, (from, pop)) in steps.into_iter().enumerate() {
                let number = u16::try_from(number).expect("small");
                if pop {
                    popped += usize::from(waiting.pop().is_some());
                }
                taken += 1;
                let out = waiting.push(heard(from, number));
                gone += usize::from(out.is_some());
                if out == Some(heard(from, number)) {
                    let waits = waiting.all.values().any(|one| one.address.bytes[5] == from);
                    prop_assert!(!waits, "who waits is never turned away");
                } else {
                    newest.insert(from, number);
                }
                prop_assert!(waiting.len() <= max && waiting.newest.len() <= max && waiting.outdated.len() <= max);
                prop_assert_eq!(taken, waiting.len() + popped + gone);
                for (from, number) in &newest {
                    let of: Vec<_> = waiting.all.values().filter(|one| one.address.bytes[5] == *from).collect();
                    prop_assert!(of.is_empty() || of.last() == Some(&&heard(*from, *number)));
                }
            }
        }
    }
}
