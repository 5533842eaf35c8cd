//! The radio of a shop: log-distance loss with walls and shelves, shadowing that is alike nearby, fading per packet, bodies,
//! collisions, and loss.
//!
//! Its figures are fitted to real recordings; it shares no mathematics with the estimator that it is there to judge.

mod babble;
mod shelves;

use geo::{Intersects, Line};
use model::floor::{Floor, Point, Wall};
use model::shop::Receiver;

use crate::chance::{Chance, Draws};
use crate::scenario::RadioFigures;

use babble::Babble;
use shelves::{Shelves, Way};

/// Waves that make up a receiver's shadowing field.
const WAVES: u64 = 32;
/// How near another body must be to the line of sight to weaken it, in metres.
const BODY_METRES: f64 = 0.35;
/// Most bodies on the way that count.
const BODIES_MAX: usize = 3;
/// Height of a phone in a hand or a tag on a cart, in metres.
const CARRIED_AT: f64 = 1.1;
/// How sharply packets are lost around the sensitivity, in dB.
const SENSITIVITY_SLOPE: f64 = 1.5;

/// The air of one floor.
#[derive(Debug, Clone)]
pub struct Radio {
    figures: RadioFigures,
    walls: Vec<Wall>,
    shelves: Shelves,
    ears: Vec<Ear>,
}

/// A receiver, as the radio sees it.
#[derive(Debug, Clone)]
struct Ear {
    at: Point,
    height: f64,
    exponent: f64,
    offset_db: f64,
    shadowing: Field,
    babble: Babble,
}

/// Shadowing over the floor: a sum of waves, so that near places are alike.
#[derive(Debug, Clone)]
struct Field {
    deviation: f64,
    waves: Vec<(f64, f64, f64)>,
}

/// What sends, at the moment of sending.
#[derive(Debug, Clone, Copy)]
pub struct Sender {
    /// Where.
    pub at: Point,
    /// Where its carrier looks, in radians; none when no body is behind it.
    pub heading: Option<f64>,
    /// Its own offset in dB.
    pub offset_db: f64,
}

/// One receiver heard a frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reception {
    /// Which receiver, by its place in the shop's file.
    pub receiver: usize,
    /// How strong, in dBm.
    pub rssi: f64,
}

impl Radio {
    /// Draws the air of a floor for its receivers.
    #[must_use]
    pub fn new(figures: RadioFigures, floor: &Floor, receivers: &[Receiver], chance: &Chance) -> Self {
        // The recordings' slopes differ from site to site; within one site their spread is that of the receivers.
        let exponent = chance.branch("site", 0).draws().between(figures.exponent[0], figures.exponent[1]);
        let ear = |(r, index)| Ear::new(&figures, exponent, r, &chance.branch("ear", index));
        let ears = receivers.iter().zip(0..).map(ear);
        let ears = ears.collect();
        let shelves = Shelves::new(&floor.obstacles, figures.shelf_metres, figures.diffraction_db);
        Self { walls: floor.walls.clone(), shelves, ears, figures }
    }

    /// Takes in who is on the air now, with the frames per second of each: the more they are, the more frames collide.
    pub fn listen(&mut self, senders: &[(Sender, f64)]) {
        if self.figures.airtime_ms <= 0.0 {
            return;
        }
        let babble =
            |ear: &Ear| Babble::new(senders.iter().map(|(sender, rate)| (self.mean(ear, *sender, &[]), *rate)));
        let babbles: Vec<Babble> = self.ears.iter().map(babble).collect();
        for (ear, babble) in self.ears.iter_mut().zip(babbles) {
            ear.babble = babble;
        }
    }

    /// Who hears a frame, and how strongly. `others` are the other people on the floor.
    pub fn send(&self, sender: Sender, others: &[Point], draws: &mut Draws) -> Vec<Reception> {
        let mut heard = Vec::with_capacity(self.ears.len());
        for (receiver, ear) in self.ears.iter().enumerate() {
            // Every draw is taken whether or not the packet arrives, so that a far receiver changes nothing for the next.
            let fading = draws.normal(0.0, self.figures.fading_db);
            let luck = draws.between(0.0, 1.0);
            let rssi = self.mean(ear, sender, others) + fading;
            if luck < self.arrival(ear, rssi) {
                heard.push(Reception { receiver, rssi: rssi.round().clamp(-110.0, -20.0) });
            }
        }
        heard
    }

