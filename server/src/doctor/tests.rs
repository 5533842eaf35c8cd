//! The doctor's answers: about the small shop of the stories, and from days put into a real database.

use std::collections::BTreeMap;
use std::path::PathBuf;

use locate::calibrate::{Calibration, Source};
use locate::quality::{PatchQuality, Quality, ReceiverQuality, ZoneQuality};
use model::ids::ZoneId;
use serde_json::Value;

use super::place::{PairFinding, State, Worse};
use super::*;

const DAY: Millis = Millis::hours(24);
/// 2026-11-20, 00:00 UTC.
const FIRST: Timestamp = Timestamp(1_795_132_800_000);

fn small() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/shops/small")
}

fn zone(id: &str) -> ZoneId {
    id.parse().expect("an id")
}

fn named(seconds: f64, beliefs: &[(&str, f64)]) -> ZoneQuality {
    let truth = beliefs.iter().map(|(id, belief)| (zone(id), belief * seconds)).collect();
    ZoneQuality { seconds, uncertainty: 2.0 * seconds, truth }
}

/// A receiver that did what it should, last at `last`; `more` is what it hears beyond the plan.
fn heard(last: Timestamp, more: f64) -> ReceiverQuality {
    ReceiverQuality {
        heard: 1_000,
        near: 500,
        near_heard: 400,
        compared: 900,
        residual: 900.0 * more,
        residual_square: 900.0 * (more * more + 20.0),
        last: Some(last),
    }
}

/// A day in which wine and pasta were taken for one another, one receiver fell silent, one was weak and one not where it is drawn.
fn day(number: i64) -> Quality {
    let closing = FIRST + Millis(DAY.0 * number) + Millis::hours(18);
    let mut receivers: BTreeMap<_, _> = ["north-west", "north-east", "south-east"]
        .map(|id| (id.parse().expect("an id"), heard(closing, 1.0)))
        .into_iter()
        .collect();
    receivers.insert("south-west".parse().expect("an id"), heard(closing, -11.0));
    receivers.insert("pasta-shelf".parse().expect("an id"), ReceiverQuality { near_heard: 60, ..heard(closing, 0.0) });
    let silent = ReceiverQuality { near: 500, ..ReceiverQuality::default() };
    let shelf = if number == 0 { heard(closing, 0.0) } else { silent };
    receivers.insert("wine-shelf".parse().expect("an id"), shelf);
    let patch = PatchQuality { seconds: 100.0, uncertainty: 250.0 };
    Quality {
        seconds: 5_000.0,
        nowhere: named(400.0, &[("wine", 0.9)]),
        zones: BTreeMap::from([
            (zone("door"), named(3_000.0, &[("door", 0.95), ("wine", 0.02)])),
            (zone("wine"), named(800.0, &[("wine", 0.6), ("pasta", 0.35)])),
            (zone("pasta"), named(800.0, &[("pasta", 0.6), ("wine", 0.38)])),
        ]),
        receivers,
        patches: BTreeMap::from([(("ground".parse().expect("an id"), 4, 3), patch)]),
    }
}

async fn shop_of_two_days(days: i64) -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(&Store::file_url(folder.path())).await.expect("a store");
    apply::apply(&small(), &store, false, FIRST).await.expect("applied");
    let id: StoreId = "corner".parse().expect("an id");
    for number in 0..days {
        store.add_quality(&id, &day(number), FIRST + Millis(DAY.0 * number)).await.expect("kept");
    }
    (folder, store)
}

fn place(json: bool) -> Command {
    Command::Place(Place { store: None, since: "7d".parse().expect("a time"), json })
}

#[test]
fn a_plan_is_told_in_words_and_to_machines() {
    let text = folder(&small(), false, Paint::Plain).expect("an answer");
    for part in ["Corner shop", "96 m²", "6 receivers", "Door", "placed right", "One more receiver", "metres off"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains('\x1b') && text.lines().all(|line| line.chars().count() <= 120), "{text}");
    assert!(folder(&small(), false, Paint::Colours).expect("an answer").contains("\x1b[1m"));
    let json: Value = serde_json::from_str(&folder(&small(), true, Paint::Colours).expect("an answer")).expect("json");
    assert_eq!(json["store"], "corner");
    assert_eq!(json["forecast"]["zones"].as_array().map(Vec::len), Some(3));
    let share = json["forecast"]["zone_share"].as_f64().expect("a share");
    assert!((0.5..0.9).contains(&share), "{share}");
    assert!(json["advice"]["add"]["point"]["x"].is_f64());
    assert!(json["forecast"]["spots"][0]["ellipse"]["major"].as_f64().is_some_and(|metres| metres > 0.0));
}

#[test]
fn a_wrong_plan_is_refused_as_everywhere() {
    let empty = tempfile::tempdir().expect("a folder");
    let error = folder(empty.path(), false, Paint::Plain).expect_err("nothing is there");
    assert!(error.to_string().contains("shop.toml"), "{error}");
    std::fs::write(empty.path().join("shop.toml"), "[store]\n").expect("written");
    std::fs::write(empty.path().join("floor.geojson"), "{}").expect("written");
    let error = folder(empty.path(), false, Paint::Plain).expect_err("wrong");
    assert!(error.to_string().contains("floor.geojson"), "{error}");
}

