//! What a box says of its own clocks, so that the server can set right what it stamped.
//!
//! A box stamps along a time line of its own: the wall clock as it stood at the start of the run, carried on by the
//! monotonic clock. Within a run that line never jumps, however often somebody sets the wall clock.

use model::ids::BootId;
use model::time::{Millis, Timestamp};

use super::read::{sixteen, span, time};
use super::{Batch, Error, message};

/// A wall clock before 2024 was never set, and nobody stamped anything before it by one that was.
pub const CLOCK_SET: Timestamp = Timestamp(1_704_067_200_000);

/// Whether a box believes its wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Belief {
    /// Nobody ever set it: it began somewhere, as a rule in 1970.
    NeverSet,
    /// It was set once and runs freely, or nothing is known of what it follows.
    Free,
    /// It follows a time server.
    Synchronised,
}

impl Belief {
    /// Every belief.
    pub const ALL: [Self; 3] = [Self::NeverSet, Self::Free, Self::Synchronised];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NeverSet => "never-set",
            Self::Free => "free",
            Self::Synchronised => "synchronised",
        }
    }

    const fn number(self) -> u32 {
        match self {
            Self::NeverSet => 1,
            Self::Free => 2,
            Self::Synchronised => 3,
        }
    }

    fn of_number(number: u32) -> Result<Self, Error> {
        let known = Self::ALL.into_iter().find(|belief| belief.number() == number);
        known.ok_or(Error::OutOfRange { field: "clocks.belief", range: "1 to 3" })
    }
}

/// The clocks of a box as they stood when a batch was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    /// The wall clock, which may jump.
    pub wall: Timestamp,
    /// Time since the start of the run, which never goes back.
    pub monotonic: Millis,
    /// Whether the box believes its wall clock.
    pub belief: Belief,
    /// By what run the content was stamped, when that was an earlier one.
    pub made: Option<Made>,
}

/// The run that stamped the content of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    /// Which run.
    pub boot: BootId,
    /// How far its wall clock was ahead of its time line when the batch was made.
    pub drift: Millis,
    /// Whether it believed its wall clock then.
    pub belief: Belief,
}

impl Made {
    /// Which run stamped a stored batch, when it was not `boot`. An older version kept no clocks with it: its wall clock is
    /// taken as it stood, and what this run is off is not laid upon it.
    #[must_use]
    pub fn by_another(stored: &Batch, boot: BootId) -> Option<Self> {
        let (drift, belief) = stored
            .clocks
            .map_or((Millis::ZERO, Belief::Free), |clocks| (clocks.wall.since(stored.sent_at), clocks.belief));
        (stored.boot != boot).then_some(Self { boot: stored.boot, drift, belief })
    }
}

pub(super) fn write(clocks: &Clocks) -> message::Clocks {
    let made = clocks.made.map(|made| message::Made {
        boot: made.boot.0.to_be_bytes().to_vec(),
        drift: made.drift.0,
        belief: made.belief.number(),
    });
    message::Clocks { wall: clocks.wall.0, monotonic: clocks.monotonic.0, belief: clocks.belief.number(), made }
}

pub(super) fn read(from: &message::Clocks) -> Result<Clocks, Error> {
    Ok(Clocks {
        wall: time("clocks.wall", from.wall)?,
        monotonic: Millis(time("clocks.monotonic", from.monotonic)?.0),
        belief: Belief::of_number(from.belief)?,
        made: from.made.as_ref().map(read_made).transpose()?,
    })
}

fn read_made(from: &message::Made) -> Result<Made, Error> {
    Ok(Made {
        boot: BootId(u128::from_be_bytes(sixteen("clocks.made.boot", &from.boot)?)),
        drift: span("clocks.made.drift", from.drift)?,
        belief: Belief::of_number(from.belief)?,
    })
}

#[cfg(test)]
mod tests {
    use model::ids::GatewayId;
    use proptest::prelude::*;

    use super::*;
    use crate::uplink::{decode, encode};

    fn batch(clocks: Option<Clocks>) -> Batch {
        let empty = Batch::empty(GatewayId::new("shop-1").expect("a name"), BootId(99), Timestamp(5_000));
        Batch { spool: [7; 16], clocks, ..empty }
    }

    fn clocks() -> Clocks {
        let made = Made { boot: BootId(98), drift: Millis(-4), belief: Belief::NeverSet };
        Clocks { wall: Timestamp(1_772_355_605_000), monotonic: Millis(7), belief: Belief::Free, made: Some(made) }
    }

    #[test]
    fn the_bytes_on_the_wire_stay_what_they_are() {
        let (without, with) = (encode(&batch(None)), encode(&batch(Some(clocks()))));
        assert_eq!(
            hex::encode(&with[without.len()..]),
            "a201230888a481c5ca331007180222160a100000000000000000000000000000006210071801"
        );
    }

    #[test]
    fn what_another_run_stamped_says_so_also_when_it_kept_no_clocks() {
        let clocks = |wall| Clocks { wall, monotonic: Millis(7), belief: Belief::NeverSet, made: None };
        let stored = |boot, clocks| Batch { boot: BootId(boot), ..batch(clocks) };
        let made = |stored: Batch| Made::by_another(&stored, BootId(2));
        let of = |drift, belief| Some(Made { boot: BootId(1), drift: Millis(drift), belief });
        assert_eq!(made(stored(1, Some(clocks(Timestamp(5_300))))), of(300, Belief::NeverSet));
        assert_eq!(made(stored(1, None)), of(0, Belief::Free), "a spool of an older version");
        assert_eq!(made(stored(2, Some(clocks(Timestamp(5_300))))), None);
        assert_eq!(made(stored(2, None)), None);
    }

    #[test]
    fn clocks_that_cannot_be_are_refused_with_their_field() {
        type Change = fn(&mut message::Clocks);
        let changes: [(&str, Change); 6] = [
            ("clocks.belief", |c| c.belief = 4),
            ("clocks.belief", |c| c.made.as_mut().expect("a run").belief = 0),
            ("clocks.wall", |c| c.wall = -1),
            ("clocks.monotonic", |c| c.monotonic = -1),
            ("clocks.made.boot", |c| c.made.as_mut().expect("a run").boot.truncate(15)),
            ("clocks.made.drift", |c| c.made.as_mut().expect("a run").drift = i64::MIN),
        ];
        for (field, change) in changes {
            let mut message = write(&clocks());
            change(&mut message);
            let said = read(&message).expect_err("refused").to_string();
            assert!(said.contains(field), "{said}");
        }
    }

    proptest! {
        #[test]
        fn clocks_survive_the_way(
            wall in 0..253_402_300_800_000i64,
            monotonic in 0..1i64 << 40,
            belief in proptest::sample::select(Belief::ALL.to_vec()),
            made in proptest::option::of((any::<u128>(), -(1i64 << 47)..1i64 << 47)),
        ) {
            let made = made.map(|(boot, drift)| Made { boot: BootId(boot), drift: Millis(drift), belief });
            let before = batch(Some(Clocks { wall: Timestamp(wall), monotonic: Millis(monotonic), belief, made }));
            prop_assert_eq!(decode(&encode(&before)).expect("what was just written"), before);
        }
    }
}
