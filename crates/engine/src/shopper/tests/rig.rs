//! One customer's machine with a till for budgets beside it, and a plain model of the limits to check it against.

use std::collections::BTreeMap;

use decide::catalogue::Catalogue;
use decide::gates::holdout::is_held_out;
use model::event::{Interest, OrderLine};
use model::outcome::OutcomeKind;
use model::presence::PresenceKind;
use model::units::Probability;
use proptest::prelude::*;

use super::Op;
use crate::fixture::{NOON, ada, message, plan, presence, product, record};
use crate::pack::Names;
use crate::shopper::*;

const BUDGET: u32 = 3;

pub(super) struct Rig {
    shopper: Shopper,
    plan: Arc<Catalogue>,
    commands: Vec<Command>,
    pool: u32,
    /// Whether the till answers.
    pub(super) answers: bool,
    now: Timestamp,
    count: usize,
    /// The model: every offer made and not taken back, since the last withdrawal.
    told: Vec<Delivery>,
    sent: BTreeMap<DecisionId, DeliveryState>,
}

impl Rig {
    pub(super) fn new(holdout: f64) -> Self {
        let plan = Arc::new(Catalogue::new(plan(holdout)));
        let mut rig = Self {
            shopper: Shopper::new(Config { customer: ada() }, 7),
            plan,
            commands: Vec::new(),
            pool: BUDGET,
            answers: true,
            now: NOON,
            count: 0,
            told: Vec::new(),
            sent: BTreeMap::new(),
        };
        rig.shopper.handle(Input::Policy(Arc::clone(&rig.plan)), NOON);
        rig
    }

    pub(super) fn reseed(&mut self, seed: u64) {
        self.shopper.seed = seed;
    }

    /// Takes a seed by which the customer is in the holdout.
    pub(super) fn hold_out(&mut self) {
        let seed = (0..100).find(|seed| is_held_out(*seed, &ada(), self.plan.store.holdout));
        self.shopper.seed = seed.expect("half of the seeds hold her out");
    }

    pub(super) fn restart(&mut self) {
        let text = serde_json::to_string(&self.shopper.snapshot()).expect("a state is JSON");
        let mut fresh = Shopper::new(Config { customer: ada() }, self.shopper.seed);
        fresh.restore(serde_json::from_str(&text).expect("and reads back"));
        fresh.handle(Input::Policy(Arc::clone(&self.plan)), self.now);
        self.shopper = fresh;
    }

    /// Lies down between two inputs and gets up again.
    pub(super) fn rest(&mut self) {
        self.shopper.take_changed();
        let mut names = Names::default();
        self.plan.offers.iter().for_each(|offer| names.add(offer.id.as_str()));
        let resting = Resting::new(&self.shopper, &names).expect("nothing is left to do");
        self.shopper = resting.wake(&ada(), self.shopper.seed, &names);
    }

    pub(super) fn input(&mut self, input: Input, now: Timestamp) {
        self.now = now;
        self.shopper.handle(input, now);
        self.drain();
    }

    pub(super) fn wake(&mut self, now: Timestamp) {
        self.now = now;
        self.shopper.handle_timeout(now);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(command) = self.shopper.poll_command() {
            match &command {
                Command::Reserve { offer, .. } if self.answers => {
                    let granted = self.pool > 0;
                    self.pool -= u32::from(granted);
                    self.shopper.handle(Input::Budget { offer: offer.clone(), granted }, self.now);
                }
                Command::Release { .. } => self.pool += 1,
                Command::Deliver(delivery) => {
                    self.told.push(delivery.clone());
                    self.sent.insert(delivery.decision, DeliveryState::Pending);
                }
                Command::Outcome(Outcome { decision, kind: OutcomeKind::Expired, .. }) => {
                    if self.sent.get(decision) != Some(&DeliveryState::Sent) {
                        self.told.retain(|told| told.decision != *decision);
                    }
                }
                Command::Reserve { .. }
                | Command::Spent { .. }
                | Command::Decided(_)
                | Command::Outcome(_)
                | Command::Teach(_)
                | Command::Bought(_)
                | Command::Converted { .. }
                | Command::Cancel(_) => {}
            }
            self.commands.push(command);
        }
    }

    pub(super) fn event(&mut self, id: &str, what: EventKind, at: Timestamp) {
        self.input(Input::Event(Event { id: message(id), at, what }), at);
    }

    pub(super) fn interest(&mut self, id: &str, interest: Interest, of: &str, at: Timestamp) {
        self.event(
            id,
            EventKind::Interest { interest, product: Some(product(of)), category: None, probability: Probability::ONE },
            at,
        );
    }

    pub(super) fn buy(&mut self, order: &str, of: &str, at: Timestamp) {
        let lines = vec![OrderLine { product: product(of), quantity: 1, price: None }];
        self.event(order, EventKind::Purchased { order: Some(order.to_owned()), lines }, at);
    }

