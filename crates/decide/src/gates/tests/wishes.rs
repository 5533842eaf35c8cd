//! What customers have said that they want holds in every one of ten thousand decisions.

use std::collections::{BTreeMap, BTreeSet};

use model::decision::Choice;
use model::ids::{DecisionId, OfferId};
use model::offer::Channel;
use model::shop::QuietHours;
use model::time::Millis;

use crate::evaluate::evaluate;
use crate::fixture::{NOON, World, category, offer, product, zone};
use crate::history::History;
use crate::keyed;

const DECISIONS: u128 = 10_000;

/// A number below `n` that follows from the decision's.
fn draw(number: u128, what: &str, n: u64) -> u64 {
    (keyed::share(11, what, &[&number.to_be_bytes()]) * 1e6) as u64 % n
}

/// Draws what somebody wishes; to which offer they said "not now", and how many hours ago.
fn wish(world: &mut World, number: u128) -> Option<(OfferId, i64)> {
    let pick = |what: &str, n| draw(number, what, n);
    let wishes = &mut world.person.preferences;
    *wishes = model::preferences::Preferences::default();
    if pick("no alcohol", 2) == 0 {
        wishes.mute_categories = BTreeSet::from([category("wine")]);
    }
    if pick("not this one", 4) == 0 {
        wishes.mute_offers = BTreeSet::from([offer("penne-1")]);
    }
    if pick("not of theirs", 3) == 0 {
        let brand = ["Borgogno", "Rummo"][pick("whose", 2) as usize];
        wishes.mute_brands = BTreeSet::from([brand.to_owned()]);
    }
    // "Not now", of up to two days ago.
    world.person.later = BTreeMap::new();
    let not_now = (pick("not now", 2) == 0).then(|| {
        let which = ["barolo-3", "any-wine", "penne-1"][pick("which not now", 3) as usize];
        let ago = i64::try_from(pick("how long ago", 48)).expect("small");
        world.person.not_now(&offer(which), world.now - Millis::hours(ago));
        (offer(which), ago)
    });
    let wishes = &mut world.person.preferences;
    if pick("not after seven", 2) == 0 {
        wishes.quiet = Some(QuietHours { from: "19:00".into(), to: "08:00".into() });
    }
    if pick("only here", 3) == 0 {
        wishes.channels = Some(BTreeSet::from([Channel::Kiosk]));
    }
    if pick("a day", 3) == 0 {
        wishes.a_day_max = Some(2);
    }
    not_now
}

#[test]
fn ten_thousand_decisions_break_no_wish() {
    let mut world = World::new();
    world.shop.store.pause_s = 0;
    world.shop.offers.iter_mut().for_each(|offer| offer.intent_min = 0.0);
    for (product, brand) in world.shop.products.iter_mut().zip(["Borgogno", "Ruffino", "Rummo"]) {
        product.brand = Some(brand.to_owned());
    }
    let (mut said, mut wished) = (0, 0);
    for number in 0..DECISIONS {
        let pick = |what: &str, n| draw(number, what, n);
        world.id = DecisionId(number);
        world.now = NOON + Millis::minutes(i64::try_from(pick("minute", 3 * 1_440)).expect("small"));
        world.moment.at = world.now;
        world.moment.zone = zone(["wine", "pasta"][pick("zone", 2) as usize]);
        world.moment.channel = [Channel::Push, Channel::Web, Channel::Kiosk][pick("channel", 3) as usize];
        let not_now = wish(&mut world, number);
        // What they were told of something else today.
        world.history = History::default();
        for before in 0..pick("told", 4) {
            let at = world.now - Millis::hours(1 + i64::try_from(before).expect("small"));
            world.history.tell(DecisionId(DECISIONS + u128::from(before)), offer("another"), at);
        }
        world.intent.touch(model::event::Interest::Viewed, Some(&product("penne")), None, world.now);
        world.intent.touch(model::event::Interest::Viewed, Some(&product("barolo")), None, world.now);
        let decision = evaluate(&world.context());
        let wishes = &world.person.preferences;
        wished += usize::from(*wishes != model::preferences::Preferences::default());
        let Choice::Offer { offer: what } = &decision.choice else { continue };
        said += 1;
        let about = if what.as_str() == "penne-1" { "pasta" } else { "wine" };
        let hour = (world.now.0 / 3_600_000 + 1) % 24;
        assert!(!wishes.mute_categories.contains(&category(about)), "{number}: a category");
        assert!(!wishes.mute_offers.contains(what), "{number}: an offer");
        let brand = match what.as_str() {
            "barolo-3" => Some("Borgogno"),
            "penne-1" => Some("Rummo"),
            _ => None,
        };
        assert!(brand.is_none_or(|brand| !wishes.mute_brands.contains(brand)), "{number}: a brand");
        assert!(not_now.is_none_or(|(which, ago)| which != *what || ago >= 24), "{number}: not now");
        assert!(wishes.quiet.is_none() || (8..19).contains(&hour), "{number}: at {hour}");
        let channel = decision.moment.channel;
        assert!(wishes.channels.as_ref().is_none_or(|ways| ways.contains(&channel)), "{number}: {channel:?}");
        let told = world.history.told().len() as u64;
        assert!(wishes.a_day_max.is_none_or(|most| told < u64::from(most)), "{number}: {told} a day");
    }
    assert!(said > 1_500 && wished > 8_000, "{said} offers, {wished} with a wish");
}
