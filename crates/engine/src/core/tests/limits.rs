//! Whatever comes, late and twice: caps, pauses, budgets, quiet hours, consent and what was bought hold in the core.

use std::collections::{BTreeMap, BTreeSet};

use model::decision::Decision;
use model::event::OrderLine;
use model::outcome::{Outcome, OutcomeKind};
use proptest::prelude::*;

use super::*;

/// What comes no later is news still: a presence or an event that comes later than half a minute makes no moment.
const LATE_MAX_S: i64 = 25;
/// A queue that was cut off brings what happened hours ago.
const CUT_OFF_S: i64 = 6 * 3_600;
/// Two wines, and two things of one brand: what counts over them binds before the caps of each.
const MORE: &str = r#"
[[product]]
id = "chianti"
name = "Chianti"
category = "wine"
brand = "Borgo"
price = 1200
margin = 500
zone = "wine"

[[offer]]
id = "chianti-1"
product = "chianti"
discount = 100
zones = ["wine", "pasta"]
[offer.content.en]
title = "Chianti, 1 euro off"
body = ""
"#;
const PEOPLE: u128 = 3;

/// Something that happens, at a second of the stream.
#[derive(Debug, Clone)]
enum Happening {
    Presence { n: u128, zone: &'static str, kind: PresenceKind },
    Viewed(u128, &'static str),
    Bought(u128, &'static str),
    Consent(u128, Consent),
    Delivered(DeliveryState),
    Reaction(OutcomeKind),
}

/// One of them with its time, its delay, and whether it comes twice.
type Told = (i64, i64, bool, Happening);

fn any_happening() -> impl Strategy<Value = Happening> {
    let zone = prop::sample::select(vec!["wine", "pasta"]);
    let kind = prop::sample::select(vec![PresenceKind::Entered, PresenceKind::Dwelling, PresenceKind::Left]);
    let what = || prop::sample::select(vec!["barolo", "chianti", "penne"]);
    let n = || 1..=PEOPLE;
    let consent = (any::<bool>(), any::<bool>(), any::<bool>())
        .prop_map(|(locating, profiling, marketing_push)| Consent { locating, profiling, marketing_push });
    let state = prop::sample::select(vec![DeliveryState::Sent, DeliveryState::Failed, DeliveryState::Withheld]);
    let reaction = prop::sample::select(vec![OutcomeKind::Opened, OutcomeKind::Dismissed, OutcomeKind::Redeemed]);
    prop_oneof![
        10 => (n(), zone, kind).prop_map(|(n, zone, kind)| Happening::Presence { n, zone, kind }),
        5 => (n(), what()).prop_map(|(n, what)| Happening::Viewed(n, what)),
        1 => (n(), what()).prop_map(|(n, what)| Happening::Bought(n, what)),
        1 => (n(), consent).prop_map(|(n, consent)| Happening::Consent(n, consent)),
        2 => (n(), Just(all())).prop_map(|(n, consent)| Happening::Consent(n, consent)),
        2 => state.prop_map(Happening::Delivered),
        1 => reaction.prop_map(Happening::Reaction),
    ]
}

/// Three days of them, each at a time of its own, so that none is told in another's name.
fn any_stream() -> impl Strategy<Value = Vec<Told>> {
    let gap = prop_oneof![6 => 1_i64..200, 2 => 1_000_i64..12_000];
    let late = prop_oneof![8 => 0..LATE_MAX_S, 1 => LATE_MAX_S..CUT_OFF_S];
    prop::collection::vec((gap, late, any::<bool>(), any_happening()), 1..90).prop_map(|stream| {
        let mut at = 0;
        stream
            .into_iter()
            .map(|(gap, late, twice, what)| {
                at += gap;
                (at, late, twice, what)
            })
            .collect()
    })
}

/// A core and a plain model of every limit, kept by what has come in.
struct Bench {
    core: Core,
    consents: BTreeMap<u128, (Timestamp, Consent)>,
    bought: BTreeMap<(u128, &'static str), BTreeSet<Timestamp>>,
    told: Vec<(u128, Delivery)>,
    units: u32,
    checked: usize,
    /// Which gates refused an offer, by code.
    refused: BTreeSet<&'static str>,
}

impl Bench {
    /// With so many units of a budget.
    fn new(seed: u64, units: u32) -> Self {
        let shop = SHOP
            .replace(
                "holdout = 0.0",
                "holdout = 0.0\nquiet_hours = { from = \"20:00\", to = \"08:00\" }\n\
                 caps = [{ category = \"wine\", times = 1, hours = 12 }, { brand = \"Borgo\", times = 2, hours = 30 }]",
            )
            .replace("budget = 3", &format!("budget = {units}"))
            .replace("category = \"pasta\"", "category = \"pasta\"\nbrand = \"Borgo\"");
        let shop = format!("{shop}{MORE}");
        let mut core = Core::new(CoreConfig { seed });
        core.handle(Input::Plan(PlanFiles::parse(&shop, FLOOR).expect("the files are right")), NOON);
        (1..=PEOPLE).for_each(|n| welcome(&mut core, n));
        let consents = (1..=PEOPLE).map(|n| (n, (NOON, all()))).collect();
        let mut bench = Self {
            core,
            consents,
            bought: BTreeMap::new(),
            told: Vec::new(),
            units,
            checked: 0,
            refused: BTreeSet::new(),
        };
        lease(&mut bench.core, units.into(), NOON);
        bench.look(NOON).expect("nothing was said yet");
        bench
    }

    fn play(&mut self, stream: &[Told]) -> Result<(), TestCaseError> {
        let mut coming: Vec<(i64, usize)> = Vec::new();
        for (index, (at, late, twice, _)) in stream.iter().enumerate() {
            coming.push((at + late, index));
            coming.extend(twice.then_some((at + late + LATE_MAX_S, index)));
        }
        coming.sort_unstable();
        for (second, index) in coming {
            let (at, _, _, what) = &stream[index];
            let now = after(second);
            self.core.handle(Input::Wake, now);
            self.look(now)?;
            self.take(index, what, after(*at), now);
            self.look(now)?;
        }
        Ok(())
    }

    fn take(&mut self, index: usize, what: &Happening, at: Timestamp, now: Timestamp) {
        let event = |n: u128, what: EventKind| Input::Event {
            customer: customer(n),
            event: Event { id: message(&format!("e{index}")), at, what },
        };
        match what {
            Happening::Presence { n, zone, kind } => {
                let mut told = presence(zone, *kind, at, at);
                (told.subject, told.visit) = (Subject::Device(DeviceId(*n)), VisitId(*n));
                self.core.pass_on(told);
            }
            Happening::Viewed(n, of) => {
                let what = EventKind::Interest {
                    interest: Interest::Viewed,
                    product: Some(product(of)),
                    category: None,
                    probability: Probability::ONE,
                };
                self.core.handle(event(*n, what), now);
            }
            Happening::Bought(n, of) => {
                let lines = vec![OrderLine { product: product(of), quantity: 1, price: None }];
                let what = EventKind::Purchased { order: Some(format!("o{index}")), lines };
                // Without consent to profiling what was bought is not known either.
                if self.consents[n].1.profiling {
                    self.bought.entry((*n, of)).or_default().insert(at);
                }
                self.core.handle(event(*n, what), now);
            }
            Happening::Consent(n, consent) => {
                if at >= self.consents[n].0 {
                    // Who withdraws all is forgotten here whole, when it was too. That no older grant is let in after it is
                    // the server's to hold: it keeps a trace of the withdrawal.
                    let known = if consent.any() { at } else { Timestamp(i64::MIN) };
                    self.consents.insert(*n, (known, *consent));
                    if !consent.profiling {
                        self.bought.retain(|(who, _), _| who != n);
                        self.told.retain(|(who, _)| who != n);
                    }
                }
                self.core.handle(Input::Consent { customer: customer(*n), record: record(*consent, at) }, now);
            }
            Happening::Delivered(state) => {
                let Some((n, delivery)) = self.told.last().cloned() else { return };
                let (decision, state) = (delivery.decision, *state);
                self.core.handle(Input::Delivery { customer: customer(n), decision, state }, now);
                // What may never have reached them counts for nothing; the model is as strict as if it all had.
                if state != DeliveryState::Sent {
                    self.told.pop();
                }
            }
            Happening::Reaction(kind) => {
                let Some((n, delivery)) = self.told.last().cloned() else { return };
                let outcome = Outcome { decision: delivery.decision, kind: *kind, at };
                self.core.handle(Input::Outcome { customer: customer(n), outcome }, now);
            }
        }
    }

    /// Checks all that was said since the last look.
    fn look(&mut self, now: Timestamp) -> Result<(), TestCaseError> {
        let mut decisions: BTreeMap<DecisionId, Decision> = BTreeMap::new();
        for command in drain(&mut self.core) {
            match command {
                Command::Decided(decision) => {
                    let terms = decision.explanation.candidates.iter().filter_map(|one| one.terms);
                    prop_assert!(terms.map(|terms| terms.score()).all(f64::is_finite));
                    let refused = decision.explanation.candidates.iter().filter_map(|one| one.refused.as_ref());
                    self.refused.extend(refused.map(model::decision::Refusal::code));
                    decisions.insert(decision.id, decision);
                }
                Command::Deliver(delivery) => {
                    let decision = decisions.get(&delivery.decision);
                    prop_assert!(decision.is_some(), "said without a decision");
                    let fresh = decision.is_some_and(|one| now.since(one.moment.at) <= crate::shopper::FRESH);
                    prop_assert!(fresh, "what is long ago is no moment");
                    self.check(&delivery, now)?;
                }
                // What never got out in time gives its place back.
                Command::Outcome { outcome, .. } if outcome.kind == OutcomeKind::Expired => {
                    self.told.retain(|(_, told)| told.decision != outcome.decision);
                }
                Command::Presence(_)
                | Command::Position { .. }
                | Command::Visit(_)
                | Command::Reading { .. }
                | Command::Quiet { .. }
                | Command::Attribution { .. }
                | Command::Occupancy { .. }
                | Command::Outcome { .. }
                | Command::Bought { .. }
                | Command::Cancel { .. }
                | Command::Stopped { .. }
                | Command::Alarm { .. }
                | Command::NeedLease { .. } => {}
            }
        }
        Ok(())
    }

    fn check(&mut self, delivery: &Delivery, now: Timestamp) -> Result<(), TestCaseError> {
        let n = (1..=PEOPLE).find(|n| customer(*n) == delivery.customer).expect("one of them");
        let (_, consent) = self.consents[&n];
        prop_assert_eq!(consent, all(), "consent at {:?}", now);
        let hour = (now.0 + 3_600_000).rem_euclid(86_400_000) / 3_600_000;
        prop_assert!((8..20).contains(&hour), "{} in Rome is a quiet hour", hour);
        let about = about(&delivery.offer);
        if let Some(bought) = self.bought.get(&(n, about)) {
            let last = bought.last().expect("one at least");
            prop_assert!(now.since(*last) >= rest(bought), "it was bought");
        }
        let mine: Vec<&Delivery> = self.told.iter().filter(|(who, _)| *who == n).map(|(_, told)| told).collect();
        let within = |hours: i64, offer: Option<&OfferId>| {
            let same = |told: &&&Delivery| offer.is_none_or(|offer| told.offer == *offer);
            mine.iter().filter(same).filter(|told| now.since(told.decided_at) < Millis::hours(hours)).count()
        };
        prop_assert!(within(24, None) < 3, "three a day over all");
        let (times, hours) = if about == "penne" { (2, 2) } else { (1, 24) };
        prop_assert!(within(hours, Some(&delivery.offer)) < times, "the offer's own cap");
        let among = |hours: i64, group: [&str; 2]| {
            let told = mine.iter().filter(|told| group.contains(&self::about(&told.offer)));
            told.filter(|told| now.since(told.decided_at) < Millis::hours(hours)).count()
        };
        for (group, times, hours) in [(["barolo", "chianti"], 1, 12), (["chianti", "penne"], 2, 30)] {
            prop_assert!(!group.contains(&about) || among(hours, group) < times, "the cap over {:?}", group);
        }
        prop_assert!(mine.iter().all(|told| now.since(told.decided_at) >= Millis::seconds(120)), "the pause");
        self.told.push((n, delivery.clone()));
        let spent = self.told.iter().filter(|(_, told)| told.offer.as_str() == "barolo-3").count();
        prop_assert!(spent <= self.units as usize, "{} of a budget of {}", spent, self.units);
        self.checked += 1;
        Ok(())
    }
}

/// The product of an offer.
fn about(offer: &OfferId) -> &'static str {
    match offer.as_str() {
        "barolo-3" => "barolo",
        "chianti-1" => "chianti",
        _ => "penne",
    }
}

/// How long what was bought is left alone: a month, or what the customer's own habit leaves of it once two gaps show one.
fn rest(bought: &BTreeSet<Timestamp>) -> Millis {
    let times: Vec<Timestamp> = bought.iter().copied().collect();
    let gaps: Vec<i64> =
        times.windows(2).map(|two| two[1].since(two[0]).0).filter(|gap| *gap >= 12 * 3_600_000).collect();
    match gaps.iter().min() {
        // The habit is some mean of the gaps, and nine tenths of it must have passed.
        Some(least) if gaps.len() >= 2 => Millis(least / 10 * 9),
        Some(_) | None => Millis::hours(24 * 30),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn no_limit_is_ever_broken_by_what_comes_late_or_twice(stream in any_stream(), seed: u64, units in 1_u32..=3) {
        Bench::new(seed, units).play(&stream)?;
    }
}

/// The property would hold of a shop that never speaks: over many streams it does, and each limit stands in the way.
#[test]
fn streams_that_are_drawn_meet_every_limit() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut spoke, mut refused) = (0, BTreeSet::new());
    for seed in 0..200 {
        let stream = any_stream().new_tree(&mut runner).expect("a stream").current();
        let mut bench = Bench::new(seed, 1);
        bench.play(&stream).expect("no limit is broken");
        spoke += bench.checked;
        refused.append(&mut bench.refused);
    }
    println!("{spoke} offers; refused by {refused:?}");
    assert!(spoke > 100, "{spoke} offers");
    for code in ["cap", "pause", "quiet-hours", "bought", "consent", "budget"] {
        assert!(refused.contains(code), "{code} is among {refused:?}");
    }
}

#[test]
fn the_property_sees_offers() {
    let came = |n, at| (at, 0, true, Happening::Presence { n, zone: "wine", kind: PresenceKind::Entered });
    let stream: Vec<Told> = (1..=PEOPLE).map(|n| came(n, 10 * i64::try_from(n).expect("small"))).collect();
    let seen: usize = (0..10)
        .map(|seed| {
            let mut bench = Bench::new(seed, 3);
            bench.play(&stream).expect("no limit is broken");
            bench.checked
        })
        .sum();
    assert!(seen > 20, "{seen} of 30 moments speak");
}