#[tokio::test]
async fn a_shop_is_told_how_it_turned_out() {
    let (_folder, store) = shop_of_two_days(2).await;
    let now = FIRST + DAY + Millis::hours(20);
    let shop = applied(&store, None).await.expect("the shop");
    let days = store.qualities(&shop.store.id, FIRST).await.expect("days");
    let diagnosis = Diagnosis::of(&shop, &days, &[]);
    assert!(diagnosis.enough && diagnosis.days == 2, "{diagnosis:?}");
    let finding = |id: &str| diagnosis.zones.iter().find(|finding| finding.id == zone(id)).expect("a zone");
    assert!((finding("wine").right.expect("enough") - 0.6).abs() < 1e-9);
    assert_eq!(finding("wine").worse, Some(Worse::Receiver("wine-shelf".parse().expect("an id"))));
    assert_eq!(finding("door").worse, None);
    let [PairFinding { a, b, .. }] = diagnosis.pairs.as_slice() else { panic!("{:?}", diagnosis.pairs) };
    assert_eq!((a.as_str(), b.as_str()), ("wine", "pasta"));
    let state = |id: &str| diagnosis.receivers.iter().find(|finding| finding.id.as_str() == id).map(|f| f.state);
    assert_eq!(state("wine-shelf"), Some(State::Silent(600)));
    assert_eq!(state("north-west"), Some(State::Well));
    assert!(matches!(state("south-west"), Some(State::Elsewhere(db)) if (db + 11.0).abs() < 0.1));
    assert!(matches!(state("pasta-shelf"), Some(State::Weak(share)) if (share - 0.12).abs() < 0.01));

    let text = answer(&place(false), &store, now, Paint::Plain).await.expect("an answer");
    for part in [
        "2 days with traffic",
        "When it says Wine, it is Pasta 35 % of the time",
        "Wine does worse than its plan promises",
        "Look at the receiver wine-shelf",
        "has heard nobody since 2026-11-20 19:00",
        "Hears 11 dB less",
        "Weak: it hears people near it only 12 %",
        "One more receiver",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let json: Value =
        serde_json::from_str(&answer(&place(true), &store, now, Paint::Plain).await.expect("json")).expect("json");
    assert_eq!(json["receivers"][4]["state"]["is"], "silent");
    assert_eq!(json["pairs"][0]["foreseen"], false);
}

#[tokio::test]
async fn what_positions_rest_on_is_told() {
    let (_folder, store) = shop_of_two_days(2).await;
    let now = FIRST + DAY + Millis::hours(20);
    let told = async || {
        let text = answer(&place(false), &store, now, Paint::Plain).await.expect("an answer");
        let json = answer(&place(true), &store, now, Paint::Plain).await.expect("an answer");
        let json: Value = serde_json::from_str(&json).expect("json");
        // The lines of a paragraph end anywhere.
        (text.split_whitespace().collect::<Vec<_>>().join(" "), json["source"].clone())
    };
    let (text, source) = told().await;
    assert!(text.contains("rest on the plan alone (plan)") && source == "plan", "{text}");
    let [corner, other]: [StoreId; 2] = ["corner", "other"].map(|id| id.parse().expect("an id"));
    let keep = async |id: &StoreId, source, hours| {
        let at = FIRST + Millis::hours(hours);
        store.put_calibration(id, &Calibration::empty(source), at).await.expect("kept");
    };
    keep(&other, Source::Survey, 1).await;
    assert_eq!(told().await.1, "plan", "the survey is another shop's");
    keep(&corner, Source::Traffic, 30).await;
    let (text, source) = told().await;
    assert!(text.contains("traffic taught (self), last kept 2026-11-21 07:00") && source == "self", "{text}");
    keep(&corner, Source::Survey, 12).await;
    let (text, source) = told().await;
    assert!(text.contains("the survey of 2026-11-20 13:00 (survey)") && source == "survey", "{text}");
}

#[tokio::test]
async fn too_little_traffic_is_said_and_nothing_else() {
    let (_folder, store) = shop_of_two_days(0).await;
    let text = answer(&place(false), &store, FIRST, Paint::Plain).await.expect("an answer");
    assert!(text.contains("too little") && text.contains("0 days"), "{text}");
    assert!(!text.contains("Zones"), "{text}");
    // What is older than was asked for is not looked at.
    let (_folder, store) = shop_of_two_days(2).await;
    let later = FIRST + Millis(DAY.0 * 30);
    assert!(answer(&place(false), &store, later, Paint::Plain).await.expect("an answer").contains("too little"));
}

#[tokio::test]
async fn a_shop_that_is_not_there_is_named_with_those_that_are() {
    let (_folder, store) = shop_of_two_days(0).await;
    let command = Command::Plan(Plan { folder: None, store: Some("rome".parse().expect("an id")), json: false });
    let error = answer(&command, &store, FIRST, Paint::Plain).await.expect_err("no such shop");
    assert_eq!(error.to_string(), "there is no shop rome; known: corner");
    let command = Command::Plan(Plan { folder: None, store: None, json: true });
    assert!(answer(&command, &store, FIRST, Paint::Plain).await.is_ok(), "the only shop is meant");
}

#[test]
fn a_time_is_hours_or_days() {
    let span = |text: &str| text.parse::<Since>().map(|since| since.span);
    assert_eq!((span("12h"), span("7d")), (Ok(Millis::hours(12)), Ok(Millis::hours(168))));
    for wrong in ["", "7", "d", "0d", "-1h", "7m", "400d", "9999999999999999d", "7д"] {
        assert!(span(wrong).is_err(), "{wrong:?}");
    }
}
