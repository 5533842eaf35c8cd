//! What offers are worth: lift, its intervals, and what another way to decide would have brought. Pure.

pub mod conversions;
pub mod ope;
