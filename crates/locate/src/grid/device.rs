//! What is believed of one device's radio: how much louder it is than it claims, which law fits, how far each receiver is off
//! towards it, and how often each has heard it of late.

use super::field::{Field, LAWS_MAX};
use super::trail::Trail;

/// Power of what a slot says about the law: a receiver's own error comes back in every slot, so that a hundred slots do not
/// tell a hundred times as much as one.
const LEARNING: f32 = 0.08;
/// Share of the way back to what was believed of the laws at first, in every slot: what was told fades.
const RETURN: f32 = 0.05;
/// Variance that the offset gains in every slot, in dB²: hands and pockets change it.
const OFFSET_DRIFT: f32 = 0.02;
/// Least variance of the offset, in dB².
const OFFSET_VARIANCE_MIN: f32 = 2.25;
/// Largest offset, in dB.
const OFFSET_MAX_DB: f32 = 25.0;
/// Part of a slot's word about the offset that is believed: the errors of one slot come back in the next.
const OFFSET_TRUST: f32 = 0.15;
/// Part of a sighting's noise about an offset that stays whatever is known of the place, in dB².
const OFFSET_NOISE: f32 = 10.0;
/// Share of what is known of a bias that is kept in every slot.
const BIAS_KEEP: f32 = 0.998;
/// Variance of a sighting from which a bias is learned, in dB².
const BIAS_NOISE: f32 = 64.0;
/// No single sighting says more than this about a bias, in dB.
const SURPRISE_MAX_DB: f32 = 12.0;
/// Share of a slot's word about the noise that is taken over.
const NOISE_LEARNING: f32 = 0.03;
/// Least and largest noise, as multiples of what the field lets expect. What is noisier than that is not believed less:
/// it is the map that is wrong then, and a belief that is moved less by what is heard only lags behind.
const NOISE_MIN: f32 = 0.8;
const NOISE_MAX: f32 = 1.0;
/// No slot says more than this about the noise.
const SURPRISE_NOISE_MAX: f32 = 12.0;
/// After so many slots half of what a receiver has told before is forgotten, or a little more: time constant 4 s.
const MEMORY_SLOTS: f32 = 8.0;
/// Variance that frames of one receiver share, as a part of what is new in every frame: two frames of one second tell little
/// more than one.
const SHARED: f32 = 0.1;

/// What is believed of one receiver's error towards one device.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tie {
    /// How much louder it hears the device than expected, in dB.
    pub(super) bias: f32,
    /// Variance of that, in dB².
    variance: f32,
    /// Frames of late, the older the less.
    recent: f32,
    /// The slot that `recent` is of.
    slot: i64,
}

/// What is believed of one device's radio.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Device {
    /// How much louder it is than it claims, in dB.
    pub(super) offset: f32,
    /// Variance of that, in dB².
    pub(super) variance: f32,
    /// Variance of what is heard of it, as a multiple of what the field lets expect: a calm place has less.
    pub(super) noise: f32,
    /// Weight of each law.
    pub(super) laws: [f32; LAWS_MAX],
    pub(super) ties: Vec<Tie>,
    /// How far it has come of late.
    pub(super) trail: Trail,
}

impl Device {
    pub(super) fn unknown(field: &Field) -> Self {
        let mut laws = [0.0; LAWS_MAX];
        laws.iter_mut().zip(&field.laws).for_each(|(law, prior)| *law = *prior);
        let tie = Tie { bias: 0.0, variance: field.bias_db * field.bias_db, recent: 0.0, slot: 0 };
        Self {
            offset: 0.0,
            variance: field.offset_db * field.offset_db,
            noise: 1.0,
            laws,
            ties: vec![tie; field.receivers()],
            trail: Trail::default(),
        }
    }

    /// Takes over another device's state without a new allocation.
    pub(super) fn copy(&mut self, other: &Self) {
        (self.offset, self.variance, self.noise) = (other.offset, other.variance, other.noise);
        (self.laws, self.trail) = (other.laws, other.trail);
        self.ties.clone_from(&other.ties);
    }

