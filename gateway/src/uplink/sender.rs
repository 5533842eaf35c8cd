//! Which batch is sent when: what is new at once, what was kept back after it and at a limited rate. Pure.
//!
//! Each of the two lanes has a window of batches under way, and sends all of them again when the server stays silent.

use std::collections::VecDeque;
use std::ops::RangeInclusive;

use model::time::Millis;

/// Most batches of a lane under way that the server has not acknowledged.
pub const UNDER_WAY_MAX: u64 = 16;
/// Numbers that go in one message, once the server has said that it takes packs.
pub const PACK: u64 = 32;
/// Most numbers of packs under way. It is also how far what is new can have to wait behind them at the server.
pub const PACKED_UNDER_WAY_MAX: u64 = 4 * PACK;
/// Without an acknowledgement for so long, everything under way is sent again.
pub const PATIENCE: Millis = Millis::seconds(5);
/// What waited longer than this is history: nobody is to be told anything because of it.
pub const FRESH: Millis = Millis::seconds(20);
/// Most moments that are remembered of the last numbers.
const MARKS_MAX: usize = 64;
/// Numbers within so long share a moment: all moments together reach back further than [`FRESH`].
const MARK_EVERY: Millis = Millis(500);

/// Batches to send now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Which numbers.
    pub numbers: RangeInclusive<u64>,
    /// Whether they were kept back.
    pub historical: bool,
}

/// One lane: the next number to send, and when it last moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Lane {
    next: u64,
    progress_at: Millis,
}

/// Knows what was sent and what was acknowledged.
#[derive(Debug, Clone, PartialEq)]
pub struct Sender {
    /// The server has everything up to here.
    acked: u64,
    /// And this, above what waits.
    beyond: Option<(u64, u64)>,
    /// Everything up to here that is not acknowledged is backlog.
    split: u64,
    /// The last one that can be sent.
    last: u64,
    /// When which number was the last one, oldest first.
    marks: VecDeque<(u64, Millis)>,
    live: Lane,
    backlog: Lane,
    connected: bool,
    /// Whether the server takes packs.
    packs: bool,
    pace: Pace,
}

/// How much backlog may go: a bucket of batches that fills with time.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Pace {
    per_second: u32,
    /// Thousandths of a batch.
    filled: i64,
    at: Millis,
}

impl Pace {
    fn fill(&mut self, now: Millis) {
        let per_second = i64::from(self.per_second);
        let most = (per_second * 1_000 / 4).max(1_000 * PACK.cast_signed());
        let gained = (now.0 - self.at.0).clamp(0, 1_000) * per_second;
        (self.filled, self.at) = ((self.filled + gained).min(most), now);
    }

    fn batches(self) -> u64 {
        u64::try_from(self.filled / 1_000).unwrap_or(0)
    }

    /// When so many whole batches may go.
    fn next_at(self, batches: u64) -> Millis {
        let missing = (1_000 * batches.cast_signed() - self.filled).max(0);
        Millis(self.at.0 + missing / i64::from(self.per_second.max(1)) + 1)
    }
}

impl Sender {
    /// Begins with what the spool holds: its first batch that is not acknowledged, and its last.
    ///
    /// `is_stale` says whether the oldest of them has waited for longer than [`FRESH`]: then all of them are backlog.
    #[must_use]
    pub const fn new(oldest: u64, last: u64, is_stale: bool, backlog_per_s: u32) -> Self {
        let acked = oldest.saturating_sub(1);
        let split = if is_stale { last } else { 0 };
        Self {
            acked,
            beyond: None,
            split,
            last,
            marks: VecDeque::new(),
            live: Lane { next: if is_stale { last + 1 } else { acked + 1 }, progress_at: Millis::ZERO },
            backlog: Lane { next: acked + 1, progress_at: Millis::ZERO },
            connected: false,
            packs: false,
            pace: Pace { per_second: backlog_per_s, filled: 0, at: Millis::ZERO },
        }
    }

