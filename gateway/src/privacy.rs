//! Pseudonyms of strangers: keyed, short-lived, and meaningless outside this box. Keys exist in memory alone.

use hmac::{Hmac, KeyInit, Mac};
use jiff::tz::TimeZone;
use model::ids::StoreId;
use model::subject::Pseudonym;
use model::time::{Millis, Timestamp};
use rand::TryRng;
use rand::rngs::SysRng;
use sha2::Sha256;
use wire::state::PrivacyMode;
use zeroize::{Zeroize, Zeroizing};

use crate::now::Now;

/// In mode `count` a stranger is the same stranger for this long at most.
pub const COUNT_KEY_LIFE: Millis = Millis::seconds(300);

/// The mode in force, in words for whoever looks after the box: of strangers as it is set, and of those who consented and of
/// the store's own things the same in both.
#[must_use]
pub fn keeps(mode: PrivacyMode) -> String {
    let of_strangers = match mode {
        PrivacyMode::Count => "strangers are counted under a pseudonym of at most 5 minutes, never on disk",
        PrivacyMode::Day => "a stranger keeps one pseudonym until local midnight",
    };
    let of_known =
        "who consented and the shop's tags go up by their own ids, which no key on this box can turn into a name";
    format!("mode {}: {of_strangers}; {of_known}", mode.word())
}

/// More stack than drawing a key or computing a pseudonym takes.
const STACK_BYTES: usize = 16 * 1024;
/// The same for a pseudonym alone, which is computed for every advertisement.
const STACK_BYTES_OF_ONE: usize = 4 * 1024;

/// 32 bytes of the system's own randomness.
///
/// # Panics
/// When the system has none: then there is no privacy, and the box must not run.
#[must_use]
pub fn draw() -> [u8; 32] {
    let mut bytes = [0; 32];
    // Not from this process's generator: that keeps what it gave in a buffer of its own.
    SysRng.try_fill_bytes(&mut bytes).expect("the system gives random bytes");
    bytes
}

/// A key in one place of memory: it stays there when its owner moves, and is wiped when it is replaced.
struct Key(Box<Zeroizing<[u8; 32]>>);

impl Key {
    fn drawn(draw: fn() -> [u8; 32]) -> Self {
        let mut key = Self(Box::default());
        key.fill(draw);
        wipe_stack::<STACK_BYTES>();
        key
    }

    #[inline(never)]
    fn fill(&mut self, draw: fn() -> [u8; 32]) {
        self.0.copy_from_slice(Zeroizing::new(draw()).as_slice());
    }

    /// The first eight bytes of HMAC-SHA-256 over two parts.
    fn sign(&self, first: &[u8], second: &[u8]) -> u64 {
        let signed = self.compute(first, second);
        // HMAC leaves the key on the stack, padded.
        wipe_stack::<STACK_BYTES_OF_ONE>();
        signed
    }

    #[inline(never)]
    fn compute(&self, first: &[u8], second: &[u8]) -> u64 {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_slice()).expect("HMAC takes a key of any length");
        mac.update(first);
        mac.update(second);
        let digest = mac.finalize().into_bytes();
        let (first, _) = digest.split_first_chunk::<8>().expect("a digest has 32 bytes");
        u64::from_be_bytes(*first)
    }
}

/// Overwrites what the calls before left on the stack.
#[inline(never)]
fn wipe_stack<const BYTES: usize>() {
    let mut space = [0u8; BYTES];
    space.zeroize();
    std::hint::black_box(&space);
}

/// Makes pseudonyms, and forgets how in time.
pub struct Pseudonyms {
    mode: PrivacyMode,
    zone: TimeZone,
    store: StoreId,
    key: Key,
    /// The key is used while the monotonic clock (mode `count`) or the wall clock (mode `day`) lies in here.
    from: i64,
    until: i64,
    draw: fn() -> [u8; 32],
}

impl std::fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The key must not slip into a log.
        f.debug_struct("Pseudonyms").field("mode", &self.mode).finish_non_exhaustive()
    }
}

impl Pseudonyms {
    /// Begins with a fresh key. `draw` gives 32 bytes that nobody can guess.
    #[must_use]
    pub fn new(mode: PrivacyMode, store: StoreId, zone: TimeZone, draw: fn() -> [u8; 32], now: Now) -> Self {
        let (from, until) = span(mode, &zone, now);
        Self { mode, zone, store, key: Key::drawn(draw), from, until, draw }
    }

    /// The stranger's pseudonym at this time.
    ///
    /// # Panics
    /// Never: a key of any length is allowed.
    #[must_use]
    pub fn of(&mut self, address: [u8; 6], now: Now) -> Pseudonym {
        self.rotate(now);
        Pseudonym(self.key.sign(self.store.as_str().as_bytes(), &address))
    }

    /// Draws a new key if the time of the present one is over. A clock that was set back is over as well.
    pub fn rotate(&mut self, now: Now) {
        let at = position(self.mode, now);
        if at < self.from || at >= self.until {
            self.key = Key::drawn(self.draw);
            (self.from, self.until) = span(self.mode, &self.zone, now);
        }
    }
}

fn position(mode: PrivacyMode, now: Now) -> i64 {
    match mode {
        PrivacyMode::Count => now.monotonic.0,
        PrivacyMode::Day => (now.wall + now.drift).0,
    }
}

fn span(mode: PrivacyMode, zone: &TimeZone, now: Now) -> (i64, i64) {
    match mode {
        PrivacyMode::Count => (now.monotonic.0, now.monotonic.0 + COUNT_KEY_LIFE.0),
        PrivacyMode::Day => day(zone, now.wall + now.drift),
    }
}

