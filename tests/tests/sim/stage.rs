//! The stage: everything between the air and the core, and a plain stand-in for the server's task around the core.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use engine::core::{Command, Core, CoreConfig, Input, PlanFiles};
use engine::log::{self, Entry};
use firmware_sim::person::Person;
use firmware_sim::scenario::{DEMO, Scenario};
use firmware_sim::shopper::Act;
use firmware_sim::truth::PersonId;
use firmware_sim::world::{Happening, World};
use model::consent::{Consent, ConsentRecord};
use model::decision::{Decision, Trigger};
use model::delivery::{Delivery, DeliveryState};
use model::event::{Event, EventKind, Interest, OrderLine};
use model::ids::{CustomerId, DeviceId, MessageId, OfferId, StoreId, ZoneId};
use model::outcome::{Outcome, OutcomeKind};
use model::position::Position;
use model::presence::{Presence, PresenceKind};
use model::shop::Shop;
use model::subject::Subject;
use model::time::{Millis, Timestamp};
use model::units::Probability;
use model::zone::ZoneKind;
use tests::edge::{Arrived, Edge};

/// The core's own seed: the world's seed must not decide what the core draws.
pub(crate) const CORE_SEED: u64 = 1;
/// Wednesday 11 March 2026, 11:00 in Rome.
const START: Timestamp = Timestamp(1_773_223_200_000);
/// How far the stage goes in one stride.
const STRIDE: Millis = Millis(100);
/// From the decision to the phone.
const PUSH_TAKES: Millis = Millis(300);
/// Units of a budget leased at once.
const LEASE: u64 = 10;

pub(crate) struct Stage {
    world: World,
    edge: Edge,
    core: Core,
    log: Vec<Entry>,
    commands: Vec<Command>,
    on_their_way: VecDeque<(Timestamp, Delivery)>,
    budgets: BTreeMap<OfferId, u64>,
    messages: u64,
    reactions: Vec<OutcomeKind>,
    withdrawn: Option<(CustomerId, Timestamp)>,
    score: Score,
    /// Deliveries, and whether the customer truly was in the zone then or within the seconds before.
    delivered: Vec<(Delivery, bool)>,
}

/// How right the core was against ground truth.
#[derive(Debug, Clone, Default)]
pub(crate) struct Score {
    /// Positions of people who truly were in a zone.
    pub(crate) samples: usize,
    /// Of these, with that zone as the likeliest.
    right: usize,
    /// Stays in zones told as begun.
    pub(crate) stays: usize,
    /// Of these, of people who truly were there then or in the seconds before.
    true_stays: usize,
}

impl Score {
    /// Share of positions with the right zone.
    pub(crate) fn zone_share(&self) -> f64 {
        self.right as f64 / self.samples as f64
    }

    /// Share of stays that are true.
    pub(crate) fn stay_share(&self) -> f64 {
        self.true_stays as f64 / self.stays as f64
    }
}

pub(crate) fn device_of(person: PersonId) -> DeviceId {
    DeviceId(0xde00_0000 + person.0 as u128)
}

pub(crate) fn customer_of(person: PersonId) -> CustomerId {
    CustomerId::new(&format!("customer-{}", person.0)).expect("a reference")
}

fn person_behind(device: DeviceId) -> PersonId {
    PersonId(usize::try_from(device.0 - 0xde00_0000).expect("a small number"))
}

fn store() -> StoreId {
    StoreId::new("demo").expect("a slug")
}

impl Stage {
    /// A run over a span of virtual time.
    pub(crate) fn played(seed: u64, span: Millis) -> Self {
        let mut stage = Self::new(seed);
        let end = START + span;
        let mut now = START;
        while now < end {
            now = now + STRIDE;
            stage.stride(now);
        }
        stage
    }

    fn new(seed: u64) -> Self {
        let scenario = Scenario::demo().expect("the demo can be read");
        let plan = PlanFiles::parse(DEMO.shop, DEMO.floor).expect("the demo shop can be read");
        let budgets = plan.shop().offers.iter().filter_map(|o| Some((o.id.clone(), o.budget?))).collect();
        let mut stage = Self {
            edge: Edge::new(&scenario, "count", || [7; 32], START),
            world: World::new(scenario, seed, START),
            core: Core::new(CoreConfig { seed: CORE_SEED }),
            log: Vec::new(),
            commands: Vec::new(),
            on_their_way: VecDeque::new(),
            budgets,
            messages: 0,
            reactions: Vec::new(),
            withdrawn: None,
            score: Score::default(),
            delivered: Vec::new(),
        };
        stage.input(Input::Plan(plan), START);
        for person in stage.world.people().to_vec() {
            stage.register(&person);
        }
        stage.refresh_keys();
        stage
    }

    /// What the server does when an app says what its user allows.
    fn register(&mut self, person: &Person) {
        if !person.kind.has_app() || !person.consent.any() {
            return;
        }
        let customer = customer_of(person.id);
        self.input(Input::Load { customer: customer.clone(), state: None }, START);
        let record = record(person.consent, START);
        self.input(Input::Consent { customer: customer.clone(), record }, START);
        if person.consent.locating {
            self.input(Input::Link { device: device_of(person.id), customer }, START);
        }
    }

