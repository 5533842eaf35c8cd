//! What can only be seen when a shop's offers are looked at together, or their rules are read: before they are published.

use model::offer::{Offer, Stage};
use model::shop::{SHOP_FILE, Shop, ShopError};
use model::units::Cents;

use crate::rule::Rule;

/// Most conflicts that are told at once.
pub const CONFLICTS_MAX: usize = 20;

/// All that is wrong: rules that can't be read, and offers that promise one customer different things about one product.
#[must_use]
pub fn check(shop: &Shop) -> Vec<ShopError> {
    let mut found = rules(shop);
    found.extend(conflicts(shop));
    found
}

fn error(key: String, problem: String, fix: &str) -> ShopError {
    ShopError { file: SHOP_FILE.into(), key, problem, fix: fix.into() }
}

fn rules(shop: &Shop) -> Vec<ShopError> {
    let fix = "write a condition in CEL over what docs/shop.md lists";
    let offers =
        shop.offers.iter().enumerate().filter_map(|(n, o)| Some((format!("offer[{n}].rule"), o.rule.as_deref()?)));
    let segments = shop.segments.iter().enumerate().map(|(n, s)| (format!("segment[{n}].rule"), s.rule.as_str()));
    let read = |(key, text): (String, &str)| Some(error(key, Rule::compile(text).err()?.to_string(), fix));
    offers.chain(segments).filter_map(read).collect()
}

/// Two offers about the same product or category that may be said at the same time, place and to the same people, on
/// different terms.
fn conflicts(shop: &Shop) -> Vec<ShopError> {
    let conflict = |(earlier, n): (usize, usize)| {
        let (earlier, later) = (&shop.offers[earlier], &shop.offers[n]);
        let problem = format!(
            "{} saves {} cents and {} saves {} on the same thing at the same time",
            earlier.id,
            terms(earlier)[0].0,
            later.id,
            terms(later)[0].0
        );
        let fix = "part them by time, zone, segment, channel or moment, pause one, or give both the same discount";
        error(format!("offer[{n}].discount"), problem, fix)
    };
    clashes(shop).into_iter().map(conflict).collect()
}

/// Offers that are in conflict, as their places in the file, the earlier one first; at most [`CONFLICTS_MAX`].
#[must_use]
pub fn clashes(shop: &Shop) -> Vec<(usize, usize)> {
    let pairs = shop.offers.iter().enumerate().flat_map(|(n, later)| {
        let earlier = shop.offers[..n].iter().enumerate();
        earlier.filter(move |(_, earlier)| clash(shop, earlier, later)).map(move |(place, _)| (place, n))
    });
    pairs.take(CONFLICTS_MAX).collect()
}

fn clash(shop: &Shop, a: &Offer, b: &Offer) -> bool {
    let off = |offer: &Offer| offer.paused || offer.stage == Stage::Shadow || shop.policy.off.contains(&offer.id);
    let same = (a.product.is_some() && a.product == b.product) || (a.category.is_some() && a.category == b.category);
    let before = |x: &Offer, y: &Offer| matches!((x.ends, y.starts), (Some(ends), Some(starts)) if ends <= starts);
    same && terms(a) != terms(b)
        && !off(a)
        && !off(b)
        && !before(a, b)
        && !before(b, a)
        && meet(&shop.offer_zones(a), &shop.offer_zones(b), false)
        && meet(&a.segments, &b.segments, true)
        && meet(&a.channels, &b.channels, true)
        && meet(&a.moments, &b.moments, true)
        // A rule may part them; what it does is not known before it is asked.
        && a.rule.is_none()
        && b.rule.is_none()
}

/// Whether two lists have something in common; an empty one may mean everything.
fn meet<T: PartialEq>(a: &[T], b: &[T], empty_is_all: bool) -> bool {
    (empty_is_all && (a.is_empty() || b.is_empty())) || a.iter().any(|one| b.contains(one))
}

/// What an offer promises: the least and the most that the customer saves.
fn terms(offer: &Offer) -> [Cents; 2] {
    offer.range.unwrap_or([offer.discount, offer.discount])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{World, offer};

    fn problems(change: impl Fn(&mut Shop)) -> Vec<String> {
        let mut world = World::new();
        let mut twin = world.shop.offers[0].clone();
        twin.id = offer("barolo-6");
        twin.discount = Cents(600);
        world.shop.offers.push(twin);
        change(&mut world.shop);
        check(&world.shop).into_iter().map(|error| error.key).collect()
    }

    #[test]
    fn ten_percent_and_twenty_on_one_product_are_caught_before_they_are_published() {
        assert_eq!(problems(|_| ()), ["offer[3].discount"]);
        assert!(problems(|shop| shop.offers[3].discount = Cents(300)).is_empty(), "the same terms");
        assert!(problems(|shop| shop.offers[3].paused = true).is_empty());
        assert!(problems(|shop| shop.offers[3].stage = Stage::Shadow).is_empty());
        assert!(problems(|shop| shop.offers[3].zones = vec![crate::fixture::zone("pasta")]).is_empty());
        let one_after_the_other = |shop: &mut Shop| {
            shop.offers[0].ends = Some(crate::fixture::NOON);
            shop.offers[3].starts = Some(crate::fixture::NOON);
        };
        assert!(problems(one_after_the_other).is_empty());
    }

    #[test]
    fn a_rule_that_can_not_be_read_is_named() {
        let keys = problems(|shop| {
            shop.offers.truncate(2);
            shop.offers[1].rule = Some("password == 1".into());
        });
        assert_eq!(keys, ["offer[1].rule"]);
    }
}
