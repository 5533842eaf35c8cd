use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::*;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Kind {
    Plain,
    One(u32),
    Two(i8, String),
    Named { at: i64, name: Option<String> },
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct All {
    kinds: Vec<Kind>,
    numbers: (i64, u64, f64, f32),
    names: BTreeMap<String, Vec<bool>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    letter: Option<char>,
    nothing: (),
}

fn any_kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        Just(Kind::Plain),
        any::<u32>().prop_map(Kind::One),
        (any::<i8>(), ".{0,12}").prop_map(|(n, text)| Kind::Two(n, text)),
        (any::<i64>(), prop::option::of("[0-9a-f]{0,20}|viewed|offer")).prop_map(|(at, name)| Kind::Named { at, name }),
    ]
}

fn any_all() -> impl Strategy<Value = All> {
    let number = prop_oneof![any::<i64>(), 1_700_000_000_000_i64..1_800_000_000_000, -70_i64..70];
    let float = prop_oneof![prop::num::f64::NORMAL, (-99_i32..99).prop_map(f64::from), Just(-0.0), Just(0.1)];
    let names = prop::collection::btree_map(".{0,8}", prop::collection::vec(any::<bool>(), 0..40), 0..5);
    let kinds = prop::collection::vec(any_kind(), 0..40);
    (kinds, (number, any::<u64>(), float, prop::num::f32::NORMAL), names, prop::option::of(any::<char>()))
        .prop_map(|(kinds, numbers, names, letter)| All { kinds, numbers, names, letter, nothing: () })
}

proptest! {
    #[test]
    fn what_is_written_reads_back(all in any_all()) {
        let bytes = to_bytes(&all, &Names::default()).expect("it is written");
        let back: All = from_bytes(&bytes, &Names::default()).expect("and reads back");
        prop_assert_eq!(back.numbers.2.to_bits(), all.numbers.2.to_bits());
        prop_assert_eq!(back, all);
    }

    #[test]
    fn whatever_comes_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = from_bytes::<Value>(&[&[FORM], bytes.as_slice()].concat(), &Names::default());
        let _ = from_bytes::<Value>(&bytes, &Names::default());
        let _ = from_bytes::<All>(&[&[FORM], bytes.as_slice()].concat(), &Names::default());
    }

    #[test]
    fn what_is_cut_short_is_refused(all in any_all(), part in 0.0..1.0) {
        let bytes = to_bytes(&all, &Names::default()).expect("it is written");
        let cut = &bytes[..(bytes.len() as f64 * part) as usize];
        prop_assert!(from_bytes::<All>(cut, &Names::default()).is_err());
    }
}

#[test]
fn a_list_that_claims_to_be_long_takes_no_memory() {
    let mut bytes = vec![FORM, mark::LIST];
    bytes.extend([0xff, 0xff, 0xff, 0xff, 0x0f]);
    assert_eq!(from_bytes::<Vec<u64>>(&bytes, &Names::default()), Err(Error::Short));
    let deep = [vec![FORM], vec![mark::LIST_SHORT + 1; 1_000_000]].concat();
    assert_eq!(from_bytes::<Value>(&deep, &Names::default()), Err(Error::Deep));
    assert_eq!(from_bytes::<u64>(&[2, 0], &Names::default()), Err(Error::Form(2)));
    assert_eq!(from_bytes::<u64>(&[FORM, 0, 0], &Names::default()), Err(Error::Long(1)));
}

#[test]
fn a_field_that_is_new_or_gone_does_no_harm() {
    #[derive(Serialize)]
    struct Before {
        letter: char,
        gone: Vec<Kind>,
    }
    let before = Before { letter: 'x', gone: vec![Kind::Named { at: 5, name: None }] };
    let bytes = to_bytes(&before, &Names::default()).expect("it is written");
    let now: All = from_bytes(&bytes, &Names::default()).expect("it is read");
    assert_eq!(now, All { letter: Some('x'), ..All::default() });
}

#[test]
fn a_name_that_is_at_hand_is_called_by_its_number() {
    let mut names = Names::default();
    (0..300).for_each(|n| names.add(&format!("product-{n}")));
    let texts: Vec<String> = (0..600).map(|n| format!("product-{}", n % 310)).collect();
    let bytes = to_bytes(&texts, &names).expect("it is written");
    // More names do no harm to what was written before.
    names.add("another");
    assert_eq!(from_bytes::<Vec<String>>(&bytes, &names), Ok(texts.clone()));
    assert!(from_bytes::<Vec<String>>(&bytes, &Names::default()).is_err());
    assert!(bytes.len() < to_bytes(&texts, &Names::default()).expect("it is written").len() / 2);
}

#[test]
fn a_text_is_written_once_and_times_are_differences() {
    let len = |value: &Value| to_bytes(value, &Names::default()).expect("it is written").len();
    let at = 1_773_223_200_000_u64;
    assert_eq!(len(&serde_json::json!(["barolo", "barolo"])) - len(&serde_json::json!(["barolo"])), 1);
    assert_eq!(len(&serde_json::json!([at, at + 5])) - len(&serde_json::json!([at])), 2);
    assert_eq!(len(&serde_json::json!("00112233445566778899aabbccddeeff")), 1 + 2 + 16);
}

#[test]
fn a_text_s_number_stays_when_words_are_added() {
    assert_eq!((own_number(0), own_number(79), own_number(80)), (64, 143, 1_024));
    let texts: Vec<String> = (0..100).chain(0..100).map(|n| format!("text {n}")).collect();
    let bytes = to_bytes(&texts, &Names::default()).expect("they are written");
    assert!(bytes.ends_with(&[0x93, 0x08]) || bytes.windows(2).any(|pair| pair == [0x93, 0x08]), "{bytes:?}");
    assert_eq!(from_bytes::<Vec<String>>(&bytes, &Names::default()).expect("they read back"), texts);
}
