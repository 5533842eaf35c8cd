//! Transmitters whose place is known, heard all day: labelled data that nobody had to write down.
//!
//! How loud each of them is, is not known: it is told from how loud receivers are, from all that hear it, in one fit.

use std::collections::BTreeMap;

use model::ids::ReceiverId;
use model::shop::{Receiver, Shop};
use model::sighting::Sighting;
use model::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Calibration, Place, Reading, Source, median};
use crate::grid::Ground;
use crate::grid::ground::{CEILING_DB, NEAR_M};
use crate::health::Watch;

/// So long anchors must have been heard, and so many of them, before something is made of it.
const LISTENED: Millis = Millis::minutes(3);
const ANCHORS_MIN: usize = 3;
/// Frames of a pair below which it is left out.
const FRAMES_MIN: i64 = 20;
/// Frames above which older ones come to count half.
const FRAMES_MAX: i64 = 20_000;
/// The last sightings of a pair, by which one that comes twice is known.
const RECENT: usize = 8;
/// Most pairs of a store.
const PAIRS_MAX: usize = 20_000;
/// Rounds of the fit.
const ROUNDS: usize = 200;
/// The exponent before anything is known, and its weight in squared slopes.
const EXPONENT: f64 = 2.0;
const EXPONENT_WEIGHT: f64 = 100.0;
/// Weight of a usual power beside a receiver's pairs.
const POWER_WEIGHT: f64 = 0.2;
/// An anchor that fits no better than this is not where it is said to be, in dB.
const WRONG_DB: f64 = 9.0;
/// Readings of a receiver from traffic by which anchors are brought to the level of people's devices.
const TRAFFIC_MIN: usize = 10;
/// The usual claim of a frame that makes none, in dBm.
const POWER_DBM: i8 = -59;

/// What a receiver heard of an anchor.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// Mean level above the claimed power at 1 m, in dB.
    pub level: f64,
    /// Frames that it is the mean of.
    pub frames: f64,
}

/// What every receiver heard of every anchor.
pub type Links = BTreeMap<ReceiverId, BTreeMap<ReceiverId, Link>>;

#[derive(Debug, Clone, Default)]
struct Pair {
    /// Thousandths of dB times frames.
    sum: i64,
    frames: i64,
    /// The moments of the last sightings.
    recent: Vec<Timestamp>,
}

/// The sums over all anchors of a store. Whole numbers: the order of sightings makes no difference.
#[derive(Debug, Clone, Default)]
pub struct Anchors {
    pairs: BTreeMap<ReceiverId, BTreeMap<ReceiverId, Pair>>,
    count: usize,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

impl Anchors {
    /// Takes what a receiver heard of an anchor; says whether it was news.
    pub fn hear(&mut self, anchor: &ReceiverId, sighting: &Sighting) -> bool {
        let rssi = sighting.rssi.mean.0;
        if !(-127.0..=20.0).contains(&rssi) || sighting.count == 0 || *anchor == sighting.receiver {
            return false;
        }
        let known = self.pairs.get(anchor).is_some_and(|of| of.contains_key(&sighting.receiver));
        if !known && self.count >= PAIRS_MAX {
            return false;
        }
        self.count += usize::from(!known);
        let pair = self.pairs.entry(anchor.clone()).or_default().entry(sighting.receiver.clone()).or_default();
        let place = pair.recent.partition_point(|at| *at < sighting.at);
        let late = place == 0 && pair.recent.len() >= RECENT;
        if late || pair.recent.get(place) == Some(&sighting.at) {
            return false;
        }
        pair.recent.insert(place, sighting.at);
        if pair.recent.len() > RECENT {
            pair.recent.remove(0);
        }
        let power = sighting.power_at_1m.filter(|power| (-100..=-20).contains(power)).unwrap_or(POWER_DBM);
        let level = ((f64::from(rssi) - f64::from(power)) * 1_000.0).round() as i64;
        pair.sum += level * i64::from(sighting.count);
        pair.frames += i64::from(sighting.count);
        self.first = Some(self.first.map_or(sighting.at, |first| first.min(sighting.at)));
        self.last = self.last.max(Some(sighting.at));
        true
    }

