//! Thompson sampling without sampling: the exact chance with which each arm would be drawn as the best one.
//!
//! Arms are compared in money. An arm is worth `scale * sigmoid(z) + shift` cents, `z` is normal; silence is worth the
//! reserve. The share of an arm is the chance that its worth is above the reserve and above every other's, found by
//! quadrature, so the same beliefs always give the same shares and a log of them can be trusted.

use model::policy::Choose;
use serde::{Deserialize, Serialize};

use crate::special::{expected_chance, normal_cdf, normal_density, sigmoid};

/// Most arms that can be reached, silence among them, unless a policy says less.
pub const ARMS_MAX: usize = 20;
/// Share of decisions that explore, unless a policy says otherwise: no weight in a replay exceeds `ARMS_MAX / EPSILON`.
pub const EPSILON: f64 = 0.05;
/// Nobody is surer than this of any log-odds: a narrower belief counts as this wide.
pub const SD_MIN: f64 = 1e-3;

/// Beyond so many standard deviations a belief has no weight (one part in 10^12).
const WIDTH: f64 = 7.0;
/// Nodes and weights of five-point Gauss-Legendre quadrature over -1..1.
const NODES: [(f64, f64); 5] = [
    (-0.906_179_845_938_664, 0.236_926_885_056_189_1),
    (-0.538_469_310_105_683_1, 0.478_628_670_499_366_5),
    (0.0, 0.568_888_888_888_888_9),
    (0.538_469_310_105_683_1, 0.478_628_670_499_366_5),
    (0.906_179_845_938_664, 0.236_926_885_056_189_1),
];

/// What is believed of one offer, in money: `scale * sigmoid(z) + shift` with `z` normal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    /// Expected log-odds of a yes.
    pub mean: f64,
    /// How unsure they are.
    pub sd: f64,
    /// Cents that a yes brings; an arm with none or less can't be reached.
    pub scale: f64,
    /// Cents that it costs either way.
    pub shift: f64,
}

impl Arm {
    /// Expected cents.
    #[must_use]
    pub fn worth(&self) -> f64 {
        self.scale * expected_chance(self.mean, self.sd) + self.shift
    }

    /// Cents if the log-odds are `z`.
    fn at(&self, z: f64) -> f64 {
        self.scale * sigmoid(z) + self.shift
    }

    /// Cents so many standard deviations away from the mean.
    fn quantile(&self, deviations: f64) -> f64 {
        self.at(deviations * self.sd.max(SD_MIN) + self.mean)
    }

    /// The log-odds at which it is worth `x` cents; infinite beyond what it can be worth.
    fn log_odds(&self, x: f64) -> f64 {
        let (above, below) = (x - self.shift, self.scale - (x - self.shift));
        if above <= 0.0 {
            f64::NEG_INFINITY
        } else if below <= 0.0 {
            f64::INFINITY
        } else {
            (above / below).ln()
        }
    }

    /// Where `x` cents are, in standard deviations from the mean.
    fn deviations(&self, x: f64) -> f64 {
        (self.log_odds(x) - self.mean) / self.sd.max(SD_MIN)
    }

    fn is_reachable(&self) -> bool {
        self.scale > 0.0 && [self.mean, self.sd, self.scale, self.shift].iter().all(|x| x.is_finite())
    }
}

/// The chance of every arm to be chosen; they sum to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Shares {
    /// Of each arm given, in its order; 0 for those that can't be reached.
    pub arms: Vec<f64>,
    /// Of saying nothing.
    pub silence: f64,
    /// The arm of the highest expected worth above the reserve; none is silence.
    pub best: Option<usize>,
}

/// The arms worth comparing: the best `arms_max - 1` by what they may be worth (three standard deviations above the
/// mean), in the order given. The earlier of equals stays.
#[must_use]
pub fn reachable(arms: &[Arm], arms_max: usize) -> Vec<usize> {
    let mut order: Vec<(f64, usize)> =
        arms.iter().enumerate().filter(|(_, arm)| arm.is_reachable()).map(|(i, arm)| (arm.quantile(3.0), i)).collect();
    let most = arms_max.saturating_sub(1);
    if order.len() > most {
        order.select_nth_unstable_by(most, |a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        order.truncate(most);
    }
    let mut kept: Vec<usize> = order.into_iter().map(|(_, index)| index).collect();
    kept.sort_unstable();
    kept
}

/// The exact chance of every arm to be worth the most, and of silence that none is worth more than the reserve.
#[must_use]
pub fn shares(arms: &[Arm], reserve: f64) -> Shares {
    let live: Vec<usize> = (0..arms.len()).filter(|i| arms[*i].is_reachable()).collect();
    let silence: f64 = live.iter().map(|i| normal_cdf(arms[*i].deviations(reserve))).product();
    // Below the highest of the low ends somebody is surely better; above the highest of the high ends nobody is left.
    let low = live.iter().map(|i| arms[*i].quantile(-WIDTH)).fold(reserve, f64::max);
    let high = live.iter().map(|i| arms[*i].quantile(WIDTH)).fold(reserve, f64::max);
    let racing: Vec<usize> = live.into_iter().filter(|i| arms[*i].quantile(WIDTH) > low).collect();
    let runners: Vec<Arm> = racing.iter().map(|i| arms[*i]).collect();
    let mut race = Race::new(&runners);
    race.run(low, high);
    let mut all = vec![0.0; arms.len()];
    for (index, share) in racing.iter().zip(&race.won) {
        all[*index] = *share;
    }
    let mut shares = Shares { arms: all, silence, best: best(arms, reserve) };
    shares.normalise();
    shares
}

/// Shares as a policy chooses, over arms that can be reached. All but `Best` give every arm and silence an equal part of
/// `epsilon`; `Best` explores nothing, so what it leaves behind can't be used to judge other policies.
#[must_use]
pub fn shares_of(choose: Choose, arms: &[Arm], reserve: f64, epsilon: f64) -> Shares {
    match choose {
        Choose::Thompson => shares(arms, reserve).with_floor(epsilon),
        Choose::Best => greedy(arms, reserve),
        Choose::EpsilonGreedy => greedy(arms, reserve).with_floor(epsilon),
        Choose::Uniform => greedy(arms, reserve).with_floor(1.0),
    }
}

/// All on the best arm, or on silence.
fn greedy(arms: &[Arm], reserve: f64) -> Shares {
    let best = best(arms, reserve);
    let share = |index| if best == Some(index) { 1.0 } else { 0.0 };
    Shares { arms: (0..arms.len()).map(share).collect(), silence: if best.is_none() { 1.0 } else { 0.0 }, best }
}

/// The integral over all worths of "this one is exactly here and all others are below".
struct Race<'a> {
    arms: &'a [Arm],
    won: Vec<f64>,
    below: Vec<f64>,
    density: Vec<f64>,
}

