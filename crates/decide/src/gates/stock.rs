//! Refuses an offer whose product, or every product of whose category, is sold out.

use model::decision::Refusal;

use super::Case;

/// The gate.
pub(super) fn check(case: &Case<'_>) -> Result<(), Refusal> {
    match case.products().next() {
        Some(first) if case.products().all(|product| !product.in_stock) => {
            Err(Refusal::Stock { product: first.id.clone() })
        }
        Some(_) | None => Ok(()),
    }
}
