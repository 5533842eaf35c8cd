//! The line along which a box stamps: the wall clock as it stood at the start, carried on by the monotonic clock.
//!
//! Somebody who sets the wall clock, or a time server that does, never bends it: nothing that was heard later is stamped
//! earlier. The server finds out how far it is off, and sets right what was stamped.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::time::{Millis, Timestamp};
use runtime::clock::Clock;
use wire::uplink::clock::{Belief, CLOCK_SET, Clocks};

/// Where systemd says that the clock follows a time server.
const FOLLOWS: &str = "/run/systemd/timesync/synchronized";

/// The box's own time; as a clock it is the line.
#[derive(Debug)]
pub struct Timeline {
    clock: Arc<dyn Clock>,
    begins: Timestamp,
    origin: Millis,
}

impl Timeline {
    /// Begins now. With a wall clock that was never set it goes on from where an earlier run ended, as far as that is known.
    #[must_use]
    pub fn start(clock: Arc<dyn Clock>, ended: Option<Timestamp>) -> Self {
        let (wall, origin) = (clock.now(), clock.monotonic());
        let ended = ended.filter(|_| wall < CLOCK_SET);
        Self { clock, begins: ended.map_or(wall, |ended| wall.max(ended)), origin }
    }

    /// The wall clock, which may jump.
    #[must_use]
    pub fn wall(&self) -> Timestamp {
        self.clock.now()
    }

    /// How far the wall clock is ahead of the line.
    #[must_use]
    pub fn drift(&self) -> Millis {
        self.wall().since(self.now())
    }

    /// Whether the wall clock can be believed.
    #[must_use]
    pub fn belief(&self) -> Belief {
        belief_of(self.wall())
    }

    /// What the server is told.
    #[must_use]
    pub fn clocks(&self) -> Clocks {
        Clocks { wall: self.wall(), monotonic: self.monotonic(), belief: self.belief(), made: None }
    }

    /// The time to go on from after a restart.
    #[must_use]
    pub fn reached(&self) -> Timestamp {
        let wall = self.wall();
        if wall < CLOCK_SET { self.now() } else { wall }
    }
}

impl Clock for Timeline {
    fn now(&self) -> Timestamp {
        self.begins + Millis(self.clock.monotonic().0 - self.origin.0)
    }

    fn monotonic(&self) -> Millis {
        self.clock.monotonic()
    }
}

/// Whether a wall clock of this machine that stands so can be believed.
#[must_use]
pub fn belief_of(wall: Timestamp) -> Belief {
    belief(wall, Path::new(FOLLOWS))
}

/// The same; `follows` is there when it follows a time server.
fn belief(wall: Timestamp, follows: &Path) -> Belief {
    if wall < CLOCK_SET {
        Belief::NeverSet
    } else if follows.exists() {
        Belief::Synchronised
    } else {
        Belief::Free
    }
}

/// Where it is kept how far a run got.
#[derive(Debug, Clone)]
pub struct Kept(PathBuf);

impl Kept {
    /// In a data folder.
    #[must_use]
    pub fn new(data_dir: &Path) -> Self {
        Self(data_dir.join("time"))
    }

    /// How far the last run got; none when nobody knows.
    #[must_use]
    pub fn get(&self) -> Option<Timestamp> {
        let at = Timestamp(std::fs::read_to_string(&self.0).ok()?.trim().parse().ok()?);
        (at >= CLOCK_SET && wire::uplink::is_possible(at)).then_some(at)
    }

    /// Keeps how far this run got. Without a time that anybody could go on from nothing is written.
    ///
    /// # Errors
    /// What the system says.
    pub fn put(&self, at: Timestamp) -> std::io::Result<()> {
        if at < CLOCK_SET {
            return Ok(());
        }
        runtime::files::write_private(&self.0, format!("{}\n", at.0).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    const NOON: Timestamp = Timestamp(1_790_000_000_000);

    /// A wall clock that somebody sets, over a monotonic one that nobody can.
    #[derive(Debug, Default)]
    struct Set {
        wall: AtomicI64,
        monotonic: AtomicI64,
    }

    impl Set {
        fn at(wall: i64) -> Arc<Self> {
            Arc::new(Self { wall: AtomicI64::new(wall), monotonic: AtomicI64::new(700) })
        }

        fn pass(&self, ms: i64) {
            self.wall.fetch_add(ms, Ordering::SeqCst);
            self.monotonic.fetch_add(ms, Ordering::SeqCst);
        }

        fn set(&self, wall: i64) {
            self.wall.store(wall, Ordering::SeqCst);
        }
    }

    impl Clock for Set {
        fn now(&self) -> Timestamp {
            Timestamp(self.wall.load(Ordering::SeqCst))
        }

        fn monotonic(&self) -> Millis {
            Millis(self.monotonic.load(Ordering::SeqCst))
        }
    }

    #[test]
    fn a_wall_clock_that_is_set_does_not_bend_the_line() {
        let clock = Set::at(5_000);
        let line = Timeline::start(clock.clone(), None);
        assert_eq!((line.now(), line.belief()), (Timestamp(5_000), Belief::NeverSet));
        clock.pass(250);
        clock.set(NOON.0);
        assert_eq!((line.now(), line.wall()), (Timestamp(5_250), NOON));
        assert_eq!((line.drift(), line.reached()), (Millis(NOON.0 - 5_250), NOON));
        for jump in [3_600_000, -3_600_000, 86_400_000, -86_400_000] {
            let before = line.now();
            clock.set(clock.now().0 + jump);
            clock.pass(1);
            assert_eq!(line.now(), before + Millis(1));
        }
    }

    #[test]
    fn a_clock_that_was_never_set_goes_on_from_where_the_last_run_ended_and_a_set_one_does_not() {
        assert_eq!(Timeline::start(Set::at(5_000), Some(NOON)).now(), NOON);
        assert_eq!(Timeline::start(Set::at(NOON.0 - 60_000), Some(NOON)).now(), NOON - Millis(60_000));
    }

    #[test]
    fn a_clock_is_believed_by_what_it_shows_and_what_it_follows() {
        let here = Path::new(".");
        assert_eq!(belief(Timestamp(0), here), Belief::NeverSet);
        assert_eq!(belief(NOON, here), Belief::Synchronised);
        assert_eq!(belief(NOON, Path::new("no/such/file")), Belief::Free);
    }

    #[test]
    fn how_far_a_run_got_is_read_back_and_nonsense_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let kept = Kept::new(folder.path());
        assert_eq!(kept.get(), None);
        kept.put(Timestamp(5_000)).expect("left out");
        assert_eq!(kept.get(), None, "1970 is nothing to go on from");
        kept.put(NOON).expect("written");
        assert_eq!(kept.get(), Some(NOON));
        for nonsense in ["", "soon", "5", "9999999999999999"] {
            std::fs::write(folder.path().join("time"), nonsense).expect("written");
            assert_eq!(kept.get(), None, "{nonsense}");
        }
    }
}
