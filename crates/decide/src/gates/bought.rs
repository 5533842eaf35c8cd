//! Refuses what the customer has just bought, until they are likely to need it again.

use model::decision::Refusal;
use model::ids::ProductId;
use model::time::Millis;

use super::Case;

/// For this long a bought product is not offered again, when nothing is known of its cycle. A house prior.
pub const PRODUCT_REST: Millis = Millis::hours(30 * 24);
/// For this long a category is not offered after any product of it was bought: the errand is done.
pub const CATEGORY_REST: Millis = Millis::hours(24);
/// So much of a product's cycle must have passed.
pub const CYCLE_PART: f64 = 0.9;

/// The gate.
pub(super) fn check(case: &Case<'_>) -> Result<(), Refusal> {
    let (offer, now) = (case.offer, case.context.now);
    let bought = case.context.history.bought();
    let same = offer.product.as_ref().and_then(|product| bought.get_key_value(product));
    let same = same.filter(|(product, bought)| now.since(bought.at) < rest(case, product));
    let kin = offer.category.iter().flat_map(|category| {
        let alike = bought.iter().filter(move |(_, bought)| bought.category.as_ref() == Some(category));
        alike.filter(|(_, bought)| now.since(bought.at) < CATEGORY_REST)
    });
    match same.into_iter().chain(kin).max_by_key(|(_, bought)| bought.at) {
        Some((product, bought)) => Err(Refusal::Bought { product: product.clone(), at: bought.at }),
        None => Ok(()),
    }
}

/// How long a bought product rests: by the customer's own cycle, else by what the shop declares, else by the house's.
fn rest(case: &Case<'_>, product: &ProductId) -> Millis {
    let declared = || case.context.catalogue.product(product).and_then(|product| product.replenish_days);
    #[expect(clippy::cast_possible_truncation, reason = "days are bounded when they are read")]
    let span = |days: f64| Millis((days * CYCLE_PART * 86_400_000.0) as i64);
    case.context.person.cycle(product).or_else(declared).map_or(PRODUCT_REST, span)
}
