//! Ranking: what each offer is worth over silence, in cents, so that silence is an arm that scores 0.
//!
//! Worth is the margin that speaking adds to what would be earned anyway, times what the moment, people, the distance
//! and the budget make of it, less what attention costs. While little is known, the house's priors say how likely
//! people are to answer; with every lesson what was learnt weighs more.

use learn::logistic::{Opinion, Path, Pull, Starts, opinion_from};
use learn::special::{expected_chance, logit, sigmoid, widening};
use learn::thompson::Arm;
use model::decision::{Belief, Feature, Logit, Terms};
use model::offer::Lever;
use model::product::Product;
use model::units::Cents;

use crate::brain::Brain;
use crate::evaluate::Context;
use crate::gates::Case;
use crate::scene::Scene;
use crate::{features, words};

/// Chance that somebody who fully wants a product and stands before it buys it untold. A house prior.
pub const BUYS_ANYWAY: f64 = 0.5;
/// How much being told alone raises the chance to buy, relative to it. A house prior, to be learnt from the holdout.
pub const REMINDER_LIFT: f64 = 1.0;
/// A word about a whole category reminds of one product by so much less. A house prior.
pub const CATEGORY_FOCUS: f64 = 0.5;
/// How much a discount raises the chance to buy: relative change over relative discount.
///
/// The mean price elasticity of 1851 estimates in Bijmolt, van Heerde and Pieters, "New Empirical Generalizations on
/// the Determinants of Price Elasticity", Journal of Marketing Research 42(2), 2005.
pub const ELASTICITY: f64 = 2.62;
/// Nobody buys more surely than this.
pub const CHANCE_MAX: f64 = 0.95;
/// No chance is smaller than this, so that its log-odds are a number.
pub const CHANCE_MIN: f64 = 1e-6;
/// The margin taken for a product whose margin is not declared, as a share of its price. A house prior.
pub const MARGIN_SHARE: f64 = 0.25;
/// From so many people on ten square metres on, a word is worth less, in proportion. A house prior.
pub const CROWD: f64 = 5.0;
/// The least that a sure yes is worth beside a sure no, in cents: an arm's worth must rise with its chance.
const SCALE_MIN: f64 = 1e-3;
/// Into so many steps the approved range of a discount is cut.
pub const STEPS: i64 = 4;

/// What an offer is worth at a moment, with all that it follows from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Worth {
    /// The terms of its score.
    pub terms: Terms,
    /// What is believed of the log-odds that it is taken up.
    pub belief: Belief,
    /// Where that comes from.
    pub logit: Logit,
    /// What is believed, in money; silence is worth 0.
    pub arm: Arm,
    /// What the customer would save.
    pub discount: Cents,
}

/// The ranking of one decision: what its offers share is found once.
#[derive(Debug)]
pub struct Ranking<'a> {
    /// What the common features add to the log-odds of telling and of silence.
    common: [Logit; 2],
    part: [f64; 2],
    slots: Vec<Feature>,
    /// The weights of the slots, of telling and of silence.
    pulls: [Vec<Pull>; 2],
    starts: [Starts<'a>; 2],
    /// The rates that the offers of each category lean on, by its place; the last is that of no category.
    parents: Vec<Option<[f64; 2]>>,
}

const NOBODY: Path<'static> = Path { offer: "", category: "", store: "" };

impl<'a> Ranking<'a> {
    /// Prepares for the offers of one decision.
    #[must_use]
    pub fn new(context: &Context<'a>, scene: &Scene<'_>) -> Self {
        let (brain, catalogue) = (context.brain, context.catalogue);
        let told = added(|features| brain.opinion(NOBODY, features), &scene.common);
        let anyway = added(|features| brain.opinion_anyway(NOBODY, features), &scene.common);
        let part = [brain.version(), brain.anyway.version()].map(|lessons| Brain::house_part(lessons, context.policy));
        let slots = features::slots();
        let pulls = [brain.redeem.champion().pulls(&slots), brain.anyway.pulls(&slots)];
        let store = catalogue.store.id.as_str();
        let starts = [brain.redeem.champion().starts(store), brain.anyway.starts(store)];
        let parents = vec![None; catalogue.topics_len().0 + 1];
        Self { common: [told, anyway], part, slots, pulls, starts, parents }
    }

    /// What an offer is worth; none when there is no product to earn on.
    pub fn worth(&mut self, case: &Case<'_>) -> Option<Worth> {
        let product = wanted_product(case)?;
        let starts = self.starts(case);
        let worths = discounts(case, product).map(|discount| self.at(case, product, discount, starts));
        // The first of equals: the smallest discount.
        worths.reduce(|best, next| if next.terms.score() > best.terms.score() { next } else { best })
    }

