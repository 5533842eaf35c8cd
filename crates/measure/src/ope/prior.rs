//! Bernoulli Thompson sampling with fixed Beta beliefs: the exact chance of each action to be drawn as the first, second
//! or third best, by quadrature.

use statrs::function::beta::{beta_reg, ln_beta};

/// Nodes and weights of five-point Gauss-Legendre quadrature over -1..1.
const NODES: [(f64, f64); 5] = [
    (-0.906_179_845_938_664, 0.236_926_885_056_189_1),
    (-0.538_469_310_105_683_1, 0.478_628_670_499_366_5),
    (0.0, 0.568_888_888_888_888_9),
    (0.538_469_310_105_683_1, 0.478_628_670_499_366_5),
    (0.906_179_845_938_664, 0.236_926_885_056_189_1),
];
/// A belief is taken from so many standard deviations below its mean up to so many above; its high tail is the longer.
const REACH: [f64; 2] = [12.0, 40.0];
/// Cells are so many standard deviations wide, of the narrowest belief that has weight there.
const CELL: f64 = 0.25;

/// Beta beliefs of a campaign's actions.
#[derive(Debug, Clone, PartialEq)]
pub struct Prior {
    /// Yes, one for each action.
    pub alpha: Vec<f64>,
    /// No, one for each action.
    pub beta: Vec<f64>,
}

/// Why a prior can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PriorError {
    /// The campaign is not in the file.
    #[error("the priors hold no campaign {0:?}; add it with its alpha and beta")]
    Missing(String),
    /// A line that is no number.
    #[error("line {0} of the priors is no number above 0; write one, as in \"    - 47.0\"")]
    Line(usize),
    /// The two lists differ in length.
    #[error("campaign {name:?} has {alpha} values of alpha and {beta} of beta; give as many of both")]
    Length {
        /// The campaign.
        name: String,
        /// Values of alpha.
        alpha: usize,
        /// Values of beta.
        beta: usize,
    },
}

impl Prior {
    /// Reads one campaign of a file of the form `name:`, `  alpha:`, `    - 47.0`.
    ///
    /// # Errors
    /// What is missing or is no number.
    pub fn parse(text: &str, campaign: &str) -> Result<Self, PriorError> {
        let mut found = Self { alpha: Vec::new(), beta: Vec::new() };
        let (mut inside, mut list) = (false, None);
        for (number, line) in text.lines().enumerate() {
            let word = line.trim();
            if word.is_empty() || word.starts_with('#') {
                continue;
            }
            match (word.strip_prefix('-'), word.strip_suffix(':')) {
                (Some(value), _) if inside => {
                    let value = value.trim().parse().ok().filter(|value: &f64| value.is_finite() && *value > 0.0);
                    let value = value.ok_or(PriorError::Line(number + 1))?;
                    match list {
                        Some("alpha") => found.alpha.push(value),
                        Some("beta") => found.beta.push(value),
                        Some(_) | None => {}
                    }
                }
                (None, Some(name)) if !line.starts_with(' ') => {
                    (inside, list) = (name.trim_matches(['"', '\'']) == campaign, None);
                }
                (None, Some(name)) => list = Some(name),
                (Some(_), _) | (None, None) => {}
            }
        }
        let (alpha, beta) = (found.alpha.len(), found.beta.len());
        match (alpha, beta) {
            (0, 0) => Err(PriorError::Missing(campaign.to_owned())),
            _ if alpha != beta => Err(PriorError::Length { name: campaign.to_owned(), alpha, beta }),
            _ => Ok(found),
        }
    }

    /// For each position the chance of every action to stand there: to be drawn with exactly so many above it.
    #[must_use]
    pub fn positions(&self, positions: usize) -> Vec<Vec<f64>> {
        let arms: Vec<Arm> = self.alpha.iter().zip(&self.beta).map(|(a, b)| Arm::new(*a, *b)).collect();
        let mut sums = Sums::new(arms.len(), positions);
        // Below the low ends of as many as there are places, nobody can stand in one.
        let mut lows: Vec<f64> = arms.iter().map(|arm| arm.low).collect();
        lows.sort_by(|a, b| b.total_cmp(a));
        let mut x = lows.get(positions.saturating_sub(1)).copied().unwrap_or(0.0);
        let end = arms.iter().map(|arm| arm.high).fold(0.0, f64::max);
        while x < end {
            let next = arms.iter().fold(end, |next, arm| next.min(arm.cell_end(x))).max(x.next_up());
            let half = (next - x) / 2.0;
            for (node, weight) in NODES {
                sums.add(&arms, node.mul_add(half, x + half), weight * half);
            }
            x = next;
        }
        sums.chances
    }
}

