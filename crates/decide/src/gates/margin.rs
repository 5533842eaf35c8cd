//! Refuses an offer on which the shop would earn too little, at the smallest discount that may be given.

use model::decision::Refusal;
use model::units::Cents;

use super::Case;
use crate::rank;

/// The gate.
pub(super) fn check(case: &Case<'_>) -> Result<(), Refusal> {
    let Some(product) = rank::wanted_product(case) else { return Ok(()) };
    let discount = case.offer.range.map_or(case.offer.discount, |[least, _]| least);
    let (least, left) = (rank::least_margin(case), rank::margin(product) - rank::cents(discount));
    if left >= least {
        return Ok(());
    }
    Err(Refusal::Margin { least: whole(least), now: whole(left) })
}

#[expect(clippy::cast_possible_truncation, reason = "amounts of money are far below 2^53 cents")]
const fn whole(cents: f64) -> Cents {
    Cents(cents.floor() as i64)
}
