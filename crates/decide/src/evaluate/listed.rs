//! How every offer fared in a decision, and which of them its explanation lists.
//!
//! Of a thousand offers some sixty are listed: only these are written out.

use std::collections::BTreeMap;

use model::decision::{Candidate, Refusal};
use model::offer::Offer;
use model::units::Probability;

use super::{Context, NOT_REACHED};
use crate::gates::{self, Case};
use crate::rank::Worth;
use crate::scene::Scene;

/// Up to so many offers are all listed in an explanation.
pub const LISTED_ALL: usize = 64;
/// Of more, those that can be chosen, and so many of those that came furthest.
pub const LISTED_REST: usize = 32;

/// How one offer fared.
#[derive(Debug)]
pub(crate) struct Fate {
    pub(crate) intent: f64,
    pub(crate) refused: Option<Refusal>,
    /// Its place among the ranked.
    ranked: Option<usize>,
    /// The chance with which it is chosen.
    pub(crate) share: f64,
}

/// How all offers fared, in the order of the catalogue.
#[derive(Debug)]
pub(crate) struct Fates {
    pub(crate) all: Vec<Fate>,
    /// Those that every gate let pass, or that the holdout alone refused, with what they are worth.
    pub(crate) ranked: Vec<(usize, Worth)>,
}

impl Fates {
    pub(super) fn with_capacity(offers: usize) -> Self {
        Self { all: Vec::with_capacity(offers), ranked: Vec::new() }
    }

    /// The next offer of the catalogue.
    pub(super) fn push(&mut self, intent: f64, refused: Option<Refusal>, worth: Option<Worth>) {
        let ranked = worth.map(|worth| {
            self.ranked.push((self.all.len(), worth));
            self.ranked.len() - 1
        });
        self.all.push(Fate { intent, refused, ranked, share: 0.0 });
    }

    /// What an offer is worth, when it was ranked.
    pub(super) fn worth(&self, index: usize) -> Option<&Worth> {
        self.all[index].ranked.map(|place| &self.ranked[place].1)
    }

    /// The refusal that mattered most: of the offer that came furthest through the gates, the most wanted of equals.
    pub(super) fn weightiest(&self) -> Option<(usize, &Refusal)> {
        let refused = self.all.iter().enumerate();
        let refused = refused.filter_map(|(index, fate)| Some((index, fate.intent, fate.refused.as_ref()?)));
        let best = refused.reduce(|best, next| {
            let order = gates::reached(next.2).cmp(&gates::reached(best.2)).then(next.1.total_cmp(&best.1));
            if order.is_gt() { next } else { best }
        });
        best.map(|(index, _, refusal)| (index, refusal))
    }

    /// The candidates that are listed, and how many are not, by the code of their refusal.
    pub(super) fn listed(self, context: &Context<'_>, scene: &Scene<'_>) -> (Vec<Candidate>, BTreeMap<String, u32>) {
        let keep = self.kept();
        let Self { all, ranked } = self;
        let mut listed = Vec::with_capacity(all.len().min(LISTED_ALL));
        let mut counts: BTreeMap<&'static str, u32> = BTreeMap::new();
        for (index, (fate, keep)) in all.into_iter().zip(keep).enumerate() {
            if keep {
                let worth = fate.ranked.map(|place| &ranked[place].1);
                listed.push(candidate(&Case::new(context, scene, index), fate, worth));
            } else {
                *counts.entry(fate.refused.as_ref().map_or(NOT_REACHED, Refusal::code)).or_default() += 1;
            }
        }
        (listed, counts.into_iter().map(|(code, count)| (code.to_owned(), count)).collect())
    }

    /// Which offers are listed.
    fn kept(&self) -> Vec<bool> {
        if self.all.len() <= LISTED_ALL {
            return vec![true; self.all.len()];
        }
        let mut keep: Vec<bool> = self.all.iter().map(|fate| fate.share > 0.0).collect();
        let depth = |fate: &Fate| fate.refused.as_ref().map_or(usize::MAX, gates::reached);
        let mut rest: Vec<(usize, f64, usize)> = Vec::with_capacity(self.all.len());
        for (index, fate) in self.all.iter().enumerate().filter(|(index, _)| !keep[*index]) {
            rest.push((depth(fate), self.worth(index).map_or(fate.intent, |worth| worth.terms.score()), index));
        }
        if rest.len() > LISTED_REST {
            let order = |a: &(usize, f64, usize), b: &(usize, f64, usize)| {
                b.0.cmp(&a.0).then(b.1.total_cmp(&a.1)).then(a.2.cmp(&b.2))
            };
            rest.select_nth_unstable_by(LISTED_REST, order);
        }
        rest.iter().take(LISTED_REST).for_each(|(_, _, index)| keep[*index] = true);
        keep
    }
}

/// Whether a customer is kept without an offer, to measure what it changes.
pub(crate) fn is_kept_without(context: &Context<'_>, offer: &Offer) -> bool {
    gates::stage::is_in_control(context.seed, &offer.id, context.customer, offer.control)
}

fn candidate(case: &Case<'_>, fate: Fate, worth: Option<&Worth>) -> Candidate {
    let (context, offer) = (case.context, case.offer);
    Candidate {
        offer: offer.id.clone(),
        intent: fate.intent,
        terms: worth.map(|worth| worth.terms),
        belief: worth.map(|worth| worth.belief),
        logit: worth.map(|worth| worth.logit),
        money: worth.map(|worth| [worth.arm.scale, worth.arm.shift]),
        discount: worth.map_or(offer.discount, |worth| worth.discount),
        also: fate.refused.as_ref().and_then(|first| gates::ask_on(first, case)),
        refused: fate.refused,
        propensity: Probability::clamped(fate.share),
        control: worth.is_some() && is_kept_without(context, offer),
    }
}
