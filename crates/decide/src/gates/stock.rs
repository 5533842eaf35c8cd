//! Refuses an offer whose product, or every product of whose category, is sold out.

use model::decision::Refusal;

use super::Case;

/// The gate.
pub(super) fn check(case: &Case<'_>) -> Result<(), Refusal> {
    let mut products = case.products().peekable();
    let first = products.peek().map(|product| product.id.clone());
    match first {
        Some(product) if products.all(|product| !product.in_stock) => Err(Refusal::Stock { product }),
        Some(_) | None => Ok(()),
    }
}