/// The local day around a moment, from midnight to midnight; it may have 23 or 25 hours.
fn day(zone: &TimeZone, wall: Timestamp) -> (i64, i64) {
    let bounds = || -> Result<(i64, i64), jiff::Error> {
        let here = jiff::Timestamp::from_millisecond(wall.0)?.to_zoned(zone.clone());
        let start = here.start_of_day()?;
        let end = here.tomorrow()?.start_of_day()?;
        Ok((start.timestamp().as_millisecond(), end.timestamp().as_millisecond()))
    };
    // A clock beyond the calendar is wrong anyhow: an hour is short enough.
    bounds().unwrap_or((wall.0, wall.0.saturating_add(Millis::hours(1).0)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const ADDRESS: [u8; 6] = [0xc0, 0xff, 0xee, 0x12, 0x34, 0x56];

    fn at(wall: &str) -> Now {
        let wall: jiff::Timestamp = wall.parse().expect("a time");
        Now::new(Timestamp(wall.as_millisecond()), Millis(0))
    }

    fn pseudonyms(mode: PrivacyMode, store: &str, now: Now) -> Pseudonyms {
        let zone = TimeZone::get("Europe/Rome").expect("a zone");
        Pseudonyms::new(mode, StoreId::new(store).expect("an id"), zone, rand::random, now)
    }

    #[test]
    fn what_is_kept_is_said_of_strangers_by_mode_and_of_who_consented_in_each() {
        let said = PrivacyMode::ALL.map(|mode| (mode.word(), keeps(mode)));
        for (word, of_strangers) in [
            ("count", "a pseudonym of at most 5 minutes, never on disk"),
            ("day", "one pseudonym until local midnight"),
        ] {
            let (_, said) = said.iter().find(|(mode, _)| *mode == word).expect("a mode");
            assert!(said.starts_with(&format!("mode {word}: ")) && said.contains(of_strangers), "{said}");
            assert!(said.contains("; who consented and the shop's tags go up by their own ids"), "{said}");
        }
    }

    #[test]
    fn a_stranger_is_the_same_stranger_until_the_key_goes() {
        let start = at("2026-11-22T10:00:00Z");
        let mut names = pseudonyms(PrivacyMode::Count, "demo", start);
        let later = |ms| Now { monotonic: Millis(ms), ..start };
        let first = names.of(ADDRESS, start);
        assert_eq!(names.of(ADDRESS, later(299_999)), first);
        assert_ne!(names.of([0; 6], start), first);
        let second = names.of(ADDRESS, later(300_000));
        assert_ne!(second, first);
        assert_eq!(names.of(ADDRESS, later(599_999)), second);
    }

    #[test]
    fn a_day_key_goes_at_local_midnight_also_when_the_day_has_25_hours() {
        let mut names = pseudonyms(PrivacyMode::Day, "demo", at("2026-10-24T22:00:00Z"));
        let first = names.of(ADDRESS, at("2026-10-24T22:00:00Z"));
        assert_eq!(names.of(ADDRESS, at("2026-10-25T22:59:59Z")), first, "midnight in Rome comes after 25 hours");
        assert_ne!(names.of(ADDRESS, at("2026-10-25T23:00:00Z")), first);
    }

    #[test]
    fn a_clock_set_back_does_not_bring_an_old_key_back() {
        let mut names = pseudonyms(PrivacyMode::Day, "demo", at("2026-11-22T10:00:00Z"));
        let first = names.of(ADDRESS, at("2026-11-22T10:00:00Z"));
        let second = names.of(ADDRESS, at("2026-11-21T10:00:00Z"));
        assert_ne!(second, first);
        assert_ne!(names.of(ADDRESS, at("2026-11-22T10:00:00Z")), first);
    }

    #[test]
    fn midnight_is_the_wall_clocks_also_when_it_is_set_in_between() {
        let start = Now::new(Timestamp(5_000), Millis(0));
        let mut names = pseudonyms(PrivacyMode::Day, "demo", start);
        let first = names.of(ADDRESS, start);
        let drift = at("2026-11-22T22:59:59Z").wall.since(start.wall);
        let second = names.of(ADDRESS, Now { drift, ..start });
        assert_ne!(second, first, "it is another day");
        let later = |ms| Now { drift, ..Now::new(start.wall + Millis(ms), Millis(ms)) };
        assert_eq!(names.of(ADDRESS, later(999)), second);
        assert_ne!(names.of(ADDRESS, later(1_000)), second, "midnight in Rome");
    }

    #[test]
    fn two_stores_and_two_boxes_never_share_a_pseudonym() {
        let now = at("2026-11-22T10:00:00Z");
        let mut seen = BTreeSet::new();
        for store in ["a", "b"] {
            assert!(seen.insert(pseudonyms(PrivacyMode::Day, store, now).of(ADDRESS, now)));
            assert!(seen.insert(pseudonyms(PrivacyMode::Day, store, now).of(ADDRESS, now)));
        }
    }

    #[test]
    fn of_a_hundred_thousand_strangers_over_two_days_no_pair_can_be_linked() {
        let (first, second) = (at("2026-11-22T10:00:00Z"), at("2026-11-23T10:00:00Z"));
        let mut names = pseudonyms(PrivacyMode::Day, "demo", first);
        let addresses =
            || (0..100_000u32).map(|n| [0xc0, 0, (n >> 24) as u8, (n >> 16) as u8, (n >> 8) as u8, n as u8]);
        let today: BTreeSet<_> = addresses().map(|address| names.of(address, first)).collect();
        let tomorrow: BTreeSet<_> = addresses().map(|address| names.of(address, second)).collect();
        assert_eq!((today.len(), tomorrow.len()), (100_000, 100_000));
        assert_eq!(today.intersection(&tomorrow).count(), 0);
        assert!(!format!("{names:?}").contains("key"));
    }
}
