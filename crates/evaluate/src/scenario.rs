//! The simulated scenario that ESPresense's companion publishes its accuracy for, and harder variants of it.
//!
//! Published: a floor of 6 by 4 m, a living room up to x = 4 m and a bedroom behind it, four receivers in the corners, strength by
//! the horizontal distance with exponent 3 from -59 dBm at 1 m, noise of 2.5 dB, and one sample in ten 6 dB weaker; one sample of
//! each receiver at each of 61 places along a diagonal, and at 121 along a walk from the living room into the bedroom.
//! Where exactly the walks begin and end, and their pace, is ours; so are the variants.

use std::f64::consts::PI;

use model::floor::Point;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::names;
use crate::part::{Frame, Part, Query, Track, Truth};
use crate::set::{Set, SetFiles};
use crate::table::Error;

/// The power at 1 m that the receivers know, in dBm, and the path loss exponent.
pub const RADIO: (f64, f64) = (-59.0, 3.0);
/// Walks of each variant; each has its own seed.
pub const SEEDS: u64 = 20;

const NOISE: f64 = 2.5;
const DIP_CHANCE: f64 = 0.1;
const DIP: f64 = 6.0;
const CORNERS: [(&str, f64, f64); 4] =
    [("living-sw", 0.0, 0.0), ("living-nw", 0.0, 4.0), ("bedroom-se", 6.0, 0.0), ("bedroom-ne", 6.0, 4.0)];
/// Where the bedroom begins.
const WALL: f64 = 4.0;
/// How long somebody stands in the way, in seconds.
const CROWD_SECONDS: f64 = 2.0;
/// Height of the receivers, in metres: that at which a tag is carried.
const HEIGHT: f64 = 1.2;
/// The published solver sees one sample of each receiver: what was heard in this many seconds.
pub const INSTANT: f64 = 0.02;

/// One of the two walks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Walk {
    /// Corner to corner.
    Diagonal,
    /// Straight through the wall between the rooms.
    LivingToBedroom,
}

/// What makes it harder.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Variant {
    /// What it is called.
    pub name: &'static str,
    /// Seconds between two samples, for one who walks about a metre a second; 0 for every place of the published walk.
    pub cadence: f64,
    /// Share of the samples that get lost.
    pub lost: f64,
    /// How much stronger the device sends than everybody believes, in dB.
    pub offset: f64,
    /// Whether one receiver says nothing; which one goes with the seed.
    pub dead: bool,
    /// Loss towards receivers behind the walker's back, in dB.
    pub body: f64,
    /// Spread of a loss of each way that changes over seconds, as people stand in it, in dB.
    pub crowd: f64,
}

const PUBLISHED: Variant =
    Variant { name: "as published", cadence: 0.0, lost: 0.0, offset: 0.0, dead: false, body: 0.0, crowd: 0.0 };

/// The published scenario and the harder ones.
pub const VARIANTS: [Variant; 9] = [
    PUBLISHED,
    Variant { name: "3 samples a second", cadence: 0.33, ..PUBLISHED },
    Variant { name: "1 sample a second", cadence: 1.0, ..PUBLISHED },
    Variant { name: "30 % lost", lost: 0.3, ..PUBLISHED },
    Variant { name: "one receiver dead", dead: true, ..PUBLISHED },
    Variant { name: "4 dB wrong", offset: 4.0, ..PUBLISHED },
    Variant { name: "body shadow", body: 8.0, ..PUBLISHED },
    Variant { name: "crowd", crowd: 4.0, ..PUBLISHED },
    Variant { name: "all of these", cadence: 0.33, lost: 0.3, offset: 4.0, dead: true, body: 8.0, crowd: 4.0 },
];

impl Variant {
    /// Each so many-th place of a walk is sampled.
    fn every(self, walk: Walk) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few places")]
        let every = (self.cadence / walk.pace()).round() as usize;
        every.max(1)
    }
}

impl Walk {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Diagonal, Self::LivingToBedroom];

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Diagonal => "diagonal",
            Self::LivingToBedroom => "living room to bedroom",
        }
    }

    /// Where it begins and ends, and how many places it has.
    fn place(self, place: usize) -> Point {
        let ([x0, y0], [x1, y1], places) = self.course();
        let along = number(place) / number(places - 1);
        Point { x: x0 + along * (x1 - x0), y: y0 + along * (y1 - y0) }
    }

    const fn course(self) -> ([f64; 2], [f64; 2], usize) {
        match self {
            Self::Diagonal => ([0.5, 0.5], [5.5, 3.5], 61),
            Self::LivingToBedroom => ([2.2, 2.0], [5.8, 2.0], 121),
        }
    }

    /// Seconds from one place to the next: the walker goes about one metre a second.
    fn pace(self) -> f64 {
        let (from, to, places) = self.course();
        let length = (to[0] - from[0]).hypot(to[1] - from[1]);
        (length / number(places - 1) * 1_000.0).round() / 1_000.0
    }
}

/// The floor with its two rooms and four receivers. They hang at the height of the tag: the scenario is flat.
///
/// # Errors
/// Never, as long as the plan is read as it is.
pub fn set() -> Result<Set, Error> {
    let receivers: String = CORNERS.iter().map(|(name, x, y)| format!("{name},{x},{y},{HEIGHT}\n")).collect();
    Set::parse(&SetFiles {
        receivers: Some(format!("rx,x,y,z\n{receivers}")),
        zones_csv: Some("zone,x0,y0,x1,y1\nliving,0,0,4,4\nbedroom,4,0,6,4\n".into()),
        walls_csv: None,
        ..SetFiles::default()
    })
}

