//! What an intent rests on most: which way of touching told of it.

use std::collections::BTreeMap;

use model::event::Interest;
use model::ids::{CategoryId, ProductId};
use model::time::Timestamp;

use super::{Evidence, Intent, Topic};

impl Intent {
    /// The interest that counts most towards a product, or else towards its category or brand; none when nothing does.
    #[must_use]
    pub fn because(
        &self,
        product: Option<&ProductId>,
        category: Option<&CategoryId>,
        brand: Option<&str>,
        now: Timestamp,
        half_life_h: &BTreeMap<Interest, f64>,
    ) -> Option<Interest> {
        let most = |topics: Vec<&Topic>| {
            let mut sums: BTreeMap<Interest, f64> = BTreeMap::new();
            for (interest, amount) in topics.iter().flat_map(|topic| topic.evidence.amounts(now, half_life_h)) {
                *sums.entry(interest).or_default() += amount;
            }
            // What is next to nothing is no reason.
            let sums = sums.into_iter().filter(|(_, amount)| *amount > 1e-3);
            sums.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(interest, _)| interest)
        };
        let own = product.and_then(|product| self.products.get(product));
        let alike = || {
            let of = |topic: &&Topic| category.is_some() && topic.category.as_ref() == category;
            let general = category.and_then(|category| self.categories.get(category));
            self.products.values().filter(of).chain(general).collect()
        };
        let branded = || brand.and_then(|brand| self.brands.get(brand)).into_iter().collect();
        most(own.into_iter().collect()).or_else(|| most(alike())).or_else(|| most(branded()))
    }
}

impl Evidence {
    /// What each interest counts at a time.
    fn amounts(&self, now: Timestamp, half_life_h: &BTreeMap<Interest, f64>) -> impl Iterator<Item = (Interest, f64)> {
        self.0.iter().map(move |(interest, trace)| {
            let one = Self(BTreeMap::from([(*interest, *trace)]));
            (*interest, one.sum(now, half_life_h))
        })
    }
}
