//! Advertisements from BlueZ, straight over D-Bus: every one with its strength, the first of each device included.
//!
//! BlueZ ends in many ways without saying so. Each of them is watched: the daemon restarted or gone, the adapter pulled or
//! switched off, discovery stopped by somebody else, the bus dead, a controller that hangs. The radio comes back by itself.

mod control;
mod devices;
mod session;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use model::time::{Millis, Timestamp};
use runtime::clock::Clock;
use tokio_util::sync::CancellationToken;

use super::port::Sink;
use super::state::State;
use crate::metric::{self, Name};
use session::{Ended, Session};

/// The first pause after a session that ended.
const PAUSE_MIN: Duration = Duration::from_millis(250);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(15);
/// Longest wait for BlueZ when the gateway stops.
const STOP_MAX: Duration = Duration::from_secs(2);

/// What is asked of the radio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The bus's address; the system's if none.
    pub bus: Option<String>,
    /// Which adapters; the first that is there if none is named.
    pub adapters: Vec<String>,
    /// Whether an adapter that is off is switched on.
    pub power_on: bool,
    /// After so long without an advertisement discovery is started anew.
    pub silence: Duration,
}

/// A source of advertisements.
#[derive(Debug)]
pub struct Source {
    options: Options,
    sink: Sink,
    clock: Arc<dyn Clock>,
    state: tokio::sync::watch::Sender<State>,
}

impl Source {
    /// A source that has not been started.
    #[must_use]
    pub const fn new(
        options: Options,
        sink: Sink,
        clock: Arc<dyn Clock>,
        state: tokio::sync::watch::Sender<State>,
    ) -> Self {
        Self { options, sink, clock, state }
    }

    /// Listens until it is stopped; comes back by itself after everything that ends a session.
    pub async fn run(self, stop: CancellationToken) {
        let mut pause = PAUSE_MIN;
        let mut quiet_rounds = None;
        self.state.send_replace(State::Starting);
        loop {
            let ended = self.session(&mut quiet_rounds, &stop).await;
            if matches!(ended, Ended::Stopped) {
                return;
            }
            self.sink.all_broke();
            metric::add(Name::RadioRestarts, 1);
            let opened = quiet_rounds.is_some();
            let (at_once, reason) = ended.consequence();
            if let Some(reason) = reason {
                self.tell(State::Silent { reason });
            }
            pause = if at_once || opened { PAUSE_MIN } else { (pause * 2).min(PAUSE_MAX) };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// One stay on the bus. What it leaves behind is how quiet it was, if it came about at all.
    async fn session(&self, quiet_rounds: &mut Option<u32>, stop: &CancellationToken) -> Ended {
        let opened = tokio::select! {
            () = stop.cancelled() => return Ended::Stopped,
            opened = Session::open(self, quiet_rounds.take().unwrap_or(0)) => opened,
        };
        let mut session = match opened {
            Ok(session) => session,
            Err(ended) => return ended,
        };
        let ended = session.run(stop).await;
        *quiet_rounds = Some(session.quiet_rounds());
        // A daemon that is gone can't be asked to stop.
        let _ = tokio::time::timeout(STOP_MAX, session.close()).await;
        ended
    }

    fn now(&self) -> Millis {
        self.clock.monotonic()
    }

    fn time(&self) -> Timestamp {
        self.clock.now()
    }

    fn silence(&self) -> Millis {
        Millis(i64::try_from(self.options.silence.as_millis()).unwrap_or(i64::MAX / 2))
    }

    /// Says how the radio fares, and writes it down when it changes.
    fn tell(&self, state: State) {
        let before = self.state.borrow().clone();
        if before == state {
            return;
        }
        match &state {
            State::Silent { reason } => tracing::warn!(reason, "the own radio hears nothing; it comes back by itself"),
            State::Quiet { adapter, .. } => {
                tracing::info!(adapter, "the own radio stands and hears nobody; discovery is started anew");
            }
            State::Hearing => tracing::info!("the own radio hears"),
            State::Off | State::Starting => tracing::debug!(?state, "the own radio"),
        }
        metric::set(Name::RadioHearing, u64::from(state == State::Hearing));
        self.state.send_replace(state);
    }
}
