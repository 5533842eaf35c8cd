//! What one adapter needs next: the watch over everything that makes a radio fall silent without saying so.
//!
//! Pure: it is told what the bus says and what time it is, and answers what to do.

use model::time::Millis;

/// The first pause after something that did not work.
const PAUSE_MIN: Millis = Millis(500);
/// The longest pause.
const PAUSE_MAX: Millis = Millis(15_000);
/// BlueZ itself says between two rounds of scanning that it does not discover; only longer than this it is a fault.
const ROUND: Millis = Millis(3_000);
/// So many quiet rounds, one after another, and the bus is no longer believed either.
const QUIET_ROUNDS: u32 = 4;

/// What is to be done with an adapter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Todo {
    /// Switch it on.
    PowerOn,
    /// Start discovery, anew if it runs.
    Start,
    /// Leave the bus and come back.
    Reconnect,
}

/// How an adapter fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fare {
    /// It is not there.
    Gone,
    /// It is switched off.
    Off,
    /// It is being started.
    Starting,
    /// It hears.
    Hearing,
    /// It listens and hears nothing.
    Quiet,
    /// Something did not work.
    Failed(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    Gone,
    Off { retry: Option<Millis>, problem: Option<String> },
    Ready,
    Busy,
    Failed { retry: Millis, problem: String },
    Listening { since: Millis, stopped: Option<Millis> },
}

/// The watch over one adapter.
#[derive(Debug)]
pub(super) struct Watch {
    power_on: bool,
    silence: Millis,
    phase: Phase,
    pause: Millis,
    heard: bool,
    quiet: u32,
}

impl Watch {
    /// Over an adapter that nobody has seen yet.
    pub(super) const fn new(power_on: bool, silence: Millis) -> Self {
        Self { power_on, silence, phase: Phase::Gone, pause: PAUSE_MIN, heard: false, quiet: 0 }
    }

    /// The adapter is there, switched on or off.
    pub(super) fn appeared(&mut self, powered: bool, now: Millis) {
        self.phase = Phase::Gone;
        self.pause = PAUSE_MIN;
        self.powered(powered, now);
    }

    /// The adapter is gone.
    pub(super) fn vanished(&mut self) {
        self.phase = Phase::Gone;
        self.heard = false;
    }

    /// The adapter was switched on or off.
    pub(super) fn powered(&mut self, on: bool, now: Millis) {
        if !on {
            self.heard = false;
            self.phase = Phase::Off { retry: self.power_on.then_some(now), problem: None };
            return;
        }
        match self.phase {
            Phase::Gone | Phase::Off { .. } => self.phase = Phase::Ready,
            Phase::Ready | Phase::Busy | Phase::Failed { .. } | Phase::Listening { .. } => {}
        }
    }

    /// BlueZ says that it discovers, or does not.
    pub(super) fn discovering(&mut self, on: bool, now: Millis) {
        if let Phase::Listening { stopped, .. } = &mut self.phase {
            *stopped = if on { None } else { stopped.or(Some(now)) };
        }
    }

    /// An advertisement came; true if it is the first after something else.
    pub(super) fn heard(&mut self, now: Millis) -> bool {
        if let Phase::Listening { since, .. } = &mut self.phase {
            *since = now;
            self.quiet = 0;
            self.pause = PAUSE_MIN;
            return !std::mem::replace(&mut self.heard, true);
        }
        false
    }

    /// What was to be done has been done, or not.
    pub(super) fn done(&mut self, todo: Todo, result: Result<(), String>, now: Millis) {
        // Meanwhile it may have gone or been switched off: then that counts.
        if self.phase != Phase::Busy {
            return;
        }
        self.phase = match (todo, result) {
            (Todo::PowerOn, Ok(())) => Phase::Ready,
            (Todo::PowerOn, Err(problem)) => Phase::Off { retry: Some(self.later(now)), problem: Some(problem) },
            (Todo::Start, Ok(())) => Phase::Listening { since: now, stopped: None },
            (Todo::Start | Todo::Reconnect, Err(problem)) => Phase::Failed { retry: self.later(now), problem },
            (Todo::Reconnect, Ok(())) => Phase::Ready,
        };
    }

    /// When [`Watch::due`] has something to say, at the earliest; never if nothing but the bus can change it.
    pub(super) fn deadline(&self) -> Option<Millis> {
        match &self.phase {
            Phase::Gone | Phase::Busy => None,
            Phase::Off { retry, .. } => *retry,
            Phase::Ready => Some(Millis(i64::MIN)),
            Phase::Failed { retry, .. } => Some(*retry),
            Phase::Listening { since, stopped } => {
                let quiet = Millis(since.0 + self.silence.0);
                Some(stopped.map_or(quiet, |at| Millis(at.0 + ROUND.0).min(quiet)))
            }
        }
    }

    /// What is to be done now. It is taken as begun: [`Watch::done`] must follow.
    pub(super) fn due(&mut self, now: Millis) -> Option<Todo> {
        if self.deadline()? > now {
            return None;
        }
        let todo = match &self.phase {
            Phase::Gone | Phase::Busy => return None,
            Phase::Off { .. } => Todo::PowerOn,
            Phase::Ready | Phase::Failed { .. } => Todo::Start,
            Phase::Listening { since, .. } => {
                if now.0 - since.0 >= self.silence.0 {
                    self.quiet += 1;
                }
                self.heard = false;
                if self.quiet > 0 && self.quiet.is_multiple_of(QUIET_ROUNDS) { Todo::Reconnect } else { Todo::Start }
            }
        };
        self.phase = Phase::Busy;
        Some(todo)
    }