    /// Tells the box's door whom it may know by name: the keys of those who allow to be located.
    fn refresh_keys(&mut self) {
        let located = self.world.people().iter().filter(|p| p.kind.has_app() && p.consent.locating);
        let keys: Vec<_> = located.map(|person| (device_of(person.id), person.air)).collect();
        self.edge.know(keys);
    }

    fn stride(&mut self, now: Timestamp) {
        for happening in self.world.step(now) {
            if let Happening::Acted { person, act, .. } = &happening {
                self.act(*person, act, now);
            }
            self.edge.notice(&happening);
        }
        for arrived in self.edge.tick(now) {
            match arrived {
                Arrived::Sighting { subject, sighting } => {
                    self.input(Input::Sighting { store: store(), subject, sighting }, now);
                }
                Arrived::Reading(reading) => self.input(Input::Reading { store: store(), reading }, now),
            }
        }
        self.push(now);
        if self.core.poll_timeout().is_some_and(|at| at <= now) {
            self.input(Input::Wake, now);
        }
    }

    /// What the app or the till tells the server.
    fn act(&mut self, person: PersonId, act: &Act, now: Timestamp) {
        let customer = customer_of(person);
        match act {
            Act::Viewed(product) => {
                let product = Some(product.clone());
                self.event(
                    customer,
                    EventKind::Interest {
                        interest: Interest::Viewed,
                        product,
                        category: None,
                        probability: Probability::ONE,
                    },
                    now,
                );
            }
            Act::Purchased(products) => {
                let line = |product: &_| OrderLine { product: Clone::clone(product), quantity: 1, price: None };
                let lines = products.iter().map(line).collect();
                self.event(customer, EventKind::Purchased { order: None, lines }, now);
            }
            Act::Opened(decision) => self.react(customer, *decision, OutcomeKind::Opened, now),
            Act::Dismissed(decision) => self.react(customer, *decision, OutcomeKind::Dismissed, now),
            Act::Redeemed(decision) => self.react(customer, *decision, OutcomeKind::Redeemed, now),
            Act::Withdrew => self.withdraw(person, now),
        }
    }

    fn event(&mut self, customer: CustomerId, what: EventKind, now: Timestamp) {
        // What people without any consent do never reaches the core: the server keeps nothing of them.
        if !self.core.knows(&customer) {
            return;
        }
        self.messages += 1;
        let id = MessageId::new(&format!("message-{}", self.messages)).expect("a reference");
        self.input(Input::Event { customer, event: Event { id, at: now, what } }, now);
    }

    fn react(&mut self, customer: CustomerId, decision: model::ids::DecisionId, kind: OutcomeKind, now: Timestamp) {
        // The server refuses the token of who withdrew everything.
        if !self.core.knows(&customer) {
            return;
        }
        self.reactions.push(kind);
        self.input(Input::Outcome { customer, outcome: Outcome { decision, kind, at: now } }, now);
    }

    fn withdraw(&mut self, person: PersonId, now: Timestamp) {
        let customer = customer_of(person);
        let record = record(Consent::default(), now);
        self.input(Input::Consent { customer: customer.clone(), record }, now);
        self.input(Input::Unlink { device: device_of(person) }, now);
        self.input(Input::Forget { customer: customer.clone() }, now);
        self.on_their_way.retain(|(_, delivery)| delivery.customer != customer);
        self.withdrawn = Some((customer, now));
        self.refresh_keys();
    }

    /// Delivers what is due.
    fn push(&mut self, now: Timestamp) {
        while let Some((_, delivery)) = self.on_their_way.pop_front_if(|(due, _)| *due <= now) {
            let person = self.person_of(&delivery.customer).id;
            let (customer, decision) = (delivery.customer, delivery.decision);
            self.input(Input::Delivery { customer: customer.clone(), decision, state: DeliveryState::Sent }, now);
            self.react(customer, decision, OutcomeKind::Delivered, now);
            self.world.told(person, decision, &delivery.offer);
        }
    }

