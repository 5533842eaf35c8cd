//! How far the clocks of the boxes are off, by what they send and when it comes; and what they stamped, set right. Pure.
//!
//! A box stamps along a line that does not jump within a run. A message can come late and never early, so the least
//! difference between its coming and its stamp over some minutes is the offset, and a little of the way.
//! Each run of a box has an offset of its own, which is remembered for what that run left in the spool.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use model::ids::{BootId, GatewayId};
use model::time::{Millis, Timestamp};
use wire::uplink::Batch;
use wire::uplink::clock::{Belief, CLOCK_SET, Made};

/// Runs that are remembered of each box, the newest ones.
pub(crate) const RUNS_MAX: usize = 8;
/// More than this is no matter of a lazy clock: it is said, and set right at the first sign.
pub(crate) const SKEW_MAX: Millis = Millis::minutes(5);
/// Less than this may as well be the way of the messages; it is left as it is.
const SLACK: Millis = Millis(200);
/// So many messages make an offset sure.
const SURE: u32 = 3;
/// How long a slice of the window is, and how many there are.
const SLICE: Millis = Millis::minutes(1);
const SLICES_MAX: usize = 10;
/// So many messages in a row, each so much later than the offset allows, and over as long a time: one of the two clocks
/// was moved. What waited in a queue comes as late, but all at once.
const MOVED_AFTER: u32 = 5;
const MOVED_BY: Millis = Millis::minutes(1);

/// How the clock of one run of a box stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    /// How far our clock is ahead of the line by which the box stamps.
    pub(crate) offset: Millis,
    /// How far its wall clock was ahead of that line when it last said so.
    pub(crate) drift: Millis,
    /// Whether enough was heard of it.
    pub(crate) is_sure: bool,
    /// Whether the box believes its wall clock.
    pub(crate) belief: Belief,
}

impl Standing {
    /// How far our clock is ahead of the box's wall clock.
    pub(crate) const fn skew(self) -> Millis {
        Millis(self.offset.0.saturating_sub(self.drift.0))
    }

    /// Whether a person should look at the box's clock.
    pub(crate) const fn is_flagged(self) -> bool {
        self.skew().0.abs() > SKEW_MAX.0
    }

    /// What is added to what the run stamped.
    pub(crate) const fn correction(self) -> Millis {
        let is_trusted = self.is_sure || self.offset.0.abs() > SKEW_MAX.0;
        if is_trusted && self.offset.0.abs() > SLACK.0 { self.offset } else { Millis::ZERO }
    }
}

/// The offset of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Run {
    boot: BootId,
    /// The least difference of each slice of our time.
    slices: BTreeMap<i64, Millis>,
    heard: u32,
    /// When the last message came, and what stood in it: the batches of a pack are one message, and say one thing.
    said: Option<(Timestamp, Timestamp)>,
    belief: Belief,
    drift: Millis,
    /// How many in a row came far too late, and when the first of them came.
    late: Option<(u32, Timestamp)>,
    /// The offset that was written down, and whether it was sure.
    kept: Option<(Millis, bool)>,
}

impl Run {
    const fn new(boot: BootId, belief: Belief) -> Self {
        Self {
            boot,
            slices: BTreeMap::new(),
            heard: 0,
            said: None,
            belief,
            drift: Millis::ZERO,
            late: None,
            kept: None,
        }
    }

    fn least(&self) -> Option<Millis> {
        self.slices.values().copied().min()
    }

    /// Whether something else than this was written down.
    fn is_news(&self) -> bool {
        let differs = |now: Standing, (offset, was_sure): (Millis, bool)| {
            (offset.0 - now.offset.0).abs() > SLACK.0 || was_sure != now.is_sure
        };
        self.standing().is_some_and(|now| self.kept.is_none_or(|kept| differs(now, kept)))
    }

    fn standing(&self) -> Option<Standing> {
        let offset = self.least()?;
        Some(Standing { offset, drift: self.drift, is_sure: self.heard >= SURE, belief: self.belief })
    }

    fn observe(&mut self, came: Timestamp, stamped: Timestamp) {
        if self.said.replace((came, stamped)) == Some((came, stamped)) {
            return;
        }
        let difference = came.since(stamped);
        if self.was_moved(came, difference) {
            (self.slices, self.heard, self.late) = (BTreeMap::new(), 0, None);
        }
        self.heard = self.heard.saturating_add(1);
        let least = self.slices.entry(came.0.div_euclid(SLICE.0)).or_insert(difference);
        *least = difference.min(*least);
        // Silence does not make a run forget what it knew: only newer slices push older ones out.
        if self.slices.len() > SLICES_MAX {
            self.slices.pop_first();
        }
    }

    /// Whether one of the two clocks was moved. What comes much too early says so at once, because nothing can;
    /// what comes too late says so only together.
    fn was_moved(&mut self, came: Timestamp, difference: Millis) -> bool {
        let Some(known) = self.least() else { return false };
        if known.0 - difference.0 > MOVED_BY.0 {
            return true;
        }
        if difference.0 - known.0 <= MOVED_BY.0 {
            self.late = None;
            return false;
        }
        let (count, first) = self.late.map_or((1, came), |(count, first)| (count.saturating_add(1), first));
        self.late = Some((count, first));
        count >= MOVED_AFTER && came.since(first) >= MOVED_BY
    }
}

