//! Moments: from presence and intent to a decision, at most one for each.

use std::collections::BTreeSet;
use std::sync::Arc;

use decide::catalogue::Catalogue;
use decide::evaluate::{self, Context};
use decide::keyed;
use model::decision::{Choice, Decision, Moment, Trigger};
use model::delivery::{Delivery, DeliveryState};
use model::event::Interest;
use model::ids::{CategoryId, DecisionId, DeliveryId, DeviceId, MessageId, OfferId, ProductId};
use model::offer::{Channel, Offer, Stage};
use model::presence::{Presence, PresenceKind};
use model::subject::Subject;
use model::time::{Millis, Timestamp};
use model::units::Cents;
use model::zone::ZoneKind;

use super::lesson::Lesson;
use super::patterns::declares;
use super::state::{Open, Pending, Stay, VISITS_MAX, decision_id, note};
use super::{Command, FRESH, Lent, OPEN_MAX, PROMPT, Shopper};

/// Whoever is there already with another device has not come again, if that entered a zone no longer ago than this: a device
/// of which no farewell came is not there for ever.
pub(super) const ACCOMPANIES: Millis = Millis(4 * 3_600_000);

impl Shopper {
    pub(super) fn presence(&mut self, presence: &Presence, now: Timestamp) {
        let consent = self.state.consent;
        let Subject::Device(device) = presence.subject else { return };
        if !consent.locating || !consent.profiling || self.is_private(presence) {
            return;
        }
        self.changed = true;
        self.take_presence(presence, device, now);
        self.mark_presence(presence, now);
    }

    fn take_presence(&mut self, presence: &Presence, device: DeviceId, now: Timestamp) {
        match presence.kind {
            PresenceKind::Entered => self.came(presence, device, Trigger::Entered, now),
            PresenceKind::Dwelling => self.came(presence, device, Trigger::Dwelling, now),
            PresenceKind::Left => {
                self.find_visits(presence.at.min(now));
                self.note_wait(presence, device);
                let visit = presence.visit;
                self.state.leave(device, |stay| {
                    stay.store == presence.store
                        && stay.zone == presence.zone
                        && stay.devices.contains(&(device, visit))
                        && stay.since <= presence.at
                });
            }
        }
    }

    fn came(&mut self, presence: &Presence, device: DeviceId, trigger: Trigger, now: Timestamp) {
        let moment = Moment {
            store: presence.store.clone(),
            visit: presence.visit,
            zone: presence.zone.clone(),
            trigger,
            at: presence.at,
            dwell: presence.dwell(),
            probability: presence.probability,
            pattern: None,
            channel: Channel::Push,
            placement: None,
            around: self.state.around_at(&presence.store, &presence.zone),
        };
        let id = decision_id(self.seed, &self.customer, &moment, &presence.since.0.to_be_bytes());
        if !self.state.note_moment(id) {
            return;
        }
        // A visit that has begun anew without a farewell ends what was left of the old one.
        self.state.leave(device, |stay| {
            stay.store == presence.store && stay.devices.iter().any(|(d, v)| *d == device && *v != presence.visit)
        });
        let fresh = is_fresh(presence.at, now);
        let already_there = self.state.stays.iter().any(|s| s.store == presence.store && s.zone == presence.zone);
        let is_new = note(&mut self.state.visits, presence.visit, VISITS_MAX);
        if is_new && !self.state.is_there_since(&presence.store, presence.at - ACCOMPANIES) {
            self.state.person.visit();
        }
        // Who declares moments of their own has these two only if they are among them.
        let usual = self.policies.get(&presence.store).is_none_or(|plan| !declares(plan));
        let stay = self.state.enter(presence, device);
        stay.live |= fresh;
        let news = match trigger {
            Trigger::Dwelling => !std::mem::replace(&mut stay.dwelled, true),
            Trigger::Entered | Trigger::Intent | Trigger::Pattern | Trigger::Asked => !already_there,
        };
        if fresh && news && usual {
            if now.since(moment.at) > PROMPT { self.hold(id, moment, now) } else { self.decide(id, moment, now) }
        }
    }