    /// A delivery report about the last offer.
    pub(super) fn report(&mut self, state: DeliveryState, now: Timestamp) {
        let Some(decision) = self.delivered().last().map(|delivery| delivery.decision) else { return };
        self.wake(now);
        let known = self.sent.get(&decision).copied();
        let final_word = matches!(state, DeliveryState::Failed | DeliveryState::Withheld | DeliveryState::Expired);
        if known != Some(DeliveryState::Sent) {
            self.sent.insert(decision, state);
            if final_word {
                self.told.retain(|told| told.decision != decision);
            }
        }
        self.input(Input::Delivery { decision, state }, now);
    }

    pub(super) fn play(&mut self, ops: &[Op]) {
        for op in ops {
            self.count += 1;
            let (now, id) = (self.now, format!("m{}", self.count));
            match op {
                Op::Pass(seconds) => self.wake(now + Millis::seconds(*seconds)),
                Op::Presence { zone, kind, ago, device } => {
                    let since = now - Millis::seconds(*ago);
                    let mut told = presence(zone, *kind, since, now);
                    told.subject = model::subject::Subject::Device(DeviceId(*device));
                    told.visit = model::ids::VisitId(*device);
                    self.input(Input::Presence(told.clone()), now);
                    self.input(Input::Presence(told), now);
                }
                Op::Interest(interest, of) => self.interest(&id, *interest, of, now),
                Op::Buy(of) => self.buy(&id, of, now),
                Op::GiveBack(of) => {
                    let lines = vec![OrderLine { product: product(of), quantity: 1, price: None }];
                    self.event(&id, EventKind::Returned { order: None, lines }, now);
                }
                Op::Consent(consent) => {
                    if !consent.profiling {
                        self.told.clear();
                    }
                    self.input(Input::Consent(record(*consent, now)), now);
                }
                Op::Report(state) => self.report(*state, now),
                Op::React(kind) => {
                    let last = self.delivered().last().map(|delivery| delivery.decision);
                    if let Some(decision) = last.filter(|_| self.shopper.state().consent().profiling) {
                        if self.told.iter().any(|told| told.decision == decision) {
                            self.sent.insert(decision, DeliveryState::Sent);
                        }
                        self.input(Input::Outcome(Outcome { decision, kind: *kind, at: now }), now);
                    }
                }
                Op::Gone(device) => self.input(Input::Gone(DeviceId(*device)), now),
            }
        }
    }

    /// Checks the model's offers against the plan's limits, in every window.
    pub(super) fn check_limits(&self) -> Result<(), TestCaseError> {
        let hours = |from: &Delivery, to: &Delivery| to.decided_at.since(from.decided_at);
        for (n, last) in self.told.iter().enumerate() {
            let before = &self.told[..=n];
            let within = |window: Millis| before.iter().filter(move |told| hours(told, last) < window);
            let store = &self.plan.store;
            let all = within(Millis::hours(i64::from(store.cap.hours))).count();
            prop_assert!(all <= store.cap.times as usize, "{} in all", all);
            let cap = self.plan.offer(&last.offer).expect("it is on the plan").cap;
            let same = within(Millis::hours(i64::from(cap.hours))).filter(|told| told.offer == last.offer).count();
            prop_assert!(same <= cap.times as usize, "{} of {}", same, last.offer);
            if let Some(previous) = n.checked_sub(1).map(|n| &self.told[n]) {
                prop_assert!(hours(previous, last) >= Millis::seconds(i64::from(store.pause_s)));
            }
        }
        let budgeted = self.told.iter().filter(|told| told.offer.as_str() == "barolo-3").count();
        prop_assert!(budgeted <= BUDGET as usize, "{} of the budget", budgeted);
        prop_assert!(self.pool <= BUDGET, "more given back than taken");
        Ok(())
    }

    pub(super) fn shopper(&self) -> &Shopper {
        &self.shopper
    }

    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    pub(super) fn pool(&self) -> u32 {
        self.pool
    }

    pub(super) fn all(&self) -> &[Command] {
        &self.commands
    }

    pub(super) fn decided(&self) -> Vec<Decision> {
        let decided = |command: &Command| if let Command::Decided(d) = command { Some(d.clone()) } else { None };
        self.commands.iter().filter_map(decided).collect()
    }

    pub(super) fn delivered(&self) -> Vec<Delivery> {
        let delivered = |command: &Command| if let Command::Deliver(d) = command { Some(d.clone()) } else { None };
        self.commands.iter().filter_map(delivered).collect()
    }

    pub(super) fn outcomes(&self) -> Vec<(OutcomeKind, Timestamp)> {
        let found = |command: &Command| if let Command::Outcome(o) = command { Some((o.kind, o.at)) } else { None };
        self.commands.iter().filter_map(found).collect()
    }
}

/// Presence kinds, for the generator.
pub(super) const KINDS: [PresenceKind; 3] = [PresenceKind::Entered, PresenceKind::Dwelling, PresenceKind::Left];