    /// How much the frames of a slot tell beyond what the receiver told of late: 1 for a first one, less for each further one.
    pub(super) fn weight(&mut self, receiver: u16, frames: u16, slot: i64) -> f32 {
        let tie = &mut self.ties[usize::from(receiver)];
        let before = tie.recent * (-((slot - tie.slot) as f32) / MEMORY_SLOTS).exp();
        let after = before + f32::from(frames.max(1));
        (tie.recent, tie.slot) = (after, slot);
        let told = |frames: f32| frames / (1.0 + frames * SHARED);
        (1.0 + SHARED) * (told(after) - told(before))
    }

    /// Learns the offset from how much louder the device was heard than expected, in the mean of a slot's sightings, and the
    /// variance of one of them.
    pub(super) fn learn_offset(&mut self, surprise: f32, sightings: usize, variance: f32) {
        let told = sightings as f32 / (variance + OFFSET_NOISE);
        let learnt = 1.0 / (1.0 / self.variance + told * OFFSET_TRUST);
        let gain = 1.0 - learnt / self.variance;
        self.offset = (self.offset + gain * surprise).clamp(-OFFSET_MAX_DB, OFFSET_MAX_DB);
        self.variance = (learnt + OFFSET_DRIFT).max(OFFSET_VARIANCE_MIN);
    }

    /// Learns the noise from a slot's mean squared surprise as a multiple of what was expected of it.
    pub(super) fn learn_noise(&mut self, surprise: f32) {
        self.noise += NOISE_LEARNING * (surprise.min(SURPRISE_NOISE_MAX) - self.noise);
        self.noise = self.noise.clamp(NOISE_MIN, NOISE_MAX);
    }

    /// Learns which law fits from the evidence of a slot for each.
    pub(super) fn learn_law(&mut self, priors: &[f32], evidence: &[f32; LAWS_MAX]) {
        let best = evidence.iter().copied().fold(0.0, f32::max);
        if priors.len() < 2 || best <= 0.0 || !best.is_finite() {
            return;
        }
        for ((weight, evidence), prior) in self.laws.iter_mut().zip(evidence).zip(priors) {
            let told = (evidence / best).max(1e-6).powf(LEARNING);
            *weight = weight.powf(1.0 - RETURN) * prior.powf(RETURN) * told;
        }
        let total: f32 = self.laws.iter().sum();
        self.laws.iter_mut().for_each(|weight| *weight /= total);
    }

    /// Forgets a little of every bias, as time goes by.
    pub(super) fn fade(&mut self, bias_db: f32) {
        let usual = bias_db * bias_db;
        for tie in &mut self.ties {
            tie.bias *= BIAS_KEEP;
            tie.variance += (usual - tie.variance) * (1.0 - BIAS_KEEP * BIAS_KEEP);
        }
    }

    /// Learns a receiver's bias from what it heard, what was expected of it in the mean, and how unsure that was.
    pub(super) fn learn_bias(&mut self, receiver: u16, level: f32, mean: f32, unsure: f32) {
        let tie = &mut self.ties[usize::from(receiver)];
        let gain = tie.variance / (tie.variance + unsure + BIAS_NOISE);
        let surprise = level - mean - self.offset - tie.bias;
        tie.bias += gain * surprise.clamp(-SURPRISE_MAX_DB, SURPRISE_MAX_DB);
        tie.variance *= 1.0 - gain;
    }

    /// What all receivers have in common is the device's, not theirs.
    pub(super) fn centre(&mut self) {
        let common = self.ties.iter().map(|tie| tie.bias).sum::<f32>() / self.ties.len().max(1) as f32;
        self.ties.iter_mut().for_each(|tie| tie.bias -= common);
    }
}

impl Device {
    /// Bytes on the heap.
    pub(super) fn bytes(&self) -> usize {
        self.ties.capacity() * size_of::<Tie>()
    }
}
