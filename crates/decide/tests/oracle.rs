//! Brute force with an arithmetic of its own: over a thousand shops and customers, the best of all offers by hand is the
//! one that the decision holds for the best.
//!
//! With an empty brain everything is computed anew from what happened; with a taught one once the logged belief and money
//! are taken, and once (`learnt`) every number is computed anew, and the draw too (`draw`).

#[path = "oracle/case.rs"]
mod case;
#[path = "oracle/draw.rs"]
mod draw;
#[path = "oracle/learnt.rs"]
mod learnt;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use decide::brain::Brain;
use decide::catalogue::Catalogue;
use decide::evaluate::{Context, evaluate};
use decide::history::History;
use decide::intent::Intent;
use decide::person::Person;
use model::consent::Consent;
use model::decision::{Around, Decision, Moment, Trigger};
use model::event::Interest;
use model::ids::{CategoryId, CustomerId, DecisionId, OfferId, ProductId, StoreId, VisitId, ZoneId};
use model::offer::{Channel, Lever};
use model::policy::{Choose, Policy};
use model::shop::Shop;
use model::signal::Aged;
use model::time::{Millis, Timestamp};
use model::units::{Cents, Probability};

use case::{Case, Deal, Dice, Good, any_case};

const NOW: Timestamp = Timestamp(1_773_223_200_000);
const FLOOR: &str = r#"{"type":"FeatureCollection","features":[
 {"type":"Feature","properties":{"feature":"floor","id":"g"},"geometry":{"type":"Polygon","coordinates":[[[0,0],[40,0],[40,10],[0,10],[0,0]]]}},
 {"type":"Feature","properties":{"feature":"zone","id":"z0","floor":"g","kind":"shelf"},"geometry":{"type":"Polygon","coordinates":[[[1,1],[9,1],[9,9],[1,9],[1,1]]]}},
 {"type":"Feature","properties":{"feature":"zone","id":"z1","floor":"g","kind":"shelf"},"geometry":{"type":"Polygon","coordinates":[[[11,1],[19,1],[19,9],[11,9],[11,1]]]}}
]}"#;

// --- the oracle's own arithmetic -------------------------------------------------------------------------------------

impl Case {
    /// Evidence of one product: every view halves in a day; together never more than two fresh ones; a purchase answers
    /// what came before it.
    fn evidence(&self, good: usize) -> f64 {
        let answered = |hours: i64| self.bought.is_some_and(|(what, at)| what == good && hours >= at);
        let mut hours: Vec<i64> =
            self.views.iter().filter(|(g, h)| *g == good && !answered(*h)).map(|(_, h)| *h).collect();
        hours.sort_unstable_by(|a, b| b.cmp(a));
        let (mut amount, mut last) = (0.0_f64, i64::MAX);
        for hour in hours {
            let aged = if last == i64::MAX { 0.0 } else { amount * 0.5_f64.powf((last - hour) as f64 / 24.0) };
            amount = (aged + 0.9).min(1.8);
            last = hour;
        }
        if last == i64::MAX { 0.0 } else { amount * 0.5_f64.powf(last as f64 / 24.0) }
    }

    fn wants(&self, good: usize) -> f64 {
        let spill: f64 = (0..self.goods.len())
            .filter(|other| *other != good && self.goods[*other].category == self.goods[good].category)
            .map(|other| self.evidence(other))
            .sum();
        let bought = self.bought.is_some_and(|(what, _)| what == good);
        1.0 - (-(self.evidence(good) + if bought { 0.0 } else { 0.25 * spill })).exp()
    }

    fn wants_kind(&self, category: usize) -> f64 {
        let all = (0..self.goods.len()).filter(|good| self.goods[*good].category == category);
        1.0 - (-all.map(|good| self.evidence(good)).sum::<f64>()).exp()
    }

    fn wants_deal(&self, deal: &Deal) -> f64 {
        deal.product.map_or_else(|| self.wants_kind(deal.category), |good| self.wants(good))
    }

    fn about(&self, deal: &Deal) -> Vec<usize> {
        match deal.product {
            Some(good) => vec![good],
            None => (0..self.goods.len()).filter(|good| self.goods[*good].category == deal.category).collect(),
        }
    }

