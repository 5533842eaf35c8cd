//! Whether the decision core finds out by itself what is best, and what the finding costs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use decide::brain::Brain;
use decide::catalogue::Catalogue;
use decide::evaluate::{Context, evaluate};
use decide::history::History;
use decide::intent::Intent;
use decide::person::Person;
use firmware_sim::response::{Appeal, Responses};
use learn::logistic::Path;
use model::consent::Consent;
use model::decision::{Around, Choice, Decision, Moment, Trigger};
use model::event::Interest;
use model::ids::{CategoryId, CustomerId, DecisionId, OfferId, StoreId, VisitId, ZoneId};
use model::offer::Channel;
use model::policy::{Choose, Policy};
use model::shop::Shop;
use model::time::{Millis, Timestamp};
use model::units::Probability;

pub(super) const NOON: Timestamp = Timestamp(1_773_223_200_000);
const FLOOR: &str = r#"{"type":"FeatureCollection","features":[
 {"type":"Feature","properties":{"feature":"floor","id":"f"},"geometry":{"type":"Polygon","coordinates":[[[0,0],[9,0],[9,9],[0,9],[0,0]]]}},
 {"type":"Feature","properties":{"feature":"zone","id":"wine","name":"Wine","floor":"f","kind":"shelf"},"geometry":{"type":"Polygon","coordinates":[[[1,1],[8,1],[8,8],[1,8],[1,1]]]}}
]}"#;
const MARGIN: f64 = 900.0;
const DISCOUNT: f64 = 100.0;
/// Shops that each meet other people.
const SEEDS: [u64; 8] = [1, 2, 3, 4, 5, 6, 7, 8];
const VISITS: u64 = 6_000;

/// A shop of one shelf and an offer for each of its products.
fn shop(offers: usize, attention: u32) -> Arc<Catalogue> {
    shop_with(offers, attention, "")
}

/// The same, each offer with more keys.
pub(super) fn shop_with(offers: usize, attention: u32, keys: &str) -> Arc<Catalogue> {
    let mut text =
        format!("[store]\nid = \"s\"\nname = \"S\"\ntimezone = \"Etc/UTC\"\nholdout = 0.0\nattention = {attention}\n");
    for n in 0..offers {
        let _ = write!(
            text,
            "[[product]]\nid = \"p{n}\"\nname = \"P{n}\"\ncategory = \"wine\"\nprice = 3000\nmargin = {MARGIN:.0}\nzone = \"wine\"\n\
             [[offer]]\nid = \"o{n}\"\nproduct = \"p{n}\"\ndiscount = {DISCOUNT:.0}\n{keys}[offer.content.en]\ntitle = \"O{n}\"\nbody = \"\"\n"
        );
    }
    Arc::new(Catalogue::new(Arc::new(Shop::parse(&text, FLOOR).expect("a right shop"))))
}

/// One of the offers is best, and the next one not far from it.
fn appeals() -> Vec<Appeal> {
    [0.05, 0.10, 0.05, 0.14, 0.08].map(|told| Appeal { kind: 0, anyway: 0.01, told, taste: 0.3 }).to_vec()
}

/// What an offer truly brings with somebody, in cents: what they buy for it, less what they would have bought anyway.
fn worth(responses: &Responses, person: u64, offer: usize) -> f64 {
    let (anyway, told) = responses.chances(person, offer);
    told * (MARGIN - DISCOUNT) - anyway * MARGIN
}

/// What a way to decide did.
#[derive(Debug, Default)]
struct Account {
    /// Cents lost beside always knowing best.
    regret: f64,
    /// Mean share of the best offer once exploration is taken out, over the second half.
    exploited: f64,
    told: u64,
}

/// A visit a second: within an hour and a half of the day.
fn at(visit: u64) -> Timestamp {
    NOON + Millis::seconds(i64::try_from(visit).expect("thousands"))
}

/// Who stands at the shelf, and how.
pub(super) struct Met {
    pub(super) intent: Intent,
    pub(super) person: Person,
    pub(super) dwell: Millis,
    pub(super) around: Around,
}

