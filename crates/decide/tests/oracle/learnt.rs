//! The oracle's own model of what is learnt, and its own shares of choice: every number of a thousand decisions under the
//! usual policy, by another way.

use std::collections::BTreeMap;
use std::f64::consts::{PI, SQRT_2};

use learn::logistic::Path;
use model::decision::{Block, Candidate, Choice, Feature};

use super::*;

/// An arm as the oracle knows it: the log-odds and how unsure they are, what a yes brings, and what it costs either way.
#[derive(Clone, Copy)]
struct Rival {
    index: usize,
    mean: f64,
    sd: f64,
    scale: f64,
    shift: f64,
    score: f64,
}

/// What was taught, counted plainly: yes and lessons of each level, and a weight of each feature.
#[derive(Default)]
struct Learnt {
    all: (f64, f64),
    categories: BTreeMap<usize, (f64, f64)>,
    offers: BTreeMap<usize, (f64, f64)>,
    weights: BTreeMap<&'static str, (f64, f64)>,
    lessons: u32,
}

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

fn logit(p: f64) -> f64 {
    (p / (1.0 - p)).ln()
}

fn widening(sd: f64) -> f64 {
    (1.0 + PI * sd * sd / 8.0).sqrt()
}

/// The sum that it is by definition, and the rest of it as an integral.
fn trigamma(x: f64) -> f64 {
    let far = x + 400.0;
    let near: f64 = (0..400).map(|k| (x + f64::from(k)).powi(-2)).sum();
    near + 1.0 / far + 0.5 / far.powi(2) + 1.0 / (6.0 * far.powi(3))
}

/// Abramowitz and Stegun, 7.1.26: right to 1.5e-7.
fn normal(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.327_591_1 * (x / SQRT_2).abs());
    let tail = [1.061_405_429, -1.453_152_027, 1.421_413_741, -0.284_496_736, 0.254_829_592];
    let less = tail.iter().fold(0.0, |sum, part| (sum + part) * t) * (-x * x / 2.0).exp() / 2.0;
    if x < 0.0 { less } else { 1.0 - less }
}

impl Learnt {
    fn start(&self, category: usize, offer: usize) -> (f64, f64) {
        let lean = |(hits, views): (f64, f64), rate: f64| (rate * 20.0 + hits) / (20.0 + views);
        // One store: its counts are the chain's.
        let store = lean(self.all, lean(self.all, 0.05));
        let parent = lean(self.categories.get(&category).copied().unwrap_or_default(), store);
        let (hits, views) = self.offers.get(&offer).copied().unwrap_or_default();
        let (a, b) = (parent * 20.0 + hits, (1.0 - parent) * 20.0 + views - hits);
        let sd = (trigamma(a) + trigamma(b)).sqrt();
        (logit(a / (a + b)) * widening(sd), sd)
    }

    fn pull(&self, feature: &str) -> (f64, f64) {
        self.weights.get(feature).copied().unwrap_or((0.0, 10.0))
    }