    /// Tells those who watch the receivers that one heard an anchor, and who used to hear it too.
    pub fn tell(&self, anchor: &ReceiverId, sighting: &Sighting, watch: &mut Watch) {
        watch.hear(&sighting.receiver, sighting.at);
        let Some(pairs) = self.pairs.get(anchor) else { return };
        let usual = |pair: &Pair| pair.frames >= FRAMES_MIN;
        let Some(own) = pairs.get(&sighting.receiver).filter(|pair| usual(pair)) else { return };
        let others = pairs.iter().filter(|(receiver, pair)| **receiver != sighting.receiver && usual(pair));
        let count = others.clone().count() as i64;
        let place = anchor.as_str().bytes().fold(7_u64, |hash, byte| hash.wrapping_mul(31) + u64::from(byte));
        for (receiver, pair) in others {
            let thousandths = 1_000 * i64::from(sighting.count) * pair.frames / own.frames / count;
            watch.expect(
                receiver,
                sighting.at,
                thousandths.min(1_000 * i64::from(sighting.count)).unsigned_abs(),
                place,
            );
        }
    }

    /// For how long anchors have been heard, if for long enough and enough of them.
    #[must_use]
    pub fn listened(&self) -> Option<Millis> {
        let listened = self.last?.since(self.first?);
        (listened >= LISTENED && self.pairs.len() >= ANCHORS_MIN).then_some(listened)
    }

    /// What was heard, if for long enough and of enough anchors.
    #[must_use]
    pub fn links(&self) -> Option<Links> {
        self.listened()?;
        let link =
            |pair: &Pair| Link { level: pair.sum as f64 / 1_000.0 / pair.frames as f64, frames: pair.frames as f64 };
        let usual = |pairs: &BTreeMap<ReceiverId, Pair>| -> BTreeMap<ReceiverId, Link> {
            let usual = pairs.iter().filter(|(_, pair)| pair.frames >= FRAMES_MIN);
            usual.map(|(receiver, pair)| (receiver.clone(), link(pair))).collect()
        };
        let links = self.pairs.iter().map(|(anchor, pairs)| (anchor.clone(), usual(pairs)));
        let links: Links = links.filter(|(_, pairs)| !pairs.is_empty()).collect();
        (links.len() >= ANCHORS_MIN).then_some(links)
    }

    /// Takes up what was learnt before.
    pub fn recall(&mut self, links: &Links, now: Timestamp) {
        for (anchor, of) in links {
            for (receiver, link) in of.iter().filter(|(_, link)| link.level.abs() < 200.0 && link.frames >= 1.0) {
                let frames = link.frames.min(FRAMES_MAX as f64) as i64;
                let pair = self.pairs.entry(anchor.clone()).or_default().entry(receiver.clone()).or_default();
                pair.sum += (link.level * 1_000.0).round() as i64 * frames;
                pair.frames += frames;
                self.first = Some(now - LISTENED);
                self.last = Some(now);
            }
        }
        self.count = self.pairs.values().map(BTreeMap::len).sum();
    }

    /// Lets what was heard count less: `keep` of 1 keeps all.
    pub fn fade(&mut self, keep: f64) {
        for pair in self.pairs.values_mut().flat_map(BTreeMap::values_mut) {
            let most = if pair.frames > FRAMES_MAX { 0.5 } else { 1.0 };
            let mean = pair.sum as f64 / pair.frames.max(1) as f64;
            pair.frames = (pair.frames as f64 * keep * most) as i64;
            pair.sum = (mean * pair.frames as f64).round() as i64;
        }
    }

