//! What to say, if anything: intent, gates, ranking and explanation. Pure: time and seed are values.
//!
//! [`evaluate::evaluate`] is the way in; everything else is a part of it or the state it reads.

pub mod brain;
pub mod catalogue;
pub mod check;
pub mod evaluate;
pub mod explain;
pub mod features;
#[cfg(test)]
mod fixture;
pub mod gates;
pub mod history;
pub mod intent;
pub mod keyed;
pub mod local;
pub mod person;
pub mod rank;
pub mod rule;
pub mod scene;
pub mod signals;
pub mod words;
