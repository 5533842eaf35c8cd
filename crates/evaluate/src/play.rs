//! Plays a track through the product's own path: the message that ESPresense would send, the wire's reader, the edge box's
//! window, the Shop machine, on the time of the recording.
//!
//! Each question is answered from exactly the frames up to its moment: a window that is open then is closed early.

use std::sync::Arc;

use engine::shop::{Config as Limits, Input, Shop};
use locate::calibrate::Calibration;
use locate::window::{Advert, WINDOW, Window};
use model::floor::Point;
use model::ids::StoreId;
use model::position::{Position, Spread};
use model::subject::Subject;
use model::survey::Survey;
use model::time::{Millis, Timestamp};
use model::units::Dbm;
use wire::ble::address::{Address, AddressKind};
use wire::ble::frame::Frame as OnAir;
use wire::ble::ibeacon::IBeacon;
use wire::vendor::{Heard, espresense};

use crate::names;
use crate::part::{Frame, Part, START, Track, moment};
use crate::set::Set;

/// The proximity UUID that every recorded device is taken to send.
const UUID: [u8; 16] = [0xa7; 16];
/// The address that every recorded device is taken to have: a static one.
const ADDRESS: Address = Address { bytes: [0xc0, 0xff, 0xee, 0, 0, 1], kind: AddressKind::Random };
/// The power at 1 m that every frame claims, in dBm.
const POWER: i8 = -59;
/// The mean time between two frames that the messages name, in milliseconds.
const INTERVAL_MS: u32 = 500;
/// The seed of every shop.
const SEED: u64 = 7;
/// Time between two tracks that a shop learns from.
const PAUSE: Millis = Millis::hours(1);
/// How often the traffic comes again.
const ROUNDS: usize = 6;
/// Most receivers that hear one device in a window.
const PAIRS_MAX: usize = 512;

/// How much the product knows beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Config {
    /// The plan.
    Plan,
    /// The plan, and what it learned from unlabelled frames.
    SelfTaught,
    /// The plan and labelled frames.
    Survey,
}

impl Config {
    /// All of them, the least first.
    pub const ALL: [Self; 3] = [Self::Plan, Self::SelfTaught, Self::Survey];

    /// What it is called in tables and options.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::SelfTaught => "self",
            Self::Survey => "survey",
        }
    }

    /// Its place in the order of knowledge.
    #[must_use]
    pub const fn knows(self) -> u8 {
        match self {
            Self::Plan => 0,
            Self::SelfTaught => 1,
            Self::Survey => 2,
        }
    }
}

/// What the product is told about a shop besides its plan.
#[derive(Debug, Clone, Default)]
pub enum Knowledge {
    /// Nothing.
    #[default]
    Plan,
    /// What a shop has learned from frames that nobody labelled.
    Learned(Arc<Calibration>),
    /// Labelled frames.
    Survey(Arc<Survey>),
}

/// An answer to a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The question.
    pub sample: String,
    /// Where.
    pub point: Point,
    /// In which zone, as the recording names it; empty in none.
    pub zone: String,
    /// On which floor, as the recording names it; empty where it names none.
    pub floor: String,
    /// What the product claims; none before anything was heard.
    pub claim: Option<Claim>,
}

/// How sure the product says it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// Root mean square distance of the belief from the point, in metres.
    pub uncertainty: f64,
    /// How the belief spreads.
    pub spread: Spread,
    /// Belief per zone, likeliest first.
    pub zones: Vec<(String, f64)>,
}

/// A shop that is ready to be played to.
#[derive(Debug)]
pub struct Stage<'s> {
    set: &'s Set,
    shop: Shop,
}

impl<'s> Stage<'s> {
    /// The shop of a recorded place, with what it is told beforehand.
    #[must_use]
    pub fn new(set: &'s Set, knowledge: &Knowledge) -> Self {
        let mut shop = Shop::new(Limits::new(StoreId::new("recorded").expect("an id")), SEED);
        shop.handle(Input::Plan(Arc::clone(&set.plan)), moment(0.0));
        match knowledge {
            Knowledge::Plan => {}
            Knowledge::Learned(learned) => shop.handle(Input::Calibration(Arc::clone(learned)), moment(0.0)),
            Knowledge::Survey(survey) => shop.handle(Input::Survey(Arc::clone(survey)), moment(0.0)),
        }
        Self { set, shop }
    }

