//! The funnel: from the moment that made a decision due to the purchase. Its unit is one decision.

use std::collections::{BTreeMap, BTreeSet};

use model::delivery::DeliveryState;
use model::ids::DecisionId;
use model::outcome::{Outcome, OutcomeKind};
use serde::Serialize;
use utoipa::ToSchema;

use crate::store::DecisionFact;

/// The code under which a decision for the holdout is silent.
const HOLDOUT: &str = "holdout";

/// How many decisions came how far. Each step from `sent` to `redeemed` is a part of the one before; `dismissed` and
/// `purchased` are branches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Funnel {
    /// Moments that made a decision due.
    pub moments: u64,
    /// An offer was chosen, the held ones included.
    pub decided: u64,
    /// Chosen, and held back so that lift can be measured.
    pub held: u64,
    /// A channel took it.
    pub sent: u64,
    /// A device showed it.
    pub delivered: u64,
    /// The customer opened it.
    pub opened: u64,
    /// The customer put it away.
    pub dismissed: u64,
    /// The customer went to the product after opening.
    pub visited: u64,
    /// The customer used it.
    pub redeemed: u64,
    /// The customer bought the product, by whatever way.
    pub purchased: u64,
}

/// How often nothing was said for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Silence {
    /// The reason's code.
    pub code: String,
    /// How often.
    pub count: u64,
}

/// Counts the steps. A later step proves the earlier ones: what was opened was shown, also when the word of it was lost.
pub(super) fn count(decisions: &[DecisionFact], outcomes: &[Outcome]) -> Funnel {
    let mut became: BTreeMap<DecisionId, BTreeSet<OutcomeKind>> = BTreeMap::new();
    for outcome in outcomes {
        became.entry(outcome.decision).or_default().insert(outcome.kind);
    }
    let nothing = BTreeSet::new();
    let mut funnel = Funnel { moments: decisions.len() as u64, ..Funnel::default() };
    for decision in decisions {
        let kinds = became.get(&decision.id).unwrap_or(&nothing);
        add(&mut funnel, decision, &|kind| kinds.contains(&kind));
    }
    funnel
}

fn add(funnel: &mut Funnel, decision: &DecisionFact, became: &dyn Fn(OutcomeKind) -> bool) {
    let held = decision.code.as_deref() == Some(HOLDOUT) || (decision.holdout && decision.offer.is_some());
    let decided = decision.offer.is_some() || held;
    funnel.decided += u64::from(decided);
    funnel.held += u64::from(held);
    if !decided || held {
        return;
    }
    let redeemed = became(OutcomeKind::Redeemed);
    let opened = redeemed || became(OutcomeKind::Opened);
    let dismissed = became(OutcomeKind::Dismissed);
    let delivered = opened || dismissed || became(OutcomeKind::Delivered);
    let sent = delivered || decision.delivery == Some(DeliveryState::Sent);
    let visited = redeemed || (opened && became(OutcomeKind::Visited));
    funnel.sent += u64::from(sent);
    funnel.delivered += u64::from(delivered);
    funnel.opened += u64::from(opened);
    funnel.dismissed += u64::from(dismissed);
    funnel.visited += u64::from(visited);
    funnel.redeemed += u64::from(redeemed);
    funnel.purchased += u64::from(sent && became(OutcomeKind::Purchased));
}

/// The reasons for silence, most often first, then by name.
pub(super) fn silences(decisions: &[DecisionFact]) -> Vec<Silence> {
    let mut codes: BTreeMap<&str, u64> = BTreeMap::new();
    for code in decisions.iter().filter_map(|decision| decision.code.as_deref()) {
        *codes.entry(code).or_default() += 1;
    }
    let mut silences: Vec<_> = codes.into_iter().map(|(code, count)| Silence { code: code.into(), count }).collect();
    silences.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.code.cmp(&b.code)));
    silences
}
