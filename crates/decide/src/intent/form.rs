//! How topics and their evidence are written: by name, and where nobody reads along as rows.

use std::collections::BTreeMap;
use std::fmt;

use model::event::Interest;
use model::ids::CategoryId;
use model::time::Timestamp;
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Evidence, Topic, Trace};

#[derive(Serialize)]
#[serde(untagged)]
enum Part {
    Interest(Interest),
    Amount(f64),
    At(Timestamp),
}

impl Serialize for Evidence {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() {
            return self.0.serialize(to);
        }
        let row = |(interest, trace): (&Interest, &Trace)| {
            [Part::Interest(*interest), Part::Amount(trace.amount), Part::At(trace.at)]
        };
        self.0.iter().flat_map(row).collect::<Vec<_>>().serialize(to)
    }
}

impl<'de> Deserialize<'de> for Evidence {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if from.is_human_readable() {
            return BTreeMap::deserialize(from).map(Self);
        }
        from.deserialize_seq(Rows)
    }
}

struct Rows;

impl<'de> Visitor<'de> for Rows {
    type Value = Evidence;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interests, each with its amount and time after it")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Evidence, A::Error> {
        let cut = || de::Error::custom("an interest has an amount and a time");
        let mut all = BTreeMap::new();
        while let Some(interest) = parts.next_element()? {
            let amount = parts.next_element()?.ok_or_else(cut)?;
            let at = parts.next_element()?.ok_or_else(cut)?;
            all.insert(interest, Trace { amount, at });
        }
        Ok(Evidence(all))
    }
}

/// By name; what is not there is left out.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Named {
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<CategoryId>,
    #[serde(skip_serializing_if = "Evidence::is_empty")]
    evidence: Evidence,
    #[serde(skip_serializing_if = "Evidence::is_empty")]
    set_aside: Evidence,
    #[serde(skip_serializing_if = "Option::is_none")]
    bought: Option<Timestamp>,
}

impl Evidence {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Topic {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Self { category, evidence, set_aside, bought } = self;
        if to.is_human_readable() {
            let (category, evidence, set_aside) = (category.clone(), evidence.clone(), set_aside.clone());
            return Named { category, evidence, set_aside, bought: *bought }.serialize(to);
        }
        // What comes last is left out when it is not there.
        match (bought, set_aside.is_empty()) {
            (Some(bought), _) => (category, evidence, set_aside, bought).serialize(to),
            (None, false) => (category, evidence, set_aside).serialize(to),
            (None, true) => (category, evidence).serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for Topic {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if from.is_human_readable() {
            let Named { category, evidence, set_aside, bought } = Named::deserialize(from)?;
            return Ok(Self { category, evidence, set_aside, bought });
        }
        from.deserialize_seq(Row)
    }
}

struct Row;

impl<'de> Visitor<'de> for Row {
    type Value = Topic;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a category, evidence, what is set aside, and when it was bought")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Topic, A::Error> {
        Ok(Topic {
            category: parts.next_element::<Option<CategoryId>>()?.flatten(),
            evidence: parts.next_element()?.unwrap_or_default(),
            set_aside: parts.next_element()?.unwrap_or_default(),
            bought: parts.next_element()?,
        })
    }
}