/// What became of the stamps of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stamps {
    /// They stay.
    Kept,
    /// They were set right by so much.
    Corrected(Millis),
    /// Nobody will ever know when it was: so many sightings and readings were left out.
    Unknown(u64),
}

/// The clocks of all boxes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Clocks {
    runs: BTreeMap<GatewayId, VecDeque<Run>>,
    /// Runs that should be written down.
    changed: BTreeSet<(GatewayId, BootId)>,
}

impl Clocks {
    /// Brings back what was known of a run; the runs of a box come oldest first.
    pub(crate) fn restore(&mut self, gateway: &GatewayId, boot: BootId, standing: Standing) {
        let run = self.run(gateway, boot, standing.belief);
        run.slices = BTreeMap::from([(i64::MIN, standing.offset)]);
        run.drift = standing.drift;
        run.kept = Some((standing.offset, standing.is_sure));
        run.heard = if standing.is_sure { SURE } else { 1 };
    }

    /// How the clock of a run stands; none when nothing was heard of it.
    pub(crate) fn standing(&self, gateway: &GatewayId, boot: BootId) -> Option<Standing> {
        self.runs.get(gateway)?.iter().find(|run| run.boot == boot)?.standing()
    }

    /// The runs that should be written down, with how they stand; they are taken to be.
    pub(crate) fn take_changed(&mut self) -> Vec<(GatewayId, BootId, Standing)> {
        let changed = std::mem::take(&mut self.changed).into_iter();
        changed
            .filter_map(|(gateway, boot)| {
                let run = self.runs.get_mut(&gateway)?.iter_mut().find(|run| run.boot == boot)?;
                let standing = run.standing()?;
                run.kept = Some((standing.offset, standing.is_sure));
                Some((gateway, boot, standing))
            })
            .collect()
    }

    /// One of them could not be written.
    pub(crate) fn put_changed(&mut self, gateway: GatewayId, boot: BootId) {
        self.changed.insert((gateway, boot));
    }

    /// Takes a batch in, and sets its stamps right.
    pub(crate) fn take(&mut self, batch: &mut Batch, came: Timestamp) -> Stamps {
        let Some(clocks) = batch.clocks else { return Stamps::Kept };
        let run = self.run(&batch.gateway, batch.boot, clocks.belief);
        (run.belief, run.drift) = (clocks.belief, clocks.wall.since(batch.sent_at));
        run.observe(came, batch.sent_at);
        let current = run.standing().map_or(Millis::ZERO, Standing::correction);
        if run.is_news() {
            self.changed.insert((batch.gateway.clone(), batch.boot));
        }
        let correction = match clocks.made {
            None => Some(current),
            Some(made) => self.earlier(&batch.gateway, made),
        };
        // The health of the box is of now, whenever the rest was made.
        if let Some(health) = &mut batch.health {
            let receivers = health.receivers.iter_mut().map(|receiver| &mut receiver.last_heard);
            let beacons = health.beacons.iter_mut().map(|beacon| &mut beacon.at);
            // Zero is no moment, but says that nothing was heard yet.
            for at in receivers.chain(beacons).filter(|at| **at != Timestamp(0)) {
                *at = *at + current;
            }
        }
        match correction {
            Some(correction) if correction != Millis::ZERO => {
                add(batch, correction);
                Stamps::Corrected(correction)
            }
            Some(_) => Stamps::Kept,
            None if earliest(batch).is_none_or(|at| at >= CLOCK_SET) => Stamps::Kept,
            None => {
                let items = batch.sightings.len() + batch.readings.len();
                batch.sightings.clear();
                batch.readings.clear();
                Stamps::Unknown(items as u64)
            }
        }
    }

    /// What an earlier run's stamps lack; none when nobody knows.
    fn earlier(&self, gateway: &GatewayId, made: Made) -> Option<Millis> {
        if let Some(standing) = self.standing(gateway, made.boot) {
            return Some(standing.correction());
        }
        match made.belief {
            // What the box itself believed when it made it is the best that is left.
            Belief::Free | Belief::Synchronised if made.drift.0.abs() > SLACK.0 => Some(made.drift),
            Belief::Free | Belief::Synchronised => Some(Millis::ZERO),
            Belief::NeverSet => None,
        }
    }

    fn run(&mut self, gateway: &GatewayId, boot: BootId, belief: Belief) -> &mut Run {
        let runs = self.runs.entry(gateway.clone()).or_default();
        let place = runs.iter().position(|run| run.boot == boot).unwrap_or_else(|| {
            if runs.len() >= RUNS_MAX {
                runs.pop_front();
            }
            runs.push_back(Run::new(boot, belief));
            runs.len() - 1
        });
        &mut runs[place]
    }
}

fn earliest(batch: &Batch) -> Option<Timestamp> {
    let sightings = batch.sightings.iter().map(|sighting| sighting.at);
    sightings.chain(batch.readings.iter().map(|reading| reading.at)).min()
}

fn add(batch: &mut Batch, correction: Millis) {
    for sighting in &mut batch.sightings {
        sighting.at = sighting.at + correction;
    }
    for reading in &mut batch.readings {
        reading.at = reading.at + correction;
    }
}

#[cfg(test)]
mod tests;
