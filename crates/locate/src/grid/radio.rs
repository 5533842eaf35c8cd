//! How likely what was heard is in every cell: log-distance law, student-t tails, the device's offset and the exponent summed over.

use super::belief::Belief;
use super::field::Field;

/// Power at 1 m when the frame does not say it, in dBm.
pub(super) const POWER_DBM: f32 = -59.0;
/// Path-loss exponents tried.
const EXPONENTS: [f32; 4] = [1.5, 2.0, 2.5, 3.0];
/// Offsets of a device from the power that it claims, in dB.
const OFFSETS: [f32; 11] = [-15.0, -12.0, -9.0, -6.0, -3.0, 0.0, 3.0, 6.0, 9.0, 12.0, 15.0];
/// Combinations of exponent and offset.
pub(super) const HYPOTHESES: usize = EXPONENTS.len() * OFFSETS.len();
/// What is believed of a device before it is heard.
pub(super) const PRIOR: [f32; HYPOTHESES] = prior();
/// Power of what a slot says about the device: a receiver's own error comes back in every slot, so a hundred slots do not
/// tell a hundred times as much as one.
const LEARNING: f32 = 0.08;
/// Share of the way back to the prior in every slot: with it, what was told fades.
const RETURN: f32 = 0.05;
/// Hypotheses below this share of the best are not computed.
const IDLE: f32 = 1e-3;
/// Part of the noise that stays while one stands still, in dB.
const SHADOW_DB: f32 = 5.0;
/// Part of the noise that is new in every frame, in dB.
const FADING_DB: f32 = 3.8;
/// How far a receiver is off, as a rule, in dB.
const BIAS_DB: f32 = 2.0;
/// Share of what is known of a bias that is kept in every slot.
const BIAS_KEEP: f32 = 0.998;
/// Noise of a sighting from which a bias is learned, in dB.
const NOISE_DB: f32 = 8.0;
/// No single sighting says more than this about a bias, in dB.
const SURPRISE_MAX_DB: f32 = 12.0;
/// Silent slots after which a receiver's silence says something: before, the frames may just not have come.
const HUSH_FROM: i64 = 6;
/// Silent slots after which it says nothing any more: the receiver may be broken.
const HUSH_UNTIL: i64 = 120;
/// How much less likely a slot's silence makes a place from which the receiver must hear everything.
const HUSH: f32 = 0.3;
/// The level that half of the frames reach a usual receiver with, in dBm.
const SENSITIVITY_DBM: f32 = -90.0;
/// How much above or below it is certainty, in dB.
const SENSITIVITY_SLOPE: f32 = 5.0;
/// Degrees of freedom of the student-t law.
const FREEDOM: f32 = 3.0;
/// Sightings whose factors fit into one `f32` product.
const CHUNK: usize = 12;
/// Cells worked on at once, so that the products stay in the nearest cache.
const BLOCK: usize = 64;
/// The least likelihood: no sighting excludes a place for good.
const FLOOR: f32 = 1e-18;

/// Weights of the hypotheses.
type Device = [f32; HYPOTHESES];

/// One sighting, ready for the tables.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Echo {
    pub(super) receiver: u16,
    /// RSSI above the power at 1 m, in dB.
    pub(super) level: f32,
    /// Inverse of the squared scale of the noise times its degrees of freedom.
    pub(super) sharpness: f32,
}

/// The noise of a mean over so many frames.
pub(super) fn sharpness(frames: u16) -> f32 {
    let variance = SHADOW_DB * SHADOW_DB + FADING_DB * FADING_DB / f32::from(frames.max(1));
    1.0 / (FREEDOM * variance)
}

/// What of a receiver's error towards one device is known by now: an antenna, a shelf or a body that stays where it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bias {
    pub(super) mean: f32,
    pub(super) variance: f32,
}

impl Bias {
    pub(super) const UNKNOWN: Self = Self { mean: 0.0, variance: BIAS_DB * BIAS_DB };

    /// Forgets a little, as time goes by.
    fn fade(&mut self) {
        self.mean *= BIAS_KEEP;
        self.variance += (BIAS_DB * BIAS_DB - self.variance) * (1.0 - BIAS_KEEP * BIAS_KEEP);
    }

