//! How a shop turned out: its own account of its traffic, beside what its plan promised.

mod findings;
mod text;

use std::collections::BTreeMap;

use locate::calibrate::Source;
use locate::inform::{self, Advice, Chart, Forecast, Radio};
use locate::quality::Quality;
use model::ids::{ReceiverId, StoreId, ZoneId};
use model::shop::{Receiver, Shop};
use model::time::Timestamp;
use serde::Serialize;

use super::words::Verdict;

/// With less traffic than this, in person-seconds, nothing can be said of a shop.
pub const SECONDS_MIN: f64 = 600.0;
/// With less than this, nothing can be said of a zone.
const ZONE_SECONDS_MIN: f64 = 120.0;

/// What a shop's own traffic says of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diagnosis {
    /// Which store.
    pub store: StoreId,
    /// What its positions rest on, and when that was last kept; no time for the plan.
    pub source: Source,
    /// See `source`.
    pub source_kept: Option<Timestamp>,
    /// Days with traffic that this rests on.
    pub days: usize,
    /// Person-seconds.
    pub seconds: f64,
    /// Whether there was enough traffic to say anything.
    pub enough: bool,
    /// When a zone is named, how often it is that one, by the shop's own account; none when none was named.
    pub right: Option<f64>,
    /// Mean uncertainty, in metres.
    pub uncertainty_m: f64,
    /// Share of the time in which no zone was named.
    pub nowhere: f64,
    /// Its zones, in the order of the plan.
    pub zones: Vec<ZoneFinding>,
    /// Zones that are taken for one another, worst first.
    pub pairs: Vec<PairFinding>,
    /// Its receivers, in the order of the plan.
    pub receivers: Vec<ReceiverFinding>,
    /// Where one more would help most, with silent receivers left out and zones by the time people spent there.
    pub advice: Advice,
    /// Where people were, and how unsure it was, by patch: floor, centre, person-seconds, metres.
    pub patches: Vec<PatchFinding>,
}

/// What is said of a zone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ZoneFinding {
    /// Which.
    pub id: ZoneId,
    /// Person-seconds in which it was named.
    pub seconds: f64,
    /// When it is named, how often it is that one; none with too little traffic.
    pub right: Option<f64>,
    /// When somebody is there, how often it is named; none with too little traffic.
    pub found: Option<f64>,
    /// The same as the plan alone promises it.
    pub promised: f64,
    /// Mean uncertainty while it was named, in metres.
    pub uncertainty_m: Option<f64>,
    /// What it is worth; none with too little traffic.
    pub verdict: Option<Verdict>,
    /// Why it does worse than its plan promises; none when it does not.
    pub worse: Option<Worse>,
}

/// The likely cause of a zone that does worse than promised.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "because", content = "of")]
pub enum Worse {
    /// A receiver near it is silent, weak or not where the plan says.
    Receiver(ReceiverId),
    /// No receiver is to blame: the plan is.
    Plan,
}

/// Zones that are taken for one another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairFinding {
    /// The one.
    pub a: ZoneId,
    /// The other.
    pub b: ZoneId,
    /// When `a` is named, how often it is `b`.
    pub a_is_b: f64,
    /// When `b` is named, how often it is `a`.
    pub b_is_a: f64,
    /// Whether the plan alone said so.
    pub foreseen: bool,
}

/// What is said of a receiver.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReceiverFinding {
    /// Which.
    pub id: ReceiverId,
    /// How it is.
    pub state: State,
    /// When it last heard anybody.
    pub last: Option<Timestamp>,
    /// How much louder it hears than expected, in dB: the mean and how far it spreads; none when it was never compared.
    pub residual_db: Option<(f64, f64)>,
}

/// How a receiver is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "is", content = "with")]
pub enum State {
    /// It hears what the plan lets expect.
    Well,
    /// Nobody was near enough to tell.
    Unknown,
    /// It heard nobody, or nobody any more, though so many looks were at people near it.
    Silent(u64),
    /// It misses most of the people near it; the share that it hears.
    Weak(f64),
    /// It hears so many dB more or less than where the plan puts it.
    Elsewhere(f64),
}

impl State {
    /// Whether somebody should look at it.
    #[must_use]
    pub const fn is_trouble(self) -> bool {
        match self {
            Self::Well | Self::Unknown => false,
            Self::Silent(_) | Self::Weak(_) | Self::Elsewhere(_) => true,
        }
    }
}

/// A patch of floor.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PatchFinding {
    /// Its floor.
    pub floor: model::ids::FloorId,
    /// Its centre.
    pub point: model::floor::Point,
    /// Person-seconds.
    pub seconds: f64,
    /// Mean uncertainty, in metres.
    pub uncertainty_m: f64,
}

impl Diagnosis {
    /// Says what the days' traffic tells of a shop whose radio was learnt from these sources, each at a time.
    #[must_use]
    pub fn of(shop: &Shop, days: &[(Timestamp, Quality)], learnt: &[(Source, Timestamp)]) -> Self {
        // A survey goes before what was learnt from traffic.
        let learnt = learnt.iter().max_by_key(|(source, _)| *source);
        let mut sum = Quality::default();
        days.iter().for_each(|(_, quality)| sum.merge(quality));
        let receivers = findings::receivers(shop, days, &sum);
        let ends = inform::ears(shop);
        let forecast = inform::forecast(&Chart::new(shop, ends, Radio::default()));
        let silent = |end: &&Receiver| {
            let finding = receivers.iter().find(|finding| finding.id == end.id);
            !matches!(finding.map(|finding| finding.state), Some(State::Silent(_)))
        };
        let alive: Vec<Receiver> = ends.iter().filter(silent).cloned().collect();
        let advice = inform::advise(&Chart::new(shop, &alive, Radio::default()), &weights(shop, &sum));
        let named: f64 = sum.zones.values().map(|zone| zone.seconds).sum();
        let right: f64 = sum.zones.iter().filter_map(|(id, zone)| zone.truth.get(id)).sum();
        let uncertain: f64 = sum.patches.values().map(|patch| patch.uncertainty).sum();
        Self {
            store: shop.store.id.clone(),
            source: learnt.map_or(Source::Plan, |(source, _)| *source),
            source_kept: learnt.map(|(_, at)| *at),
            days: days.len(),
            seconds: sum.seconds,
            enough: sum.seconds >= SECONDS_MIN,
            right: (named > 0.0).then(|| right / named),
            uncertainty_m: uncertain / sum.patches.values().map(|patch| patch.seconds).sum::<f64>().max(1e-9),
            nowhere: sum.nowhere.seconds / sum.seconds.max(1e-9),
            zones: findings::zones(shop, &sum, &forecast, &receivers),
            pairs: findings::pairs(shop, &sum, &forecast),
            receivers,
            advice,
            patches: findings::patches(&sum),
        }
    }
}

/// Zones by the time that somebody is believed to have been in them; nothing when nobody was.
fn weights(shop: &Shop, sum: &Quality) -> BTreeMap<ZoneId, f64> {
    let there = |id: &ZoneId| -> f64 {
        let all = sum.zones.values().chain([&sum.nowhere]);
        all.filter_map(|zone| zone.truth.get(id)).sum()
    };
    let weights: BTreeMap<ZoneId, f64> = shop.zones().map(|zone| (zone.id.clone(), there(&zone.id))).collect();
    if weights.values().sum::<f64>() > 0.0 { weights } else { BTreeMap::new() }
}

/// What a plan promises of a zone.
fn promised(forecast: &Forecast, zone: &ZoneId) -> f64 {
    forecast.zones.iter().find(|other| other.id == *zone).map_or(0.0, |zone| zone.share)
}
