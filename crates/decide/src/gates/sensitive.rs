//! Refuses everything about a sensitive product: saying it would tell something about a person.

use model::decision::Refusal;

use super::Case;

/// The gate.
pub(super) fn check(case: &Case<'_>) -> Result<(), Refusal> {
    match case.products().find(|product| product.sensitive) {
        Some(product) => Err(Refusal::Sensitive { product: product.id.clone() }),
        None => Ok(()),
    }
}
