//! A belief over all cells in two modes, walking and standing, as it is worked on; and how it moves on.

use model::ids::ZoneId;

use super::device::Device;
use super::field::{Field, LAWS_MAX};
use super::ground::Ground;
use super::trail::Trail;
use crate::lanes::{self, wide};

/// Speed of the random walk that stands for walking at 1.2 m a second, in metres a second.
/// People keep their direction longer than one slot and the model does not, so that its steps must be longer to keep up.
const WALK_M_S: f64 = 2.4;
/// Mean time of a walk before one stops, in seconds.
const WALK_S: f64 = 12.0;
/// Mean time one stands before one walks on, in seconds.
const STAND_S: f64 = 2.0;
/// Share of the belief that is laid anew over the whole store each second: the model may be wrong.
const ANEW_S: f64 = 0.002;
/// Share of a moved belief that is laid anew: a new plan may have new places.
const MOVED: f32 = 0.02;
/// How much likelier a place in a known zone is than one outside of it, to begin with.
const FAVOUR: f32 = 20.0;
/// Largest share that one pass may hand to a neighbour and stay a smoothing.
const SHARE_MAX: f64 = 0.4;

/// What is believed of one subject at the end of one time slot.
#[derive(Debug, Clone)]
pub(super) struct Belief {
    pub(super) walking: Vec<f32>,
    pub(super) standing: Vec<f32>,
    pub(super) device: Device,
}

impl Default for Belief {
    fn default() -> Self {
        let (ties, trail) = (Vec::new(), Trail::default());
        let device = Device { offset: 0.0, variance: 1.0, noise: 1.0, laws: [0.0; LAWS_MAX], ties, trail };
        Self { walking: Vec::new(), standing: Vec::new(), device }
    }
}

/// The steps of the motion model for one slot length and one cell size.
#[derive(Debug, Clone, Copy)]
pub(super) struct Motion {
    slot_s: f64,
    stop: f32,
    start: f32,
    anew: f32,
    passes: usize,
    share: f32,
}

impl Motion {
    pub(super) fn new(slot_s: f64, cell_m: f64) -> Self {
        // A walk in a direction of its own each slot: half of its square goes into each axis,
        // and a pass that hands a share to both neighbours spreads by twice the share.
        let spread = (WALK_M_S * slot_s / cell_m).powi(2) / 2.0;
        let passes = (spread / 2.0 / SHARE_MAX).ceil().max(1.0);
        Self {
            slot_s,
            stop: (1.0 - (-slot_s / WALK_S).exp()) as f32,
            start: (1.0 - (-slot_s / STAND_S).exp()) as f32,
            anew: (ANEW_S * slot_s) as f32,
            passes: passes as usize,
            share: (spread / 2.0 / passes) as f32,
        }
    }
}

#[cfg(test)]
impl Motion {
    /// The same for somebody who always walks, or always stands.
    pub(super) const fn of_one_mode(self, walks: bool) -> Self {
        let (stop, start) = if walks { (0.0, 1.0) } else { (1.0, 0.0) };
        Self { stop, start, ..self }
    }
}

impl Belief {
    /// Nothing known: anywhere, in either mode.
    pub(super) fn anywhere(&mut self, field: &Field) {
        self.device.copy(&Device::unknown(field));
        self.walking.clear();
        self.walking.extend(field.start.iter().map(|weight| weight * 0.5));
        self.standing.clone_from(&self.walking);
    }

    /// Moves on by one slot.
    pub(super) fn step(&mut self, field: &Field, motion: Motion, flux: &mut Vec<f32>) {
        let ground = &*field.ground;
        change_mode(motion, &field.start, &mut self.walking, &mut self.standing);
        for _ in 0..motion.passes {
            spread(&mut self.walking, &ground.right, 1, motion.share, flux);
            for floor in &ground.floors {
                let cells = floor.start..floor.start + floor.width * floor.height;
                spread(&mut self.walking[cells.clone()], &ground.up[cells], floor.width, motion.share, flux);
            }
        }
        for step in &ground.steps {
            let share = (1.0 - (-motion.slot_s / step.seconds).exp()) as f32 * 0.5;
            let (from, to) = (step.from as usize, step.to as usize);
            let moved = share * (self.walking[from] - self.walking[to]);
            self.walking[from] -= moved;
            self.walking[to] += moved;
        }
    }