/// The walks of a variant, one for each seed.
#[must_use]
pub fn walks(walk: Walk, variant: Variant) -> Part {
    let mut part = Part::default();
    for seed in 0..SEEDS {
        let (track, truth) = one(walk, variant, seed);
        part.tracks.push(track);
        part.truth.extend(truth);
    }
    part
}

fn one(walk: Walk, variant: Variant, seed: u64) -> (Track, Vec<Truth>) {
    let mut air = Air::new(walk, variant, seed);
    let name = format!("{}-{seed:02}", names::fingerprint(walk.name().as_bytes()) % 1_000);
    let mut track = Track { name: name.clone(), ..Track::default() };
    let mut truths = Vec::new();
    let places = walk.course().2;
    for place in 0..places {
        let (point, t) = (walk.place(place), number(place) * walk.pace());
        let frames = air.frames(point, t);
        if place % variant.every(walk) != 0 {
            continue;
        }
        track.frames.extend(frames);
        let sample = format!("{name}_{place:03}");
        let zone = if point.x <= WALL { "living" } else { "bedroom" }.to_owned();
        track.queries.push(Query { sample: sample.clone(), t });
        truths.push(Truth { sample, track: name.clone(), t, point: Some(point), zone, floor: None });
    }
    (track, truths)
}

/// What lies between a walker and the receivers.
struct Air {
    chance: Chance,
    variant: Variant,
    heading: f64,
    /// How much of the crowd's loss remains from one place to the next.
    memory: f64,
    crowd: [f64; CORNERS.len()],
    dead: Option<usize>,
}

impl Air {
    fn new(walk: Walk, variant: Variant, seed: u64) -> Self {
        let mut chance = Chance(ChaCha8Rng::seed_from_u64(seed ^ names::fingerprint(walk.name().as_bytes())));
        let ([x0, y0], [x1, y1], _) = walk.course();
        let crowd = [(); CORNERS.len()].map(|()| variant.crowd * chance.normal());
        let dead = variant.dead.then(|| usize::try_from(seed).unwrap_or(0) % CORNERS.len());
        let memory = (-walk.pace() / CROWD_SECONDS).exp();
        Self { chance, variant, heading: (y1 - y0).atan2(x1 - x0), memory, crowd, dead }
    }

    /// What the receivers hear of one frame sent from a place. The same draws are made whatever is heard.
    fn frames(&mut self, point: Point, t: f64) -> Vec<Frame> {
        let mut frames = Vec::new();
        for (index, (receiver, x, y)) in CORNERS.into_iter().enumerate() {
            let renewed = self.variant.crowd * (1.0 - self.memory * self.memory).sqrt() * self.chance.normal();
            self.crowd[index] = self.memory * self.crowd[index] + renewed;
            let turned = ((y - point.y).atan2(x - point.x) - self.heading).cos();
            let body = if turned < 0.0 { self.variant.body } else { 0.0 };
            let dip = if self.chance.unit() < DIP_CHANCE { DIP } else { 0.0 };
            let distance = point.distance(Point { x, y }).max(0.1);
            let clear = RADIO.0 - 10.0 * RADIO.1 * distance.log10() + self.variant.offset;
            let rssi = clear + NOISE * self.chance.normal() - dip - body - self.crowd[index].abs();
            let lost = self.chance.unit() < self.variant.lost || self.dead == Some(index);
            if !lost {
                frames.push(Frame { t, receiver: names::receiver(receiver), rssi: narrow(rssi) });
            }
        }
        frames
    }
}

/// Seeded draws.
struct Chance(ChaCha8Rng);

impl Chance {
    /// A number from 0 up to 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A draw of the normal distribution, by Box and Muller.
    fn normal(&mut self) -> f64 {
        let (radius, angle) = (1.0 - self.unit(), self.unit());
        (-2.0 * radius.ln()).sqrt() * (2.0 * PI * angle).cos()
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
const fn number(count: usize) -> f64 {
    count as f64
}

#[expect(clippy::cast_possible_truncation, reason = "a strength in dBm fits an f32")]
const fn narrow(number: f64) -> f32 {
    number as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::{Ground, play_simplex};
    use crate::case::score_answers;

    #[test]
    fn the_same_seed_walks_the_same_way_and_another_does_not() {
        let walks = || walks(Walk::Diagonal, PUBLISHED);
        assert_eq!(walks(), walks());
        assert_ne!(walks().tracks[0].frames[0].rssi, walks().tracks[1].frames[0].rssi);
        assert_eq!((walks().tracks.len(), walks().tracks[0].queries.len()), (20, 61));
    }

    #[test]
    fn the_published_solver_comes_out_about_as_published() {
        let set = set().expect("a plan");
        let ground = Ground::of(&set).with_radio(RADIO.0, RADIO.1);
        let part = walks(Walk::Diagonal, PUBLISHED);
        let answers: Vec<_> = part.tracks.iter().flat_map(|track| play_simplex(&ground, track, INSTANT)).collect();
        let metrics = score_answers(&part.truth, &answers, None);
        // Published: 0.60 m, and 1.33 m at 95 %.
        assert!(metrics.median.is_some_and(|median| (0.45..0.75).contains(&median)), "{metrics:?}");
        assert!(metrics.p95.is_some_and(|p95| (1.0..1.7).contains(&p95)), "{metrics:?}");
    }

    #[test]
    fn variants_lose_and_silence_what_they_say() {
        let heard = |variant| walks(Walk::LivingToBedroom, variant).tracks[0].frames.len();
        let all = heard(PUBLISHED);
        assert_eq!(all, 4 * 121);
        assert_eq!(heard(Variant { dead: true, ..PUBLISHED }), 3 * 121);
        assert!((300..380).contains(&heard(Variant { lost: 0.3, ..PUBLISHED })));
        assert_eq!(heard(Variant { cadence: 1.0, ..PUBLISHED }), 4 * 4);
    }
}
