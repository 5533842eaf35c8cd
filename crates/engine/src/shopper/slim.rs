//! How long lists of a customer's state are written, so that the state stays small: hashes as digits in a row, features as
//! one line. What was written at length before is still read, as far as it matters.

use std::collections::VecDeque;

use model::decision::{Block, Feature};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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

/// Features as one line, such as `mdwell=0.4394;ptrust=1`: the block's letter, the name and the value. Where nobody reads
/// along, each is the letter with the name and the value in ten thousandths, one after another in a list.
pub(super) mod features {
    use std::fmt;

    use serde::de::{self, SeqAccess, Visitor};

    use super::{Block, Deserialize, Deserializer, Feature, PLACES, Serialize, Serializer};

    /// Features that have a number, their place. To be added to at the end alone, for what is written has the numbers.
    const USUAL: [&str; 32] = [
        "odiscount",
        "ocategory-offer",
        "oprice",
        "pintent",
        "pbought-before",
        "mdwell",
        "mtrigger:entered",
        "mtrigger:dwelling",
        "mtrigger:intent",
        "mtrigger:pattern",
        "mtrigger:asked",
        "mhour:morning",
        "mhour:midday",
        "mhour:afternoon",
        "mhour:evening",
        "mweekend",
        "mcrowding",
        "mspeed",
        "mdistance",
        "mcompany",
        "rrelationship",
        "rfatigue",
        "rvisits",
        "rreturns",
        "pspend",
        "rcontacts",
        "rcomplaint",
        "rwait",
        "pmuted",
        "pa-day",
        "pown-channel",
        "pown-hours",
    ];

    pub(in super::super) fn serialize<S: Serializer>(features: &[Feature], to: S) -> Result<S::Ok, S::Error> {
        if !to.is_human_readable() {
            let parts: Vec<Part> = features.iter().flat_map(|one| [Part::name(one), Part::value(one.value)]).collect();
            return parts.serialize(to);
        }
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
        if !from.is_human_readable() {
            return from.deserialize_seq(Parts);
        }
        let line = match Form::deserialize(from)? {
            Form::Line(line) => line,
            Form::Listed(listed) => return Ok(listed),
        };
        let wrong = || de::Error::custom("a feature is a letter, a name, = and a number");
        line.split(';').filter(|one| !one.is_empty()).map(|one| read(one).ok_or_else(wrong)).collect()
    }

    fn read(one: &str) -> Option<Feature> {
        let (name, value) = one.rsplit_once('=')?;
        named(name, value.parse().ok()?)
    }

    fn named(name: &str, value: f64) -> Option<Feature> {
        let mut name = name.chars();
        let block = [Block::Offer, Block::Micro, Block::Relational, Block::Personal];
        let first = name.next()?;
        let block = block.into_iter().find(|block| letter(*block) == first)?;
        Some(Feature { block, name: name.as_str().to_owned(), value })
    }

    /// Half a feature.
    #[derive(Serialize)]
    #[serde(untagged)]
    enum Part {
        Known(usize),
        Name(String),
        Places(i64),
        /// More than has a place.
        Exact(f64),
    }

    impl Part {
        fn name(feature: &Feature) -> Self {
            let name = format!("{}{}", letter(feature.block), feature.name);
            USUAL.iter().position(|usual| *usual == name).map_or(Self::Name(name), Self::Known)
        }

        #[expect(clippy::cast_possible_truncation, reason = "what is lost is looked for")]
        fn value(value: f64) -> Self {
            let places = (value * PLACES).round() as i64;
            if from_places(places).to_bits() == value.to_bits() { Self::Places(places) } else { Self::Exact(value) }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "what is lost is looked for when it is written")]
    fn from_places(places: i64) -> f64 {
        places as f64 / PLACES
    }

    struct Parts;

    impl<'de> Visitor<'de> for Parts {
        type Value = Vec<Feature>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("names of features, each with its value after it")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Vec<Feature>, A::Error> {
            let mut features = Vec::new();
            while let Some(Name(name)) = parts.next_element::<Name>()? {
                let value = parts.next_element::<Value>()?.ok_or_else(|| de::Error::custom("a name has a value"))?;
                let feature = named(&name, value.0);
                features.push(feature.ok_or_else(|| de::Error::custom("a name begins with its block's letter"))?);
            }
            Ok(features)
        }
    }

    struct Name(String);

    impl<'de> Deserialize<'de> for Name {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            struct Either;
            impl Visitor<'_> for Either {
                type Value = Name;

                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("a name or a usual one's number")
                }

                fn visit_u64<E: de::Error>(self, number: u64) -> Result<Name, E> {
                    let usual = usize::try_from(number).ok().and_then(|number| USUAL.get(number));
                    usual.map(|name| Name((*name).to_owned())).ok_or_else(|| E::custom("no feature has that number"))
                }

                fn visit_str<E: de::Error>(self, name: &str) -> Result<Name, E> {
                    Ok(Name(name.to_owned()))
                }
            }
            from.deserialize_any(Either)
        }
    }

    /// A whole number is ten thousandths, one with a fraction is itself.
    struct Value(f64);

    impl<'de> Deserialize<'de> for Value {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            struct Either;
            impl Visitor<'_> for Either {
                type Value = Value;

                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("a number")
                }

                fn visit_u64<E: de::Error>(self, places: u64) -> Result<Value, E> {
                    i64::try_from(places).map(|places| Value(from_places(places))).map_err(E::custom)
                }

                fn visit_i64<E: de::Error>(self, places: i64) -> Result<Value, E> {
                    Ok(Value(from_places(places)))
                }

                fn visit_f64<E: de::Error>(self, exact: f64) -> Result<Value, E> {
                    Ok(Value(exact))
                }
            }
            from.deserialize_any(Either)
        }
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

/// What a value is kept in: four places.
const PLACES: f64 = 1e4;

/// A value as it is kept: to four places.
pub(super) fn rounded(value: f64) -> f64 {
    (value * PLACES).round() / PLACES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Kept {
        #[serde(with = "hashes")]
        seen: VecDeque<u32>,
        #[serde(with = "features")]
        features: Vec<Feature>,
    }

    #[test]
    fn a_value_of_more_places_is_packed_as_it_is() {
        let values = [0.1 + 0.2, 1e300, -5e-324, 1e15, 3.0, -0.0];
        let one = |value| Feature { block: Block::Micro, name: "dwell".into(), value };
        let kept = Kept { seen: VecDeque::new(), features: values.map(one).to_vec() };
        let packed = pack::to_bytes(&kept, &pack::Names::default()).expect("it is packed");
        let back = pack::from_bytes::<Kept>(&packed, &pack::Names::default()).expect("and unpacks").features;
        assert_eq!(back.into_iter().map(|one| one.value.to_bits()).collect::<Vec<_>>(), values.map(f64::to_bits));
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
        let packed = pack::to_bytes(&kept, &pack::Names::default()).expect("it is packed");
        assert_eq!(pack::from_bytes::<Kept>(&packed, &pack::Names::default()).expect("and unpacks"), kept);
        let long = format!(r#"{{"seen":["a1","b2"],"features":{}}}"#, serde_json::to_string(&features).expect("JSON"));
        assert_eq!(serde_json::from_str::<Kept>(&long).expect("reads"), Kept { seen: [].into(), features });
        for wrong in [r#"{"seen":"0000000x","features":""}"#, r#"{"seen":"","features":"x"}"#] {
            assert!(serde_json::from_str::<Kept>(wrong).is_err(), "{wrong}");
        }
    }
}