impl<'a> Race<'a> {
    fn new(arms: &'a [Arm]) -> Self {
        let zeros = vec![0.0; arms.len()];
        Self { arms, won: zeros.clone(), below: zeros.clone(), density: zeros }
    }

    fn run(&mut self, low: f64, high: f64) {
        let mut x = low;
        while x < high {
            let next = self.step(x).min(high);
            // Worths so close together that numbers can't tell them apart: the cell has no width.
            let next = if next > x { next } else { x.next_up() };
            let half = (next - x) / 2.0;
            for (node, weight) in NODES {
                self.node(node.mul_add(half, x + half), weight * half);
            }
            x = next;
        }
    }

    /// The end of the cell that begins at `x`: nobody's belief changes by more than one standard deviation in it.
    fn step(&self, x: f64) -> f64 {
        self.arms.iter().fold(f64::INFINITY, |end, arm| {
            let at = arm.deviations(x);
            let sd = arm.sd.max(SD_MIN);
            if at < -WIDTH {
                end.min(arm.quantile(-WIDTH))
            } else if at < WIDTH {
                end.min(arm.at(at.mul_add(sd, arm.mean) + sd.min(1.0)))
            } else {
                end
            }
        })
    }

    fn node(&mut self, x: f64, weight: f64) {
        for (i, arm) in self.arms.iter().enumerate() {
            let t = arm.deviations(x);
            if t.abs() < WIDTH {
                let p = (x - arm.shift) / arm.scale;
                self.below[i] = normal_cdf(t);
                self.density[i] = normal_density(t) / (arm.sd.max(SD_MIN) * p * (1.0 - p) * arm.scale);
            } else {
                self.below[i] = if t > 0.0 { 1.0 } else { 0.0 };
                self.density[i] = 0.0;
            }
        }
        // All the others' product, without dividing by one's own: from the left, then from the right.
        let mut left = weight;
        for i in 0..self.arms.len() {
            self.density[i] *= left;
            left *= self.below[i];
        }
        let mut right = 1.0;
        for i in (0..self.arms.len()).rev() {
            self.won[i] += self.density[i] * right;
            right *= self.below[i];
        }
    }
}

/// The arm of the highest expected worth above the reserve, the earlier of equals; none is silence.
fn best(arms: &[Arm], reserve: f64) -> Option<usize> {
    let worths = arms.iter().enumerate().filter(|(_, arm)| arm.is_reachable()).map(|(i, arm)| (i, arm.worth()));
    worths
        .filter(|(_, worth)| *worth > reserve)
        .reduce(|best, next| if next.1 > best.1 { next } else { best })
        .map(|(i, _)| i)
}

/// The arm that a draw from 0 up to 1 falls on; none is silence.
///
/// The draw runs over the arms in their order and ends at silence, so rounding can't fall on an arm of chance 0.
#[must_use]
pub fn pick(shares: &Shares, draw: f64) -> Option<usize> {
    let mut reached = 0.0;
    shares.arms.iter().position(|share| {
        reached += share;
        *share > 0.0 && draw < reached
    })
}

impl Shares {
    fn normalise(&mut self) {
        let total = self.arms.iter().sum::<f64>() + self.silence;
        if total > 0.0 {
            self.arms.iter_mut().for_each(|share| *share /= total);
            self.silence /= total;
        } else {
            self.silence = 1.0;
        }
    }

    /// Every arm and silence gets an equal part of `epsilon`, the rest is as before.
    #[must_use]
    pub fn with_floor(mut self, epsilon: f64) -> Self {
        let floor = epsilon / count(self.arms.len() + 1);
        for share in self.arms.iter_mut().chain([&mut self.silence]) {
            *share = (1.0 - epsilon).mul_add(*share, floor);
        }
        self
    }
}

#[expect(clippy::cast_precision_loss, reason = "there are few arms")]
const fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests;
