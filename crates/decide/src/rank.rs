//! Ranking: what each offer is worth over silence, and the exact chance with which each arm is chosen.
//!
//! Worth is the margin that speaking adds to what would be earned anyway, in cents, so silence is an arm that scores 0.

use model::decision::Terms;
use model::product::Product;

use crate::gates::Case;

/// Share of decisions that explore: every reachable arm gets an equal part of it (DECISION 3.3).
pub const EPSILON: f64 = 0.05;
/// Most arms that can be reached, silence among them (DECISION 3.3): no weight in a replay exceeds `20 / 0.05 = 400`.
pub const ARMS_MAX: usize = 20;

/// Chance that somebody who fully wants a product and stands before it buys it untold. A house prior.
pub const BUYS_ANYWAY: f64 = 0.5;
/// How much being told alone raises the chance to buy, relative to it. A house prior, to be learnt from the holdout.
pub const REMINDER_LIFT: f64 = 1.0;
/// A word about a whole category reminds of one product by so much less. A house prior.
pub const CATEGORY_FOCUS: f64 = 0.5;
/// How much a discount raises the chance to buy: relative change over relative discount.
///
/// The mean price elasticity of 1851 estimates in Bijmolt, van Heerde and Pieters, "New Empirical Generalizations on
/// the Determinants of Price Elasticity", Journal of Marketing Research 42(2), 2005.
pub const ELASTICITY: f64 = 2.62;
/// Nobody buys more surely than this.
pub const CHANCE_MAX: f64 = 0.95;
/// The margin taken for a product whose margin is not declared, as a share of its price. A house prior.
pub const MARGIN_SHARE: f64 = 0.25;

/// The terms of an offer's score. They add up to it exactly, because the score is nothing but their sum.
#[must_use]
pub fn terms(case: &Case<'_>) -> Terms {
    let Some(product) = wanted_product(case) else { return Terms::default() };
    let (price, discount) = (cents(product.price.0), cents(case.offer.discount.0));
    let margin = if product.margin.0 > 0 { cents(product.margin.0) } else { MARGIN_SHARE * price };
    let cut = if price > 0.0 { (discount / price).min(1.0) } else { 0.0 };
    let anyway = BUYS_ANYWAY * case.intent;
    let focus = if case.offer.product.is_some() { 1.0 } else { CATEGORY_FOCUS };
    let told = (anyway * (1.0 + focus * REMINDER_LIFT + ELASTICITY * cut)).min(CHANCE_MAX);
    let attention = cents(case.context.catalogue.store.attention.0.max(0));
    let there = case.context.moment.probability.get();
    Terms {
        gain: (told - anyway) * (margin - discount) * there,
        giveaway: -(anyway * discount),
        attention: -attention,
        fatigue: -(attention * case.context.history.fatigue(case.context.now)),
        ..Terms::default()
    }
}

/// The product an offer is valued on: its own, or the one of its category that is in stock and most wanted.
fn wanted_product<'a>(case: &Case<'a>) -> Option<&'a Product> {
    let context = case.context;
    let in_stock = context.products_of(case.offer).filter(|product| product.in_stock);
    let wanted = |product: &Product| context.intent.product(&product.id, Some(&product.category), context.now);
    // `reduce` keeps the first of equals: the order of the catalogue.
    in_stock.map(|p| (wanted(p), p)).reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, p)| p)
}

#[expect(clippy::cast_precision_loss, reason = "amounts of money are far below 2^53 cents")]
const fn cents(amount: i64) -> f64 {
    amount as f64
}

/// The chances of every arm.
#[derive(Debug, Clone, PartialEq)]
pub struct Chances {
    /// Of each score given, in its order; 0 for those that can't be reached.
    pub offers: Vec<f64>,
    /// Of silence.
    pub silence: f64,
    /// The best arm; none is silence.
    pub best: Option<usize>,
}

/// Chances of the arms: `(1 - eps) * best + eps / K` over the best [`ARMS_MAX`] of them, silence among them.
///
/// Silence wins a tie, then the earlier offer does.
#[must_use]
pub fn chances(scores: &[f64]) -> Chances {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
    order.truncate(ARMS_MAX - 1);
    let arms = u32::try_from(order.len() + 1).expect("at most ARMS_MAX arms");
    let floor = EPSILON / f64::from(arms);
    let best = order.first().copied().filter(|index| scores[*index] > 0.0);
    let mut offers = vec![0.0; scores.len()];
    for index in order {
        offers[index] = floor;
    }
    let mut silence = floor;
    match best {
        Some(index) => offers[index] += 1.0 - EPSILON,
        None => silence += 1.0 - EPSILON,
    }
    Chances { offers, silence, best }
}

impl Chances {
    /// The arm that a draw from 0 up to 1 falls on; none is silence.
    ///
    /// The draw runs over the offers in their order and ends at silence, so rounding can't fall on an arm of chance 0.
    #[must_use]
    pub fn pick(&self, draw: f64) -> Option<usize> {
        let mut reached = 0.0;
        self.offers.iter().position(|chance| {
            reached += chance;
            *chance > 0.0 && draw < reached
        })
    }
}

#[cfg(test)]
mod tests;
