//! Whether what an offer says is still true: asked just before every try, of the shop as it is now.

use model::delivery::Delivery;
use model::product::Product;
use model::shop::Shop;

use crate::app::AppState;
use crate::store;

/// Why an offer is not true any more, in one word; none while it is.
pub(super) async fn is_false(state: &AppState, delivery: &Delivery) -> Result<Option<&'static str>, store::Error> {
    // A shop that is not known here is judged where it is.
    let Some(plan) = state.live.plan(&delivery.store) else { return Ok(None) };
    if let Some(code) = of_the_shop(&plan, delivery) {
        return Ok(Some(code));
    }
    let Some(offer) = plan.offer(&delivery.offer) else { return Ok(Some("offer")) };
    let bought = state.store.bought_since(&delivery.customer, delivery.decided_at).await?;
    let about = |product: &&Product| offer.is_about(product);
    Ok(plan.products.iter().filter(about).any(|product| bought.contains(&product.id)).then_some("bought"))
}

/// What the shop's files say against it.
fn of_the_shop(plan: &Shop, delivery: &Delivery) -> Option<&'static str> {
    let Some(offer) = plan.offer(&delivery.offer) else { return Some("offer") };
    if offer.paused {
        return Some("paused");
    }
    let about: Vec<&Product> = plan.products.iter().filter(|product| offer.is_about(product)).collect();
    if !about.iter().any(|product| product.in_stock) {
        return Some("stock");
    }
    let told = if offer.product.is_some() { delivery.price.or(offer.price) } else { None };
    let another = |product: &&Product| told.is_some_and(|price| price != product.price);
    about.iter().any(another).then_some("price")
}

#[cfg(test)]
mod tests {
    use model::units::Cents;

    use super::*;
    use crate::testing::{decision, shop};

    #[test]
    fn the_shop_as_it_is_now_decides() {
        let now = model::time::Timestamp(1);
        let (_, delivery) = decision("u-1", 1, now, model::time::Millis::minutes(1));
        let told = Delivery { price: Some(Cents(1_899)), ..delivery };
        let code = |change: fn(&mut Shop)| {
            let mut plan = shop();
            change(&mut plan);
            of_the_shop(&plan, &told)
        };
        assert_eq!(code(|_| {}), None);
        assert_eq!(code(|plan| plan.products[0].in_stock = false), Some("stock"));
        assert_eq!(code(|plan| plan.products[0].price = Cents(1_999)), Some("price"));
        assert_eq!(code(|plan| plan.offers[0].paused = true), Some("paused"));
        assert_eq!(code(|plan| plan.offers.clear()), Some("offer"));
    }
}