    /// Weighs every cell by a likelihood and makes the whole one again; says whether anything was left.
    pub(super) fn weigh(&mut self, likelihood: &[f32]) -> bool {
        multiply(likelihood, &mut self.walking, &mut self.standing);
        let sum = lanes::sum(&self.walking) + lanes::sum(&self.standing);
        let left = sum > f32::MIN_POSITIVE && sum.is_finite();
        if left {
            let scale = 1.0 / sum;
            self.walking.iter_mut().chain(&mut self.standing).for_each(|p| *p *= scale);
        }
        left
    }
}

/// Hands a share of each difference over every open edge to the neighbour `stride` cells on.
/// What leaves one cell enters the next, so nothing is lost, and a closed edge hands over nothing.
pub(super) fn spread(cells: &mut [f32], open: &[f32], stride: usize, share: f32, flux: &mut Vec<f32>) {
    if cells.len() > stride {
        flux.resize(cells.len() - stride, 0.0);
        hand_over(cells, open, stride, share, flux);
    }
}

wide! {
    /// One entry of `flux` for every edge.
    fn hand_over<'a>(cells: &'a mut [f32], open: &'a [f32], stride: usize, share: f32, flux: &'a mut [f32]) -> () {
        let edges = flux.len();
        let ends = cells[..edges].iter().zip(&cells[stride..]).zip(&open[..edges]);
        flux.iter_mut().zip(ends).for_each(|(flux, ((a, b), open))| *flux = share * open * (a - b));
        cells[..edges].iter_mut().zip(flux.iter()).for_each(|(cell, flux)| *cell -= flux);
        cells[stride..].iter_mut().zip(flux.iter()).for_each(|(cell, flux)| *cell += flux);
    }
}

wide! {
    /// Some who walk stop, some who stand go on, and a little begins anew.
    fn change_mode<'a>(motion: Motion, start: &'a [f32], walking: &'a mut [f32], standing: &'a mut [f32]) -> () {
        let (anew, keep) = (motion.anew * 0.5, 1.0 - motion.anew);
        for ((walking, standing), start) in walking.iter_mut().zip(standing).zip(start) {
            let stopped = *walking * motion.stop;
            let started = *standing * motion.start;
            *walking = (*walking - stopped + started) * keep + anew * start;
            *standing = (*standing - started + stopped) * keep + anew * start;
        }
    }
}

wide! {
    /// Both modes times the same.
    fn multiply<'a>(likelihood: &'a [f32], walking: &'a mut [f32], standing: &'a mut [f32]) -> () {
        for ((walking, standing), likelihood) in walking.iter_mut().zip(standing).zip(likelihood) {
            *walking *= likelihood;
            *standing *= likelihood;
        }
    }
}

impl Belief {
    /// Writes the belief per cell, whatever the mode.
    pub(super) fn place(&self, place: &mut Vec<f32>) {
        place.clear();
        place.extend(self.walking.iter().zip(&self.standing).map(|(walking, standing)| walking + standing));
    }

    /// Lays most of the belief into the given zones.
    pub(super) fn favour(&mut self, ground: &Ground, zones: &[ZoneId]) {
        let mut likelihood = vec![1.0; ground.cells()];
        for zone in ground.zones.iter().filter(|zone| zones.contains(&zone.id)) {
            zone.cells.iter().for_each(|(cell, share)| likelihood[*cell as usize] += FAVOUR * share);
        }
        self.weigh(&likelihood);
    }

    /// The same belief on another field: of another plan, or of the same plan with other receivers or other knowledge.
    pub(super) fn onto(&self, from: &Field, to: &Field) -> Self {
        let mut belief = Self::default();
        belief.anywhere(to);
        let ground = &*to.ground;
        belief.walking.iter_mut().chain(&mut belief.standing).for_each(|p| *p *= MOVED);
        for floor in &ground.floors {
            for index in floor.start..floor.start + floor.width * floor.height {
                let old = from.ground.cell_at(&floor.id, ground.centre(floor, index));
                let of = |cells: &[f32]| old.map_or(0.0, |old| cells[old]) * ground.open[index];
                belief.walking[index] += of(&self.walking);
                belief.standing[index] += of(&self.standing);
            }
        }
        (belief.device.offset, belief.device.variance) = (self.device.offset, self.device.variance);
        (belief.device.noise, belief.device.trail) = (self.device.noise, self.device.trail);
        if !belief.weigh(&vec![1.0; to.cells()]) {
            belief.anywhere(to);
        }
        belief
    }
}
