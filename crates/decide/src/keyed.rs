//! Ids, shares and draws that follow from a secret seed and a key, and from nothing else.
//!
//! The same seed and key give the same value on every machine; without the seed a value can't be guessed.

use model::ids::DecisionId;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;
use sha2::{Digest, Sha256};

/// SHA-256 over the seed, the domain and every part, each with its length before it.
#[must_use]
pub fn digest(seed: u64, domain: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(seed.to_be_bytes());
    for part in std::iter::once(&domain.as_bytes()).chain(parts) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// A 128-bit id.
#[must_use]
pub fn id(seed: u64, domain: &str, parts: &[&[u8]]) -> u128 {
    let digest = digest(seed, domain, parts);
    u128::from_be_bytes(digest[..16].try_into().expect("a digest has 32 bytes"))
}

/// A number from 0 up to but not 1, spread evenly over the keys.
#[must_use]
pub fn share(seed: u64, domain: &str, parts: &[&[u8]]) -> f64 {
    let digest = digest(seed, domain, parts);
    unit(u64::from_be_bytes(digest[..8].try_into().expect("a digest has 32 bytes")))
}

/// The draw of one decision, from 0 up to but not 1: `ChaCha` keyed by the decision's id, so that it can be repeated.
#[must_use]
pub fn draw(seed: u64, decision: DecisionId) -> f64 {
    unit(ChaCha12Rng::from_seed(digest(seed, "draw", &[&decision.0.to_be_bytes()])).next_u64())
}

/// The upper 53 bits, which a float carries exactly.
#[expect(clippy::cast_precision_loss, reason = "53 bits fit a float exactly")]
fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(id(1, "d", &[b"ab", b"c"]), id(1, "d", &[b"a", b"bc"]));
        assert_ne!(id(1, "d", &[b"a"]), id(2, "d", &[b"a"]));
        assert_ne!(id(1, "d", &[b"a"]), id(1, "e", &[b"a"]));
    }

    #[test]
    fn draws_are_spread_evenly_and_repeat() {
        let draws: Vec<f64> = (0..10_000).map(|n| draw(7, DecisionId(n))).collect();
        assert!(draws.iter().all(|d| (0.0..1.0).contains(d)));
        let mean = draws.iter().sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
        assert_eq!(draws[42].to_bits(), draw(7, DecisionId(42)).to_bits());
    }
}