    fn mean(&self, ear: &Ear, sender: Sender, others: &[Point]) -> f64 {
        let figures = &self.figures;
        let flat = sender.at.distance(ear.at);
        let distance = flat.hypot(ear.height - CARRIED_AT).max(0.5);
        let path = figures.power_at_1m - 10.0 * ear.exponent * distance.log10();
        let way = Way { from: sender.at, to: ear.at, from_height: CARRIED_AT, to_height: ear.height };
        path + ear.offset_db + sender.offset_db + ear.shadowing.at(sender.at)
            - self.wall_loss(sender.at, ear.at)
            - self.shelves.loss(way)
            - own_body_loss(figures, sender, ear.at)
            - way.below(figures.people_metres).map_or(0.0, |low| crowd_loss(figures, low, others))
    }

    fn wall_loss(&self, from: Point, to: Point) -> f64 {
        let way = line(from, to);
        let crossed = self.walls.iter().map(|wall| {
            let times = wall.line.lines().filter(|side| side.intersects(&way)).count();
            wall.loss_db * if times > 0 { 1.0 } else { 0.0 }
        });
        crossed.sum()
    }

    fn arrival(&self, ear: &Ear, rssi: f64) -> f64 {
        let figures = &self.figures;
        let margin = (rssi - figures.sensitivity) / SENSITIVITY_SLOPE;
        let survival = ear.babble.survival(rssi, figures.airtime_ms / 1_000.0, figures.capture_db);
        survival * (1.0 - figures.loss) / (1.0 + (-margin).exp())
    }
}

impl Ear {
    fn new(figures: &RadioFigures, exponent: f64, receiver: &Receiver, chance: &Chance) -> Self {
        let mut draws = chance.draws();
        let half_spread = figures.receiver_spread_db / 2.0;
        let offset_db = draws.between(-half_spread, half_spread);
        let deviation = draws.between(figures.shadowing_db[0], figures.shadowing_db[1]);
        let shadowing = Field::new(deviation, figures.shadowing_metres, &mut draws);
        let at = Point { x: receiver.x, y: receiver.y };
        Self { at, height: receiver.z, exponent, offset_db, shadowing, babble: Babble::default() }
    }
}

impl Field {
    fn new(deviation: f64, metres: f64, draws: &mut Draws) -> Self {
        let wave = |_| {
            (
                draws.normal(0.0, 1.0 / metres),
                draws.normal(0.0, 1.0 / metres),
                draws.between(0.0, std::f64::consts::TAU),
            )
        };
        Self { deviation, waves: (0..WAVES).map(wave).collect() }
    }

    #[expect(clippy::cast_precision_loss, reason = "a few waves")]
    fn at(&self, place: Point) -> f64 {
        let sum: f64 = self.waves.iter().map(|(kx, ky, phase)| (kx * place.x + ky * place.y + phase).cos()).sum();
        self.deviation * (2.0 / self.waves.len() as f64).sqrt() * sum
    }
}

fn own_body_loss(figures: &RadioFigures, sender: Sender, to: Point) -> f64 {
    let Some(heading) = sender.heading else { return 0.0 };
    let direction = (to.y - sender.at.y).atan2(to.x - sender.at.x);
    figures.body_db * (1.0 - (direction - heading).cos()) / 2.0
}

fn crowd_loss(figures: &RadioFigures, way: Way, others: &[Point]) -> f64 {
    // The sender's own carrier is among them and stands at no distance.
    let between =
        |other: &&Point| other.distance(way.from) > 0.05 && distance_to_way(**other, way.from, way.to) < BODY_METRES;
    let near = others.iter().filter(between).take(BODIES_MAX);
    near.map(|_| figures.crowd_db).sum()
}

fn distance_to_way(place: Point, from: Point, to: Point) -> f64 {
    let (dx, dy) = (to.x - from.x, to.y - from.y);
    let length = dx * dx + dy * dy;
    let share = if length > 0.0 { ((place.x - from.x) * dx + (place.y - from.y) * dy) / length } else { 0.0 };
    let share = share.clamp(0.0, 1.0);
    (place.x - from.x - share * dx).hypot(place.y - from.y - share * dy)
}

fn line(from: Point, to: Point) -> Line<f64> {
    Line::new((from.x, from.y), (to.x, to.y))
}

#[cfg(test)]
mod tests;
