//! Champion and challenger: two models taught the same, of which the second forgets faster.
//!
//! While the champion's chances are right, no other forecast can gain on it for long: the likelihood ratio is a test
//! martingale. Its restarted form (a sum that never falls below 1) therefore reaches the bar on average at most once in so
//! many examples as the bar is high, however often one looks. When it does, the world has drifted: the challenger takes over.

use model::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::logistic::{Config, Example, Logistic, Opinion, Row};
use crate::special::expected_chance;

/// A right champion is replaced at most once in so many examples, on average.
pub const BAR: f64 = 10_000.0;
/// So much of what it learnt is left to a challenger after a day.
pub const CHALLENGER_FORGET: f64 = 0.7;
/// So much of its experience a new champion keeps.
const KEPT: f64 = 0.25;
/// Forecasts are kept this far from 0 and 1, so that no single outcome decides.
const CHANCE_MIN: f64 = 1e-3;

/// The two, and how far the challenger is ahead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Duel {
    /// The one that decides.
    pub champion: Logistic,
    /// The one that forgets faster.
    pub challenger: Logistic,
    /// Logarithm of the restarted likelihood ratio, 0 at least.
    lead: f64,
    promotions: u64,
    #[serde(skip)]
    moved: bool,
}

/// The challenger took over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promoted {
    /// How often that has happened, this time included.
    pub times: u64,
    /// When.
    pub at: Timestamp,
}

impl Default for Duel {
    fn default() -> Self {
        Self::new(Config::default())
    }
}

