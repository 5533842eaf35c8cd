//! How the own radio fares, told apart so that a quiet shop is never taken for a broken box.

use model::time::Timestamp;

/// How the radio fares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum State {
    /// There is none.
    #[default]
    Off,
    /// It is being started, or is started and has not heard anything yet.
    Starting,
    /// Advertisements come in.
    Hearing,
    /// Everything stands, but nothing has come in for a while: nobody is there, or the controller hangs.
    /// It is started anew again and again.
    Quiet {
        /// The adapter.
        adapter: String,
        /// Since when nothing came in.
        since: Timestamp,
    },
    /// It can't hear, for this reason. It comes back by itself when the reason is gone.
    Silent {
        /// Why.
        reason: String,
    },
}

impl State {
    /// The worse of two, when a box has several adapters.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        if other.badness() > self.badness() { other } else { self }
    }

    const fn badness(&self) -> u8 {
        match self {
            Self::Off => 0,
            Self::Hearing => 1,
            Self::Starting => 2,
            Self::Quiet { .. } => 3,
            Self::Silent { .. } => 4,
        }
    }
}
