//! The watchdog: systemd is told that this box works only while what is heard can get through it.
//!
//! A shop where nobody is, a broker that is away and a radio that says why it is silent are no reasons to start anew:
//! the box knows of them and tells. A part that stands still without knowing it is one. Nothing here ends anything itself.

use std::time::Duration;

use model::time::Millis;
use runtime::notify::Notifier;
use tokio_util::sync::CancellationToken;

use crate::radio::state::State;
use crate::spool::worker::Handle;
use crate::status::{Flow, Intake, Sources};

/// The pipeline and the uplink turn once a second at least; after so long they stand still.
const TURN_MAX: Millis = Millis::seconds(15);
/// The client of the receivers' broker pings every 10 s while the line stands, and tries every 15 s at the most while it does
/// not; after so long without either it stands still.
const RECEIVERS_MAX: Millis = Millis::seconds(60);
/// A radio says itself that it hears nothing when it has waited for its silence and asked for everything anew.
/// So long after that it does not know any more how it fares.
const RADIO_GRACE: Millis = Millis::seconds(90);

/// A part that stands still and does not know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stuck {
    /// The pipeline does not turn.
    Pipeline,
    /// The uplink does not turn.
    Uplink,
    /// The spool does not answer.
    Spool,
    /// The own radio claims to hear, and nothing has come from it.
    Radio,
    /// The client of the receivers' broker does not turn.
    Receivers,
    /// What receivers and sensors have said waits, and none of it is taken.
    Intake,
}

impl Stuck {
    /// What is said of it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Pipeline => "the pipeline stands still",
            Self::Uplink => "the uplink stands still",
            Self::Spool => "the spool does not answer",
            Self::Radio => "the own radio claims to hear, and nothing comes from it",
            Self::Receivers => "the client of the receivers' broker stands still",
            Self::Intake => "what receivers and sensors say waits and is not taken",
        }
    }
}

/// What the parts show at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signs {
    /// When the pipeline turned last.
    pub pipeline_at: Millis,
    /// When the uplink turned last.
    pub uplink_at: Millis,
    /// Whether the spool has answered.
    pub spool_answers: bool,
    /// Whether the own radio claims that advertisements come, or are about to.
    pub radio_claims: bool,
    /// Advertisements of the own radio, since the start.
    pub radio_adverts: u64,
    /// How what receivers and sensors say gets in.
    pub flow: Flow,
}

/// Judges the signs. Pure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vitals {
    radio_patience: Millis,
    radio_adverts: u64,
    /// When the radio was last as it says.
    radio_at: Millis,
    turns: Option<u64>,
    /// When the client of the receivers' broker turned last, or there was none.
    turned_at: Millis,
    taken: u64,
    /// When something was last taken, or nothing waited.
    taken_at: Millis,
}

impl Vitals {
    /// With the silence after which the own radio starts itself anew.
    #[must_use]
    pub const fn new(silence: Millis, now: Millis) -> Self {
        Self {
            radio_patience: Millis(silence.0 + RADIO_GRACE.0),
            radio_adverts: 0,
            radio_at: now,
            turns: None,
            turned_at: now,
            taken: 0,
            taken_at: now,
        }
    }

    /// What stands still, if anything.
    pub fn look(&mut self, signs: &Signs, now: Millis) -> Option<Stuck> {
        if !signs.radio_claims || signs.radio_adverts != self.radio_adverts {
            (self.radio_adverts, self.radio_at) = (signs.radio_adverts, now);
        }
        if signs.flow.turns.is_none() || signs.flow.turns != self.turns {
            (self.turns, self.turned_at) = (signs.flow.turns, now);
        }
        // A quiet shop has nothing that waits.
        if signs.flow.waiting == 0 || signs.flow.taken != self.taken {
            (self.taken, self.taken_at) = (signs.flow.taken, now);
        }
        let late = |at: Millis, most: Millis| now.0 - at.0 > most.0;
        [
            (Stuck::Pipeline, late(signs.pipeline_at, TURN_MAX)),
            (Stuck::Uplink, late(signs.uplink_at, TURN_MAX)),
            (Stuck::Spool, !signs.spool_answers),
            (Stuck::Radio, late(self.radio_at, self.radio_patience)),
            (Stuck::Receivers, late(self.turned_at, RECEIVERS_MAX)),
            (Stuck::Intake, late(self.taken_at, TURN_MAX)),
        ]
        .into_iter()
        .find_map(|(stuck, is)| is.then_some(stuck))
    }
}

/// Looks and tells until it is stopped. `silence` is the own radio's.
pub async fn tend(notifier: Notifier, sources: Sources, spool: Handle, silence: Duration, stop: CancellationToken) {
    let Some(time) = notifier.watchdog() else {
        // A part that ends takes the others with it.
        return stop.cancelled().await;
    };
    // Three looks in the time: one may be late without harm.
    let pause = time / 3;
    let silence = Millis(i64::try_from(silence.as_millis()).unwrap_or(i64::MAX / 4));
    let mut vitals = Vitals::new(silence, sources.clock.monotonic());
    let mut before = None;
    loop {
        let spool_answers = tokio::time::timeout(pause, spool.answers()).await.unwrap_or(false);
        let stuck = vitals.look(&signs(&sources, spool_answers), sources.clock.monotonic());
        match stuck {
            None => notifier.alive(),
            Some(stuck) if before != Some(stuck) => {
                tracing::error!(seconds = time.as_secs(), "{}: systemd starts this box anew", stuck.words());
            }
            Some(_) => {}
        }
        before = stuck;
        notifier.status(&stuck.map_or_else(|| fares(&sources), |stuck| stuck.words().to_owned()));
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

fn signs(sources: &Sources, spool_answers: bool) -> Signs {
    let pulse = sources.pulse.borrow();
    Signs {
        pipeline_at: pulse.at,
        uplink_at: sources.link.borrow().turned_at,
        spool_answers,
        radio_claims: matches!(*sources.radio.borrow(), State::Starting | State::Hearing),
        radio_adverts: pulse.counts.radios.values().map(|heard| heard.adverts).sum(),
        flow: pulse.flow,
    }
}

/// One line for the person who asks systemd.
fn fares(sources: &Sources) -> String {
    let link = if sources.link.borrow().connected { "stands" } else { "is gone, what counts waits on disk" };
    let receivers = match &*sources.intake.borrow() {
        Intake::Off => "",
        Intake::Connected => ", the receivers' broker is there",
        Intake::Gone { .. } => ", the receivers' broker is gone",
    };
    let radio = match &*sources.radio.borrow() {
        State::Off => "",
        State::Starting => ", the own radio starts",
        State::Hearing => ", the own radio hears",
        State::Quiet { .. } => ", the own radio hears nobody",
        State::Silent { .. } => ", the own radio can't hear",
    };
    let heard = sources.pulse.borrow().counts.heard;
    format!("The uplink {link}{receivers}{radio}; {heard} advertisements heard.")
}

#[cfg(test)]
mod tests;
