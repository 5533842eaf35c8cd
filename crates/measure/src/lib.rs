//! What offers are worth: lift, its intervals, and what another way to decide would have brought. Pure.

pub mod anomaly;
pub mod conversions;
pub mod lift;
pub mod means;
pub mod ope;
pub mod srm;