    fn teach(&mut self, category: usize, offer: usize, seen: &[(&'static str, f64)], yes: bool) {
        let log_odds = self.start(category, offer).0 + seen.iter().map(|(name, x)| self.pull(name).0 * x).sum::<f64>();
        let chance = sigmoid(log_odds);
        for (name, x) in seen {
            let (mean, precision) = self.pull(name);
            let precision = precision + x * x * chance * (1.0 - chance);
            let surprise = if yes { 1.0 - chance } else { -chance };
            self.weights.insert(name, (mean + surprise * x / precision, precision));
        }
        let count = |known: &mut (f64, f64)| *known = (known.0 + if yes { 1.0 } else { 0.0 }, known.1 + 1.0);
        count(&mut self.all);
        count(self.categories.entry(category).or_default());
        count(self.offers.entry(offer).or_default());
        self.lessons += 1;
    }

    /// The log-odds of an offer, and how unsure its own features leave them.
    fn believe(&self, category: usize, offer: usize, own: &[(&'static str, f64)], shared: f64) -> (f64, f64) {
        let (mean, sd) = self.start(category, offer);
        let mean =
            mean + own.iter().map(|(name, x)| self.pull(name).0 * x).sum::<f64>() + self.pull("dwell").0 * shared;
        let variance = sd * sd + own.iter().map(|(name, x)| x * x / self.pull(name).1).sum::<f64>();
        (mean, variance.sqrt())
    }

    fn house_part(&self) -> f64 {
        20.0 / (20.0 + f64::from(self.lessons))
    }
}

impl Case {
    fn rival(&self, index: usize, told: &Learnt, untold: &Learnt) -> Rival {
        let deal = &self.deals[index];
        let good = self.valued(deal).expect("it may be said");
        let (price, off, earns) = (self.goods[good].price as f64, deal.discount as f64, self.earns(good));
        let before = self.bought.is_some_and(|(what, _)| self.about(deal).contains(&what));
        let flag = |is: bool| if is { 1.0 } else { 0.0 };
        let own = [
            ("discount", (off / price).min(1.0)),
            ("category-offer", flag(deal.product.is_none())),
            ("price", (1.0 + price / 100.0).ln() / 5.0),
            ("intent", self.wants_deal(deal)),
            ("bought-before", flag(before)),
        ];
        let (mean, sd) = told.believe(deal.category, index, &own, DWELL);
        let (mean_0, sd_0) = untold.believe(deal.category, index, &own, DWELL);
        let anyway = (self.wants_deal(deal) / 2.0).max(1e-6);
        let lift = if deal.product.is_some() { 2.0 } else { 1.5 } + 2.62 * (off / price);
        let house = (anyway * lift).min(0.95);
        let (part, part_0) = (told.house_part(), untold.house_part());
        let mean = part * logit(house) * widening(sd) + (1.0 - part) * mean;
        let p = sigmoid(mean / widening(sd));
        let prior_0 = (p * anyway / house).clamp(1e-6, 0.95);
        let p_0 = sigmoid(part_0 * logit(prior_0) + (1.0 - part_0) * mean_0 / widening(sd_0));
        let calm = self.people.map_or(1.0, |people| if people > 5.0 { 5.0 / people } else { 1.0 });
        let near = self.metres.map_or(1.0, |metres| (-metres / 10.0).exp());
        let all = self.sure * calm * deal.weight * near;
        let score = all * (p * (earns - off) - p_0 * earns) - self.price_of_attention();
        let scale = (all * (earns - off - p_0 * part_0 / p.max(1e-6) * earns)).max(1e-3);
        Rival { index, mean, sd, scale, shift: score - scale * p, score }
    }
}

impl Rival {
    fn worth(&self, deviations: f64) -> f64 {
        self.scale * sigmoid(self.mean + deviations * self.sd) + self.shift
    }

    /// So many deviations from the mean it is worth this; endless where it never is.
    fn deviations(&self, worth: f64) -> f64 {
        let share = (worth - self.shift) / self.scale;
        match share {
            ..=0.0 => f64::NEG_INFINITY,
            1.0.. => f64::INFINITY,
            _ => (logit(share) - self.mean) / self.sd,
        }
    }
}

/// With which chance each is worth the most and more than nothing: a plain sum of small parts; the last is silence.
fn shares(rivals: &[Rival]) -> Vec<f64> {
    const PARTS: u32 = 700;
    let share = |one: &Rival| -> f64 {
        let (low, high) = (one.deviations(0.0).max(-7.0), 7.0);
        let step = (high - low) / f64::from(PARTS);
        let part = |n: u32| {
            let at = (f64::from(n) + 0.5).mul_add(step, low);
            let worth = one.worth(at);
            let others = rivals.iter().filter(|other| other.index != one.index);
            let below: f64 = others.map(|other| normal(other.deviations(worth))).product();
            (-at * at / 2.0).exp() / (2.0 * PI).sqrt() * below * step
        };
        if low < high { (0..PARTS).map(part).sum() } else { 0.0 }
    };
    let mut all: Vec<f64> = rivals.iter().map(share).collect();
    all.push(rivals.iter().map(|one| normal(one.deviations(0.0))).product());
    let total: f64 = all.iter().sum();
    all.iter().map(|share| share / total).collect()
}

/// All on the best, or on silence.
fn on_the_best(rivals: &[Rival]) -> Vec<f64> {
    let best = best(rivals.iter().enumerate().map(|(place, one)| (place, one.score))).unwrap_or(rivals.len());
    (0..=rivals.len()).map(|place| if place == best { 1.0 } else { 0.0 }).collect()
}

/// `ln(1 + 9 s) / 5`, as every moment here has it.
const DWELL: f64 = 0.460_517_018_598_809_1;

/// Teaches both the same, from nothing to sixty lessons of each kind.
fn taught(dice: &mut Dice, case: &Case, policy: &Policy) -> (Brain, Learnt, Learnt) {
    let (mut brain, mut told, mut untold) = (Brain::new(policy), Learnt::default(), Learnt::default());
    for _ in 0..dice.below(61) {
        let index = dice.below(case.deals.len() as u64) as usize;
        let category = case.deals[index].category;
        let seen = [("intent", dice.unit()), ("discount", dice.unit() / 2.0), ("dwell", dice.unit())];
        let block = |name| match name {
            "intent" => Block::Personal,
            "discount" => Block::Offer,
            _ => Block::Micro,
        };
        let features: Vec<Feature> = seen
            .iter()
            .map(|(name, value)| Feature { block: block(name), name: (*name).into(), value: *value })
            .collect();
        let (offer, kind) = (format!("o{index}"), format!("c{category}"));
        let path = Path { offer: &offer, category: &kind, store: "s" };
        let (yes, anyway) = (dice.chance(40), dice.chance(15));
        brain.teach(path, &features, yes, NOW);
        told.teach(category, index, &seen, yes);
        if dice.chance(70) {
            brain.teach_anyway(path, &features, anyway, NOW);
            untold.teach(category, index, &seen, anyway);
        }
    }
    assert_eq!(brain.redeem.promotions(), 0);
    (brain, told, untold)
}

fn close(what: &str, number: u128, ours: f64, theirs: f64, most: f64) {
    assert!((ours - theirs).abs() < most, "case {number}: {what} is {theirs}, by hand {ours}");
}

fn agrees_on(one: &Candidate, rival: &Rival, number: u128) {
    let (terms, belief, money) = (one.terms.expect("terms"), one.belief.expect("a belief"), one.money.expect("money"));
    close("the score", number, rival.score, terms.score(), 1e-9);
    close("the mean", number, rival.mean, belief.mean, 1e-9);
    close("the spread", number, rival.sd, belief.sd, 1e-9);
    close("what a yes brings", number, rival.scale, money[0], 1e-9);
    close("what it costs", number, rival.shift, money[1], 1e-9);
}

#[test]
fn every_number_of_a_thousand_decisions_comes_out_by_another_way() {
    let (mut dice, policy) = (Dice(0x1f83_d9ab_fb41_bd6b), Policy::default());
    assert_eq!(policy.choose, Choose::Thompson);
    let (mut sampled, mut spoke, mut ties) = (0, 0, 0);
    for number in 0..1_000 {
        let case = any_case(&mut dice);
        let catalogue = Catalogue::new(Arc::new(shop(&case)));
        let (brain, told, untold) = taught(&mut dice, &case, &policy);
        let decision = decided(&case, &catalogue, &brain, &policy, number);
        let passing = (0..case.deals.len()).filter(|index| case.may(*index));
        let all: Vec<Rival> = passing.map(|index| case.rival(index, &told, &untold)).collect();
        let mut reached = all.clone();
        reached.sort_by(|a, b| b.worth(3.0).total_cmp(&a.worth(3.0)).then(a.index.cmp(&b.index)));
        reached.truncate(19);
        reached.sort_by_key(|one| one.index);
        let is_young = told.lessons < 20;
        sampled += usize::from(!is_young && reached.len() > 1);
        let mut chances = if is_young { on_the_best(&reached) } else { shares(&reached) };
        let floor = 0.05 / chances.len() as f64;
        chances.iter_mut().for_each(|chance| *chance = 0.95 * *chance + floor);
        let listed: Vec<(usize, &Candidate)> = decision
            .explanation
            .candidates
            .iter()
            .map(|one| (one.offer.as_str()[1..].parse().expect("a number"), one))
            .collect();
        for (index, one) in &listed {
            match all.iter().find(|rival| rival.index == *index) {
                Some(rival) => agrees_on(one, rival, number),
                None => assert!(one.refused.is_some() && one.terms.is_none(), "case {number}: o{index}"),
            }
        }
        let chosen_from = listed.iter().filter(|(_, one)| one.propensity.get() > 0.0);
        let indices: Vec<usize> = chosen_from.clone().map(|(index, _)| *index).collect();
        assert_eq!(indices, reached.iter().map(|one| one.index).collect::<Vec<_>>(), "case {number}: who is reached");
        let logged: Vec<f64> =
            chosen_from.map(|(_, one)| one.propensity.get()).chain([decision.explanation.silence.get()]).collect();
        for (ours, theirs) in chances.iter().zip(&logged) {
            close("a chance", number, *ours, *theirs, 1e-4);
        }
        // The likeliest, where no other is as likely.
        let mut order: Vec<usize> = (0..chances.len()).collect();
        order.sort_by(|a, b| chances[*b].total_cmp(&chances[*a]));
        let likeliest = reached.get(order[0]).map(|one| one.index);
        if order.len() > 1 && chances[order[0]] - chances[order[1]] < 2e-4 {
            ties += 1;
        } else {
            assert_eq!(held_best(&decision), likeliest, "case {number}");
        }
        // The arm that is drawn: the first at which the chances add up to more than the draw.
        let draw = super::draw::draw(7, decision.id.0);
        let mut sum = 0.0;
        let drawn = logged.iter().position(|chance| {
            sum += chance;
            draw < sum
        });
        let said = match &decision.choice {
            Choice::Offer { offer } => Some(offer.as_str()[1..].parse::<usize>().expect("a number")),
            Choice::Silence { .. } => None,
        };
        assert_eq!(said, drawn.and_then(|place| indices.get(place)).copied(), "case {number}: {draw}");
        spoke += usize::from(said.is_some());
    }
    assert!(sampled > 400 && (200..900).contains(&spoke) && ties < 20, "{sampled} sampled, {spoke} said, {ties} ties");
}
