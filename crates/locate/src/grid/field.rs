//! The radio of a store on its cells: what every receiver is expected to hear of a device at every cell, how sure that is,
//! and how likely a frame that is heard at all is heard by this receiver. Made from the plan, or from what was learnt.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::ids::{ReceiverId, ZoneId};
use model::shop::Shop;
use model::zone::ZoneKind;

use super::blind::blind_m;
use super::facing::Ways;
use super::ground::{CEILING_DB, Ground, Way};
use crate::calibrate::{Calibration, Source, fit};
use crate::health::Condition;

/// Path-loss exponents that a plan alone leaves open, with what is believed of each; LOCATE 3.7: shops measured 1.5 to 2.1.
pub(super) const EXPONENTS: [(f32, f32); LAWS_MAX] = [(1.5, 0.25), (2.0, 0.6), (2.5, 0.12), (3.0, 0.03)];
/// Most laws of a field.
pub(crate) const LAWS_MAX: usize = 4;
/// The law that is believed most at first; of a survey its map.
pub(crate) const USUAL_LAW: usize = 1;
/// Variance of what a usual receiver hears in a place where the plan says all that is known, in dB²: shadows, antennas, bodies.
const PLAN_VARIANCE: f32 = 34.0;
/// Part of what walls and shelves take that a plan may have wrong, as a standard deviation: a door stands open, a shelf is empty.
const LOSS_UNSURE: f64 = 0.3;
/// Beyond this more loss is no more unsure, in dB: waves come around what hardly lets them through.
const LOSS_UNSURE_MAX_DB: f64 = 30.0;
/// Usual spread of a device's power around what it claims, in dB.
const PLAN_OFFSET_DB: f32 = 5.0;
/// How far a receiver is off towards one device, in dB, by what is known of it: from the plan, from traffic, from a survey that
/// leaves most places open.
pub(crate) const BIAS_DB: [f32; 3] = [2.0, 1.5, 1.0];
/// The level above the claimed power that half of the frames reach a receiver with, in dB: about -94 dBm.
const SENSITIVITY_DB: f32 = -35.0;
/// How much above or below it a frame is heard about three times out of four, or one out of four, in dB.
const SENSITIVITY_SLOPE_DB: f32 = 4.0;
/// Power of what it says that one receiver heard a frame and another one did not: bodies and shelves hide a device from
/// several at once.
pub(super) const HEARING: f32 = 0.7;
/// The least chance to be heard: no receiver excludes a place for good.
const CHANCE_MIN: f32 = 1e-4;

/// Of so many cells one is looked at for what a map has wrong in the mean over a store.
pub(crate) const SAMPLED: usize = 7;

/// What one receiver is expected to hear, one entry a cell in each table.
#[derive(Debug, Clone)]
pub(super) struct Ear {
    pub(super) id: ReceiverId,
    /// Level above the claimed power at 1 m for each law, in dB.
    pub(super) levels: Vec<Vec<f32>>,
    /// Inverse variance of a sighting's level around it, in 1/dB².
    pub(super) sharpness: Vec<f32>,
    /// What it says that this receiver heard a frame and not another one, as a logarithm, with what the variance costs.
    pub(super) claim: Vec<f32>,
    /// Frames a second relative to the other receivers.
    pub(super) chance: Vec<f32>,
    /// The ways to a beacon that phones hear; none of a receiver, and of a beacon whose place is only guessed.
    pub(super) ways: Option<Ways>,
    /// What it is worth now.
    pub(super) condition: Condition,
}

/// What is expected of one receiver, before it is made into tables.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expectation {
    pub(crate) id: ReceiverId,
    /// Level above the claimed power at every cell for each law, in dB.
    pub(crate) levels: Vec<Vec<f32>>,
    /// Variance at every cell, in dB².
    pub(crate) variance: Vec<f32>,
    /// What of it is the map's own, the same in every frame that is heard at a cell, in dB²: one entry for every [`SAMPLED`]th
    /// cell; empty where nobody surveyed.
    pub(crate) left: Vec<f32>,
    /// Frames a second relative to the other receivers; empty when nobody counted.
    pub(crate) chance: Vec<f32>,
}

/// What is expected of all receivers of a store.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Radio {
    pub(crate) source: Source,
    pub(crate) ears: Vec<Expectation>,
    /// What is believed of each law before a device is heard.
    pub(crate) laws: Vec<f32>,
    /// Spread of devices' power around what they claim, in dB.
    pub(crate) offset_db: f32,
    /// How far a receiver is off towards one device, in dB.
    pub(crate) bias_db: f32,
    /// Where somebody may be to begin with, one weight a cell.
    pub(crate) start: Vec<f32>,
}

/// The tables of one store.
#[derive(Debug, Clone)]
pub struct Field {
    pub(super) ground: Arc<Ground>,
    pub(super) ears: Vec<Ear>,
    /// What is believed of each law before a device is heard.
    pub(super) laws: Vec<f32>,
    /// Where a device is believed to be before it is heard; sums to 1.
    pub(super) start: Vec<f32>,
    /// Spread of devices' power, in dB.
    pub(super) offset_db: f32,
    /// How far a receiver is off towards one device, in dB.
    pub(super) bias_db: f32,
    /// How far positions are off for as long as the map is, root mean square per axis, in metres.
    pub(super) blind_m: f64,
    source: Source,
    pub(super) receivers: BTreeMap<ReceiverId, u16>,
}

impl Field {
    /// The field of a plan, and of nothing else.
    #[must_use]
    pub fn new(shop: &Shop) -> Self {
        Self::on(&Arc::new(Ground::new(shop)), shop, None)
    }

