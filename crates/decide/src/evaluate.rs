//! One evaluation at one moment: every offer through the gates, what is left ranked, one arm drawn, all explained.

use std::collections::{BTreeMap, BTreeSet};

use model::consent::Consent;
use model::decision::{Candidate, Choice, Decision, Explanation, Moment, Refusal, StageKind};
use model::ids::{CustomerId, DecisionId, OfferId};
use model::offer::{Lever, Offer};
use model::policy::Policy;
use model::product::Product;
use model::time::Timestamp;
use model::units::Probability;

use crate::brain::Brain;
use crate::catalogue::Catalogue;
use crate::gates::{self, Case};
use crate::history::History;
use crate::intent::Intent;
use crate::person::Person;
use crate::rank::{self, Chances};
use crate::{explain, keyed};

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

impl Context<'_> {
    /// The products that an offer is about, in the order of the catalogue.
    pub fn products_of<'s>(&'s self, offer: &'s Offer) -> impl Iterator<Item = &'s Product> {
        self.catalogue.products.iter().filter(|product| match (&offer.product, &offer.category) {
            (Some(id), _) => product.id == *id,
            (None, Some(category)) => product.category == *category,
            (None, None) => false,
        })
    }

    fn case<'s>(&'s self, offer: &'s Offer) -> Case<'s> {
        Case { context: self, offer, intent: self.intent.towards(offer, self.catalogue, self.now) }
    }
}

/// Offers with a budget that only their budget could still stop: reserve a unit of each, then evaluate.
///
/// They are reserved before the evaluation and not after the draw, so that the logged propensities are exact.
#[must_use]
pub fn budgets_needed(context: &Context<'_>) -> BTreeSet<OfferId> {
    let budgeted = context.catalogue.offers.iter().filter(|offer| offer.budget.is_some());
    let passing = budgeted.filter(|offer| gates::ask(&gates::BEFORE_BUDGET, &context.case(offer)).is_ok());
    passing.map(|offer| offer.id.clone()).collect()
}

/// Decides: an offer or silence, with its propensity and its whole explanation.
///
/// In the holdout an offer is a ghost offer: chosen, logged, and not to be said.
#[must_use]
pub fn evaluate(context: &Context<'_>) -> Decision {
    let mut candidates: Vec<Candidate> =
        context.catalogue.offers.iter().map(|offer| judge(&context.case(offer))).collect();
    let arms: Vec<usize> = (0..candidates.len()).filter(|index| candidates[*index].terms.is_some()).collect();
    let scores: Vec<f64> =
        arms.iter().filter_map(|index| candidates[*index].terms.map(|terms| terms.score())).collect();
    let chances = rank::chances(&scores);
    for (arm, index) in arms.iter().enumerate() {
        candidates[*index].propensity = Probability::clamped(chances.offers[arm]);
    }
    let picked = chances.pick(keyed::draw(context.seed, context.id));
    let choice = match picked {
        Some(arm) => Choice::Offer { offer: candidates[arms[arm]].offer.clone() },
        None => Choice::Silence { code: silence_code(&candidates, &chances).to_owned() },
    };
    let propensity = Probability::clamped(picked.map_or(chances.silence, |arm| chances.offers[arm]));
    let holdout = gates::holdout::is_held_out(context.seed, context.customer, context.catalogue.store.holdout);
    let (en, it) = explain::decision(context, &candidates, &choice, holdout);
    Decision {
        id: context.id,
        customer: context.customer.clone(),
        moment: context.moment.clone(),
        choice,
        propensity,
        holdout,
        control: false,
        shadow: false,
        policy: context.policy.id.clone(),
        model: context.brain.version(),
        epoch: 0,
        explanation: Explanation {
            candidates,
            more: BTreeMap::new(),
            features: Vec::new(),
            stale: Vec::new(),
            silence: Probability::clamped(chances.silence),
            en,
            it,
        },
    }
}

/// One offer through the gates. The holdout keeps its terms, so that both arms of the experiment are ranked alike.
fn judge(case: &Case<'_>) -> Candidate {
    let refused = gates::ask(&gates::ALL, case).err();
    let ranked = matches!(refused, None | Some(Refusal::Holdout));
    Candidate {
        offer: case.offer.id.clone(),
        intent: case.intent,
        terms: ranked.then(|| rank::terms(case)),
        refused,
        propensity: Probability::ZERO,
        belief: None,
        logit: None,
        discount: case.offer.discount,
        control: false,
        stage: StageKind::Live,
    }
}

/// Silence while an offer was best; chosen to learn what offers change.
pub const EXPLORE: &str = "explore";
/// Silence because no offer that passed was worth the customer's attention.
pub const NOT_WORTH_IT: &str = "not-worth-it";
/// Silence because the catalogue is empty.
pub const NO_OFFER: &str = "no-offer";

fn silence_code(candidates: &[Candidate], chances: &Chances) -> &'static str {
    if chances.best.is_some() {
        return EXPLORE;
    }
    if !chances.offers.is_empty() {
        return NOT_WORTH_IT;
    }
    weightiest(candidates).map_or(NO_OFFER, |(_, refusal)| refusal.code())
}

/// The refusal that mattered most: of the offer that came furthest through the gates, the most wanted of equals.
pub(crate) fn weightiest(candidates: &[Candidate]) -> Option<(&Candidate, &Refusal)> {
    let refused = candidates.iter().filter_map(|candidate| Some((candidate, candidate.refused.as_ref()?)));
    refused.reduce(|best, next| {
        let order = gates::reached(next.1).cmp(&gates::reached(best.1)).then(next.0.intent.total_cmp(&best.0.intent));
        if order.is_gt() { next } else { best }
    })
}

#[cfg(test)]
mod tests;