    /// Keeps a moment that was told late until what is behind it has been told too. The newest takes the place of an older one.
    fn hold(&mut self, id: DecisionId, moment: Moment, now: Timestamp) {
        if self.state.pending.as_ref().is_none_or(Pending::is_held) {
            self.state.pending = Some(Pending::held(id, moment, now));
        }
    }

    /// Who leaves a till has waited there since they came to it.
    fn note_wait(&mut self, presence: &Presence, device: DeviceId) {
        let kind = self.policies.get(&presence.store).and_then(|plan| plan.kind_of(&presence.zone));
        let there = |stay: &&Stay| {
            let same = stay.store == presence.store && stay.zone == presence.zone && stay.since <= presence.at;
            same && stay.devices.contains(&(device, presence.visit))
        };
        if kind != Some(ZoneKind::Checkout) {
            return;
        }
        if let Some(since) = self.state.stays.iter().find(there).map(|stay| stay.since) {
            self.state.person.waits(since, presence.at);
        }
    }

    pub(super) fn gone(&mut self, device: DeviceId) {
        self.state.leave(device, |_| true);
        self.changed = true;
    }

    /// Intent while the customer is there makes a moment: where the product may be offered, or else where they came last.
    pub(super) fn intent_came(
        &mut self,
        message: &MessageId,
        interest: Interest,
        product: Option<&ProductId>,
        category: Option<&CategoryId>,
        at: Timestamp,
        now: Timestamp,
    ) {
        if matches!(interest, Interest::Removed | Interest::PutBack) || !is_fresh(at, now) {
            return;
        }
        let about = |offer: &Offer| {
            (product.is_some() && offer.product.as_ref() == product)
                || (category.is_some() && offer.category.as_ref() == category)
        };
        let fits = |stay: &Stay| {
            let plan = self.policies.get(&stay.store);
            plan.is_some_and(|p| p.offers.iter().any(|o| about(o) && p.offer_zones(o).contains(&stay.zone)))
        };
        let live = self.state.stays.iter().filter(|stay| stay.live);
        let around = |stay: &Stay| self.state.around_at(&stay.store, &stay.zone);
        let stay = live.max_by_key(|stay| (fits(stay), stay.since));
        let Some(moment) = stay.and_then(|stay| stay.moment(around(stay), now)) else {
            return;
        };
        let id = decision_id(self.seed, &self.customer, &moment, message.as_str().as_bytes());
        if self.state.note_moment(id) {
            self.decide(id, moment, now);
        }
    }

    /// Private zones count people and nothing else; a zone that is not on the plan is treated alike.
    fn is_private(&self, presence: &Presence) -> bool {
        let zone = self.policies.get(&presence.store).and_then(|plan| plan.zone(&presence.zone));
        zone.is_none_or(|zone| zone.kind == ZoneKind::Private)
    }

    /// Reserves what the decision may need, and decides once all is answered.
    pub(super) fn decide(&mut self, id: DecisionId, moment: Moment, now: Timestamp) {
        // While one decision waits for its budgets another could only break a cap; its moment passes.
        if self.state.pending.as_ref().is_some_and(|pending| !pending.is_held()) {
            return;
        }
        let Some(plan) = self.policies.get(&moment.store).cloned() else { return };
        let needed = evaluate::budgets_needed(&self.context(&plan, id, &moment, &BTreeSet::new(), &self.lent, now));
        for (offer, kept) in &needed {
            let (store, offer) = (moment.store.clone(), offer.clone());
            self.commands.push_back(Command::Reserve { store, offer, kept: *kept });
        }
        let awaited = needed.into_keys().collect();
        self.state.pending = Some(Pending { id, moment, since: now, awaited, granted: BTreeSet::new() });
        self.finish_if_answered(now);
    }