    /// The product a deal is valued on.
    fn valued(&self, deal: &Deal) -> Option<usize> {
        let mut best: Option<(f64, usize)> = None;
        for good in self.about(deal).into_iter().filter(|good| self.goods[*good].in_stock) {
            let wanted = self.wants(good);
            if best.is_none_or(|(most, _)| wanted > most + 1e-9) {
                best = Some((wanted, good));
            }
        }
        best.map(|(_, good)| good)
    }

    fn earns(&self, good: usize) -> f64 {
        let Good { price, margin, .. } = self.goods[good];
        if margin > 0 { margin as f64 } else { price as f64 / 4.0 }
    }

    /// Whether it may be said in zone 0 now.
    fn may(&self, index: usize) -> bool {
        let deal = &self.deals[index];
        let about = self.about(deal);
        let here = about.iter().any(|good| self.goods[*good].zone == 0);
        let Some(valued) = self.valued(deal) else { return false };
        let left = self.earns(valued) - deal.discount as f64;
        let answered = self.bought.is_some_and(|(what, hours)| match deal.product {
            Some(good) => what == good && hours < 30 * 24,
            None => self.goods[what].category == deal.category && hours < 24,
        });
        let often = self.told.iter().any(|(what, hours)| *what == index && *hours < 24);
        !deal.paused
            && deal.ends_h > 0
            && !deal.banned
            && here
            && left >= 1.0
            && !answered
            && !often
            && self.wants_deal(deal) >= deal.intent_min
    }

    fn tired(&self) -> f64 {
        self.told.iter().map(|(_, hours)| 0.5_f64.powf(*hours as f64 / 168.0)).sum()
    }

    fn price_of_attention(&self) -> f64 {
        self.attention as f64 * (1.0 + self.tired())
    }

    /// What it is worth by the house's priors, in cents.
    fn worth(&self, index: usize) -> f64 {
        let deal = &self.deals[index];
        let good = self.valued(deal).expect("it may be said");
        let (price, off) = (self.goods[good].price as f64, deal.discount as f64);
        let anyway = (self.wants_deal(deal) / 2.0).max(1e-6);
        let lift = if deal.product.is_some() { 2.0 } else { 1.5 } + 2.62 * (off / price);
        let told = (anyway * lift).min(0.95);
        let calm = self.people.map_or(1.0, |people| if people > 5.0 { 5.0 / people } else { 1.0 });
        let near = self.metres.map_or(1.0, |metres| (-metres / 10.0).exp());
        let extra = told * (self.earns(good) - off) - anyway * self.earns(good);
        extra * self.sure * calm * deal.weight * near - self.price_of_attention()
    }
}

/// The first of the best; none when silence is better.
fn best(worths: impl Iterator<Item = (usize, f64)>) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (index, worth) in worths {
        if worth > best.map_or(0.0, |(_, most)| most) {
            best = Some((index, worth));
        }
    }
    best.map(|(index, _)| index)
}

// --- the same for the code under test ------------------------------------------------------------------------------------

fn id(index: usize) -> OfferId {
    OfferId::new(&format!("o{index}")).expect("a slug")
}

fn product(index: usize) -> ProductId {
    ProductId::new(&format!("p{index}")).expect("a reference")
}

fn shop(case: &Case) -> Shop {
    use std::fmt::Write;
    let Case { attention, goods, deals, .. } = case;
    let mut text = format!(
        "[store]\nid = \"s\"\nname = \"S\"\ntimezone = \"UTC\"\nholdout = 0.0\nwords_aside = 0.0\nattention = {attention}\npause_s = 1\ncap = {{ times = 9, hours = 24 }}\n"
    );
    for (n, Good { category, price, margin, zone, in_stock }) in goods.iter().enumerate() {
        let _ = write!(
            text,
            "[[product]]\nid = \"p{n}\"\nname = \"P\"\ncategory = \"c{category}\"\nprice = {price}\nmargin = {margin}\nzone = \"z{zone}\"\nin_stock = {in_stock}\n"
        );
    }
    for (n, deal) in deals.iter().enumerate() {
        let about = deal
            .product
            .map_or_else(|| format!("category = \"c{}\"", deal.category), |p| format!("product = \"p{p}\""));
        let ends = NOW.0 + deal.ends_h * 3_600_000;
        let Deal { discount, paused, intent_min, .. } = deal;
        let _ = write!(
            text,
            "[[offer]]\nid = \"o{n}\"\n{about}\ndiscount = {discount}\npaused = {paused}\nintent_min = {intent_min:?}\nends = {ends}\n[offer.content.en]\ntitle = \"T\"\nbody = \"\"\n"
        );
    }
    Shop::parse(&text, FLOOR).unwrap_or_else(|errors| panic!("{errors:?}"))
}

