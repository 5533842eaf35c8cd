//! Refuses what the customer has just bought.

use model::decision::Refusal;
use model::time::Millis;

use super::Case;

/// For this long a bought product is not offered again. A house prior, until a product's own cycle is learnt.
pub const PRODUCT_REST: Millis = Millis::hours(30 * 24);
/// For this long a category is not offered after any product of it was bought: the errand is done.
pub const CATEGORY_REST: Millis = Millis::hours(24);

/// The gate.
pub(super) fn check(case: &Case<'_>) -> Result<(), Refusal> {
    let (offer, now) = (case.offer, case.context.now);
    let answers = case.context.history.bought().iter().filter(|(product, bought)| {
        let same = offer.product.as_ref() == Some(*product) && now.since(bought.at) < PRODUCT_REST;
        let kin = offer.category.is_some() && offer.category == bought.category;
        same || (kin && now.since(bought.at) < CATEGORY_REST)
    });
    match answers.max_by_key(|(_, bought)| bought.at) {
        Some((product, bought)) => Err(Refusal::Bought { product: product.clone(), at: bought.at }),
        None => Ok(()),
    }
}
