//! Refuses what the customer has said that they do not want: an offer, a category, a brand, a way, an hour, too many.

use model::decision::Refusal;

use super::Case;
use crate::scene::Scene;

/// The gate.
pub(super) fn check(case: &Case<'_>) -> Result<(), Refusal> {
    match unwanted(case) {
        Some(what) => Err(Refusal::Preference { what: what.to_owned() }),
        None => Ok(()),
    }
}

fn unwanted(case: &Case<'_>) -> Option<&'static str> {
    let (context, wishes) = (case.context, &case.context.person.preferences);
    let (category, brand) = (context.catalogue.category_of(case.index), context.catalogue.brand_of(case.index));
    if wishes.mute_offers.contains(&case.offer.id) {
        return Some("offer");
    }
    if category.is_some_and(|category| wishes.mute_categories.contains(category)) {
        return Some("category");
    }
    if brand.is_some_and(|brand| wishes.mute_brands.contains(brand)) {
        return Some("brand");
    }
    if context.person.later.get(&case.offer.id).is_some_and(|until| context.now < *until) {
        return Some("later");
    }
    if wishes.channels.as_ref().is_some_and(|channels| !channels.contains(&context.moment.channel)) {
        return Some("channel");
    }
    if wishes.quiet.as_ref().is_some_and(|quiet| case.scene.is_quiet(quiet)) {
        return Some("quiet");
    }
    let today = || Scene::within(case.scene.contacts.iter(), 24, context.now);
    wishes.a_day_max.filter(|most| today() >= *most).map(|_| "a-day")
}