    /// Forgets one that is somewhere else now, as what hears and as what is heard.
    pub fn forget(&mut self, moved: &ReceiverId) {
        self.pairs.remove(moved);
        self.pairs.values_mut().for_each(|of| drop(of.remove(moved)));
        self.count = self.pairs.values().map(BTreeMap::len).sum();
    }
}

/// One pair in the fit.
struct Tie<'l> {
    anchor: &'l Receiver,
    ear: &'l Receiver,
    level: f64,
    frames: f64,
    slope: f64,
    loss: f64,
    /// The slope that is reckoned with for somebody who stands at the anchor's place.
    below: f64,
}

/// What anchors say of a store's receivers.
#[derive(Debug, Clone, PartialEq)]
pub struct Powers {
    /// How much louder than usual each receiver hears, in dB.
    pub receivers: BTreeMap<ReceiverId, f64>,
    /// How much louder than it claims each anchor is, in dB.
    pub anchors: BTreeMap<ReceiverId, f64>,
    /// The exponent of the store.
    pub exponent: f64,
}

/// Fits all powers and the exponent to what was heard of anchors; none where that is too little.
#[must_use]
pub fn powers(ground: &Ground, shop: &Shop, links: &Links) -> Option<Powers> {
    let mut ties = ties(ground, shop, links);
    let powers = solve(&ties)?;
    let mut squares: BTreeMap<&ReceiverId, (f64, f64)> = BTreeMap::new();
    for tie in &ties {
        let (sum, count) = squares.entry(&tie.anchor.id).or_default();
        *sum += (powers.expected(tie) - tie.level).powi(2);
        *count += 1.0;
    }
    squares.retain(|_, (sum, count)| (*sum / *count).sqrt() > WRONG_DB);
    if squares.is_empty() {
        return Some(powers);
    }
    ties.retain(|tie| !squares.contains_key(&tie.anchor.id));
    solve(&ties)
}

impl Powers {
    fn expected(&self, tie: &Tie<'_>) -> f64 {
        self.anchors[&tie.anchor.id] + self.receivers[&tie.ear.id] - self.exponent * tie.slope - tie.loss
    }
}

/// What was learnt, with what anchors say of it in the form of readings at their places; none where they say nothing.
pub(super) fn joined(ground: &Ground, shop: &Shop, learnt: &Calibration) -> Option<Calibration> {
    match learnt.source {
        Source::Plan | Source::Traffic if !learnt.anchors.is_empty() => {}
        Source::Plan | Source::Traffic | Source::Survey => return None,
    }
    let powers = powers(ground, shop, &learnt.anchors)?;
    let level = level_of_people(ground, shop, learnt, &powers);
    let mut joined = learnt.clone();
    let mut places: BTreeMap<&ReceiverId, u32> = BTreeMap::new();
    for tie in ties(ground, shop, &learnt.anchors) {
        let Some(loud) = powers.anchors.get(&tie.anchor.id) else { continue };
        let place = *places.entry(&tie.anchor.id).or_insert_with(|| {
            // Nobody stood there: what receivers heard is counted, but not how often.
            joined.places.push(Place { floor: tie.anchor.floor.clone(), point: tie.anchor.point(), seconds: 0.0 });
            joined.places.len() as u32 - 1
        });
        let level = tie.level - loud + powers.exponent * (tie.slope - tie.below) + level;
        let readings = joined.receivers.entry(tie.ear.id.clone()).or_default();
        readings.push(Reading { place, level, frames: tie.frames });
    }
    Some(joined)
}

/// How much louder receivers hear people's devices, as far as traffic has told, than what anchors say; 0 without traffic.
fn level_of_people(ground: &Ground, shop: &Shop, learnt: &Calibration, powers: &Powers) -> f64 {
    let mut more: Vec<f64> = Vec::new();
    for receiver in shop.receivers.iter().chain(&shop.beacons) {
        let (Some(own), Some(readings)) = (powers.receivers.get(&receiver.id), learnt.receivers.get(&receiver.id))
        else {
            continue;
        };
        let Some(mast) = ground.mast(&receiver.floor, receiver.point(), receiver.z) else { continue };
        let own_power = readings.iter().filter_map(|reading| {
            let place = learnt.places.get(reading.place as usize)?;
            let way = ground.way(&mast, ground.floor(&place.floor)?, place.point);
            Some(reading.level + powers.exponent * way.slope + way.loss + CEILING_DB * way.storeys)
        });
        let found: Vec<f64> = own_power.collect();
        if found.len() >= TRAFFIC_MIN {
            more.push(found.iter().sum::<f64>() / found.len() as f64 - own);
        }
    }
    median(&mut more)
}