    /// Hands one input to the core, writes it down, and does what the core wants.
    fn input(&mut self, input: Input, now: Timestamp) {
        assert_eq!(self.core.needs(&input), None, "loaded before: {input:?}");
        self.log.push(Entry { now, input: input.clone() });
        self.core.handle(input, now);
        let mut leases = Vec::new();
        while let Some(command) = self.core.poll_command() {
            match &command {
                Command::Deliver(delivery) => {
                    self.on_their_way.push_back((now + PUSH_TAKES, delivery.clone()));
                    let person = self.person_of(&delivery.customer).id;
                    let near = self.was_in(person, &delivery.zone, now);
                    self.delivered.push((delivery.clone(), near));
                }
                Command::Cancel { decision, .. } => {
                    self.on_their_way.retain(|(_, delivery)| delivery.decision != *decision);
                }
                Command::NeedLease { offer, .. } => leases.push(offer.clone()),
                Command::Position { position, .. } => self.judge_position(position),
                Command::Presence(presence) => self.judge_stay(presence),
                Command::Visit(_)
                | Command::Reading { .. }
                | Command::Quiet { .. }
                | Command::Attribution { .. }
                | Command::Occupancy { .. }
                | Command::Decided(_)
                | Command::Outcome { .. }
                | Command::Bought { .. }
                | Command::Stopped { .. }
                | Command::Alarm { .. } => {}
            }
            self.commands.push(command);
        }
        for offer in leases {
            let left = self.budgets.get_mut(&offer).expect("only what has a budget is leased");
            let units = LEASE.min(*left);
            *left -= units;
            self.input(Input::Lease { offer, store: store(), units, used: None }, now);
        }
    }

    /// Compares a position with where the person truly was.
    fn judge_position(&mut self, position: &Position) {
        let Subject::Device(device) = position.subject else { return };
        let Some(truth) = self.world.truth().zone(person_behind(device), position.at) else { return };
        self.score.samples += 1;
        self.score.right += usize::from(position.zones.first().is_some_and(|(zone, _)| zone == truth));
    }

    /// Compares the beginning of a stay with where the person truly was.
    fn judge_stay(&mut self, presence: &Presence) {
        let (Subject::Device(device), PresenceKind::Entered) = (&presence.subject, presence.kind) else { return };
        self.score.stays += 1;
        self.score.true_stays += usize::from(self.was_in(person_behind(*device), &presence.zone, presence.at));
    }

    /// Whether somebody truly was in a zone at a time or in the 5 s before, as evidence takes its time.
    fn was_in(&self, person: PersonId, zone: &ZoneId, at: Timestamp) -> bool {
        (0..=50).any(|tenths| self.world.truth().zone(person, at - Millis(tenths * 100)) == Some(zone))
    }

    pub(crate) fn inputs(&self) -> String {
        log::write(&self.log)
    }

    pub(crate) fn effects(&self) -> String {
        log::write_commands(&self.commands)
    }

    pub(crate) fn commands(&self) -> impl Iterator<Item = &Command> {
        self.commands.iter()
    }

    pub(crate) fn decisions(&self) -> impl Iterator<Item = &Decision> {
        self.commands.iter().filter_map(|c| if let Command::Decided(decision) = c { Some(decision) } else { None })
    }

    pub(crate) fn deliveries(&self) -> Vec<&Delivery> {
        self.delivered.iter().map(|(delivery, _)| delivery).collect()
    }

    pub(crate) fn was_near(&self, delivery: &Delivery) -> bool {
        self.delivered.iter().any(|(known, near)| known.id == delivery.id && *near)
    }

    /// The moment that a delivery was decided at.
    pub(crate) fn trigger(&self, delivery: &Delivery) -> Option<Trigger> {
        self.decisions().find(|decision| decision.id == delivery.decision).map(|decision| decision.moment.trigger)
    }

    /// Whether the customer truly has stayed in the zone for so long then, and is there or left it in the 5 s before.
    pub(crate) fn truly_dwelt(&self, delivery: &Delivery, least: Millis) -> bool {
        let (person, at) = (self.person_of(&delivery.customer).id, delivery.decided_at);
        let stay = self.world.truth().entered_zone(person, &delivery.zone, at);
        stay.is_some_and(|stay| {
            let until = stay.span.to.unwrap_or(at).min(at);
            at.since(until) <= Millis::seconds(5) && until.since(stay.span.from) >= least
        })
    }

    /// The kind of zone that somebody truly was in.
    pub(crate) fn true_kind(&self, customer: &CustomerId, at: Timestamp) -> Option<ZoneKind> {
        let zone = self.world.truth().zone(self.person_of(customer).id, at)?;
        self.plan().zone(zone).map(|zone| zone.kind)
    }

    pub(crate) fn reactions(&self) -> impl Iterator<Item = OutcomeKind> {
        self.reactions.iter().copied()
    }

    pub(crate) fn withdrawn(&self) -> Option<(CustomerId, Timestamp)> {
        self.withdrawn.clone()
    }

    pub(crate) fn core_knows(&self, customer: &CustomerId) -> bool {
        self.core.knows(customer)
    }

    pub(crate) fn score(&self) -> &Score {
        &self.score
    }

    pub(crate) fn people(&self) -> &[Person] {
        self.world.people()
    }

    pub(crate) fn person_of(&self, customer: &CustomerId) -> &Person {
        let found = self.world.people().iter().find(|person| customer_of(person.id) == *customer);
        found.expect("customers are people")
    }

    pub(crate) fn plan(&self) -> Arc<Shop> {
        Arc::new(self.world.scenario().shop.clone())
    }
}

fn record(consent: Consent, at: Timestamp) -> ConsentRecord {
    ConsentRecord { consent, at, text_version: "1".into(), channel: "app".into() }
}
