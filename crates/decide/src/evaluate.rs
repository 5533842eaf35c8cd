//! One evaluation at one moment: every offer through the gates, what is left ranked, one arm drawn, all explained.

use std::collections::{BTreeMap, BTreeSet};

use learn::thompson::{self, Arm, Shares};
use model::consent::Consent;
use model::decision::{Choice, Decision, Explanation, Feature, Moment, Refusal};
use model::event::Interest;
use model::ids::{CustomerId, DecisionId, OfferId};
use model::offer::{Lever, Stage};
use model::policy::{Choose, Policy};
use model::time::Timestamp;
use model::units::Probability;

use crate::brain::Brain;
use crate::catalogue::Catalogue;
use crate::gates::{self, Case};
use crate::history::History;
use crate::intent::Intent;
use crate::person::Person;
use crate::rank::{Ranking, Worth};
use crate::scene::Scene;
use crate::{explain, keyed, words};

pub(crate) mod listed;

use listed::Fates;
pub use listed::{LISTED_ALL, LISTED_REST};

/// All that a decision rests on.
#[derive(Debug, Clone)]
pub struct Context<'a> {
    /// Secret seed of holdout and draw.
    pub seed: u64,
    /// When it is decided.
    pub now: Timestamp,
    /// The decision's id; its draw is keyed by it.
    pub id: DecisionId,
    /// What made the decision due.
    pub moment: Moment,
    /// The store's catalogue and limits.
    pub catalogue: &'a Catalogue,
    /// For whom.
    pub customer: &'a CustomerId,
    /// What they allow.
    pub consent: Consent,
    /// What they want.
    pub intent: &'a Intent,
    /// What they were told and bought.
    pub history: &'a History,
    /// What else is known of them.
    pub person: &'a Person,
    /// Offers with a budget of which a unit is reserved for this decision.
    pub granted: &'a BTreeSet<OfferId>,
    /// How it is decided.
    pub policy: &'a Policy,
    /// What was learnt.
    pub brain: &'a Brain,
    /// What people said about offers.
    pub levers: &'a BTreeMap<OfferId, Lever>,
}

/// Offers with a budget that only their budget could still stop, and how many units of each must stay for the segments
/// before the customer's: reserve a unit of each, then evaluate.
///
/// They are reserved before the evaluation and not after the draw, so that the logged propensities are exact.
#[must_use]
pub fn budgets_needed(context: &Context<'_>) -> BTreeMap<OfferId, u64> {
    let scene = Scene::new(context, false);
    let budgeted = context.catalogue.offers.iter().enumerate().filter(|(_, offer)| offer.budget.is_some());
    let before = &gates::ALL[..gates::BEFORE_BUDGET];
    let passing = budgeted.filter_map(|(index, offer)| {
        let case = Case::new(context, &scene, index);
        gates::ask(before, &case).is_ok().then(|| (offer.id.clone(), gates::budget::kept(&case)))
    });
    passing.collect()
}

/// Decides: an offer or silence, with its propensity and its whole explanation.
///
/// In the holdout, and in an offer's own control, an offer is a ghost offer: chosen, logged, and not to be said.
#[must_use]
pub fn evaluate(context: &Context<'_>) -> Decision {
    run(context, false)
}

/// Decides over the offers that only run in shadow, as if they were let out; none when there are none at this place.
/// Nothing of it is said, and it takes no live offer's place.
#[must_use]
pub fn evaluate_shadow(context: &Context<'_>) -> Option<Decision> {
    let shadows = context.catalogue.offers_in(&context.moment.zone).iter();
    let shadowed = |index: &usize| context.catalogue.offers[*index].stage == Stage::Shadow;
    if !shadows.into_iter().any(shadowed) {
        return None;
    }
    let id = keyed::id(context.seed, "shadow", &[&context.id.0.to_be_bytes()]);
    Some(run(&Context { id: DecisionId(id), ..context.clone() }, true))
}

fn run(context: &Context<'_>, shadow: bool) -> Decision {
    let scene = Scene::new(context, shadow);
    let mut ranking = Ranking::new(context, &scene);
    let mut fates = Fates::with_capacity(context.catalogue.offers.len());
    for index in 0..context.catalogue.offers.len() {
        let case = Case::new(context, &scene, index);
        let refused = gates::ask(&gates::ALL, &case).err();
        // The holdout keeps its terms, so that both arms of the experiment are ranked alike.
        let worth = if matches!(refused, None | Some(Refusal::Holdout)) { ranking.worth(&case) } else { None };
        fates.push(case.intent, refused, worth);
    }
    let (shares, arms) = shares(context, &scene, &fates.ranked);
    for (arm, index) in arms.iter().enumerate() {
        fates.all[*index].share = shares.arms[arm];
    }
    let picked = thompson::pick(&shares, keyed::draw(context.seed, context.id));
    let chosen = picked.map(|arm| arms[arm]);
    let seen = chosen.or_else(|| shares.best.map(|arm| arms[arm]));
    let features = seen.map_or_else(Vec::new, |index| {
        let discount = fates.worth(index).map_or(context.catalogue.offers[index].discount, |worth| worth.discount);
        ranking.seen(&Case::new(context, &scene, index), discount)
    });
    finish(context, &scene, fates, &shares, (picked.map(|arm| shares.arms[arm]), chosen), features)
}