    /// The broker is there. What was under way before is sent again: nobody knows what became of it.
    pub fn connected(&mut self, now: Millis) {
        // It may be another server.
        (self.connected, self.packs) = (true, false);
        self.live = Lane { next: self.first_live(), progress_at: now };
        self.backlog = Lane { next: self.first_backlog(), progress_at: now };
        self.pace.at = now;
    }

    /// The broker is gone.
    pub const fn disconnected(&mut self) {
        self.connected = false;
    }

    /// The server takes packs: from now on what was kept back goes in whole ones, or with the last that there is.
    pub const fn packs(&mut self) {
        self.packs = true;
    }

    /// Whether the server takes packs.
    #[must_use]
    pub const fn takes_packs(&self) -> bool {
        self.packs
    }

    /// What the spool holds now. It may have let the oldest go.
    pub fn holds(&mut self, oldest: u64, last: u64, now: Millis) {
        if last > self.last {
            self.last = last;
            self.mark(last, now);
        }
        self.advance(oldest.saturating_sub(1));
    }

    /// Notes when a number came. Those that come close together share a mark, so that the marks reach back further than
    /// what is fresh, however many come.
    fn mark(&mut self, last: u64, now: Millis) {
        match self.marks.back_mut() {
            Some((seq, at)) if now.0 - at.0 < MARK_EVERY.0 => *seq = last,
            Some(_) | None => {
                if self.marks.len() >= MARKS_MAX {
                    self.marks.pop_front();
                }
                self.marks.push_back((last, now));
            }
        }
    }

    /// The server has everything up to `through`, and everything within `beyond`.
    pub fn acked(&mut self, through: u64, beyond: Option<(u64, u64)>, now: Millis) {
        let (live, backlog) = (self.first_live(), self.first_backlog());
        if beyond.is_some_and(|(_, to)| self.beyond.is_none_or(|(_, known)| to >= known)) {
            self.beyond = beyond;
        }
        self.advance(through);
        if self.first_live() > live {
            self.live.progress_at = now;
        }
        if self.first_backlog() > backlog {
            self.backlog.progress_at = now;
        }
    }

    /// How many of these numbers are not acknowledged yet: an answer that comes again counts nothing twice.
    #[must_use]
    pub fn unanswered(&self, (from, to): (u64, u64)) -> u64 {
        let (first, last) = (from.max(self.acked + 1), to.min(self.last));
        let inside = self.beyond.map_or(0, |(from, to)| (to.min(last) + 1).saturating_sub(from.max(first)));
        (last + 1).saturating_sub(first).saturating_sub(inside)
    }

    /// Batches to send now, the new ones first.
    #[must_use]
    pub fn poll(&mut self, now: Millis) -> Option<Due> {
        if !self.connected {
            return None;
        }
        self.set_aside(now);
        self.poll_live(now).or_else(|| self.poll_backlog(now))
    }

    /// Tells that `seq` was handed to the broker's connection.
    pub fn sent(&mut self, seq: u64, now: Millis) {
        let (lane, first) = if self.is_historical(seq) {
            self.pace.filled -= 1_000;
            let first = self.first_backlog();
            (&mut self.backlog, first)
        } else {
            let first = self.first_live();
            (&mut self.live, first)
        };
        if lane.next <= first || seq == first {
            // The wait begins with the first one under way.
            lane.progress_at = now;
        }
        lane.next = seq + 1;
    }

    /// Whether a number was kept back.
    #[must_use]
    pub const fn is_historical(&self, seq: u64) -> bool {
        seq <= self.split
    }

    /// The number below which everything comes later; 0 when nothing does.
    #[must_use]
    pub const fn live_from(&self) -> u64 {
        if self.acked < self.split { self.split + 1 } else { 0 }
    }

    /// How many batches were kept back and are not acknowledged.
    #[must_use]
    pub fn backlog(&self) -> u64 {
        let inside = self.beyond.map_or(0, |(from, to)| (to.min(self.split) + 1).saturating_sub(from));
        self.split.saturating_sub(self.acked).saturating_sub(inside)
    }