    /// Learns from what was heard beyond what was expected, and how unsure the expectation was.
    fn learn(&mut self, surprise: f32, unsure: f32) {
        let gain = self.variance / (self.variance + unsure);
        self.mean += gain * surprise.clamp(-SURPRISE_MAX_DB, SURPRISE_MAX_DB);
        self.variance *= 1.0 - gain;
    }
}

/// Learns every receiver's bias from the sightings of a slot, given where the device now is believed to be.
pub(super) fn learn(field: &Field, echoes: impl Iterator<Item = Echo>, belief: &mut Belief, work: &mut Workspace) {
    belief.bias.iter_mut().for_each(Bias::fade);
    belief.place(&mut work.place);
    let (exponent, offset) = expected(&work.device);
    for echo in echoes {
        let hearing = &field.hearing[usize::from(echo.receiver)];
        let (mut mean, mut square) = (0.0_f32, 0.0_f32);
        for ((place, slope), loss) in work.place.iter().zip(&hearing.slope).zip(&hearing.loss) {
            let loss = exponent * slope + loss;
            mean += place * loss;
            square += place * loss * loss;
        }
        let unsure = (square - mean * mean).max(0.0) + NOISE_DB * NOISE_DB;
        let bias = &mut belief.bias[usize::from(echo.receiver)];
        bias.learn(echo.level + mean - offset - bias.mean, unsure);
    }
    // What all receivers have in common is the device's, not theirs.
    let common = belief.bias.iter().map(|bias| bias.mean).sum::<f32>() / belief.bias.len().max(1) as f32;
    belief.bias.iter_mut().for_each(|bias| bias.mean -= common);
}

/// Weighs the cells by the receivers that have heard the device before and don't now, though others do.
/// `power` is what the device claims at 1 m.
pub(super) fn hush(field: &Field, power: f32, slot: i64, belief: &Belief, work: &mut Workspace) {
    let (exponent, offset) = expected(&work.device);
    for ((hearing, last), bias) in field.hearing.iter().zip(&belief.last).zip(&belief.bias) {
        let silent = last.map_or(0, |last| slot - last);
        if !(HUSH_FROM..HUSH_UNTIL).contains(&silent) {
            continue;
        }
        let margin = power + offset + bias.mean - SENSITIVITY_DBM;
        for ((cell, slope), loss) in work.likelihood.iter_mut().zip(&hearing.slope).zip(&hearing.loss) {
            let above = (margin - exponent * slope - loss) / SENSITIVITY_SLOPE;
            let heard = 0.5 + 0.5 * above / (1.0 + above.abs());
            *cell *= 1.0 - HUSH * heard;
        }
    }
}

/// The mean exponent and the mean offset.
fn expected(radio: &Device) -> (f32, f32) {
    radio.iter().enumerate().fold((0.0, 0.0), |(exponent, offset), (hypothesis, weight)| {
        let (e, o) = (EXPONENTS[hypothesis / OFFSETS.len()], OFFSETS[hypothesis % OFFSETS.len()]);
        (exponent + weight * e, offset + weight * o)
    })
}

/// Room for the products; one for all subjects.
#[derive(Debug)]
pub struct Workspace {
    products: Vec<f32>,
    pub(super) likelihood: Vec<f32>,
    pub(super) place: Vec<f32>,
    pub(super) flux: Vec<f32>,
    device: Device,
}

impl Default for Workspace {
    fn default() -> Self {
        let empty = Vec::new;
        Self { products: empty(), likelihood: empty(), place: empty(), flux: empty(), device: PRIOR }
    }
}

/// Weighs the hypotheses by what was heard, and leaves the likelihood of every cell in the workspace.
pub(super) fn weigh(
    field: &Field,
    echoes: impl Iterator<Item = Echo> + Clone,
    radio: &mut Device,
    work: &mut Workspace,
) {
    work.device = *radio;
    work.likelihood.clear();
    work.likelihood.resize(field.cells(), 1.0);
    let mut rest = echoes.peekable();
    while rest.peek().is_some() {
        let chunk: Vec<Echo> = rest.by_ref().take(CHUNK).collect();
        weigh_chunk(field, &chunk, radio, work);
    }
}