fn finish(
    context: &Context<'_>,
    scene: &Scene<'_>,
    fates: Fates,
    shares: &Shares,
    (share, chosen): (Option<f64>, Option<usize>),
    features: Vec<Feature>,
) -> Decision {
    let offers = &context.catalogue.offers;
    // It counts when nothing passed.
    let weightiest = if fates.ranked.is_empty() { fates.weightiest() } else { None };
    let weightiest = weightiest.map(|(index, refusal)| (&offers[index].id, refusal));
    let choice = match chosen {
        Some(index) => Choice::Offer { offer: offers[index].id.clone() },
        None => Choice::Silence { code: silence_code(weightiest, shares, !fates.ranked.is_empty()).to_owned() },
    };
    let control = chosen.is_some_and(|index| listed::is_kept_without(context, &offers[index]));
    let ghost = Ghost { holdout: scene.held_out, control, shadow: scene.shadow };
    let intent = chosen.map_or(0.0, |index| fates.all[index].intent);
    let because = chosen.and_then(|index| because(context, index));
    let (en, it) = explain::decision(context, (intent, because), weightiest, &choice, ghost);
    let epoch = chosen.and_then(|index| scene.course(&offers[index].id)).map_or(0, |course| course.epoch);
    let words = words::met(context, &fates);
    // Asked before the list is written, which asks more gates than decided it.
    let segment = scene.known_segment().map(|index| context.catalogue.segments[index].id.clone());
    let (candidates, more) = fates.listed(context, scene);
    Decision {
        id: context.id,
        customer: context.customer.clone(),
        moment: context.moment.clone(),
        choice,
        propensity: Probability::clamped(share.unwrap_or(shares.silence)),
        holdout: scene.held_out,
        control,
        shadow: scene.shadow,
        policy: context.policy.id.clone(),
        model: context.brain.version(),
        epoch,
        words_aside: scene.words_aside,
        words,
        explanation: Explanation {
            candidates,
            more,
            features,
            stale: scene.stale.clone(),
            segment,
            because,
            silence: Probability::clamped(shares.silence),
            en,
            it,
        },
    }
}

/// What the intent towards an offer rests on most.
fn because(context: &Context<'_>, index: usize) -> Option<Interest> {
    let (catalogue, half_life_h) = (context.catalogue, &context.policy.half_life_h);
    let (category, brand) = (catalogue.category_of(index), catalogue.brand_of(index));
    context.intent.because(catalogue.offers[index].product.as_ref(), category, brand, context.now, half_life_h)
}

/// Why what is chosen is not said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Ghost {
    pub(crate) holdout: bool,
    pub(crate) control: bool,
    pub(crate) shadow: bool,
}

/// The chances of the arms that can be reached, and which offers these are.
///
/// While fewer lessons were taken than the house's priors count for, there is nothing to sample from but the priors: the
/// best of them is said, and the floor explores.
fn shares(context: &Context<'_>, scene: &Scene<'_>, ranked: &[(usize, Worth)]) -> (Shares, Vec<usize>) {
    let policy = context.policy;
    let all: Vec<Arm> = ranked.iter().map(|(_, worth)| worth.arm).collect();
    let reached = thompson::reachable(&all, usize::try_from(policy.arms_max).unwrap_or(thompson::ARMS_MAX));
    let arms: Vec<Arm> = reached.iter().map(|n| all[*n]).collect();
    let offers: Vec<usize> = reached.iter().map(|n| ranked[*n].0).collect();
    let young = Brain::house_part(context.brain.version(), policy) > 0.5;
    let choose = if young && policy.choose == Choose::Thompson { Choose::EpsilonGreedy } else { policy.choose };
    let mut shares = thompson::shares_of(choose, &arms, 0.0, policy.epsilon);
    let pinned = |n: &usize| words::counting(context, scene, &context.catalogue.offers[offers[*n]].id).1;
    let pin = (0..arms.len()).filter(pinned).reduce(|a, b| if arms[b].worth() > arms[a].worth() { b } else { a });
    if let Some(pin) = pin {
        shares.arms.iter_mut().for_each(|share| *share = 0.0);
        (shares.arms[pin], shares.silence, shares.best) = (1.0, 0.0, Some(pin));
        shares = shares.with_floor(policy.epsilon);
    }
    (shares, offers)
}

/// Silence while an offer was best; chosen to learn what offers change.
pub const EXPLORE: &str = "explore";
/// Silence because no offer that passed was worth the customer's attention.
pub const NOT_WORTH_IT: &str = "not-worth-it";
/// Silence because the catalogue is empty.
pub const NO_OFFER: &str = "no-offer";
/// In the count of what is not listed: it passed, and others were worth more.
pub const NOT_REACHED: &str = "not-reached";

fn silence_code(weightiest: Option<(&OfferId, &Refusal)>, shares: &Shares, passed: bool) -> &'static str {
    if shares.best.is_some() {
        return EXPLORE;
    }
    if passed {
        return NOT_WORTH_IT;
    }
    weightiest.map_or(NO_OFFER, |(_, refusal)| refusal.code())
}

#[cfg(test)]
mod tests;
