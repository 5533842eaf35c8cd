//! A shopper at work: comes in, walks to products, looks, takes, pays, leaves, and answers offers.

use std::collections::VecDeque;

use model::floor::Point;
use model::ids::{DecisionId, ProductId};
use model::time::{Millis, Timestamp};

use crate::chance::{Chance, Draws};
use crate::person::{Inclination, shuffle};
use crate::scenario::{Pair, Scenario, Spot};
use crate::walkways::Walkways;

/// What everybody shares.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) walkways: &'a Walkways,
}

/// What somebody does with the app, or at the till.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Looks a product up in the app.
    Viewed(ProductId),
    /// Pays for these.
    Purchased(Vec<ProductId>),
    /// Opens an offer.
    Opened(DecisionId),
    /// Puts an offer away.
    Dismissed(DecisionId),
    /// Uses an offer.
    Redeemed(DecisionId),
    /// Withdraws every consent.
    Withdrew,
}

/// What a shopper did in a step.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Did {
    Act(Act),
    Took(ProductId),
    PutBack(ProductId),
}

#[derive(Debug, Clone, PartialEq)]
struct Errand {
    product: ProductId,
    wanted: bool,
    offer: Option<DecisionId>,
}

#[derive(Debug, Clone, PartialEq)]
enum Then {
    Look(Errand),
    Pay,
    Out,
}

#[derive(Debug, Clone, PartialEq)]
enum State {
    Away { until: Timestamp },
    Walking { path: VecDeque<Point>, then: Then },
    Looking { until: Timestamp, errand: Errand },
    Paying { until: Timestamp },
}

#[derive(Debug, Clone, PartialEq)]
enum Plan {
    Say(Act),
    Go { decision: DecisionId, product: ProductId },
}

/// One shopper's state.
#[derive(Debug, Clone)]
pub(crate) struct Shopper {
    inclination: Inclination,
    chance: Chance,
    draws: Draws,
    visits: u64,
    told: u64,
    pub(crate) place: Point,
    pub(crate) heading: f64,
    state: State,
    errands: VecDeque<Errand>,
    basket: Vec<ProductId>,
    plans: Vec<(Timestamp, Plan)>,
}

impl Shopper {
    pub(crate) fn new(inclination: Inclination, scenario: &Scenario, chance: Chance, start: Timestamp) -> Self {
        let mut draws = chance.branch("arrival", 0).draws();
        let until = start + draws.millis(0.0, scenario.habits.arrive_within_s);
        Self {
            inclination,
            draws,
            chance,
            visits: 0,
            told: 0,
            place: scenario.outside,
            heading: std::f64::consts::FRAC_PI_2,
            state: State::Away { until },
            errands: VecDeque::new(),
            basket: Vec::new(),
            plans: Vec::new(),
        }
    }

    /// Whether the shopper is away: outside and out of reach of the radio.
    pub(crate) fn is_away(&self) -> bool {
        matches!(self.state, State::Away { .. })
    }

    /// Goes on for one tick that ends at `now`.
    pub(crate) fn step(&mut self, now: Timestamp, tick: Millis, around: Surroundings<'_>) -> Vec<Did> {
        let mut did = Vec::new();
        self.carry_out_plans(now, around, &mut did);
        let state = std::mem::replace(&mut self.state, State::Away { until: now });
        self.state = match state {
            State::Away { until } if now >= until => self.come_in(now, around),
            State::Walking { path, then } => self.walk(path, then, now, tick, around),
            State::Looking { until, errand } if now >= until => self.look_away(errand, now, around, &mut did),
            State::Paying { until } if now >= until => self.pay(around, &mut did),
            waiting @ (State::Away { .. } | State::Looking { .. } | State::Paying { .. }) => waiting,
        };
        did
    }

    /// Hears of an offer and makes up the mind about it.
    pub(crate) fn told(&mut self, decision: DecisionId, product: &ProductId, now: Timestamp) {
        self.told += 1;
        let mut draws = self.chance.branch("told", self.told).draws();
        let opens = draws.happens(self.inclination.opens);
        let dismisses = draws.happens(self.inclination.dismisses);
        let goes = draws.happens(self.inclination.goes);
        let at = now + draws.millis(2.0, 6.0);
        if opens {
            self.plans.push((at, Plan::Say(Act::Opened(decision))));
            if goes {
                self.plans.push((at + Millis(500), Plan::Go { decision, product: product.clone() }));
            }
        } else if dismisses {
            self.plans.push((at, Plan::Say(Act::Dismissed(decision))));
        }
    }