    /// When [`Sender::poll`] has to be asked again at the latest.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Millis> {
        if !self.connected {
            return None;
        }
        let patience = |lane: Lane, first: u64| (lane.next > first).then_some(Millis(lane.progress_at.0 + PATIENCE.0));
        let (live, backlog) = (self.first_live(), self.first_backlog());
        let step = self.step(self.backlog.next);
        let has_room = step > 0 && self.backlog.next + step <= backlog + self.window();
        let pace = has_room.then(|| self.pace.next_at(step));
        patience(self.live, live).into_iter().chain(patience(self.backlog, backlog)).chain(pace).min()
    }

    /// Whether everything new was acknowledged.
    #[must_use]
    pub fn is_live_done(&self) -> bool {
        self.first_live() > self.last
    }

    fn advance(&mut self, through: u64) {
        self.acked = self.acked.max(through);
        if let Some((from, to)) = self.beyond
            && from <= self.acked + 1
        {
            self.acked = self.acked.max(to);
            self.beyond = None;
        }
        self.live.next = self.live.next.max(self.first_live());
        self.backlog.next = self.backlog.next.max(self.first_backlog());
    }

    /// Makes backlog of what has waited too long for its turn, or for its acknowledgement.
    fn set_aside(&mut self, now: Millis) {
        let first = self.first_live();
        while self.marks.front().is_some_and(|(_, at)| now.0 - at.0 >= FRESH.0) {
            let Some((seq, _)) = self.marks.pop_front() else { return };
            if seq >= first {
                let was_empty = self.backlog.next > self.split;
                self.split = self.split.max(seq);
                if was_empty {
                    self.backlog = Lane { next: self.first_backlog(), progress_at: now };
                }
                self.live.next = self.live.next.max(self.first_live());
            }
        }
    }

    fn poll_live(&mut self, now: Millis) -> Option<Due> {
        let first = self.first_live();
        if self.live.next > first && now.0 - self.live.progress_at.0 >= PATIENCE.0 {
            self.live.next = first;
        }
        let last = self.last.min(first.saturating_add(UNDER_WAY_MAX - 1));
        (self.live.next <= last).then_some(Due { numbers: self.live.next..=last, historical: false })
    }

    fn poll_backlog(&mut self, now: Millis) -> Option<Due> {
        let first = self.first_backlog();
        if first > self.split {
            return None;
        }
        if self.backlog.next > first && now.0 - self.backlog.progress_at.0 >= PATIENCE.0 {
            self.backlog.next = first;
        }
        self.backlog.next = self.past_beyond(self.backlog.next);
        self.pace.fill(now);
        let next = self.backlog.next;
        let step = self.step(next);
        let room = (first + self.window()).saturating_sub(next).min(self.pace.batches());
        if step == 0 || room < step {
            return None;
        }
        // Whole packs, unless it is the end.
        let left = self.left(next);
        let count = if left <= room { left } else { room - room % step };
        Some(Due { numbers: next..=next + count - 1, historical: true })
    }

    /// How many numbers can go from one on without one that the server has.
    fn left(&self, next: u64) -> u64 {
        let beyond = self.beyond.map_or(u64::MAX, |(from, _)| if from > next { from - 1 } else { u64::MAX });
        (self.split.min(self.last).min(beyond) + 1).saturating_sub(next)
    }

    /// How many numbers go at once.
    fn step(&self, next: u64) -> u64 {
        self.left(next).min(if self.packs { PACK } else { 1 })
    }

    /// How many numbers that were kept back may be under way.
    const fn window(&self) -> u64 {
        if self.packs { PACKED_UNDER_WAY_MAX } else { UNDER_WAY_MAX }
    }

    /// The first new number that is not acknowledged.
    fn first_live(&self) -> u64 {
        let known = self.beyond.map_or(0, |(_, to)| to);
        self.acked.max(self.split).max(known) + 1
    }

    /// The first number kept back that is not acknowledged; beyond the split if there is none.
    fn first_backlog(&self) -> u64 {
        self.past_beyond(self.acked + 1)
    }

    fn past_beyond(&self, seq: u64) -> u64 {
        match self.beyond {
            Some((from, to)) if (from..=to).contains(&seq) => to + 1,
            Some(_) | None => seq,
        }
    }
}

#[cfg(test)]
mod tests;
