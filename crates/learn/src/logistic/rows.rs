//! A model as rows of a table, so that only what changed is written.

use model::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::rates::{Node, Path, entry};
use super::{BITS, Logistic, Weight};

/// One learnt number pair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// `w:<index>` for a weight, `n:<level>:<id>` for a rate, `v:` for the version.
    pub key: String,
    /// A weight's mean, a rate's hits, the version.
    pub a: f64,
    /// A weight's precision, a rate's views.
    pub b: f64,
    /// Up to when it is forgotten.
    pub at: Timestamp,
}

/// What a row is about. Ids of stores, categories and offers hold no slash.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Version,
    Weight(u32),
    Chain,
    Store(String),
    Category(String, String),
    Offer(String, String),
}

impl Key {
    pub(super) fn of_path(path: Path<'_>) -> [Self; 4] {
        let [store, category, offer] = [path.store, path.category, path.offer].map(str::to_owned);
        [Self::Chain, Self::Store(store.clone()), Self::Category(store.clone(), category), Self::Offer(store, offer)]
    }

    fn text(&self) -> String {
        match self {
            Self::Version => "v:".to_owned(),
            Self::Weight(index) => format!("w:{index}"),
            Self::Chain => "n:chain:".to_owned(),
            Self::Store(store) => format!("n:store:{store}"),
            Self::Category(store, category) => format!("n:category:{store}/{category}"),
            Self::Offer(store, offer) => format!("n:offer:{store}/{offer}"),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        let pair = |id: &str| id.split_once('/').map(|(a, b)| (a.to_owned(), b.to_owned()));
        match (kind, rest.split_once(':')) {
            ("v", _) => Some(Self::Version),
            ("w", _) => rest.parse().ok().filter(|index| *index < 1 << BITS).map(Self::Weight),
            ("n", Some(("chain", _))) => Some(Self::Chain),
            ("n", Some(("store", id))) => Some(Self::Store(id.to_owned())),
            ("n", Some(("category", id))) => pair(id).map(|(store, category)| Self::Category(store, category)),
            ("n", Some(("offer", id))) => pair(id).map(|(store, offer)| Self::Offer(store, offer)),
            _ => None,
        }
    }
}

impl Logistic {
    /// What was learnt since the last call, in the order of the keys.
    pub fn take_changed(&mut self) -> Vec<Row> {
        let changed = std::mem::take(&mut self.changed);
        changed.iter().filter_map(|key| self.row(key)).collect()
    }

    /// Puts rows back, as they were taken; one that can't be read is passed over.
    pub fn restore(&mut self, rows: impl IntoIterator<Item = Row>) {
        for row in rows {
            let sound = row.a.is_finite() && row.b.is_finite() && row.b >= 0.0;
            if let Some(key) = Key::parse(&row.key).filter(|_| sound) {
                self.put(key, &row);
            }
        }
    }

    /// Marks everything as changed, so that all of it is written again.
    pub fn mark_all(&mut self) {
        let rates = &self.rates;
        let mut all = vec![Key::Version, Key::Chain];
        all.extend(self.weights.keys().copied().map(Key::Weight));
        for (store, node) in &rates.stores {
            all.push(Key::Store(store.clone()));
            all.extend(node.categories.keys().map(|id| Key::Category(store.clone(), id.clone())));
            all.extend(node.offers.keys().map(|id| Key::Offer(store.clone(), id.clone())));
        }
        self.changed.extend(all);
    }

    fn row(&self, key: &Key) -> Option<Row> {
        let stores = &self.rates.stores;
        let (a, b, at) = match key {
            Key::Version => (version_to_number(self.version), 0.0, Timestamp(0)),
            Key::Weight(index) => self.weights.get(index).map(|weight| (weight.mean, weight.precision, weight.at))?,
            Key::Chain => parts(&self.rates.chain),
            Key::Store(store) => parts(&stores.get(store)?.node),
            Key::Category(store, id) => parts(stores.get(store)?.categories.get(id)?),
            Key::Offer(store, id) => parts(stores.get(store)?.offers.get(id)?),
        };
        Some(Row { key: key.text(), a, b, at })
    }

    fn put(&mut self, key: Key, row: &Row) {
        let node = Node { hits: row.a.clamp(0.0, row.b), views: row.b, at: row.at };
        let stores = &mut self.rates.stores;
        match key {
            Key::Version => self.version = number_to_version(row.a),
            Key::Weight(index) => {
                let precision = row.b.max(self.config.prior_precision);
                self.weights.insert(index, Weight { mean: row.a, precision, at: row.at });
            }
            Key::Chain => self.rates.chain = node,
            Key::Store(store) => entry(stores, &store).node = node,
            Key::Category(store, id) => *entry(&mut entry(stores, &store).categories, &id) = node,
            Key::Offer(store, id) => *entry(&mut entry(stores, &store).offers, &id) = node,
        }
    }
}

const fn parts(node: &Node) -> (f64, f64, Timestamp) {
    (node.hits, node.views, node.at)
}

#[expect(clippy::cast_precision_loss, reason = "nobody teaches 2^53 times")]
const fn version_to_number(version: u64) -> f64 {
    version as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates, and it was a count")]
const fn number_to_version(number: f64) -> u64 {
    number as u64
}
