//! The words of Attimo: ids, units, time, and one type per stage from sighting to outcome.
//!
//! Pure data with checked constructors: no clock, no chance, no I/O, and nothing of ours below it.

pub mod anchor;
pub mod consent;
pub mod decision;
pub mod delivery;
pub mod event;
pub mod floor;
pub mod fusion;
pub mod ids;
pub mod offer;
pub mod outcome;
pub mod pattern;
pub mod policy;
pub mod position;
pub mod preferences;
pub mod presence;
pub mod product;
pub mod reading;
pub mod segment;
pub mod shop;
pub mod sighting;
pub mod signal;
pub mod subject;
pub mod survey;
pub mod time;
pub mod units;
pub mod zone;
