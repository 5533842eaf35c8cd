//! The lift of people's word covers what the word truly changes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use decide::brain::Brain;
use decide::catalogue::Catalogue;
use decide::evaluate::{Context, evaluate};
use decide::history::History;
use decide::intent::Intent;
use decide::keyed;
use decide::person::Person;
use measure::conversions::Verdict;
use measure::lift::{Unit, lift};
use model::consent::Consent;
use model::decision::{Around, Choice, Moment, Trigger};
use model::event::Interest;
use model::ids::{CategoryId, CustomerId, DecisionId, OfferId, ProductId, StoreId, VisitId, ZoneId};
use model::offer::{Channel, Lever};
use model::policy::Policy;
use model::shop::Shop;
use model::time::Timestamp;
use model::units::Probability;

const PEOPLE: u64 = 6_000;
const NOW: Timestamp = Timestamp(1_773_223_200_000);
const FLOOR: &str = r#"{"type":"FeatureCollection","features":[
 {"type":"Feature","properties":{"feature":"floor","id":"f"},"geometry":{"type":"Polygon","coordinates":[[[0,0],[9,0],[9,9],[0,9],[0,0]]]}},
 {"type":"Feature","properties":{"feature":"zone","id":"wine","name":"Wine","floor":"f","kind":"shelf"},"geometry":{"type":"Polygon","coordinates":[[[1,1],[8,1],[8,8],[1,8],[1,1]]]}}
]}"#;
/// Share of people who buy the wine of the pinned offer anyway.
const ANYWAY: f64 = 0.05;

fn shop() -> Catalogue {
    let mut text =
        "[store]\nid = \"s\"\nname = \"S\"\ntimezone = \"Etc/UTC\"\nholdout = 0.0\nwords_aside = 0.5\n".to_owned();
    for (n, discount) in [(0, 300), (1, 100)] {
        let _ = write!(
            text,
            "[[product]]\nid = \"p{n}\"\nname = \"P{n}\"\ncategory = \"wine\"\nprice = 3000\nmargin = 900\nzone = \"wine\"\n\
             [[offer]]\nid = \"o{n}\"\nproduct = \"p{n}\"\ndiscount = {discount}\n[offer.content.en]\ntitle = \"O{n}\"\nbody = \"\"\n"
        );
    }
    Catalogue::new(Arc::new(Shop::parse(&text, FLOOR).expect("a right shop")))
}

fn moment() -> Moment {
    Moment {
        store: StoreId::new("s").expect("a slug"),
        visit: VisitId(1),
        zone: ZoneId::new("wine").expect("a slug"),
        trigger: Trigger::Dwelling,
        at: NOW,
        dwell: model::time::Millis::seconds(9),
        probability: Probability::clamped(0.9),
        pattern: None,
        channel: Channel::Push,
        placement: None,
        around: Around::default(),
    }
}

/// Everybody is decided on once; who is told the pinned offer buys its wine at this rate, the others anyway. The units,
/// and how many times as often the pin truly makes people buy.
fn pinned(seed: u64, told_rate: f64) -> (Vec<Unit>, f64) {
    let (catalogue, policy, brain) = (shop(), Policy::default(), Brain::default());
    let (history, person, granted, mut intent) =
        (History::default(), Person::default(), BTreeSet::new(), Intent::default());
    let category = CategoryId::new("wine").expect("a reference");
    for product in ["p0", "p1"] {
        intent.touch(Interest::Viewed, Some(&ProductId::new(product).expect("a reference")), Some(&category), NOW);
    }
    let pin = OfferId::new("o0").expect("a slug");
    let levers = BTreeMap::from([(pin.clone(), Lever { pin: true, ..Lever::default() })]);
    let (mut units, mut told) = (Vec::new(), [[0.0_f64; 2]; 2]);
    for n in 0..PEOPLE {
        let customer = CustomerId::new(&format!("c{n}")).expect("a reference");
        let decision = evaluate(&Context {
            seed,
            now: NOW,
            id: DecisionId(n.into()),
            moment: moment(),
            catalogue: &catalogue,
            customer: &customer,
            consent: Consent { locating: true, profiling: true, marketing_push: true },
            intent: &intent,
            history: &history,
            person: &person,
            granted: &granted,
            policy: &policy,
            brain: &brain,
            levers: &levers,
        });
        assert_eq!(decision.words.len(), 1, "everybody might have been told: {decision:?}");
        let heard = matches!(&decision.choice, Choice::Offer { offer } if *offer == pin);
        let side = &mut told[usize::from(decision.words_aside)];
        side[0] += 1.0;
        side[1] += f64::from(u8::from(heard));
        let converted = keyed::share(seed, "buys", &[&n.to_be_bytes()]) < if heard { told_rate } else { ANYWAY };
        units.push(Unit { treated: !decision.words_aside, converted, value: 0.0, before: 0.0 });
    }
    let rate = |[n, heard]: [f64; 2]| (heard * told_rate + (n - heard) * ANYWAY) / n;
    (units, rate(told[0]) / rate(told[1]))
}

#[test]
fn the_lift_of_a_pin_covers_what_it_truly_changes() {
    for (told_rate, verdict) in [(0.15, Verdict::Better), (ANYWAY, Verdict::Undecided), (0.01, Verdict::Harm)] {
        let mut covered = 0;
        for seed in 1..=5 {
            let (units, truth) = pinned(seed, told_rate);
            let report = lift(&units, 0.5, 0.05);
            assert_eq!((report.hidden, report.verdict), (None, verdict), "{told_rate}, seed {seed}: {report:?}");
            let ratio = report.ratio.expect("enough bought");
            covered += usize::from(ratio.covers(truth));
            if verdict == Verdict::Undecided {
                assert!((truth - 1.0).abs() < 1e-12);
            }
        }
        assert_eq!(covered, 5, "{told_rate}");
    }
}
