//! Refuses when the customer was told often enough: of this offer, its category, its brand, or of all together.

use model::decision::Refusal;
use model::offer::{CapScope, ScopedCap};
use model::time::Timestamp;

use super::Case;
use crate::scene::Scene;

/// The gate. What others told the customer counts in the caps over everything.
pub(super) fn check(case: &Case<'_>) -> Result<(), Refusal> {
    let (offer, store) = (case.offer, &case.context.catalogue.store);
    let of = |scope, times, hours| ScopedCap { scope, times, hours };
    within(case, of(CapScope::Offer, offer.cap.times, offer.cap.hours))?;
    offer.caps.iter().try_for_each(|cap| within(case, *cap))?;
    let (category, brand) =
        (case.context.catalogue.category_of(case.index), case.context.catalogue.brand_of(case.index));
    for cap in &store.caps {
        if cap.category.is_some() && cap.category.as_ref() == category {
            within(case, of(CapScope::Category, cap.times, cap.hours))?;
        }
        if cap.brand.is_some() && cap.brand.as_deref() == brand {
            within(case, of(CapScope::Brand, cap.times, cap.hours))?;
        }
    }
    within(case, of(CapScope::All, store.cap.times, store.cap.hours))
}

fn within(case: &Case<'_>, cap: ScopedCap) -> Result<(), Refusal> {
    let told = count(case, cap.scope, cap.hours);
    if told < cap.times {
        return Ok(());
    }
    Err(Refusal::Cap { told, times: cap.times, hours: cap.hours, scope: cap.scope })
}

fn count(case: &Case<'_>, scope: CapScope, hours: u32) -> u32 {
    let (context, now) = (case.context, case.context.now);
    let catalogue = context.catalogue;
    match scope {
        CapScope::Offer => Scene::within(case.scene.told.get(&case.index).into_iter().flatten(), hours, now),
        CapScope::All => case.scene.contacts_within(hours, now),
        CapScope::Category | CapScope::Brand => {
            let (category, brand) = (catalogue.category_of(case.index), catalogue.brand_of(case.index));
            let alike: Vec<&Timestamp> = context
                .history
                .told()
                .iter()
                .filter(|told| {
                    let known = catalogue.index_of(&told.offer);
                    if scope == CapScope::Category {
                        let theirs = told.category.as_ref().or_else(|| known.and_then(|n| catalogue.category_of(n)));
                        theirs.is_some() && theirs == category
                    } else {
                        let theirs = told.brand.as_deref().or_else(|| known.and_then(|n| catalogue.brand_of(n)));
                        theirs.is_some() && theirs == brand
                    }
                })
                .map(|told| &told.at)
                .collect();
            Scene::within(alike.into_iter(), hours, now)
        }
    }
}