struct Arm {
    alpha: f64,
    beta: f64,
    ln_beta: f64,
    sd: f64,
    low: f64,
    high: f64,
}

impl Arm {
    fn new(alpha: f64, beta: f64) -> Self {
        let (all, mean) = (alpha + beta, alpha / (alpha + beta));
        let sd = (mean * (1.0 - mean) / (all + 1.0)).sqrt();
        let [below, above] = REACH;
        let (low, high) = ((mean - below * sd).max(0.0), (mean + above * sd).min(1.0));
        Self { alpha, beta, ln_beta: ln_beta(alpha, beta), sd, low, high }
    }

    fn density(&self, x: f64) -> f64 {
        if x <= self.low || x >= self.high {
            return 0.0;
        }
        ((self.alpha - 1.0) * x.ln() + (self.beta - 1.0) * (-x).ln_1p() - self.ln_beta).exp()
    }

    fn above(&self, x: f64) -> f64 {
        if x <= self.low {
            1.0
        } else if x >= self.high {
            0.0
        } else {
            // The complement, so that small chances keep their digits.
            beta_reg(self.beta, self.alpha, 1.0 - x)
        }
    }

    fn cell_end(&self, x: f64) -> f64 {
        if x < self.low {
            self.low
        } else if x < self.high {
            self.high.min(CELL.mul_add(self.sd, x))
        } else {
            f64::INFINITY
        }
    }
}

/// The integrals, with room for "how many of the first i are above x", counted up to the last position.
struct Sums {
    chances: Vec<Vec<f64>>,
    left: Vec<Vec<f64>>,
    right: Vec<f64>,
}

impl Sums {
    fn new(arms: usize, positions: usize) -> Self {
        let chances = vec![vec![0.0; arms]; positions];
        Self { chances, left: vec![vec![0.0; positions]; arms + 1], right: vec![0.0; positions] }
    }

    fn add(&mut self, arms: &[Arm], x: f64, weight: f64) {
        let above: Vec<f64> = arms.iter().map(|arm| arm.above(x)).collect();
        self.left[0].fill(0.0);
        self.left[0][0] = 1.0;
        for (i, p) in above.iter().enumerate() {
            self.left[i + 1] = one_more(&self.left[i], *p);
        }
        self.right.fill(0.0);
        self.right[0] = 1.0;
        for i in (0..arms.len()).rev() {
            let density = arms[i].density(x) * weight;
            if density > 0.0 {
                for (position, chances) in self.chances.iter_mut().enumerate() {
                    let ways = (0..=position).map(|k| self.left[i][k] * self.right[position - k]);
                    chances[i] += density * ways.sum::<f64>();
                }
            }
            self.right = one_more(&self.right, above[i]);
        }
    }
}

/// The chances of counts with one more that counts with chance `p`.
fn one_more(counts: &[f64], p: f64) -> Vec<f64> {
    let fewer = |k: usize| if k == 0 { 0.0 } else { counts[k - 1] };
    counts.iter().enumerate().map(|(k, chance)| chance * (1.0 - p) + fewer(k) * p).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_beliefs_stand_everywhere_alike() {
        let prior = Prior { alpha: vec![2.0; 5], beta: vec![40.0; 5] };
        for position in prior.positions(3) {
            assert!(position.iter().all(|p| (p - 0.2).abs() < 1e-9), "{position:?}");
        }
    }

    #[test]
    fn two_beliefs_agree_with_the_closed_form() {
        // P(Beta(1, b1) > Beta(1, b2)) = b2 / (b1 + b2).
        let prior = Prior { alpha: vec![1.0, 1.0], beta: vec![30.0, 90.0] };
        let places = prior.positions(2);
        assert!((places[0][0] - 0.75).abs() < 1e-9 && (places[1][0] - 0.25).abs() < 1e-9, "{places:?}");
    }

    #[test]
    fn a_campaign_is_found_among_others() {
        let text = "# priors\na:\n  alpha:\n    - 1.0\n  beta:\n    - 2\nb:\n  alpha:\n    - 3.5\n    - 4\n  beta:\n    - 5\n    - 6\n";
        assert_eq!(Prior::parse(text, "b"), Ok(Prior { alpha: vec![3.5, 4.0], beta: vec![5.0, 6.0] }));
        assert_eq!(Prior::parse(text, "c"), Err(PriorError::Missing("c".into())));
        assert_eq!(Prior::parse("a:\n  alpha:\n    - x\n", "a"), Err(PriorError::Line(3)));
        assert!(matches!(Prior::parse("a:\n  alpha:\n    - 1\n", "a"), Err(PriorError::Length { .. })));
    }
}