    pub(super) fn budget(&mut self, offer: OfferId, granted: bool, now: Timestamp) {
        self.changed = true;
        let Some(pending) = &mut self.state.pending else { return };
        if !pending.awaited.remove(&offer) {
            return;
        }
        if granted {
            pending.granted.insert(offer);
        }
        self.finish_if_answered(now);
    }

    pub(super) fn stop_waiting(&mut self, now: Timestamp) {
        let Some(pending) = self.state.pending.take_if(|pending| now >= pending.due()) else { return };
        self.changed = true;
        if pending.is_held() {
            // Whoever has gone on meanwhile, by what was told since, is told nothing there.
            if is_fresh(pending.moment.at, now) && self.state.is_still_there(&pending.moment) {
                self.decide(pending.id, pending.moment, now);
            }
        } else {
            // A unit that is granted after this is never used: too few are spent then, never too many.
            self.state.pending = Some(Pending { awaited: BTreeSet::new(), ..pending });
            self.finish_if_answered(now);
        }
    }

    fn finish_if_answered(&mut self, now: Timestamp) {
        let Some(pending) = self.state.pending.take_if(|pending| pending.awaited.is_empty()) else { return };
        let Pending { id, moment, mut granted, .. } = pending;
        let store = moment.store.clone();
        if let Some(plan) = self.policies.get(&store).cloned() {
            let context = self.context(&plan, id, &moment, &granted, &self.lent, now);
            let decision = evaluate::evaluate(&context);
            let shadow = self.shadow(&plan, &context);
            self.carry_out(&plan, decision, &mut granted, now);
            if let Some(shadow) = shadow {
                self.carry_out(&plan, shadow, &mut BTreeSet::new(), now);
            }
        }
        for offer in granted {
            self.commands.push_back(Command::Release { store: store.clone(), offer });
        }
        self.changed = true;
    }

    pub(super) fn context<'a>(
        &'a self,
        plan: &'a Catalogue,
        id: DecisionId,
        moment: &Moment,
        granted: &'a BTreeSet<OfferId>,
        lent: &'a Lent,
        now: Timestamp,
    ) -> Context<'a> {
        Context {
            seed: self.seed,
            now,
            id,
            moment: moment.clone(),
            catalogue: plan,
            person: &self.state.person,
            policy: &plan.policy,
            brain: &lent.brain,
            levers: lent.levers(&plan.store.id),
            customer: &self.customer,
            consent: self.state.consent,
            intent: &self.state.intent,
            history: &self.state.history,
            granted,
        }
    }

    /// What the offers in shadow would have said. They keep their own caps among themselves, over the day that what they
    /// would have said is followed.
    fn shadow(&self, plan: &Catalogue, context: &Context<'_>) -> Option<Decision> {
        if !plan.offers.iter().any(|offer| offer.stage == Stage::Shadow) {
            return None;
        }
        let mut history = self.state.history.clone();
        for open in self.state.open.iter().filter(|open| open.shadow) {
            let (category, brand) = topic(plan, &open.offer);
            let (category, brand) = (category.cloned(), brand.map(str::to_owned));
            history.tell_about(open.decision, open.offer.clone(), category, brand, open.told_at);
        }
        evaluate::evaluate_shadow(&Context { history: &history, ..context.clone() })
    }

    fn carry_out(
        &mut self,
        plan: &Arc<Catalogue>,
        decision: Decision,
        granted: &mut BTreeSet<OfferId>,
        now: Timestamp,
    ) {
        let chosen = match &decision.choice {
            Choice::Offer { offer } => plan.offer(offer),
            Choice::Silence { .. } => None,
        };
        if let Some(offer) = chosen {
            let expires_at = now + Millis::seconds(i64::from(offer.lifetime_s));
            let (category, brand) = topic(plan, &offer.id);
            let (category, brand) = (category.cloned(), brand.map(str::to_owned));
            // What runs in shadow takes no live offer's place in any cap.
            if !decision.shadow {
                self.state.history.tell_about(decision.id, offer.id.clone(), category, brand, now);
            }
            let spent = !decision.is_ghost() && granted.remove(&offer.id);
            self.follow(open(plan, offer, &decision, spent, now, expires_at));
        }
        // Whoever asked shows the answer; everything else goes out by the outbox.
        let sent = !decision.is_ghost() && decision.moment.trigger != Trigger::Asked;
        let delivery = chosen.filter(|_| sent).map(|offer| self.delivery_of(plan, offer, &decision, now));
        self.commands.push_back(Command::Decided(decision));
        self.commands.extend(delivery.map(Command::Deliver));
    }

    fn delivery_of(&self, plan: &Catalogue, offer: &Offer, decision: &Decision, now: Timestamp) -> Delivery {
        Delivery {
            id: DeliveryId(keyed::id(self.seed, "delivery", &[&decision.id.0.to_be_bytes()])),
            decision: decision.id,
            customer: self.customer.clone(),
            store: decision.moment.store.clone(),
            offer: offer.id.clone(),
            zone: decision.moment.zone.clone(),
            content: offer.content.clone(),
            decided_at: now,
            expires_at: now + Millis::seconds(i64::from(offer.lifetime_s)),
            discount: discount_of(decision, offer),
            channel: decision.moment.channel,
            price: offer.product.as_ref().and_then(|product| plan.product(product)).map(|product| product.price),
        }
    }

    fn follow(&mut self, open: Open) {
        if self.state.open.len() >= OPEN_MAX {
            self.state.open.remove(0);
        }
        self.state.open.push(open);
    }
}