fn ties<'s>(ground: &Ground, shop: &'s Shop, links: &Links) -> Vec<Tie<'s>> {
    let known: BTreeMap<&ReceiverId, &Receiver> =
        shop.receivers.iter().chain(&shop.beacons).map(|receiver| (&receiver.id, receiver)).collect();
    let mut ties = Vec::new();
    for (anchor, of) in links {
        for (ear, link) in of {
            let (Some(anchor), Some(ear)) = (known.get(anchor), known.get(ear)) else { continue };
            let (Some(mast), Some(floor)) = (ground.mast(&ear.floor, ear.point(), ear.z), ground.floor(&anchor.floor))
            else {
                continue;
            };
            let way = ground.way(&mast, floor, anchor.point());
            let slope = if anchor.floor == ear.floor {
                let metres = ear.point().distance(anchor.point()).hypot(ear.z - anchor.z).hypot(NEAR_M);
                10.0 * metres.log10()
            } else {
                way.slope
            };
            let loss = way.loss + CEILING_DB * way.storeys;
            ties.push(Tie { anchor, ear, level: link.level, frames: link.frames, slope, loss, below: way.slope });
        }
    }
    ties
}

/// Fits anchors, receivers and the exponent in turn. The mean of all receivers is taken for the usual one.
fn solve(ties: &[Tie<'_>]) -> Option<Powers> {
    let zero =
        |ids: Vec<&ReceiverId>| -> BTreeMap<ReceiverId, f64> { ids.into_iter().map(|id| (id.clone(), 0.0)).collect() };
    let mut powers = Powers {
        receivers: zero(ties.iter().map(|tie| &tie.ear.id).collect()),
        anchors: zero(ties.iter().map(|tie| &tie.anchor.id).collect()),
        exponent: EXPONENT,
    };
    if powers.anchors.len() < ANCHORS_MIN {
        return None;
    }
    for _ in 0..ROUNDS {
        let mut sums: BTreeMap<&ReceiverId, (f64, f64)> = BTreeMap::new();
        for tie in ties {
            let sum = sums.entry(&tie.anchor.id).or_default();
            let own = tie.level + powers.exponent * tie.slope + tie.loss - powers.receivers[&tie.ear.id];
            *sum = (sum.0 + own, sum.1 + 1.0);
        }
        powers.anchors.extend(sums.iter().map(|(id, (sum, count))| ((*id).clone(), sum / count)));
        let mut sums: BTreeMap<&ReceiverId, (f64, f64)> = BTreeMap::new();
        for tie in ties {
            let sum = sums.entry(&tie.ear.id).or_insert((0.0, POWER_WEIGHT));
            let own = tie.level + powers.exponent * tie.slope + tie.loss - powers.anchors[&tie.anchor.id];
            *sum = (sum.0 + own, sum.1 + 1.0);
        }
        powers.receivers.extend(sums.iter().map(|(id, (sum, count))| ((*id).clone(), sum / count)));
        let mean = powers.receivers.values().sum::<f64>() / powers.receivers.len() as f64;
        powers.receivers.values_mut().for_each(|power| *power -= mean);
        let mut fit = (EXPONENT * EXPONENT_WEIGHT, EXPONENT_WEIGHT);
        for tie in ties {
            let below = powers.anchors[&tie.anchor.id] + powers.receivers[&tie.ear.id] - tie.level - tie.loss;
            fit = (fit.0 + tie.slope * below, fit.1 + tie.slope * tie.slope);
        }
        powers.exponent = (fit.0 / fit.1).clamp(1.2, 4.0);
    }
    Some(powers)
}

#[cfg(test)]
mod tests;