    fn carry_out_plans(&mut self, now: Timestamp, around: Surroundings<'_>, did: &mut Vec<Did>) {
        let (due, later) = std::mem::take(&mut self.plans).into_iter().partition(|(at, _)| *at <= now);
        self.plans = later;
        let mut due: Vec<(Timestamp, Plan)> = due;
        due.sort_by_key(|(at, _)| *at);
        for (_, plan) in due {
            match plan {
                Plan::Say(act) => did.push(Did::Act(act)),
                Plan::Go { decision, product } => self.go_for(decision, product, around),
            }
        }
    }

    /// Turns to the offered product, if the shopper is still on the way through the shop.
    fn go_for(&mut self, decision: DecisionId, product: ProductId, around: Surroundings<'_>) {
        match &mut self.state {
            State::Looking { errand, .. } if errand.product == product => {
                errand.offer = Some(decision);
                errand.wanted = true;
                return;
            }
            State::Looking { .. } | State::Walking { then: Then::Look(_), .. } => {}
            State::Away { .. } | State::Paying { .. } | State::Walking { then: Then::Pay | Then::Out, .. } => return,
        }
        self.errands.retain(|errand| errand.product != product);
        let errand = Errand { product, wanted: true, offer: Some(decision) };
        let State::Walking { then, .. } = &mut self.state else {
            self.errands.push_front(errand);
            return;
        };
        if let Then::Look(postponed) = std::mem::replace(then, Then::Out)
            && postponed.product != errand.product
        {
            self.errands.push_front(postponed);
        }
        self.state = self.head_for(errand, around);
    }

    fn come_in(&mut self, now: Timestamp, around: Surroundings<'_>) -> State {
        self.visits += 1;
        self.draws = self.chance.branch("visit", self.visits).draws();
        self.basket.clear();
        self.place = around.scenario.outside;
        self.choose_errands(now, around.scenario);
        let path = VecDeque::from([around.scenario.inside]);
        let first = self.errands.pop_front();
        let then = first.map_or(Then::Out, Then::Look);
        State::Walking { path, then }
    }

    fn choose_errands(&mut self, now: Timestamp, scenario: &Scenario) {
        let habits = &scenario.habits;
        let mut products: Vec<ProductId> = scenario.shop.products.iter().map(|p| p.id.clone()).collect();
        shuffle(&mut products, &mut self.draws);
        let wants = habits.wants[0] + self.draws.below(habits.wants[1] - habits.wants[0] + 1);
        let browses = habits.browses[0] + self.draws.below(habits.browses[1] - habits.browses[0] + 1);
        let mut errands = Vec::new();
        for (index, product) in products.into_iter().take(wants + browses).enumerate() {
            let wanted = index < wants;
            let looked_up_at = now + self.draws.millis(0.0, 25.0);
            if self.draws.happens(habits.looks_up) && wanted {
                self.plans.push((looked_up_at, Plan::Say(Act::Viewed(product.clone()))));
            }
            errands.push(Errand { product, wanted, offer: None });
        }
        shuffle(&mut errands, &mut self.draws);
        self.errands = errands.into();
    }

    fn walk(
        &mut self,
        mut path: VecDeque<Point>,
        then: Then,
        now: Timestamp,
        tick: Millis,
        around: Surroundings<'_>,
    ) -> State {
        let mut reach = self.inclination.speed * tick.as_seconds();
        while let Some(corner) = path.front().copied() {
            let distance = self.place.distance(corner);
            if distance > 1e-9 {
                self.heading = (corner.y - self.place.y).atan2(corner.x - self.place.x);
            }
            if distance > reach {
                self.place.x += (corner.x - self.place.x) * reach / distance;
                self.place.y += (corner.y - self.place.y) * reach / distance;
                return State::Walking { path, then };
            }
            self.place = corner;
            reach -= distance;
            path.pop_front();
        }
        self.arrive(then, now, around)
    }

