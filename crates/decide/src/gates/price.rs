//! Refuses an offer whose text quotes a price that is not the product's any more.

use model::decision::Refusal;

use super::Case;

/// The gate.
pub(super) fn check(case: &Case<'_>) -> Result<(), Refusal> {
    let Some(quoted) = case.offer.price else { return Ok(()) };
    match case.products().find(|product| product.price != quoted) {
        Some(product) => Err(Refusal::Price { quoted, now: product.price }),
        None => Ok(()),
    }
}