fn is_fresh(at: Timestamp, now: Timestamp) -> bool {
    now.since(at).0.abs() <= FRESH.0
}

/// The category and the brand of what an offer is about.
pub(super) fn topic<'p>(plan: &'p Catalogue, offer: &OfferId) -> (Option<&'p CategoryId>, Option<&'p str>) {
    let Some(index) = plan.index_of(offer) else { return (None, None) };
    (plan.category_of(index), plan.brand_of(index))
}

/// What the decision gave, within the bounds that the file approves.
fn discount_of(decision: &Decision, offer: &Offer) -> Cents {
    let candidate = decision.explanation.candidates.iter().find(|candidate| candidate.offer == offer.id);
    candidate.map_or(offer.discount, |candidate| candidate.discount)
}

fn open(
    plan: &Catalogue,
    offer: &Offer,
    decision: &Decision,
    budgeted: bool,
    now: Timestamp,
    expires_at: Timestamp,
) -> Open {
    let about = plan.products.iter().filter(|product| offer.is_about(product));
    let category = topic(plan, &offer.id).0.map(CategoryId::as_str);
    let (products, mut zones): (Vec<_>, Vec<_>) =
        about.map(|product| (product.id.clone(), product.zone.clone())).unzip();
    zones.sort();
    zones.dedup();
    Open {
        decision: decision.id,
        store: decision.moment.store.clone(),
        offer: offer.id.clone(),
        products,
        zones,
        told_at: now,
        expires_at,
        delivery: (!decision.is_ghost()).then_some(match decision.moment.trigger {
            Trigger::Asked => DeliveryState::Sent,
            Trigger::Entered | Trigger::Dwelling | Trigger::Intent | Trigger::Pattern => DeliveryState::Pending,
        }),
        budgeted,
        outcomes: BTreeSet::new(),
        // What a live offer may have brought about at the same moment says nothing of what happens anyway.
        lesson: (!decision.shadow).then(|| Lesson::of(decision, category, now, plan.policy.outcome_window_s)),
        epoch: decision.epoch,
        discount: discount_of(decision, offer),
        shadow: decision.shadow,
    }
}