/// What is decided for somebody who dwells at the shelf, another one at each visit.
pub(super) fn decide(
    (catalogue, policy, brain): (&Catalogue, &Policy, &Brain),
    visit: u64,
    now: Timestamp,
    met: Met,
) -> Decision {
    evaluate(&Context {
        seed: 11,
        now,
        id: DecisionId(u128::from(visit) + 1),
        moment: Moment {
            store: StoreId::new("s").expect("a slug"),
            visit: VisitId(u128::from(visit) + 1),
            zone: ZoneId::new("wine").expect("a slug"),
            trigger: Trigger::Dwelling,
            at: now,
            dwell: met.dwell,
            probability: Probability::clamped(0.95),
            pattern: None,
            channel: Channel::Push,
            placement: None,
            around: met.around,
        },
        catalogue,
        customer: &CustomerId::new(&format!("c{visit}")).expect("a reference"),
        consent: Consent { locating: true, profiling: true, marketing_push: true },
        intent: &met.intent,
        history: &History::default(),
        person: &met.person,
        granted: &BTreeSet::new(),
        policy,
        brain,
        levers: &BTreeMap::new(),
    })
}

/// Somebody who looked at everything an hour ago.
fn somebody(catalogue: &Catalogue, now: Timestamp) -> Met {
    let mut intent = Intent::default();
    let category = CategoryId::new("wine").expect("a reference");
    for product in &catalogue.products {
        intent.touch(Interest::Viewed, Some(&product.id), Some(&category), now - Millis::hours(1));
    }
    Met { intent, person: Person::default(), dwell: Millis::seconds(8), around: Around::default() }
}

pub(super) fn number(offer: &OfferId) -> usize {
    offer.as_str()[1..].parse().expect("o and a number")
}

fn play(choose: Choose, responses: &Responses, catalogue: &Catalogue) -> Account {
    let policy = Policy { choose, ..Policy::default() };
    let mut brain = Brain::new(&policy);
    let mut account = Account::default();
    let offers = catalogue.offers.len();
    let floor = policy.epsilon / (offers as f64 + 1.0);
    for visit in 0..VISITS {
        let decision = decide((catalogue, &policy, &brain), visit, at(visit), somebody(catalogue, at(visit)));
        let best = (0..offers).map(|offer| worth(responses, visit, offer)).fold(0.0, f64::max);
        if visit >= VISITS / 2 {
            let share = decision.explanation.candidates[3].propensity.get();
            account.exploited += (share - floor) / (1.0 - policy.epsilon) / (VISITS as f64 / 2.0);
        }
        match &decision.choice {
            Choice::Offer { offer } => {
                let told = number(offer);
                account.told += 1;
                account.regret += best - worth(responses, visit, told);
                let yes = responses.would(visit, visit, told).buy_told;
                let path = Path { offer: offer.as_str(), category: "wine", store: "s" };
                brain.teach(path, &decision.explanation.features, yes, at(visit));
            }
            Choice::Silence { .. } => account.regret += best,
        }
    }
    account
}

#[test]
fn the_bandit_finds_the_best_offer_and_pays_less_for_it_than_others() {
    let catalogue = shop(5, 5);
    let [thompson, greedy, uniform] = [Choose::Thompson, Choose::EpsilonGreedy, Choose::Uniform].map(|choose| {
        let runs = SEEDS.map(|seed| play(choose, &Responses::new(seed, appeals()), &catalogue));
        if choose == Choose::Thompson {
            assert!(runs.iter().all(|run| run.exploited >= 0.8), "in every shop: {runs:?}");
        }
        runs.iter().fold(Account::default(), |sum, run| Account {
            regret: sum.regret + run.regret,
            exploited: sum.exploited + run.exploited / SEEDS.len() as f64,
            told: sum.told + run.told,
        })
    });
    assert!(thompson.regret < greedy.regret, "{thompson:?} {greedy:?}");
    assert!(greedy.regret < uniform.regret, "{greedy:?} {uniform:?}");
}

#[test]
fn silence_wins_where_offers_are_worth_less_than_the_attention_they_cost() {
    let (responses, catalogue) = (Responses::new(6, appeals()), shop(5, 500));
    let account = play(Choose::Thompson, &responses, &catalogue);
    // Only what explores is said: a twentieth, five arms of six.
    assert!(account.told as f64 <= VISITS as f64 * 0.06, "{account:?}");
    assert!(account.told > 0, "exploration never ends: {account:?}");
}
