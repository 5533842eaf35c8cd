//! Deciding over 1,000 active offers: how long one decision takes, and how many gates are asked in a second.
//!
//! Each decision is timed once, by the processor time of its thread and by the clock on the wall, and of both the median
//! and the 99th percentile are told. What the second has more is the machine's other work. Twice: with 40 zones that have
//! 25 offers each, and with all 1,000 in one zone, where every one is ranked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::hint::black_box;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use decide::brain::Brain;
use decide::catalogue::Catalogue;
use decide::evaluate::{Context, evaluate};
use decide::features::features;
use decide::gates::{self, Case};
use decide::history::History;
use decide::intent::Intent;
use decide::person::Person;
use decide::scene::Scene;
use learn::logistic::Path;
use model::consent::Consent;
use model::decision::{Around, Moment, Trigger};
use model::event::Interest;
use model::ids::{CategoryId, CustomerId, DecisionId, OfferId, ProductId, StoreId, VisitId, ZoneId};
use model::offer::Channel;
use model::policy::Policy;
use model::shop::Shop;
use model::signal::Aged;
use model::time::{Millis, Timestamp};
use model::units::Probability;
use rustix::time::{ClockId, clock_gettime};

const NOW: Timestamp = Timestamp(1_773_223_200_000);
const OFFERS: usize = 1_000;
const ZONES: usize = 40;
const DECISIONS: u128 = 3_000;
const WARM: u128 = 100;

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for (name, zones) in [("25 of 1,000 here", ZONES), ("1,000 of 1,000 here", 1)] {
        let world = World::new(zones);
        // The first ones find nothing in the caches, which is not what a server finds.
        (0..WARM).for_each(|number| drop(black_box(evaluate(&world.context(number)))));
        let decide = |number| time(|| drop(black_box(evaluate(&world.context(number)))));
        let (processor, wall): (Vec<f64>, Vec<f64>) = (0..DECISIONS).map(decide).unzip();
        for (clock, mut micros) in [("processor", processor), ("wall", wall)] {
            micros.sort_by(f64::total_cmp);
            let at = |part: f64| micros[(micros.len() as f64 * part) as usize];
            writeln!(out, "{name:<20} a decision, {clock:<9}: median {:>6.0} us, p99 {:>6.0} us", at(0.5), at(0.99))?;
        }
        let asked = world.asked();
        let rounds = 200;
        let (taken, _) = time(|| (0..rounds).for_each(|_| assert_eq!(black_box(world.asked()), asked)));
        let a_second = asked as f64 * f64::from(rounds) / (taken / 1e6);
        writeln!(out, "{name:<20} gates: {asked} asked a decision, {a_second:>12.0} a second on one core")?;
    }
    Ok(())
}

/// How long something takes of this thread's processor time, and on the wall, in microseconds.
#[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
fn time(work: impl FnOnce()) -> (f64, f64) {
    let (wall, before) = (Instant::now(), processor_time());
    work();
    let (after, wall) = (processor_time(), wall.elapsed());
    (after.saturating_sub(before).as_secs_f64() * 1e6, wall.as_secs_f64() * 1e6)
}

/// What this thread has had of the processor.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("a thread's time is not before its start")
}

/// A shop of 1,000 products with an offer each, and somebody who knows their way around.
struct World {
    catalogue: Catalogue,
    customer: CustomerId,
    intent: Intent,
    history: History,
    person: Person,
    policy: Policy,
    brain: Brain,
    nothing: (BTreeSet<OfferId>, BTreeMap<OfferId, model::offer::Lever>),
}