fn decided(case: &Case, catalogue: &Catalogue, brain: &Brain, policy: &Policy, number: u128) -> Decision {
    let ago = |hours: i64| NOW - Millis::hours(hours);
    let (mut intent, mut history) = (Intent::default(), History::default());
    // In the order in which it happened.
    let mut events: Vec<(i64, bool, usize)> = case.views.iter().map(|(good, hours)| (*hours, true, *good)).collect();
    events.extend(case.bought.map(|(good, hours)| (hours, false, good)));
    events.sort_by(|a, b| b.cmp(a));
    for (hours, viewed, good) in events {
        let category = CategoryId::new(&format!("c{}", case.goods[good].category)).expect("a reference");
        if viewed {
            intent.touch(Interest::Viewed, Some(&product(good)), Some(&category), ago(hours));
        } else {
            intent.buy(&product(good), Some(&category), ago(hours));
            history.buy(&product(good), Some(&category), ago(hours));
        }
    }
    for (n, (deal, hours)) in (0_u128..).zip(&case.told) {
        history.tell(DecisionId(n), id(*deal), ago(*hours));
    }
    let levers: BTreeMap<OfferId, Lever> = (0..case.deals.len())
        .map(|n| (id(n), Lever { weight: case.deals[n].weight, ban: case.deals[n].banned, ..Lever::default() }))
        .collect();
    let aged = |value: f64| Aged { value, at: NOW };
    let moment = Moment {
        store: StoreId::new("s").expect("a slug"),
        visit: VisitId(1),
        zone: ZoneId::new("z0").expect("a slug"),
        trigger: Trigger::Dwelling,
        at: NOW,
        dwell: Millis::seconds(9),
        probability: Probability::clamped(case.sure),
        pattern: None,
        channel: Channel::Push,
        placement: None,
        around: Around { distance_m: case.metres.map(aged), crowding: case.people.map(aged), ..Around::default() },
    };
    evaluate(&Context {
        seed: 7,
        now: NOW,
        id: DecisionId(number),
        moment,
        catalogue,
        customer: &CustomerId::new("ada").expect("a reference"),
        consent: Consent { locating: true, profiling: true, marketing_push: true },
        intent: &intent,
        history: &history,
        person: &Person::default(),
        granted: &BTreeSet::new(),
        policy,
        brain,
        levers: &levers,
    })
}

/// What the decision holds for the best: the arm with the greatest chance; none is silence.
fn held_best(decision: &Decision) -> Option<usize> {
    let arms = decision.explanation.candidates.iter().map(|one| (Some(&one.offer), one.propensity.get()));
    let (offer, _) = arms
        .chain([(None, decision.explanation.silence.get())])
        .reduce(|best, next| if next.1 > best.1 { next } else { best })
        .expect("there is silence");
    offer.map(|offer| offer.as_str()[1..].parse().expect("a number"))
}

fn greedy() -> Policy {
    Policy { choose: Choose::EpsilonGreedy, ..Policy::default() }
}

#[test]
fn brute_force_over_all_offers_agrees_with_an_empty_brain() {
    let (mut dice, policy, brain) = (Dice(0x9e37_79b9_7f4a_7c15), greedy(), Brain::default());
    let (mut spoke, mut agreed) = (0, 0);
    for number in 0..500 {
        let case = any_case(&mut dice);
        let catalogue = Catalogue::new(Arc::new(shop(&case)));
        let decision = decided(&case, &catalogue, &brain, &policy, number);
        let passing = (0..case.deals.len()).filter(|index| case.may(*index));
        let expect = best(passing.map(|index| (index, case.worth(index))));
        assert_eq!(held_best(&decision), expect, "case {number}");
        for one in &decision.explanation.candidates {
            let Some(terms) = one.terms else { continue };
            let index: usize = one.offer.as_str()[1..].parse().expect("a number");
            assert!(case.may(index), "case {number}: {one:?}");
            assert!((terms.score() - case.worth(index)).abs() < 1e-6, "case {number}: {terms:?} {}", case.worth(index));
        }
        agreed += 1;
        spoke += usize::from(expect.is_some());
    }
    assert!(agreed == 500 && (100..450).contains(&spoke), "both silence and offers are tried: {spoke}");
}