    fn arrive(&mut self, then: Then, now: Timestamp, around: Surroundings<'_>) -> State {
        let habits = &around.scenario.habits;
        match then {
            // The first errand is reached in two legs: through the door, then along the aisles.
            Then::Look(errand) if self.place == around.scenario.inside => self.head_for(errand, around),
            Then::Look(errand) => {
                let until = now + self.draws.millis(habits.dwell_s[0], habits.dwell_s[1]);
                State::Looking { until, errand }
            }
            Then::Pay => State::Paying { until: now + self.draws.millis(habits.pay_s[0], habits.pay_s[1]) },
            Then::Out => State::Away { until: now + self.draws.millis(habits.away_s[0], habits.away_s[1]) },
        }
    }

    fn look_away(&mut self, errand: Errand, now: Timestamp, around: Surroundings<'_>, did: &mut Vec<Did>) -> State {
        let takes = self.draws.happens(around.scenario.habits.takes);
        let puts_back = self.draws.happens(around.scenario.habits.puts_back);
        let redeems = self.draws.happens(self.inclination.redeems);
        if let Some(decision) = errand.offer.filter(|_| redeems) {
            // Told of it, gone there, and used: the offer ends in the basket and is used at the shelf.
            did.push(Did::Act(Act::Redeemed(decision)));
            self.take(&errand.product, did);
        } else if errand.wanted && takes {
            self.take(&errand.product, did);
            if puts_back {
                self.basket.pop();
                did.push(Did::PutBack(errand.product));
            }
        }
        self.next(now, around)
    }

    fn take(&mut self, product: &ProductId, did: &mut Vec<Did>) {
        did.push(Did::Took(product.clone()));
        self.basket.push(product.clone());
    }

    fn next(&mut self, _now: Timestamp, around: Surroundings<'_>) -> State {
        if let Some(errand) = self.errands.pop_front() {
            return self.head_for(errand, around);
        }
        if self.basket.is_empty() { self.head_out(around) } else { self.head_to_pay(around) }
    }

    fn pay(&mut self, around: Surroundings<'_>, did: &mut Vec<Did>) -> State {
        did.push(Did::Act(Act::Purchased(std::mem::take(&mut self.basket))));
        self.head_out(around)
    }

    fn head_for(&mut self, errand: Errand, around: Surroundings<'_>) -> State {
        let (spot, aside) = match around.scenario.spot(&errand.product) {
            Some(Spot { at, spread: Some(spread), .. }) => (*at, self.beside(*at, *spread)),
            Some(Spot { at, spread: None, .. }) => {
                let (dx, dy) = (self.draws.normal(0.0, 0.3), self.draws.normal(0.0, 0.3));
                (*at, Point { x: at.x + dx, y: at.y + dy })
            }
            None => (self.place, self.place),
        };
        let target = if around.walkways.is_free(aside) { aside } else { spot };
        self.head_to(target, Then::Look(errand), around)
    }

    fn head_to_pay(&mut self, around: Surroundings<'_>) -> State {
        let till = around.scenario.till;
        let queue = match around.scenario.till_spread {
            [0.0, 0.0] => till,
            spread => self.beside(till, spread),
        };
        let target = if around.walkways.is_free(queue) { queue } else { till };
        self.head_to(target, Then::Pay, around)
    }

    /// Somewhere within a spread around a place.
    fn beside(&mut self, place: Point, [x, y]: Pair) -> Point {
        Point { x: place.x + self.draws.between(-x, x), y: place.y + self.draws.between(-y, y) }
    }

    fn head_out(&mut self, around: Surroundings<'_>) -> State {
        let mut path = around.walkways.path(self.place, around.scenario.inside).unwrap_or_default();
        path.push_back(around.scenario.outside);
        State::Walking { path, then: Then::Out }
    }

    fn head_to(&mut self, target: Point, then: Then, around: Surroundings<'_>) -> State {
        let path = around.walkways.path(self.place, target).unwrap_or_else(|| VecDeque::from([target]));
        State::Walking { path, then }
    }
}
