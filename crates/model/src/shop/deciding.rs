//! Checks of what a shop declares for its decisions: bounds of offers, moments, segments and the policy.

use std::collections::BTreeSet;

use super::{SHOP_FILE, Shop, ShopError};
use crate::offer::{Lever, Offer, Stage};
use crate::pattern::{PATTERNS_MAX, STEPS_MAX};
use crate::segment::SEGMENTS_MAX;
use crate::signal::Signal;
use crate::zone::ZoneKind;

/// All that is wrong with it.
pub(super) fn check(shop: &Shop) -> Vec<ShopError> {
    let mut found = Vec::new();
    let mut say = |key: String, problem: &str, fix: &str| {
        found.push(ShopError { file: SHOP_FILE.into(), key, problem: problem.into(), fix: fix.into() });
    };
    for (index, offer) in shop.offers.iter().enumerate() {
        of_offer(shop, offer, |key, problem, fix| say(format!("offer[{index}].{key}"), problem, fix));
    }
    for (index, product) in shop.products.iter().enumerate() {
        if product.replenish_days.is_some_and(|days| !(0.1..=3_650.0).contains(&days)) {
            say(format!("product[{index}].replenish_days"), "is outside 0.1 to 3650", "write days, such as 30");
        }
    }
    for (index, cap) in shop.store.caps.iter().enumerate() {
        if cap.times == 0 || cap.hours == 0 || cap.category.is_some() == cap.brand.is_some() {
            let fix = "write either category or brand, with times and hours above 0";
            say(format!("store.caps[{index}]"), "counts nothing", fix);
        }
    }
    moments(shop, &mut say);
    segments(shop, &mut say);
    for wrong in shop.policy.problems() {
        say(format!("policy.{}", wrong.key), &wrong.problem, &wrong.fix);
    }
    found
}

fn of_offer(shop: &Shop, offer: &Offer, mut say: impl FnMut(&str, &str, &str)) {
    if !(0.0..=0.5).contains(&offer.control) {
        say("control", "is outside 0 to 0.5", "write the share of customers kept without it, such as 0.1");
    }
    if shop.store.offers_must_end && offer.ends.is_none() {
        say("ends", "is missing, and store.offers_must_end wants one", "write the moment after which it is not said");
    }
    if let Some([least, most]) = offer.range
        && (least.0 < 0 || most < least)
    {
        say("range", "is not from a smaller to a larger discount", "write [least, most] in cents");
    }
    if offer.margin_min.is_some_and(|least| least.0 < 0) || offer.price.is_some_and(|price| price.0 < 0) {
        say("margin_min", "or price is negative", "write cents");
    }
    if offer.caps.iter().any(|cap| cap.times == 0 || cap.hours == 0) || offer.caps.len() > 8 {
        say("caps", "has a zero, or more than 8 entries", "write how often in how many hours");
    }
    if let Stage::Pilot { share, zones, .. } = &offer.stage {
        if !(0.0..=1.0).contains(share) {
            say("stage.share", "is outside 0 to 1", "write the share of customers who get it, such as 0.1");
        }
        if zones.iter().any(|zone| shop.zone(zone).is_none()) {
            say("stage.zones", "names a zone that is not on the plan", "name zones of floor.geojson");
        }
    }
    if offer.segments.iter().any(|id| shop.segments.iter().all(|segment| segment.id != *id)) {
        say("segments", "names a segment that there is not", "name a [[segment]] of this file");
    }
    let usual = ["entered", "dwelling", "intent"];
    let known = |id: &str| usual.contains(&id) || shop.patterns.iter().any(|pattern| pattern.id.as_str() == id);
    if offer.moments.iter().any(|id| !known(id.as_str())) {
        let fix = "name a [[moment]] of this file, or \"entered\", \"dwelling\" or \"intent\"";
        say("moments", "names a moment that there is not", fix);
    }
}

fn moments(shop: &Shop, say: &mut impl FnMut(String, &str, &str)) {
    if shop.patterns.len() > PATTERNS_MAX {
        say("moment".into(), "has more than 32 entries", "join some of them");
    }
    let mut seen = BTreeSet::new();
    for (index, pattern) in shop.patterns.iter().enumerate() {
        let key = |name: &str| format!("moment[{index}].{name}");
        if !seen.insert(&pattern.id) {
            say(key("id"), "is there twice", "give each an id of its own");
        }
        if pattern.on.is_empty() || pattern.on.len() > STEPS_MAX {
            say(key("on"), "has no step, or more than 6", "write one to six signals in their order");
        }
        if pattern.zones.iter().any(|zone| shop.zone(zone).is_none()) {
            say(key("zones"), "names a zone that is not on the plan", "name zones of floor.geojson");
        }
        let ends = [pattern.on.as_slice(), &pattern.without].concat().contains(&Signal::VisitEnded);
        if ends && shop.zones().all(|zone| zone.kind != ZoneKind::Entrance) {
            let fix = "draw the way out as a zone of kind \"entrance\", or use \"left\"";
            say(key("on"), "waits for visit_ended, and the plan has no way out", fix);
        }
        let longest = 7 * 86_400;
        if pattern.within_s > longest || pattern.after_s > 3_600 || pattern.rest_s > longest {
            say(key("within_s"), "after_s or rest_s is too long", "at most a week, and after_s at most an hour");
        }
        if pattern.times.is_some_and(|times| times.count == 0 || times.hours == 0 || times.hours > 24 * 31) {
            say(key("times"), "counts nothing, or longer than a month", "write count and hours, such as 2 and 72");
        }
    }
}

fn segments(shop: &Shop, say: &mut impl FnMut(String, &str, &str)) {
    if shop.segments.len() > SEGMENTS_MAX {
        say("segment".into(), "has more than 32 entries", "join some of them");
    }
    let kept: f64 = shop.segments.iter().map(|segment| segment.budget_share).sum();
    if kept > 1.0 + 1e-9 {
        say("segment".into(), "has shares of the budgets that add up to more than 1", "lower a budget_share");
    }
    let mut seen = BTreeSet::new();
    for (index, segment) in shop.segments.iter().enumerate() {
        if !seen.insert(&segment.id) {
            say(format!("segment[{index}].id"), "is there twice", "give each an id of its own");
        }
        if !(Lever::WEIGHT[0]..=Lever::WEIGHT[1]).contains(&segment.weight) {
            say(format!("segment[{index}].weight"), "is outside 0.2 to 5", "write 1 to leave offers as they are");
        }
        if !(0.0..=1.0).contains(&segment.budget_share) {
            let fix = "write the share of every budget that is kept for it, such as 0.3, or leave it out";
            say(format!("segment[{index}].budget_share"), "is outside 0 to 1", fix);
        }
    }
}
