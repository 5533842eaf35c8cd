//! The grammar against `serde_json`, which has read more messages than we have, and how values are asked for.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// A message as `serde_json` would have it.
fn whole(tree: Tree<'_>) -> Value {
    if tree.is_object() {
        return Value::Object(tree.entries().map(|(key, value)| (key.to_owned(), whole(value))).collect());
    }
    if tree.is_list() {
        return Value::Array(tree.each().map(whole).collect());
    }
    if let Ok(Some(text)) = tree.text("a text") {
        return text.into();
    }
    match (tree.number_only("a number", &Range { values: f64::MIN..=f64::MAX, text: "finite" }), tree.truth()) {
        (Ok(Some(number)), _) => number.into(),
        (_, Some(is)) => is.into(),
        (_, None) => Value::Null,
    }
}

/// Numbers as they are asked for.
fn in_floats(value: Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().into(),
        Value::Array(list) => list.into_iter().map(in_floats).collect(),
        Value::Object(entries) => entries.into_iter().map(|(key, value)| (key, in_floats(value))).collect(),
        Value::Null | Value::Bool(_) | Value::String(_) => value,
    }
}

/// Both read the same, or both refuse. `serde_json` alone refuses numbers that no computer has.
fn compare(text: &str) {
    let ours = document(text.as_bytes());
    match serde_json::from_str::<Value>(text) {
        Ok(value) => assert_eq!(whole(ours.expect(text).root()), in_floats(value), "{text}"),
        Err(cause) if cause.to_string().contains("out of range") => {}
        Err(cause) => assert!(ours.is_err(), "{text}: {cause}"),
    }
}

/// Right and wrong, where readers differ most.
const TEXTS: [&str; 70] = [
    "0",
    "-0",
    "-0.0",
    "00",
    "01",
    "-01",
    "1.",
    ".5",
    "-",
    "--1",
    "+1",
    "1e5",
    "1E+5",
    "1e-",
    "1e",
    "0e0",
    "0x1",
    "1_0",
    "NaN",
    "9007199254740993",
    "18446744073709551616",
    "0.1",
    "123456.789e-3",
    "2.2250738585072014e-308",
    "1e400",
    "",
    " ",
    "nul",
    "null",
    "nulls",
    "true",
    "tru",
    "false",
    "[]",
    "[ ]",
    "[,]",
    "[1,]",
    "[1 2]",
    "[1",
    "]",
    "[}",
    "{}",
    "{ }",
    "{]",
    "{1:2}",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1,}",
    "{\"a\":1 \"b\":2}",
    "{\"a\":1,\"a\":2}",
    "{\"a\" : [ {\"b\":null} , true ] }",
    "\"",
    "\"a",
    "\"a\"b",
    "\"\\\"",
    "\"\\x\"",
    "\"\\u12\"",
    "\"\\u00e9\\ud83d\\ude00\"",
    "\"\\ud800\"",
    "\"\\ude00\"",
    "\"a\u{1}b\"",
    "\"a\tb\"",
    "\"é\"",
    "\"a longer text, and \\\"quotes\\\" behind eight bytes\"",
    "{\"r\\u0073si\":-60}",
    "\u{feff}1",
    "1\u{a0}",
    "1//",
    "[1]\n",
    "\u{c}1",
];

#[test]
fn the_grammar_is_the_one_of_serde_json() {
    for text in TEXTS {
        compare(text);
    }
    let control: String = (0..0x20u8).map(char::from).collect();
    control.chars().for_each(|c| compare(&format!("\"seven b{c}\"")));
}

#[test]
fn keys_with_escapes_are_the_keys_that_they_mean() {
    let document = document(br#"{"r\u0073si":-60,"tag\/s":{"a":1},"rssi@1m":"\u002d59"}"#).expect("an object");
    let root = document.root();
    assert_eq!(root.get("rssi").number("rssi", &Range::RSSI), Ok(Some(-60.0)));
    assert_eq!(root.get("tag/s").get("a").whole("a", &Range::U16), Ok(Some(1)));
    assert_eq!(root.get("rssi@1m").number("rssi@1m", &Range::POWER), Ok(Some(-59.0)));
    assert!(root.get("nothing").get("at").get("all").is_nothing());
}

#[test]
fn depth_and_the_number_of_values_are_bounded() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(document(nested(JSON_DEPTH_MAX).as_bytes()).is_ok());
    assert_eq!(document(nested(JSON_DEPTH_MAX + 1).as_bytes()).expect_err("deep"), Rejected::TooDeep);
    let many = format!("[{}0]", "0,".repeat(70_000));
    assert_eq!(document_up_to(many.as_bytes(), many.len()).expect_err("many").code(), "out-of-range");
}

proptest! {
    #[test]
    fn what_is_spoilt_is_refused_by_both_or_read_alike(
        text in "[\\[\\]{}\":,\\\\ u0-9ad8e.+-]{0,24}",
        value in "(\\[|\\{\"a\":|1|-0\\.5e3|\"[a-zé\\\\\"]{0,12}\"|,|\\]|\\}|null| ){0,12}",
    ) {
        compare(&text);
        compare(&value);
    }
}
