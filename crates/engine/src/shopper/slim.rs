//! How long lists of a customer's state are written, so that the state stays small: hashes as digits in a row, features as
//! one line. What was written at length before is still read, as far as it matters.

use std::collections::VecDeque;

use model::decision::{Block, Feature};
use serde::{Deserialize, Deserializer, Serializer};

/// Digits of one hash.
const DIGITS: usize = 8;

/// Hashes as digits in a row.
pub(super) mod hashes {
    use super::{DIGITS, Deserialize, Deserializer, Serializer, VecDeque};

    pub(in super::super) fn serialize<S: Serializer>(hashes: &VecDeque<u32>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hashes.iter().map(|hash| format!("{hash:08x}")).collect::<String>())
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<VecDeque<u32>, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Digits(String),
            /// Of another kind: what was known by them is not known any more.
            Listed(Vec<serde::de::IgnoredAny>),
        }
        let digits = match Form::deserialize(from)? {
            Form::Digits(digits) => digits,
            Form::Listed(listed) => listed.iter().map(|_| "").collect(),
        };
        let wrong = || serde::de::Error::custom("hashes have eight digits each");
        let one = |n: usize| digits.get(n * DIGITS..(n + 1) * DIGITS).and_then(|one| u32::from_str_radix(one, 16).ok());
        (0..digits.len() / DIGITS).map(|n| one(n).ok_or_else(wrong)).collect()
    }
}

/// Features as one line, such as `mdwell=0.4394;ptrust=1`: the block's letter, the name and the value.
pub(super) mod features {
    use super::{Block, Deserialize, Deserializer, Feature, Serializer};

    pub(in super::super) fn serialize<S: Serializer>(features: &[Feature], to: S) -> Result<S::Ok, S::Error> {
        let one = |feature: &Feature| format!("{}{}={}", letter(feature.block), feature.name, feature.value);
        to.serialize_str(&features.iter().map(one).collect::<Vec<_>>().join(";"))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Feature>, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Line(String),
            Listed(Vec<Feature>),
        }
        let line = match Form::deserialize(from)? {
            Form::Line(line) => line,
            Form::Listed(listed) => return Ok(listed),
        };
        let wrong = || serde::de::Error::custom("a feature is a letter, a name, = and a number");
        line.split(';').filter(|one| !one.is_empty()).map(|one| read(one).ok_or_else(wrong)).collect()
    }

    fn read(one: &str) -> Option<Feature> {
        let (name, value) = one.rsplit_once('=')?;
        let mut name = name.chars();
        let block = [Block::Offer, Block::Micro, Block::Relational, Block::Personal];
        let first = name.next()?;
        let block = block.into_iter().find(|block| letter(*block) == first)?;
        Some(Feature { block, name: name.as_str().to_owned(), value: value.parse().ok()? })
    }

    const fn letter(block: Block) -> char {
        match block {
            Block::Offer => 'o',
            Block::Micro => 'm',
            Block::Relational => 'r',
            Block::Personal => 'p',
        }
    }
}

/// A value as it is kept: to four places.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Kept {
        #[serde(with = "hashes")]
        seen: VecDeque<u32>,
        #[serde(with = "features")]
        features: Vec<Feature>,
    }

    #[test]
    fn what_is_written_short_reads_back_and_what_was_written_long_too() {
        let feature = |block, name: &str, value| Feature { block, name: name.into(), value };
        let features = vec![
            feature(Block::Micro, "trigger:dwelling", 1.0),
            feature(Block::Personal, "intent", rounded(0.593_430_1)),
            feature(Block::Offer, "a=b", rounded(-0.000_04)),
        ];
        let kept = Kept { seen: [0, 7, u32::MAX].into(), features: features.clone() };
        let text = serde_json::to_string(&kept).expect("JSON");
        let expect = r#"{"seen":"0000000000000007ffffffff","features":"mtrigger:dwelling=1;pintent=0.5934;oa=b=-0"}"#;
        assert_eq!(text, expect);
        assert_eq!(serde_json::from_str::<Kept>(&text).expect("reads back"), kept);
        let long = format!(r#"{{"seen":["a1","b2"],"features":{}}}"#, serde_json::to_string(&features).expect("JSON"));
        assert_eq!(serde_json::from_str::<Kept>(&long).expect("reads"), Kept { seen: [].into(), features });
        for wrong in [r#"{"seen":"0000000x","features":""}"#, r#"{"seen":"","features":"x"}"#] {
            assert!(serde_json::from_str::<Kept>(wrong).is_err(), "{wrong}");
        }
    }
}
