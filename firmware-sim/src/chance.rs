//! Chance as a tree: every part draws from a branch of its own, so one more draw here changes nothing there.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A branch of the tree of seeded generators.
#[derive(Debug, Clone)]
pub struct Chance {
    seed: [u8; 32],
}

/// A stream of draws from one branch.
#[derive(Debug, Clone)]
pub struct Draws {
    source: ChaCha8Rng,
}

impl Chance {
    /// The root for a seed.
    #[must_use]
    pub fn root(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        Self { seed: bytes }
    }

    /// A branch, by name and number.
    #[must_use]
    pub fn branch(&self, name: &str, index: u64) -> Self {
        let mut source = ChaCha8Rng::from_seed(self.seed);
        source.set_stream(fnv1a(name, index));
        let mut seed = [0; 32];
        source.fill_bytes(&mut seed);
        Self { seed }
    }

    /// Draws from this branch, from its beginning.
    #[must_use]
    pub fn draws(&self) -> Draws {
        Draws { source: ChaCha8Rng::from_seed(self.seed) }
    }
}

impl Draws {
    /// A number from `low` up to `high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + self.unit() * (high - low)
    }

    /// A whole number below `count`; 0 when `count` is 0.
    pub fn below(&mut self, count: usize) -> usize {
        if count == 0 { 0 } else { usize::try_from(self.source.next_u64() % count as u64).unwrap_or(0) }
    }

    /// True with the given probability.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A draw of the normal distribution.
    pub fn normal(&mut self, mean: f64, deviation: f64) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        mean + deviation * radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// A time of so many milliseconds, between two bounds in seconds.
    #[expect(clippy::cast_possible_truncation, reason = "spans of a shop are far below 2^53 ms")]
    pub fn millis(&mut self, low_s: f64, high_s: f64) -> model::time::Millis {
        model::time::Millis((self.between(low_s, high_s) * 1_000.0) as i64)
    }

    /// Random bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.source.fill_bytes(&mut bytes);
        bytes
    }

    #[expect(clippy::cast_precision_loss, reason = "53 bits fit exactly")]
    fn unit(&mut self) -> f64 {
        (self.source.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// A stable hash of a branch's name: the generator's stream number must be the same in every build.
fn fnv1a(name: &str, index: u64) -> u64 {
    let bytes = name.bytes().chain(index.to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_draw_in_a_branch_changes_nothing_in_another() {
        let root = Chance::root(7);
        let expected = root.branch("radio", 1).draws().between(0.0, 1.0);
        let mut other = root.branch("radio", 0).draws();
        other.between(0.0, 1.0);
        other.bytes::<64>();
        assert_eq!(root.branch("radio", 1).draws().between(0.0, 1.0).to_bits(), expected.to_bits());
        assert_ne!(root.branch("walk", 1).draws().between(0.0, 1.0).to_bits(), expected.to_bits());
    }

    #[test]
    fn normal_draws_have_the_asked_mean_and_deviation() {
        let mut draws = Chance::root(1).draws();
        let values: Vec<f64> = (0..20_000).map(|_| draws.normal(-3.0, 4.0)).collect();
        let mean = values.iter().sum::<f64>() / 20_000.0;
        let deviation = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 20_000.0).sqrt();
        assert!((mean + 3.0).abs() < 0.1, "{mean}");
        assert!((deviation - 4.0).abs() < 0.1, "{deviation}");
    }
}