    /// The features of an offer as the model saw them at a discount.
    pub fn seen(&mut self, case: &Case<'_>, discount: Cents) -> Vec<Feature> {
        let price = wanted_product(case).map_or(0.0, |product| cents(product.price));
        features::own(case, price, cents(discount), &mut self.slots);
        self.slots.iter().chain(&case.scene.common).cloned().collect()
    }

    /// What is believed of an offer before anything of the moment is known, of telling and of silence.
    fn starts(&mut self, case: &Case<'_>) -> [Belief; 2] {
        let catalogue = case.context.catalogue;
        let place = catalogue.topic_of(case.index).category.unwrap_or(self.parents.len() - 1);
        let parents = *self.parents[place].get_or_insert_with(|| {
            let category = catalogue.category_of(case.index).map_or("", |category| category.as_str());
            self.starts.map(|starts| starts.parent(category))
        });
        let offer = case.offer.id.as_str();
        [self.starts[0].belief(parents[0], offer), self.starts[1].belief(parents[1], offer)]
    }

    fn at(&mut self, case: &Case<'_>, product: &Product, discount: Cents, starts: [Belief; 2]) -> Worth {
        let (price, d, v) = (cents(product.price), cents(discount), margin(product));
        features::own(case, price, d, &mut self.slots);
        let told = join(&opinion_from(starts[0], &self.slots, &self.pulls[0]), &self.common[0]);
        let untold = join(&opinion_from(starts[1], &self.slots, &self.pulls[1]), &self.common[1]);
        let (house, house_anyway) = house(case, price, d);
        let (belief, logit_parts) = blend(&told, house, self.part[0]);
        let p = expected_chance(belief.mean, belief.sd);
        let p0 = anyway(&untold, p * house_anyway / house, self.part[1]);
        let factors = Factors::of(case);
        let (terms, all) = terms(p, p0, v, d, &factors);
        let arm = arm(p, p0 * self.part[1], [v, d], all, terms.score(), belief);
        Worth { terms, belief, logit: logit_parts, arm, discount }
    }
}

/// What features that all offers share add to the log-odds, whatever the path.
///
/// How unsure they leave one is left out: it moves all offers of a moment alike, and says nothing of which is best. To
/// count it would be to explore for nothing.
fn added(opinion: impl Fn(&[Feature]) -> Opinion, features: &[Feature]) -> Logit {
    let (with, without) = (opinion(features).logit, opinion(&[]).logit);
    Logit { offer: with.offer - without.offer, ..with }
}

/// An opinion on an offer's own features, with what the shared ones add.
fn join(own: &Opinion, common: &Logit) -> Opinion {
    let logit = Logit {
        offer: own.logit.offer + common.offer,
        micro: own.logit.micro + common.micro,
        relational: own.logit.relational + common.relational,
        personal: own.logit.personal + common.personal,
    };
    Opinion { belief: Belief { mean: logit.sum(), sd: own.belief.sd }, logit }
}

/// What is believed of a telling: the house's prior and what was learnt, by their parts. The parts of the logit add up
/// to the mean.
fn blend(learnt: &Opinion, house: f64, part: f64) -> (Belief, Logit) {
    let sd = learnt.belief.sd;
    // The log-odds whose expected chance, so unsure, is the house's.
    let prior = logit(house) * widening(sd);
    let keep = 1.0 - part;
    let parts = Logit {
        offer: part.mul_add(prior, keep * learnt.logit.offer),
        micro: keep * learnt.logit.micro,
        relational: keep * learnt.logit.relational,
        personal: keep * learnt.logit.personal,
    };
    (Belief { mean: parts.sum(), sd }, parts)
}

/// The chance that it is bought untold: the house's share of the chance that it is taken up, and what ghosts taught.
fn anyway(learnt: &Opinion, house: f64, part: f64) -> f64 {
    let learnt = learnt.belief.mean / widening(learnt.belief.sd);
    sigmoid(part.mul_add(logit(house.clamp(CHANCE_MIN, CHANCE_MAX)), (1.0 - part) * learnt))
}

/// The house's chances to buy when told, and untold.
fn house(case: &Case<'_>, price: f64, discount: f64) -> (f64, f64) {
    let cut = if price > 0.0 { (discount / price).min(1.0) } else { 0.0 };
    let anyway = (BUYS_ANYWAY * case.intent).max(CHANCE_MIN);
    let focus = if case.offer.product.is_some() { 1.0 } else { CATEGORY_FOCUS };
    let told = (anyway * (1.0 + focus * REMINDER_LIFT + ELASTICITY * cut)).min(CHANCE_MAX);
    (told, anyway)
}

/// What a gain is multiplied by.
#[derive(Debug, Clone, Copy)]
struct Factors {
    context: f64,
    lever: f64,
    distance: f64,
    pacing: f64,
    fatigue: f64,
    attention: f64,
}