    /// The field of a plan and of what was learnt in the store, on cells that are there already.
    #[must_use]
    pub fn on(ground: &Arc<Ground>, shop: &Shop, learnt: Option<&Calibration>) -> Self {
        let radio = match learnt {
            Some(learnt) => fit(ground, shop, learnt),
            None => plan(ground, shop),
        };
        let mut field = Self::of(ground, radio);
        let moved = |id: &ReceiverId| learnt.is_some_and(|learnt| learnt.moved.contains(id));
        for beacon in shop.beacons.iter().filter(|beacon| !moved(&beacon.id)) {
            if let Some(number) = field.receiver(&beacon.id) {
                field.ears[usize::from(number)].ways = Some(Ways::to(beacon.point(), ground));
            }
        }
        field
    }

    fn of(ground: &Arc<Ground>, radio: Radio) -> Self {
        let Radio { source, mut ears, laws, offset_db, bias_db, start } = radio;
        let cells = ground.cells();
        let mut all = vec![0.0_f32; cells];
        for ear in &mut ears {
            if ear.chance.is_empty() {
                ear.chance = ear.usual().iter().map(|level| chance(*level)).collect();
            }
            all.iter_mut().zip(&ear.chance).for_each(|(all, chance)| *all += chance);
        }
        let total: f32 = start.iter().sum::<f32>().max(f32::MIN_POSITIVE);
        let blind_m = blind_m(ground, &ears, &start, offset_db, source);
        Self {
            ground: Arc::clone(ground),
            receivers: ears.iter().zip(0_u16..).map(|(ear, number)| (ear.id.clone(), number)).collect(),
            ears: ears.into_iter().map(|ear| ear.table(&all)).collect(),
            laws,
            start: start.iter().map(|weight| weight / total).collect(),
            offset_db,
            bias_db,
            blind_m,
            source,
        }
    }

    /// The cells of all floors, those outside the outlines too.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.ground.cells()
    }

    /// The cells themselves.
    #[must_use]
    pub const fn ground(&self) -> &Arc<Ground> {
        &self.ground
    }

    /// Receivers with a place.
    #[must_use]
    pub fn receivers(&self) -> usize {
        self.ears.len()
    }

    /// What the field was made from.
    #[must_use]
    pub const fn source(&self) -> Source {
        self.source
    }

    /// The kind of a zone.
    #[must_use]
    pub fn zone_kind(&self, id: &ZoneId) -> Option<ZoneKind> {
        self.ground.zone_kind(id)
    }

    pub(crate) fn receiver_id(&self, number: u16) -> &ReceiverId {
        &self.ears[usize::from(number)].id
    }

    pub(crate) fn receiver(&self, id: &ReceiverId) -> Option<u16> {
        self.receivers.get(id).copied()
    }
}

impl Expectation {
    /// Levels under the law that is believed most at first, or under the only one.
    pub(crate) fn usual(&self) -> &[f32] {
        under(&self.levels, USUAL_LAW)
    }

    fn table(self, all: &[f32]) -> Ear {
        let tables = self.chance.iter().zip(all).zip(&self.variance);
        let claim = tables.map(|((chance, all), variance)| HEARING * log_share(*chance, *all) - 0.5 * variance.ln());
        Ear {
            claim: claim.collect(),
            sharpness: self.variance.iter().map(|variance| 1.0 / variance).collect(),
            id: self.id,
            levels: self.levels,
            chance: self.chance,
            ways: None,
            condition: Condition::Well,
        }
    }
}

/// The table of a law, or the only one.
#[inline]
pub(crate) fn under(levels: &[Vec<f32>], law: usize) -> &[f32] {
    &levels[law.min(levels.len() - 1)]
}

/// What is heard of a radio at every cell, to which these are the ways; one table a law.
pub(crate) fn tables<L>(ways: &[Way], laws: &[L], level: impl Fn(&L, &Way) -> f32) -> Vec<Vec<f32>> {
    laws.iter().map(|law| ways.iter().map(|way| level(law, way)).collect()).collect()
}

/// The logarithm of the share that a receiver has in what all hear.
pub(super) fn log_share(chance: f32, all: f32) -> f32 {
    (chance / all.max(1e-6)).max(1e-5).ln()
}

/// Variance of what walls and shelves take of a way, of which the plan says `loss` dB, in dB².
pub(crate) fn loss_variance(loss: f64) -> f64 {
    (LOSS_UNSURE * loss.min(LOSS_UNSURE_MAX_DB)).powi(2)
}

/// How likely a frame of this level is heard.
pub(crate) fn chance(level: f32) -> f32 {
    (1.0 / (1.0 + (-(level - SENSITIVITY_DB) / SENSITIVITY_SLOPE_DB).exp())).max(CHANCE_MIN)
}

/// What a plan alone lets expect: the log-distance law with an open exponent, and the losses of walls.
fn plan(ground: &Ground, shop: &Shop) -> Radio {
    let ears = shop.receivers.iter().chain(&shop.beacons).filter_map(|receiver| {
        let mast = ground.mast(&receiver.floor, receiver.point(), receiver.z)?;
        let ways = ground.ways(&mast);
        let levels = tables(&ways, &EXPONENTS, |(exponent, _), way| {
            -exponent * way.slope as f32 - (way.loss + way.storeys * CEILING_DB) as f32
        });
        let variance = ways.iter().map(|way| PLAN_VARIANCE + loss_variance(way.loss) as f32).collect();
        let (left, chance) = (Vec::new(), Vec::new());
        Some(Expectation { id: receiver.id.clone(), levels, variance, left, chance })
    });
    let laws = EXPONENTS.iter().map(|(_, weight)| *weight).collect();
    let (source, start) = (Source::Plan, ground.open.clone());
    let bias_db = BIAS_DB[source as usize];
    Radio { source, ears: ears.collect(), laws, offset_db: PLAN_OFFSET_DB, bias_db, start }
}