impl Duel {
    /// Two models that have seen nothing.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let fast = Config { forget: config.forget.min(CHALLENGER_FORGET), ..config };
        let (champion, challenger) = (Logistic::new(config), Logistic::new(fast));
        Self { champion, challenger, lead: 0.0, promotions: 0, moved: false }
    }

    /// What the champion believes.
    #[must_use]
    pub fn opinion(&self, example: &Example<'_>) -> Opinion {
        self.champion.opinion(example)
    }

    /// What decides.
    #[must_use]
    pub const fn champion(&self) -> &Logistic {
        &self.champion
    }

    /// The chance that the champion expects.
    #[must_use]
    pub fn chance(&self, example: &Example<'_>) -> f64 {
        let belief = self.opinion(example).belief;
        expected_chance(belief.mean, belief.sd)
    }

    /// Counts up with everything taught and every change of champion.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.champion.version() + self.promotions
    }

    /// How often a challenger has taken over.
    #[must_use]
    pub const fn promotions(&self) -> u64 {
        self.promotions
    }

    /// An outcome: both forecast it first, then both are taught.
    pub fn teach(&mut self, example: &Example<'_>, yes: bool, now: Timestamp) -> Option<Promoted> {
        let likelihood = |model: &Logistic| {
            let chance = model.chance(example).clamp(CHANCE_MIN, 1.0 - CHANCE_MIN);
            if yes { chance } else { 1.0 - chance }
        };
        self.lead = (self.lead + likelihood(&self.challenger).ln() - likelihood(&self.champion).ln()).max(0.0);
        self.moved = true;
        self.champion.teach(example, yes, now);
        self.challenger.teach(example, yes, now);
        (self.lead >= BAR.ln()).then(|| self.promote(now))
    }

    /// A yes that came after the no had been taught.
    pub fn correct(&mut self, example: &Example<'_>, now: Timestamp) {
        self.champion.correct(example, now);
        self.challenger.correct(example, now);
    }

    fn promote(&mut self, now: Timestamp) -> Promoted {
        let config = *self.champion.config();
        self.champion = self.challenger.clone();
        self.champion.set_config(config);
        // Much of what it knows is from before the drift.
        self.champion.discount(KEPT);
        self.lead = 0.0;
        self.promotions += 1;
        Promoted { times: self.promotions, at: now }
    }

    /// What changed since the last call: rows of the champion (`a/…`), of the challenger (`b/…`), and of the duel (`duel`).
    pub fn take_changed(&mut self) -> Vec<Row> {
        let named = |prefix: &'static str| move |row: Row| Row { key: format!("{prefix}{}", row.key), ..row };
        let mut rows: Vec<Row> = self.champion.take_changed().into_iter().map(named("a/")).collect();
        rows.extend(self.challenger.take_changed().into_iter().map(named("b/")));
        if std::mem::take(&mut self.moved) {
            #[expect(clippy::cast_precision_loss, reason = "promotions are few")]
            let promotions = self.promotions as f64;
            rows.push(Row { key: "duel".to_owned(), a: self.lead, b: promotions, at: Timestamp(0) });
        }
        rows
    }

    /// Puts rows back, as they were taken; one that can't be read is passed over.
    pub fn restore(&mut self, rows: impl IntoIterator<Item = Row>) {
        for row in rows {
            if let Some(key) = row.key.strip_prefix("a/") {
                self.champion.restore([Row { key: key.to_owned(), ..row }]);
            } else if let Some(key) = row.key.strip_prefix("b/") {
                self.challenger.restore([Row { key: key.to_owned(), ..row }]);
            } else if row.key == "duel" && row.a.is_finite() && row.b.is_finite() {
                self.lead = row.a.clamp(0.0, BAR.ln());
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
                let promotions = row.b as u64;
                self.promotions = promotions;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::logistic::Path;

    /// A shop with 300 outcomes a day; on which day the challenger first takes over, of `days`, and the duel after it.
    fn live(seed: u64, days: i64, rate: impl Fn(i64, usize) -> f64) -> (Option<i64>, Duel) {
        let mut chance = ChaCha8Rng::seed_from_u64(seed);
        let mut duel = Duel::new(Config::default());
        let mut first = None;
        for day in 0..days {
            for visit in 0..300_i64 {
                let now = Timestamp(day * 86_400_000 + visit * 200_000);
                let offer = usize::try_from(visit % 3).expect("a small number");
                let path = Path { offer: ["a", "b", "c"][offer], category: "x", store: "s" };
                let yes = chance.random::<f64>() < rate(day, offer);
                if duel.teach(&Example { path, features: &[] }, yes, now).is_some() && first.is_none() {
                    first = Some(day);
                }
            }
        }
        (first, duel)
    }

    #[test]
    fn a_shift_on_day_ten_is_found_by_day_twelve() {
        let mut sum = 0.0;
        for seed in 0..20 {
            let rates = [[0.05, 0.10, 0.02], [0.15, 0.03, 0.08]];
            let (first, duel) = live(seed, 13, |day, offer| rates[usize::from(day >= 10)][offer]);
            assert!(matches!(first, Some(10..=12)), "seed {seed}: {first:?}");
            let path = Path { offer: "a", category: "x", store: "s" };
            let chance = duel.chance(&Example { path, features: &[] });
            sum += chance / 20.0;
            // A model that forgets slowly would be at 0.073.
            assert!(chance > 0.08, "seed {seed}: {chance}");
        }
        assert!((sum - 0.15).abs() < 0.03, "{sum}");
    }

    #[test]
    fn a_steady_world_keeps_its_champion() {
        let replaced = (0..20).filter(|seed| live(*seed, 20, |_, offer| [0.05, 0.10, 0.02][offer]).0.is_some()).count();
        // 6,000 examples each: at most 0.6 of a promotion is to be expected in each run, and in truth far fewer.
        assert!(replaced <= 2, "{replaced} of 20");
    }

    #[test]
    fn rows_bring_a_duel_back() {
        let (_, mut duel) = live(1, 12, |day, _| if day < 10 { 0.05 } else { 0.3 });
        assert_eq!(duel.promotions(), 1);
        let rows = duel.take_changed();
        assert!(duel.take_changed().is_empty());
        let mut back = Duel::new(Config::default());
        back.restore(rows);
        assert_eq!(duel, back);
    }
}
