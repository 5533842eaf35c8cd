use std::collections::BTreeMap;

use model::offer::CapScope;
use model::time::Millis;
use model::units::Probability;

use super::*;
use crate::evaluate::evaluate;
use crate::fixture::{NOON, World, offer, product, zone};

fn check(case: &Refusal, en: &str, it: &str) {
    let world = World::new();
    let say = |language| refusal(&world.shop, NOON, case, language);
    assert_eq!((say(Language::En).as_str(), say(Language::It).as_str()), (en, it));
}

#[test]
fn a_schedule_a_place_stock_and_a_budget_have_a_plain_sentence_in_both_languages() {
    check(
        &Refusal::Schedule { paused: true, starts: None, ends: None },
        "not sent: the offer is paused",
        "non inviata: l'offerta è sospesa",
    );
    check(
        &Refusal::Schedule { paused: false, starts: Some(NOON + Millis::hours(1)), ends: None },
        "not sent: the offer starts on 2026-03-11 12:00",
        "non inviata: l'offerta comincia il 2026-03-11 12:00",
    );
    check(
        &Refusal::Schedule { paused: false, starts: Some(NOON - Millis::hours(9)), ends: Some(NOON) },
        "not sent: the offer ended on 2026-03-11 11:00",
        "non inviata: l'offerta è finita il 2026-03-11 11:00",
    );
    check(
        &Refusal::Place { zone: zone("pasta"), probability: Probability::clamped(0.9) },
        "not sent: you are in Pasta, and it is for another place",
        "non inviata: sei in Pasta, e vale altrove",
    );
    check(
        &Refusal::Place { zone: zone("wine"), probability: Probability::clamped(0.62) },
        "not sent: it is not sure enough that you are in Wine (62 %)",
        "non inviata: non è abbastanza sicuro che tu sia in Wine (62 %)",
    );
    check(
        &Refusal::Stock { product: product("barolo") },
        "not sent: Barolo is sold out",
        "non inviata: Barolo è esaurito",
    );
    check(
        &Refusal::Budget { budget: 100, kept: 0 },
        "not sent: all 100 of this offer are taken",
        "non inviata: tutte le 100 di questa offerta sono finite",
    );
    check(
        &Refusal::Budget { budget: 100, kept: 30 },
        "not sent: of 100 of this offer the last 30 are kept for other customers",
        "non inviata: di 100 di questa offerta le ultime 30 sono per altri clienti",
    );
}

#[test]
fn what_lies_with_the_customer_has_a_plain_sentence_in_both_languages() {
    check(
        &Refusal::Consent { missing: Purpose::MarketingPush },
        "not sent: you have not allowed offers by push",
        "non inviata: non hai consentito di ricevere offerte push",
    );
    check(
        &Refusal::Cap { told: 1, times: 1, hours: 24, scope: CapScope::Offer },
        "not sent: you were told 1 of at most 1 times in 24 hours",
        "non inviata: te l'abbiamo detto 1 volte su 1 in 24 ore",
    );
    check(
        &Refusal::Pause { last: NOON - Millis::seconds(40), seconds: 120 },
        "not sent: you were told something 40 s ago, and 120 s must pass",
        "non inviata: ti abbiamo scritto 40 s fa, e devono passare 120 s",
    );
    check(
        &Refusal::QuietHours { local: "22:15".into() },
        "not sent: the store keeps quiet at this hour (22:15)",
        "non inviata: a quest'ora il negozio non disturba (22:15)",
    );
    check(
        &Refusal::Intent { intent: 0.12, min: 0.3 },
        "not sent: your interest is too low (12 % of 30 %)",
        "non inviata: il tuo interesse è troppo basso (12 % su 30 %)",
    );
    check(
        &Refusal::Holdout,
        "not sent: you are among those kept without offers, to measure what offers change",
        "non inviata: fai parte di chi resta senza offerte, per misurare che cosa cambiano",
    );
}

#[test]
fn a_purchase_is_told_by_the_local_day() {
    let bought = |hours: i64| Refusal::Bought { product: product("barolo"), at: NOON - Millis::hours(hours) };
    check(&bought(10), "not sent: you bought it today", "non inviata: l'hai comprato oggi");
    check(&bought(12), "not sent: you bought it yesterday", "non inviata: l'hai comprato ieri");
    check(&bought(72), "not sent: you bought it 3 days ago", "non inviata: l'hai comprato 3 giorni fa");
}

#[test]
fn an_offer_says_why_and_silence_says_about_what() {
    let mut world = World::new();
    let decision = (0..50).find_map(|n| {
        world.id = model::ids::DecisionId(n);
        let decision = evaluate(&world.context());
        (decision.choice == Choice::Offer { offer: offer("barolo-3") }).then_some(decision)
    });
    let explanation = decision.expect("it is the best arm").explanation;
    assert_eq!(
        explanation.en,
        "sent: you are interested in Barolo (58 %, seen in the app or on the web) and are here, in Wine"
    );
    assert_eq!(explanation.it, "inviata: ti interessa Barolo (58 %, visto nell'app o sul web) e sei qui, in Wine");

    world.shop.store.holdout = 1.0;
    world.shop.offers.truncate(1);
    let ghost = evaluate(&world.context()).explanation;
    assert!(ghost.en.ends_with("what offers change (Barolo, 3 euro off)"), "{}", ghost.en);

    world.history.buy(&product("barolo"), None, NOON - Millis::hours(12));
    let explanation = evaluate(&world.context()).explanation;
    assert_eq!(explanation.en, "not sent: you bought it yesterday (Barolo, 3 euro off)");
    assert_eq!(explanation.it, "non inviata: l'hai comprato ieri (Barolo, 3 euro in meno)");
}

