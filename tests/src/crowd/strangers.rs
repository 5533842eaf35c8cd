//! Whose a stranger's pseudonym is: the simulator knows each address's owner, and the keys that the gateway draws are ours.

use std::cell::Cell;
use std::collections::BTreeMap;

use firmware_sim::truth::PersonId;
use firmware_sim::world::Happening;
use gateway::now::Now;
use gateway::privacy::Pseudonyms;
use jiff::tz::TimeZone;
use model::ids::StoreId;
use model::shop::Store;
use model::subject::Subject;
use model::time::{Millis, Timestamp};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use wire::state::PrivacyMode;

/// Addresses not used for so long are forgotten.
const KEPT: Millis = Millis::minutes(2);
/// A pseudonym in the air may still be of the key before.
const KEYS_TRIED: usize = 2;

thread_local! {
    /// Keys drawn in this run.
    static DRAWN: Cell<u64> = const { Cell::new(0) };
    /// The key that [`chosen`] gives.
    static CHOSEN: Cell<u64> = const { Cell::new(0) };
}

/// The gateway's draw of keys, the same in every run.
pub(super) fn draw() -> [u8; 32] {
    let number = DRAWN.get();
    DRAWN.set(number + 1);
    key(number)
}

fn chosen() -> [u8; 32] {
    key(CHOSEN.get())
}

fn key(number: u64) -> [u8; 32] {
    let mut key = [0; 32];
    ChaCha8Rng::seed_from_u64(number).fill_bytes(&mut key);
    key
}

/// Who sends under which address, and as whom that is followed.
#[derive(Debug)]
pub(super) struct Strangers {
    mode: PrivacyMode,
    store: StoreId,
    zone: TimeZone,
    addresses: BTreeMap<[u8; 6], (PersonId, Timestamp)>,
    start: Timestamp,
}

impl Strangers {
    /// Before the gateway is made, so that its keys are counted from the first.
    pub(super) fn new(privacy: &str, store: &Store, start: Timestamp) -> Self {
        DRAWN.set(0);
        let mode = if privacy == "day" { PrivacyMode::Day } else { PrivacyMode::Count };
        let zone = TimeZone::get(&store.timezone).unwrap_or(TimeZone::UTC);
        Self { mode, store: store.id.clone(), zone, addresses: BTreeMap::new(), start }
    }

    pub(super) fn watch(&mut self, happening: &Happening) {
        if let Happening::OnAir(on_air) = happening {
            self.addresses.insert(on_air.address.bytes, (on_air.person, on_air.at));
        }
    }

    /// Who is behind a pseudonym that has just come up.
    pub(super) fn behind(&mut self, subject: &Subject, now: Timestamp) -> Option<PersonId> {
        let Subject::Anonymous(pseudonym) = subject else { return None };
        self.addresses.retain(|_, (_, last)| now.since(*last) <= KEPT);
        let clocks = Now::new(now, now.since(self.start));

        for number in (0..DRAWN.get()).rev().take(KEYS_TRIED) {
            CHOSEN.set(number);
            let mut names = Pseudonyms::new(self.mode, self.store.clone(), self.zone.clone(), chosen, clocks);
            let owner = self.addresses.iter().find(|(address, _)| names.of(**address, clocks) == *pseudonym);
            if let Some((_, (person, _))) = owner {
                return Some(*person);
            }
        }
        None
    }
}
