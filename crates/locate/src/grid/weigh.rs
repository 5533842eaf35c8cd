//! How likely what was heard in a slot is in every cell: student-t tails around what is expected there, the device's offset
//! taken out cell by cell, and which receivers heard it beside which did not.

use super::belief::Belief;
use super::device::Device;
use super::facing::{Solved, Turn};
use super::field::{Ear, Field, LAWS_MAX, under};
use crate::lanes::{CELLS, dot, dot_square, fast_exp, fast_ln, max_where, wide};

/// Degrees of freedom of the student-t law.
const FREEDOM: f32 = 10.0;
/// No law below this weight is computed.
const IDLE: f32 = 1e-3;
/// Cells that hold less than this do not decide what the best likelihood is.
const HELD: f32 = 1e-12;
/// Largest likelihood relative to the best one that holds anything, as a logarithm.
const BEYOND: f32 = 12.0;

/// One sighting, ready for the tables.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Echo {
    pub(super) receiver: u16,
    /// RSSI above the claimed power at 1 m, in dB.
    pub(super) level: f32,
    /// Frames that it sums up.
    pub(super) frames: u16,
}

/// An echo that knows its receiver's bias and how much it tells.
#[derive(Debug, Clone, Copy)]
struct Word {
    receiver: usize,
    level: f32,
    weight: f32,
}

/// What was heard in a slot, under one law.
struct Hearing<'h> {
    ears: &'h [Ear],
    words: &'h [Word],
    law: usize,
    /// What is believed of the device's offset.
    offset: f32,
    variance: f32,
    /// How much calmer the device is than the field lets expect.
    calm: f32,
}

wide! {
    /// The logarithm of the likelihood of every cell.
    fn weigh_cells<'h>(hearing: Hearing<'h>, logs: &'h mut [f32]) -> () {
        let (chunks, rest) = logs.as_chunks_mut::<CELLS>();
        let whole = chunks.len() * CELLS;
        let faced = hearing.words.iter().any(|word| hearing.ears[word.receiver].ways.is_some());
        for (number, logs) in chunks.iter_mut().enumerate() {
            *logs = if faced { hearing.cells::<CELLS, true>(number) } else { hearing.cells::<CELLS, false>(number) };
        }
        for (cell, log) in (whole..).zip(rest) {
            [*log] = if faced { hearing.cells::<1, true>(cell) } else { hearing.cells::<1, false>(cell) };
        }
    }
}

wide! {
    /// Turns logarithms into likelihoods, and adds them up with the weight of their law.
    fn add_law<'h>(logs: &'h mut [f32], best: f32, weight: f32, sums: &'h mut [f32]) -> () {
        for (sum, log) in sums.iter_mut().zip(logs) {
            *log = fast_exp((*log - best).min(BEYOND));
            *sum += weight * *log;
        }
    }
}