#[test]
fn brute_force_over_all_offers_agrees_with_a_taught_brain() {
    let (mut dice, policy) = (Dice(0x2545_f491_4f6c_dd1d), greedy());
    let mut spoke = 0;
    for number in 0..500 {
        let case = any_case(&mut dice);
        let catalogue = Catalogue::new(Arc::new(shop(&case)));
        let mut brain = Brain::new(&policy);
        for _ in 0..dice.below(60) {
            let index = dice.below(case.deals.len() as u64) as usize;
            let (offer, category) = (format!("o{index}"), format!("c{}", case.deals[index].category));
            let path = learn::logistic::Path { offer: &offer, category: &category, store: "s" };
            let yes = dice.chance(40);
            brain.teach(path, &[], yes, NOW);
            brain.teach_anyway(path, &[], yes && dice.chance(30), NOW);
        }
        let decision = decided(&case, &catalogue, &brain, &policy, number);
        let mut worths = Vec::new();
        for one in &decision.explanation.candidates {
            let index: usize = one.offer.as_str()[1..].parse().expect("a number");
            let (Some(belief), Some([scale, shift]), Some(terms)) = (one.belief, one.money, one.terms) else {
                continue;
            };
            assert!(case.may(index), "case {number}: o{index}");
            // The expected chance of unsure log-odds.
            let even = belief.mean / (1.0 + std::f64::consts::PI * belief.sd * belief.sd / 8.0).sqrt();
            let worth = scale / (1.0 + (-even).exp()) + shift;
            let logit = one.logit.expect("it was ranked");
            let parts = logit.offer + logit.micro + logit.relational + logit.personal;
            assert!((worth - terms.score()).abs() < 1e-9 && (parts - belief.mean).abs() < 1e-9, "case {number}");
            assert!((terms.fatigue + terms.attention + case.price_of_attention()).abs() < 1e-9, "case {number}");
            worths.push((index, worth));
        }
        // None that may be said was left out of the ranking, whether it is listed or only counted.
        let listed = worths.len() + decision.explanation.more.get("not-reached").map_or(0, |n| *n as usize);
        assert_eq!(listed, (0..case.deals.len()).filter(|index| case.may(*index)).count(), "case {number}");
        let expect = best(worths.into_iter());
        assert_eq!(held_best(&decision), expect, "case {number}");
        spoke += usize::from(expect.is_some());
    }
    assert!((100..450).contains(&spoke), "both silence and offers are tried: {spoke}");
}

#[test]
fn a_discount_that_is_not_fixed_is_the_best_of_its_steps() {
    let mut dice = Dice(77);
    let brain = Brain::default();
    let mut tried = 0;
    for number in 0..200 {
        let mut case = any_case(&mut dice);
        case.deals.truncate(1);
        let [least, most] = [dice.whole(50), 50 + dice.whole(600)];
        let mut declared = shop(&case);
        declared.offers[0].range = Some([Cents(least), Cents(most)]);
        let catalogue = Catalogue::new(Arc::new(declared));
        let decision = decided(&case, &catalogue, &brain, &greedy(), number);
        let Some(terms) = decision.explanation.candidates[0].terms else { continue };
        let good = case.valued(&case.deals[0]).expect("it was ranked");
        let steps = (0..=4).map(|n| least + (most - least) * n / 4).filter(|off| case.earns(good) - *off as f64 >= 1.0);
        let steps: Vec<i64> = steps.collect();
        let mut best: Option<(i64, f64)> = None;
        for off in steps {
            case.deals[0].discount = off;
            let worth = case.worth(0);
            if best.is_none_or(|(_, most)| worth > most + 1e-9) {
                best = Some((off, worth));
            }
        }
        let (off, worth) = best.expect("the gate let it pass");
        assert!((terms.score() - worth).abs() < 1e-6, "case {number}");
        assert_eq!(decision.explanation.candidates[0].discount, Cents(off), "case {number}");
        tried += 1;
    }
    assert!(tried > 20, "{tried}");
}