    /// Plays one track to a shop that has never heard anybody.
    #[must_use]
    pub fn play(&self, track: &Track) -> Vec<Answer> {
        let subject = Subject::Tag(names::tag(&track.device));
        let mut run = Run::new(self.shop.unvisited(), subject, Millis::ZERO);
        let mut frames = track.frames.iter().peekable();
        let (floor, point) = self.set.centre();
        let floor = self.set.floor_name(&floor).to_owned();
        let mut last = Answer { sample: String::new(), point, zone: String::new(), floor, claim: None };
        let mut answers = Vec::with_capacity(track.queries.len());
        for query in &track.queries {
            while let Some(frame) = frames.next_if(|frame| frame.t <= query.t) {
                run.frame(frame);
            }
            // Somebody who fell silent is where he was last seen.
            if let Some(position) = run.ask(query.t) {
                last = self.answer(&position);
            }
            answers.push(Answer { sample: query.sample.clone(), ..last.clone() });
        }
        answers
    }

    fn answer(&self, position: &Position) -> Answer {
        let zones = position.zones.iter().map(|(zone, p)| (self.set.zone_name(zone).to_owned(), p.get()));
        Answer {
            sample: String::new(),
            point: position.point,
            zone: position.zone.as_ref().map_or_else(String::new, |zone| self.set.zone_name(zone).to_owned()),
            floor: self.set.floor_name(&position.floor).to_owned(),
            claim: Some(Claim { uncertainty: position.uncertainty.0, spread: position.spread, zones: zones.collect() }),
        }
    }
}

/// What a shop learns by itself from frames that nobody labelled: one track after the other, an hour between them, and the
/// whole again some times, as it comes again on other days, each time with what was learned before.
#[must_use]
pub fn learn(set: &Set, traffic: &Part) -> Knowledge {
    let mut knowledge = Knowledge::Plan;
    for _ in 0..ROUNDS {
        let mut shop = Stage::new(set, &knowledge).shop;
        let mut later = Millis::ZERO;
        for track in &traffic.tracks {
            let Some(last) = track.frames.last() else { continue };
            let mut run = Run::new(shop, Subject::Tag(names::tag(&track.device)), later);
            track.frames.iter().for_each(|frame| run.frame(frame));
            let ended = moment(last.t.ceil()) + later;
            run.pass(ended + PAUSE);
            later = (ended + PAUSE).since(START);
            shop = run.shop;
        }
        knowledge = shop.calibration().map_or(Knowledge::Plan, |learned| Knowledge::Learned(Arc::new(learned)));
    }
    knowledge
}

/// One track on its way through the product.
struct Run {
    shop: Shop,
    subject: Subject,
    window: Window,
    /// When the open window ends.
    ends: Option<Timestamp>,
    /// How much later than the first track this one begins.
    later: Millis,
}

impl Run {
    fn new(shop: Shop, subject: Subject, later: Millis) -> Self {
        Self { shop, subject, window: Window::new(PAIRS_MAX, 0), ends: None, later }
    }

    fn frame(&mut self, frame: &Frame) {
        let at = moment(frame.t) + self.later;
        self.end_before(at);
        let Some(advert) = through_the_wire(frame) else { return };
        if self.window.add(&advert).is_ok() {
            self.ends.get_or_insert(Timestamp((at.0.div_euclid(WINDOW.0) + 1) * WINDOW.0));
        }
    }

    fn ask(&mut self, t: f64) -> Option<Position> {
        let now = moment(t) + self.later + Millis(1);
        self.pass(now);
        self.shop.position(&self.subject, now)
    }

    /// Lets time pass up to `now`, which closes the window.
    fn pass(&mut self, now: Timestamp) {
        self.end_before(now);
        self.close(now);
        self.shop.handle_timeout(now);
        while self.shop.poll_command().is_some() {}
    }

    /// Ends the window, if it ends up to `at`.
    fn end_before(&mut self, at: Timestamp) {
        if let Some(ends) = self.ends.take_if(|ends| *ends <= at) {
            self.close(ends);
        }
    }

    fn close(&mut self, at: Timestamp) {
        for sighting in self.window.close(at) {
            self.shop.handle(Input::Sighting { subject: self.subject.clone(), sighting }, at);
        }
    }
}

/// What an edge box makes of the message that a receiver sends about a frame.
fn through_the_wire(frame: &Frame) -> Option<Advert> {
    let heard = Heard {
        receiver: frame.receiver.clone(),
        address: Some(ADDRESS),
        frames: Some(OnAir::IBeacon(IBeacon { uuid: UUID, major: 1, minor: 1, power: POWER })).into(),
        rssi: Dbm(frame.rssi),
        variance: None,
        power_at_1m: Some(POWER),
        at: None,
    };
    let message = espresense::encode(&heard, INTERVAL_MS)?;
    let heard = espresense::decode(&message.topic, &message.payload).ok()?.pop()?;
    let transmitter = heard.frame()?.known([0; 4], &[UUID])?;
    let (rssi, variance, power_at_1m) = (heard.rssi.0, heard.variance, heard.power_at_1m);
    Some(Advert { receiver: heard.receiver, transmitter, rssi, variance, power_at_1m })
}

#[cfg(test)]
mod tests;