impl Factors {
    fn of(case: &Case<'_>) -> Self {
        let (context, scene) = (case.context, case.scene);
        let store = cents(context.catalogue.store.attention).max(0.0);
        let calm = scene.crowding.map_or(1.0, |people| if people > CROWD { CROWD / people } else { 1.0 });
        let distance =
            scene.metres_to(case.index).map_or(1.0, |metres| (-metres / context.policy.distance_m.max(0.5)).exp());
        Self {
            context: context.moment.probability.get() * calm,
            lever: lever(case),
            distance,
            pacing: scene.course(&case.offer.id).map_or(1.0, |course| course.brake.clamp(0.0, 1.0)),
            fatigue: context.policy.fatigue.unwrap_or(store) * scene.fatigue,
            attention: context.policy.reserve.map_or(store, cents),
        }
    }
}

/// What people make of it: their lever, the policy's weight and the segment's, together within a lever's bounds.
fn lever(case: &Case<'_>) -> f64 {
    let context = case.context;
    let (said, _) = words::counting(context, case.scene, &case.offer.id);
    let policy = context.policy.weight.get(&case.offer.id).copied().unwrap_or(1.0);
    let segments = &context.catalogue.segments;
    let segment = if segments.is_empty() { None } else { case.scene.segment(context) };
    let group = segment.map_or(1.0, |index| segments[index].weight);
    let [least, most] = Lever::WEIGHT;
    (said * policy * group).clamp(least, most)
}

/// What is believed of an arm, in money. `bound` is the part of the chance to buy anyway that is only a share of the
/// chance to take it up: it rises and falls with that, so that being unsure of one is not to be unsure of their difference.
fn arm(p: f64, bound: f64, [v, d]: [f64; 2], all: f64, worth: f64, belief: Belief) -> Arm {
    let scale = (all * ((v - d) - bound / p.max(CHANCE_MIN) * v)).max(SCALE_MIN);
    Arm { mean: belief.mean, sd: belief.sd, scale, shift: scale.mul_add(-p, worth) }
}

/// The terms, each the difference that one factor makes, so that they add up to the arm's expected worth; and what the
/// factors make together.
fn terms(p: f64, p0: f64, v: f64, d: f64, factors: &Factors) -> (Terms, f64) {
    let (gain, giveaway) = ((p - p0) * (v - d), -(p0 * d));
    let base = gain + giveaway;
    let with_context = base * factors.context;
    let with_lever = with_context * factors.lever;
    let with_distance = with_lever * factors.distance;
    let with_pacing = with_distance * factors.pacing;
    let all = factors.context * factors.lever * factors.distance * factors.pacing;
    let terms = Terms {
        gain,
        giveaway,
        context: with_context - base,
        lever: with_lever - with_context,
        distance: with_distance - with_lever,
        pacing: with_pacing - with_distance,
        fatigue: -factors.fatigue,
        attention: -factors.attention,
    };
    (terms, all)
}

/// The discounts that may be given: the declared one, or steps of the approved range that keep the least margin.
fn discounts(case: &Case<'_>, product: &Product) -> impl Iterator<Item = Cents> + use<> {
    let [least, most] = case.offer.range.unwrap_or([case.offer.discount; 2]);
    let is_fixed = case.offer.range.is_none();
    let (margin, floor) = (margin(product), least_margin(case));
    let step = move |step: i64| Cents(least.0 + (most.0 - least.0) * step / STEPS);
    // The gate let it pass, so the smallest fits.
    let fits = move |n: &i64| *n == 0 || (!is_fixed && step(*n) != step(*n - 1) && margin - cents(step(*n)) >= floor);
    (0..=STEPS).filter(fits).map(step)
}

/// The least that the shop must earn; more than nothing, in any case.
pub(crate) fn least_margin(case: &Case<'_>) -> f64 {
    case.offer.margin_min.map_or(1.0, |least| cents(least).max(1.0))
}

/// What the shop earns on a product at full price.
pub(crate) fn margin(product: &Product) -> f64 {
    if product.margin.0 > 0 { cents(product.margin) } else { MARGIN_SHARE * cents(product.price) }
}

/// The product an offer is valued on: its own, or the one of its category that is in stock and most wanted.
pub(crate) fn wanted_product<'a>(case: &Case<'a>) -> Option<&'a Product> {
    let wants = &case.scene.wants;
    let mut in_stock = wants.in_stock(case.index);
    if case.offer.product.is_some() {
        return in_stock.next().map(|(_, product)| product);
    }
    // The first of equals, in the order of the catalogue; what differs by rounding alone is equal.
    let first = |best: (f64, &'a Product), next: (f64, &'a Product)| if next.0 > best.0 + 1e-9 { next } else { best };
    in_stock.map(|(place, product)| (wants.product(place), product)).reduce(first).map(|(_, product)| product)
}

/// Cents as a number to reckon with.
#[expect(clippy::cast_precision_loss, reason = "amounts of money are far below 2^53 cents")]
pub(crate) const fn cents(amount: Cents) -> f64 {
    amount.0 as f64
}

#[cfg(test)]
mod tests;