impl Hearing<'_> {
    /// The logarithm of the likelihood of chunk `number` of `N` cells, for a `FACED` one of who carries what hears. All of it
    /// stays in registers from one word to the next.
    #[inline(always)]
    fn cells<const N: usize, const FACED: bool>(&self, number: usize) -> [f32; N] {
        let Solved { offset, east, north, mut logs } =
            if FACED { self.solve_faced::<N>(number) } else { self.solve::<N>(number) };
        for word in self.words {
            let (level, sharp, claim) = self.tables::<N>(word, number);
            let weight = word.weight * self.calm;
            let faced = if FACED { self.ways::<N>(word, number) } else { (&[0.0; N], &[0.0; N]) };
            for n in 0..N {
                let mut residual = word.level - level[n] - offset[n];
                if FACED {
                    residual -= east[n] * faced.0[n] + north[n] * faced.1[n];
                }
                let tail = fast_ln(1.0 + residual * residual * sharp[n] * (self.calm / FREEDOM));
                logs[n] += weight * (claim[n] - 0.5 * (FREEDOM + 1.0) * tail);
            }
        }
        logs
    }

    /// The device's offset that explains the levels best, and how likely that is.
    #[inline(always)]
    fn solve<const N: usize>(&self, number: usize) -> Solved<N> {
        let (mut weights, mut offset) = ([1.0 / self.variance; N], [self.offset / self.variance; N]);
        for word in self.words {
            let (level, sharp, _) = self.tables::<N>(word, number);
            let weight = word.weight * self.calm;
            for n in 0..N {
                let weight = weight * sharp[n];
                weights[n] += weight;
                offset[n] += weight * (word.level - level[n]);
            }
        }
        let mut logs = [0.0; N];
        for n in 0..N {
            offset[n] /= weights[n];
            let off = offset[n] - self.offset;
            logs[n] = -off * off / (2.0 * self.variance) - 0.5 * fast_ln(weights[n] * self.variance);
        }
        Solved { offset, east: [0.0; N], north: [0.0; N], logs }
    }

    /// The same with the way that the carrier faces.
    #[inline(always)]
    fn solve_faced<const N: usize>(&self, number: usize) -> Solved<N> {
        let mut turn = Turn::<N>::new(self.offset, self.variance);
        for word in self.words {
            let (level, sharp, _) = self.tables::<N>(word, number);
            let weight = word.weight * self.calm;
            let (mut weights, mut over) = ([0.0; N], [0.0; N]);
            for n in 0..N {
                (weights[n], over[n]) = (weight * sharp[n], word.level - level[n]);
            }
            turn.add(&weights, &over, self.ways(word, number));
        }
        turn.solve(self.offset, self.variance)
    }

    /// The ways to a word's beacon from chunk `number`; none to a fixed end that hears.
    #[inline(always)]
    fn ways<const N: usize>(&self, word: &Word, number: usize) -> (&[f32; N], &[f32; N]) {
        self.ears[word.receiver].ways.as_ref().map_or((&[0.0; N], &[0.0; N]), |ways| ways.of(number))
    }

    /// What a word's receiver expects at chunk `number`: level, sharpness and claim.
    #[inline(always)]
    fn tables<const N: usize>(&self, word: &Word, number: usize) -> (&[f32; N], &[f32; N], &[f32; N]) {
        let Ear { levels, sharpness, claim, .. } = &self.ears[word.receiver];
        let level = under(levels, self.law);
        (&level.as_chunks().0[number], &sharpness.as_chunks().0[number], &claim.as_chunks().0[number])
    }
}

/// Room for the computing; one for all subjects of a shop.
#[derive(Debug, Default)]
pub struct Workspace {
    pub(super) belief: Belief,
    pub(super) place: Vec<f32>,
    pub(super) flux: Vec<f32>,
    words: Vec<Word>,
    /// For each word and law the mean level over the belief, and the mean of its square.
    means: Vec<[(f32, f32); LAWS_MAX]>,
    likelihood: Vec<f32>,
    /// Logarithm of the likelihood per law and cell.
    logs: [Vec<f32>; LAWS_MAX],
}

impl Workspace {
    /// Weighs the belief by what was heard in a slot, and learns of the device.
    pub(super) fn weigh(&mut self, field: &Field, echoes: impl Iterator<Item = Echo> + Clone, slot: i64) {
        self.belief.place(&mut self.place);
        self.words.clear();
        for echo in echoes.clone() {
            let weight = self.belief.device.weight(echo.receiver, echo.frames, slot);
            let receiver = usize::from(echo.receiver);
            let level = echo.level - self.belief.device.ties[receiver].bias;
            self.words.push(Word { receiver, level, weight });
        }
        let laws = self.belief.device.laws;
        let mut best = f32::MIN;
        for (law, weight) in laws.iter().enumerate().take(field.laws.len()) {
            if *weight >= IDLE {
                best = best.max(self.weigh_law(field, law));
            }
        }
        let mut evidence = [0.0_f32; LAWS_MAX];
        self.likelihood.clear();
        self.likelihood.resize(field.cells(), 0.0);
        for (law, weight) in laws.iter().enumerate().filter(|(_, weight)| **weight >= IDLE) {
            let logs = &mut self.logs[law];
            add_law(logs, best, *weight, &mut self.likelihood);
            evidence[law] = dot(logs, &self.place);
        }
        if !self.belief.weigh(&self.likelihood) {
            let device = self.belief.device.clone();
            self.belief.anywhere(field);
            self.belief.device.copy(&device);
        }
        self.learn(field, echoes, &evidence);
        let (x, y) = (dot(&self.place, &field.ground.x), dot(&self.place, &field.ground.y));
        self.belief.device.trail.follow(x, y, slot);
    }