impl World {
    fn new(zones: usize) -> Self {
        let shop = Shop::parse(&products(zones), &floor()).unwrap_or_else(|errors| panic!("{errors:?}"));
        let mut world = Self {
            catalogue: Catalogue::new(Arc::new(shop)),
            customer: CustomerId::new("ada").expect("a reference"),
            intent: Intent::default(),
            history: History::default(),
            person: Person { visits: 12, ..Person::default() },
            policy: Policy::default(),
            brain: Brain::default(),
            nothing: (BTreeSet::new(), BTreeMap::new()),
        };
        for n in 0..40_i64 {
            let product = ProductId::new(&format!("p{}", n * 7)).expect("a reference");
            let category = CategoryId::new(&format!("c{}", n * 7 % 20)).expect("a reference");
            world.intent.touch(Interest::Viewed, Some(&product), Some(&category), NOW - Millis::hours(n));
            let offer = OfferId::new(&format!("o{}", n * 11)).expect("a slug");
            world.history.tell(DecisionId(n.unsigned_abs().into()), offer, NOW - Millis::hours(24 * (n + 2)));
        }
        for n in 0..2_000_usize {
            let (seen, _) = features(&world.context(0), n % OFFERS);
            let (offer, category) = (format!("o{}", n % OFFERS), format!("c{}", n % 20));
            let path = Path { offer: &offer, category: &category, store: "s" };
            world.brain.teach(path, &seen, n % 7 == 0, NOW);
            world.brain.teach_anyway(path, &seen, n % 15 == 0, NOW);
        }
        world
    }

    fn context(&self, number: u128) -> Context<'_> {
        Context {
            seed: 7,
            now: NOW,
            id: DecisionId(number),
            moment: Moment {
                store: StoreId::new("s").expect("a slug"),
                visit: VisitId(1),
                zone: ZoneId::new("z0").expect("a slug"),
                trigger: Trigger::Dwelling,
                at: NOW,
                dwell: Millis::seconds(9),
                probability: Probability::clamped(0.9),
                pattern: None,
                channel: Channel::Push,
                placement: None,
                around: Around { crowding: Some(Aged { value: 2.0, at: NOW }), ..Around::default() },
            },
            catalogue: &self.catalogue,
            customer: &self.customer,
            consent: Consent { locating: true, profiling: true, marketing_push: true },
            intent: &self.intent,
            history: &self.history,
            person: &self.person,
            granted: &self.nothing.0,
            policy: &self.policy,
            brain: &self.brain,
            levers: &self.nothing.1,
        }
    }

    /// Asks every offer's gates, as a decision does; how many gates were asked.
    fn asked(&self) -> usize {
        let context = self.context(0);
        let scene = Scene::new(&context, false);
        let asked = |index| match gates::ask(&gates::ALL, &Case::new(&context, &scene, index)) {
            Ok(()) => gates::ALL.len(),
            Err(refusal) => gates::reached(&refusal) + 1,
        };
        (0..OFFERS).map(asked).sum()
    }
}

fn products(zones: usize) -> String {
    let mut text = "[store]\nid = \"s\"\nname = \"S\"\ntimezone = \"Europe/Rome\"\nholdout = 0.0\n".to_owned();
    for n in 0..OFFERS {
        let (category, zone, price) = (n % 20, n % zones, 200 + n * 13 % 4_000);
        let margin = price / 3;
        let _ = write!(
            text,
            "[[product]]\nid = \"p{n}\"\nname = \"P\"\ncategory = \"c{category}\"\nprice = {price}\nmargin = {margin}\nzone = \"z{zone}\"\n\
             [[offer]]\nid = \"o{n}\"\nproduct = \"p{n}\"\ndiscount = {}\nintent_min = 0.0\n[offer.content.en]\ntitle = \"T\"\nbody = \"\"\n",
            margin / 3
        );
    }
    text
}

fn floor() -> String {
    let square = |x: usize, side: usize| {
        let (a, b) = (x, x + side);
        format!("[[[{a},0],[{b},0],[{b},{side}],[{a},{side}],[{a},0]]]")
    };
    let outline = format!("[[[0,0],[{0},0],[{0},2],[0,2],[0,0]]]", ZONES * 2);
    let feature = |properties: String, shape: &str| {
        format!(
            "{{\"type\":\"Feature\",\"properties\":{{{properties}}},\"geometry\":{{\"type\":\"Polygon\",\"coordinates\":{shape}}}}}"
        )
    };
    let mut all = vec![feature("\"feature\":\"floor\",\"id\":\"g\"".into(), &outline)];
    all.extend((0..ZONES).map(|n| {
        let properties = format!("\"feature\":\"zone\",\"id\":\"z{n}\",\"floor\":\"g\",\"kind\":\"shelf\"");
        feature(properties, &square(n * 2, 1))
    }));
    format!("{{\"type\":\"FeatureCollection\",\"features\":[{}]}}", all.join(","))
}
