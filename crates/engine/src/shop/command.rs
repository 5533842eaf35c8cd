//! What a shop wants done.

use model::fusion::{Attribution, Occupancy};
use model::position::Position;
use model::presence::{Presence, Visit};
use model::reading::Reading;
use model::subject::Subject;
use model::time::Timestamp;
use serde::Serialize;

/// What a shop wants done.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// A stay changed.
    Presence(Presence),
    /// Where a subject is now; at most about two a second for each.
    Position(Position),
    /// A visit started, went on or ended; the last one said is the truth.
    Visit(Visit),
    /// A reading was accepted; each is said once.
    Reading(Reading),
    /// A subject that was located has fallen silent by its own rhythm: where it is, is not known for now. It has not left.
    Quiet {
        /// Who.
        subject: Subject,
        /// When it was last heard.
        at: Timestamp,
    },
    /// Something was taken from a shelf, by one of these with these probabilities.
    Attribution(Attribution),
    /// Something came back onto a shelf, from one of those who had taken it, with these probabilities.
    PutBack(Attribution),
    /// Another number of people is expected in a zone or in the store; at most every two seconds for each.
    Occupancy(Occupancy),
}