#[test]
fn what_lies_with_the_offer_the_shop_or_a_wish_is_said_in_both_languages() {
    use model::decision::StageKind;
    use model::offer::Channel;
    use model::units::Cents;
    let stage = |stage| Refusal::Stage { stage, share: None };
    let approval = |banned, stopped| Refusal::Approval { banned, stopped };
    for (case, en, it) in [
        (approval(true, false), "the shop has banned it", "il negozio l'ha vietata"),
        (approval(false, false), "nobody has approved it yet", "nessuno l'ha ancora approvata"),
        (approval(false, true), "it did harm and was stopped by itself", "faceva danno e si è fermata da sola"),
        (stage(StageKind::Shadow), "it only runs in shadow", "è solo in prova silenziosa"),
        (
            stage(StageKind::Pilot),
            "it is being tried elsewhere or with others",
            "è in prova altrove o con altri clienti",
        ),
        (
            Refusal::Sensitive { product: product("barolo") },
            "nothing is ever said about Barolo",
            "di Barolo non si parla mai",
        ),
        (
            Refusal::Price { quoted: Cents(3_000), now: Cents(2_850) },
            "its text says 30.00, and the price is 28.50",
            "il testo dice 30.00, e il prezzo è 28.50",
        ),
        (
            Refusal::Margin { least: Cents(200), now: Cents(-5) },
            "the shop would earn -0.05 on it, and needs 2.00",
            "il negozio ci guadagnerebbe -0.05, e gliene servono 2.00",
        ),
        (Refusal::Segment { segment: None }, "it is for other customers", "è per altri clienti"),
        (
            Refusal::Complaint { until: NOON + Millis::hours(24) },
            "you complained, and until 2026-03-12 nothing is promoted to you",
            "ci hai fatto un reclamo, e fino al 2026-03-12 non ti proponiamo nulla",
        ),
        (
            Refusal::Preference { what: "brand".into() },
            "you want nothing of this brand",
            "non vuoi nulla di questa marca",
        ),
        (Refusal::Channel { channel: Channel::Kiosk }, "it is not said in this way", "non si comunica in questo modo"),
        (
            Refusal::Still { till: true, speed: None },
            "nobody is disturbed at the till",
            "alla cassa non si disturba nessuno",
        ),
        (Refusal::Still { till: false, speed: Some(1.4) }, "you were walking by", "stavi passando oltre"),
        (Refusal::Rule { error: None }, "its rule does not hold", "la sua regola non è soddisfatta"),
    ] {
        check(&case, &format!("not sent: {en}"), &format!("non inviata: {it}"));
    }
}

/// One telling of each source makes the offer, and the reason names it: web, cart, wish list, social, shelf sensor, an
/// answer to an offer.
#[test]
fn each_source_of_an_interest_moves_the_decision_and_is_named() {
    use model::event::Interest;
    let mut world = World::new();
    world.intent = crate::intent::Intent::default();
    world.policy.choose = model::policy::Choose::Best;
    world.shop.offers.truncate(1);
    assert!(matches!(evaluate(&world.context()).choice, Choice::Silence { .. }), "nothing is wanted yet");
    let barolo = product("barolo");
    for (interest, en, it) in [
        (Interest::Viewed, "seen in the app or on the web", "visto nell'app o sul web"),
        (Interest::Added, "from your cart", "dal tuo carrello"),
        (Interest::Wished, "from your wish list", "dalla tua lista dei desideri"),
        (Interest::Shared, "from what you shared or reviewed", "da quanto hai condiviso o recensito"),
        (Interest::PickedUp, "probably taken from the shelf", "probabilmente preso dallo scaffale"),
        (Interest::MoreWanted, "you asked for more like it", "hai chiesto altre proposte simili"),
    ] {
        world.intent = crate::intent::Intent::default();
        world.intent.touch(Interest::Listed, Some(&barolo), None, NOON);
        world.intent.touch(interest, Some(&barolo), None, NOON);
        let explanation = evaluate(&world.context()).explanation;
        assert_eq!(explanation.because, Some(interest));
        assert!(explanation.en.contains(&format!(" %, {en})")), "{interest:?}: {}", explanation.en);
        assert!(explanation.it.contains(&format!(" %, {it})")), "{interest:?}: {}", explanation.it);
    }
    // Nothing of the product itself, but of its kind, or of its brand alone.
    let (kind, other) = (crate::fixture::category("wine"), product("chianti"));
    let (level, at) = (&BTreeMap::new(), NOON);
    let mut intent = crate::intent::Intent::default();
    intent.touch(Interest::Added, Some(&other), Some(&kind), at);
    assert_eq!(intent.because(Some(&barolo), Some(&kind), None, at, level), Some(Interest::Added));
    assert_eq!(intent.because(Some(&barolo), None, None, at, level), None);
    intent.touch(Interest::Removed, Some(&other), Some(&kind), at);
    assert_eq!(intent.because(Some(&barolo), None, Some("borgo"), at, level), None);
}
