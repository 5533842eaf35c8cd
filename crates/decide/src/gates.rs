//! The gates: reasons why an offer must not be made now. One file each, one shared signature, asked in one order.
//!
//! A new gate is a file here with a `check`, a line in [`ALL`], a variant in [`Refusal`] and a sentence in `explain`.

pub mod age;
pub mod approval;
pub mod bought;
pub mod budget;
pub mod cap;
pub mod channel;
pub mod complaint;
pub mod consent;
pub mod holdout;
pub mod intent;
pub mod margin;
pub mod moment;
pub mod pause;
pub mod place;
pub mod preference;
pub mod price;
pub mod quiet_hours;
pub mod rule;
pub mod schedule;
pub mod segment;
pub mod sensitive;
pub mod stage;
pub mod still;
pub mod stock;

use model::decision::Refusal;
use model::offer::Offer;
use model::product::Product;

use crate::evaluate::Context;
use crate::scene::Scene;

/// One offer at one moment: what a gate judges.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The moment and the customer.
    pub context: &'a Context<'a>,
    /// What all offers of the decision have in common.
    pub scene: &'a Scene<'a>,
    /// The offer's place in the catalogue.
    pub index: usize,
    /// The offer.
    pub offer: &'a Offer,
    /// The customer's intent towards it, 0 to 1.
    pub intent: f64,
}

impl<'a> Case<'a> {
    /// The offer at a place of the catalogue.
    #[must_use]
    pub fn new(context: &'a Context<'a>, scene: &'a Scene<'a>, index: usize) -> Self {
        let intent = scene.wants.towards(index);
        Self { context, scene, index, offer: &context.catalogue.offers[index], intent }
    }

    /// The products that the offer is about, in the order of the catalogue.
    pub fn products(&self) -> impl Iterator<Item = &'a Product> {
        let catalogue = self.context.catalogue;
        catalogue.products_of(self.index).iter().map(|index| &catalogue.products[*index])
    }
}

/// A gate: refuses with a code and the facts it was taken on, or lets the offer pass.
pub type Gate = fn(&Case<'_>) -> Result<(), Refusal>;

/// Every gate, in the order they are asked, cheap ones first; the order of [`Refusal::CODES`].
pub const ALL: [Gate; 24] = [
    schedule::check,
    approval::check,
    consent::check,
    stage::check,
    place::check,
    moment::check,
    sensitive::check,
    age::check,
    stock::check,
    price::check,
    margin::check,
    bought::check,
    segment::check,
    complaint::check,
    preference::check,
    channel::check,
    cap::check,
    pause::check,
    quiet_hours::check,
    still::check,
    intent::check,
    rule::check,
    budget::check,
    holdout::check,
];

/// How many gates depend on the customer and the moment alone: all before the budget's.
pub const BEFORE_BUDGET: usize = ALL.len() - 2;

/// Asks gates in order; the first refusal counts.
///
/// # Errors
/// The first refusal.
pub fn ask(gates: &[Gate], case: &Case<'_>) -> Result<(), Refusal> {
    gates.iter().try_for_each(|gate| gate(case))
}

/// What the gates after the first refusal would have refused as well, in their order.
///
/// A unit of a budget is only held for what passes all else, so the budget and the holdout are not asked. Of who does not
/// consent nothing more is looked at.
#[must_use]
pub fn ask_on(first: &Refusal, case: &Case<'_>) -> Option<Vec<Refusal>> {
    let no_consent = |refusal: &Refusal| matches!(refusal, Refusal::Consent { .. });
    let later = ALL[..BEFORE_BUDGET].get(first.place() + 1..).filter(|_| !no_consent(first))?;
    let mut refusals = Vec::new();
    for refusal in later.iter().filter_map(|gate| gate(case).err()) {
        let is_last = no_consent(&refusal);
        refusals.push(refusal);
        if is_last {
            break;
        }
    }
    Some(refusals)
}

/// How far a refused offer came: the place of its gate in the order.
#[must_use]
pub const fn reached(refusal: &Refusal) -> usize {
    refusal.place()
}

#[cfg(test)]
mod tests;
