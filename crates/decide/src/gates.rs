//! The gates: reasons why an offer must not be made now. One file each, one shared signature, asked in one order.
//!
//! A new gate is a file here with a `check`, a line in [`ALL`], a variant in [`Refusal`] and a sentence in `explain`.

pub mod bought;
pub mod budget;
pub mod cap;
pub mod consent;
pub mod holdout;
pub mod intent;
pub mod pause;
pub mod place;
pub mod quiet_hours;
pub mod schedule;
pub mod stock;

use model::decision::Refusal;
use model::offer::Offer;

use crate::evaluate::Context;

/// One offer at one moment: what a gate judges.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The moment and the customer.
    pub context: &'a Context<'a>,
    /// The offer.
    pub offer: &'a Offer,
    /// The customer's intent towards it, 0 to 1.
    pub intent: f64,
}

/// A gate: refuses with a code and the facts it was taken on, or lets the offer pass.
pub type Gate = fn(&Case<'_>) -> Result<(), Refusal>;

/// The gates that depend on the customer and the moment alone, in the order they are asked: cheap ones first.
pub const BEFORE_BUDGET: [Gate; 9] = [
    schedule::check,
    consent::check,
    place::check,
    stock::check,
    bought::check,
    cap::check,
    pause::check,
    quiet_hours::check,
    intent::check,
];

/// Every gate, in the order they are asked; the order of [`Refusal::CODES`].
pub const ALL: [Gate; 11] = [
    schedule::check,
    consent::check,
    place::check,
    stock::check,
    bought::check,
    cap::check,
    pause::check,
    quiet_hours::check,
    intent::check,
    budget::check,
    holdout::check,
];

/// Asks gates in order; the first refusal counts.
///
/// # Errors
/// The first refusal.
pub fn ask(gates: &[Gate], case: &Case<'_>) -> Result<(), Refusal> {
    gates.iter().try_for_each(|gate| gate(case))
}

/// How far a refused offer came: the place of its gate in the order.
#[must_use]
pub fn reached(refusal: &Refusal) -> usize {
    Refusal::CODES.iter().position(|code| *code == refusal.code()).unwrap_or(0)
}

#[cfg(test)]
mod tests;
