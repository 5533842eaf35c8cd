//! Refuses what is not for minors, unless the customer has said that they are old enough.

use model::decision::Refusal;

use super::Case;

/// The gate. Somebody counts as having had no birthday yet this year.
pub(super) fn check(case: &Case<'_>) -> Result<(), Refusal> {
    let Some(min) = case.products().filter_map(|product| product.age_min).max() else { return Ok(()) };
    let year = i32::from(case.scene.local.year());
    let born = case.context.person.preferences.birth_year.map(i32::from);
    if born.is_some_and(|born| year - born > i32::from(min)) { Ok(()) } else { Err(Refusal::Age { min }) }
}