fn weigh_chunk(field: &Field, echoes: &[Echo], radio: &mut Device, work: &mut Workspace) {
    let best = radio.iter().copied().fold(0.0, f32::max);
    let active: Vec<usize> = (0..HYPOTHESES).filter(|h| radio[*h] > best * IDLE).collect();
    multiply(field, echoes, &active, &mut work.products);
    let cells = field.cells();
    let least = work.products.iter().copied().fold(f32::INFINITY, f32::min);
    let mut evidence = [0.0_f32; HYPOTHESES];
    let mut sum = vec![0.0_f32; cells];
    for (slot, hypothesis) in active.iter().enumerate() {
        let weight = radio[*hypothesis];
        let products = &mut work.products[slot * cells..(slot + 1) * cells];
        let mut total = 0.0;
        for ((product, place), sum) in products.iter().zip(&work.place).zip(&mut sum) {
            // The student-t law of 3 degrees of freedom is the inverse square of the product.
            let ratio = least / product;
            let likelihood = ratio * ratio;
            total += likelihood * place;
            *sum += weight * likelihood;
        }
        evidence[*hypothesis] = total;
    }
    for ((cell, place), sum) in work.likelihood.iter_mut().zip(&mut work.place).zip(&sum) {
        *cell *= sum.max(FLOOR);
        *place *= sum.max(FLOOR);
    }
    update(radio, &evidence);
    sharpen(&mut work.device, &evidence);
}

/// The belief about the device when the slot is taken at its full word.
fn sharpen(device: &mut Device, evidence: &Device) {
    let total: f32 = device.iter().zip(evidence).map(|(weight, evidence)| weight * evidence).sum();
    if total > 0.0 && total.is_finite() {
        device.iter_mut().zip(evidence).for_each(|(weight, evidence)| *weight *= evidence / total);
    }
}

/// The product of every sighting's student-t factor, for each active hypothesis and cell.
fn multiply(field: &Field, echoes: &[Echo], active: &[usize], products: &mut Vec<f32>) {
    let cells = field.cells();
    products.clear();
    products.resize(active.len() * cells, 1.0);
    let mut level = [0.0_f32; BLOCK];
    for start in (0..cells).step_by(BLOCK) {
        let end = (start + BLOCK).min(cells);
        for echo in echoes {
            let hearing = &field.hearing[usize::from(echo.receiver)];
            let (slope, loss) = (&hearing.slope[start..end], &hearing.loss[start..end]);
            let mut exponent_done = usize::MAX;
            for (slot, hypothesis) in active.iter().enumerate() {
                let (exponent, offset) = (hypothesis / OFFSETS.len(), OFFSETS[hypothesis % OFFSETS.len()]);
                if exponent != exponent_done {
                    exponent_done = exponent;
                    for ((level, slope), loss) in level.iter_mut().zip(slope).zip(loss) {
                        *level = echo.level + EXPONENTS[exponent] * slope + loss;
                    }
                }
                let row = &mut products[slot * cells + start..slot * cells + end];
                for (product, level) in row.iter_mut().zip(&level) {
                    let residual = level - offset;
                    *product *= 1.0 + residual * residual * echo.sharpness;
                }
            }
        }
    }
}

fn update(radio: &mut Device, evidence: &Device) {
    let best = evidence.iter().copied().fold(0.0, f32::max);
    if best <= 0.0 || !best.is_finite() {
        return;
    }
    for ((weight, evidence), prior) in radio.iter_mut().zip(evidence).zip(PRIOR) {
        let told = (evidence / best).max(1e-6).powf(LEARNING);
        *weight = weight.powf(1.0 - RETURN) * prior.powf(RETURN) * told;
    }
    let total: f32 = radio.iter().sum();
    radio.iter_mut().for_each(|weight| *weight /= total);
}

/// Usual exponents and small offsets before rare ones.
const fn prior() -> [f32; HYPOTHESES] {
    let exponents = [0.2, 0.5, 0.2, 0.1];
    let offsets = [0.01, 0.015, 0.02, 0.04, 0.12, 0.59, 0.12, 0.04, 0.02, 0.015, 0.01];
    let mut prior = [0.0; HYPOTHESES];
    let mut hypothesis = 0;
    while hypothesis < HYPOTHESES {
        prior[hypothesis] = exponents[hypothesis / OFFSETS.len()] * offsets[hypothesis % OFFSETS.len()];
        hypothesis += 1;
    }
    prior
}