    /// How it fares.
    pub(super) fn fare(&self) -> Fare {
        match &self.phase {
            Phase::Gone => Fare::Gone,
            Phase::Off { problem: None, .. } => Fare::Off,
            Phase::Off { problem: Some(problem), .. } | Phase::Failed { problem, .. } => Fare::Failed(problem.clone()),
            Phase::Ready | Phase::Busy | Phase::Listening { .. } if self.heard => Fare::Hearing,
            Phase::Ready | Phase::Busy | Phase::Listening { .. } if self.quiet > 0 => Fare::Quiet,
            Phase::Ready | Phase::Busy | Phase::Listening { .. } => Fare::Starting,
        }
    }

    /// Carries over how quiet it has been, when the bus was left and come back to.
    pub(super) const fn keep_quiet(&mut self, rounds: u32) {
        self.quiet = rounds;
    }

    /// How many quiet rounds there were in a row.
    pub(super) const fn quiet_rounds(&self) -> u32 {
        self.quiet
    }

    fn later(&mut self, now: Millis) -> Millis {
        let retry = Millis(now.0 + self.pause.0);
        self.pause = Millis((self.pause.0 * 2).min(PAUSE_MAX.0));
        retry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SILENCE: Millis = Millis(5_000);

    fn listening(now: Millis) -> Watch {
        let mut watch = Watch::new(true, SILENCE);
        watch.appeared(true, now);
        assert_eq!(watch.due(now), Some(Todo::Start));
        watch.done(Todo::Start, Ok(()), now);
        watch
    }

    #[test]
    fn an_adapter_that_is_there_is_started_and_hears() {
        let mut watch = Watch::new(true, SILENCE);
        assert_eq!((watch.due(Millis(0)), watch.fare()), (None, Fare::Gone));
        let mut watch = listening(Millis(0));
        assert_eq!(watch.fare(), Fare::Starting);
        assert!(watch.heard(Millis(10)));
        assert!(!watch.heard(Millis(20)));
        assert_eq!((watch.fare(), watch.deadline()), (Fare::Hearing, Some(Millis(5_020))));
    }

    #[test]
    fn a_silence_starts_it_anew_and_after_some_the_bus_is_left() {
        let mut watch = listening(Millis(0));
        let mut todos = Vec::new();
        for round in 1..=5 {
            let now = Millis(round * 5_000);
            assert_eq!(watch.due(Millis(now.0 - 1)), None);
            let todo = watch.due(now).expect("silence");
            todos.push(todo);
            watch.done(todo, Ok(()), now);
            if todo == Todo::Reconnect {
                assert_eq!(watch.due(now), Some(Todo::Start));
                watch.done(Todo::Start, Ok(()), now);
            }
            assert_eq!(watch.fare(), Fare::Quiet);
        }
        assert_eq!(todos, [Todo::Start, Todo::Start, Todo::Start, Todo::Reconnect, Todo::Start]);
        assert!(watch.heard(Millis(30_000)));
        assert_eq!(watch.fare(), Fare::Hearing);
    }

    #[test]
    fn the_breath_between_two_rounds_of_scanning_is_no_fault_and_a_stop_is() {
        let mut watch = listening(Millis(0));
        watch.discovering(false, Millis(100));
        watch.discovering(true, Millis(900));
        assert_eq!(watch.due(Millis(4_000)), None);
        watch.discovering(false, Millis(4_000));
        watch.heard(Millis(6_500));
        watch.discovering(false, Millis(6_600));
        assert_eq!(watch.due(Millis(7_000)), Some(Todo::Start), "somebody else stopped it");
    }

    #[test]
    fn an_adapter_that_is_off_is_switched_on_with_growing_pauses_if_that_is_wanted() {
        let mut watch = listening(Millis(0));
        watch.powered(false, Millis(1_000));
        assert_eq!(watch.fare(), Fare::Off);
        let mut tries = Vec::new();
        let mut now = Millis(1_000);
        for _ in 0..8 {
            now = watch.deadline().expect("it tries again").max(now);
            assert_eq!(watch.due(now), Some(Todo::PowerOn));
            tries.push(now.0);
            watch.done(Todo::PowerOn, Err("blocked by rfkill".into()), now);
        }
        assert_eq!(tries, [1_000, 1_500, 2_500, 4_500, 8_500, 16_500, 31_500, 46_500]);
        assert_eq!(watch.fare(), Fare::Failed("blocked by rfkill".into()));
        watch.powered(true, now);
        assert_eq!(watch.due(now), Some(Todo::Start));
        let mut left_alone = Watch::new(false, SILENCE);
        left_alone.appeared(false, Millis(0));
        assert_eq!((left_alone.deadline(), left_alone.fare()), (None, Fare::Off));
    }

    #[test]
    fn what_happens_while_something_is_done_counts_more_than_its_end() {
        let mut watch = listening(Millis(0));
        assert_eq!(watch.due(Millis(5_000)), Some(Todo::Start));
        watch.vanished();
        watch.done(Todo::Start, Ok(()), Millis(5_001));
        assert_eq!((watch.fare(), watch.deadline()), (Fare::Gone, None));
        watch.appeared(true, Millis(6_000));
        assert_eq!(watch.due(Millis(6_000)), Some(Todo::Start));
        watch.powered(false, Millis(6_001));
        watch.done(Todo::Start, Err("not ready".into()), Millis(6_002));
        assert_eq!(watch.due(Millis(6_002)), Some(Todo::PowerOn));
        watch.powered(true, Millis(6_003));
        watch.done(Todo::PowerOn, Ok(()), Millis(6_004));
        assert_eq!(watch.due(Millis(6_004)), Some(Todo::Start));
    }
}