    /// The logarithm of the likelihood of every cell under one law; says the best one that holds anything.
    fn weigh_law(&mut self, field: &Field, law: usize) -> f32 {
        let Device { offset, variance, noise, .. } = self.belief.device;
        // What is calmer than expected is so for a while: it is worth more, and counts for more too.
        let hearing = Hearing { ears: &field.ears, words: &self.words, law, offset, variance, calm: 1.0 / noise };
        let logs = &mut self.logs[law];
        logs.clear();
        logs.resize(field.cells(), 0.0);
        weigh_cells(hearing, logs);
        max_where(logs, &self.place, HELD)
    }

    /// Learns of the device from a slot, given where it now is believed to be.
    fn learn(&mut self, field: &Field, echoes: impl Iterator<Item = Echo> + Clone, evidence: &[f32; LAWS_MAX]) {
        self.belief.place(&mut self.place);
        let sightings = self.words.len();
        self.means.clear();
        let (mut level_sum, mut spread_sum, mut surprise_sum) = (0.0, 0.0, 0.0);
        for word in &self.words {
            let means = self.means_of(field, word.receiver);
            let (mean, unsure) = self.mix(&means);
            let (surprise, variance) = (word.level - mean, 1.0 / self.sharp(field, word.receiver));
            level_sum += surprise;
            spread_sum += variance;
            surprise_sum += (surprise - self.belief.device.offset).powi(2) / (variance + unsure);
            self.means.push(means);
        }
        let device = &mut self.belief.device;
        device.learn_law(&field.laws, evidence);
        if sightings > 0 {
            let surprise = level_sum / sightings as f32 - device.offset;
            let variance = spread_sum / sightings as f32;
            device.learn_offset(surprise, sightings, variance);
            device.learn_noise(surprise_sum / sightings as f32);
        }
        device.fade(field.bias_db);
        for (echo, word) in echoes.zip(0..) {
            let (mean, unsure) = self.mix(&self.means[word]);
            self.belief.device.learn_bias(echo.receiver, echo.level, mean, unsure);
        }
        self.belief.device.centre();
    }

    /// The mean level expected of a receiver given the belief, and its variance over the belief.
    pub(super) fn expected(&self, field: &Field, receiver: usize) -> (f32, f32) {
        self.mix(&self.means_of(field, receiver))
    }

    /// The mean level of a receiver over the belief, and the mean of its square, for each law.
    fn means_of(&self, field: &Field, receiver: usize) -> [(f32, f32); LAWS_MAX] {
        let mut means = [(0.0, 0.0); LAWS_MAX];
        let levels = &field.ears[receiver].levels;
        for (means, levels) in means.iter_mut().zip(levels) {
            *means = dot_square(&self.place, levels);
        }
        // A receiver that knows fewer laws is expected the same under the others.
        let last = means[levels.len() - 1];
        means[levels.len()..].fill(last);
        means
    }

    /// The mean and the variance over all laws.
    fn mix(&self, means: &[(f32, f32); LAWS_MAX]) -> (f32, f32) {
        let believed = means.iter().zip(&self.belief.device.laws).filter(|(_, law)| **law >= IDLE);
        let (mean, square) =
            believed.fold((0.0_f32, 0.0_f32), |(mean, square), (of, law)| (mean + law * of.0, square + law * of.1));
        (mean, (square - mean * mean).max(0.0))
    }

    /// The sharpness of a receiver given the belief.
    fn sharp(&self, field: &Field, receiver: usize) -> f32 {
        dot(&self.place, &field.ears[receiver].sharpness).max(1e-3)
    }
}
