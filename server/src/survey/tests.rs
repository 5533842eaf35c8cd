//! A survey of the small shop of the stories: what is read of it, what is refused, and what is kept.

use super::*;

use model::floor::Point;
use model::shop::Shop;

const HEADER: &str = "floor,x,y,device,seconds,receiver,rssi,frames\n";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/shops/small")
}

fn shop() -> Shop {
    crate::apply::load(&folder()).expect("a shop")
}

fn ground() -> String {
    shop().floors[0].id.to_string()
}

fn table(lines: &[&str]) -> String {
    let ground = ground();
    let lines = lines.iter().map(|line| line.replace("FLOOR", &ground));
    lines.fold(HEADER.to_owned(), |text, line| text + &line + "\n")
}

#[test]
fn lines_in_sequence_are_one_spot() {
    let text = table(&[
        "FLOOR,2,2,a,30,wine-shelf,-70.5,40",
        "FLOOR,2,2,a,30,elsewhere,-80,7",
        "FLOOR,2,2,b,30,wine-shelf,-71,40",
        "FLOOR,3,2,b,20,wine-shelf,-60,9",
    ]);
    let (survey, summary) = read("walk.csv", &text, &shop()).expect("a survey");
    assert_eq!(survey.spots.iter().map(|spot| spot.heard.len()).collect::<Vec<_>>(), [2, 1, 1]);
    let (spot, heard) = (&survey.spots[0], &survey.spots[0].heard[0]);
    assert_eq!((spot.point, spot.seconds, spot.device.as_str()), (Point { x: 2.0, y: 2.0 }, 30.0, "a"));
    assert_eq!((heard.level, heard.frames), (-11.5, 40), "beside the -59 dBm that frames claim");
    assert_eq!((summary.spots, summary.devices, summary.receivers, summary.seconds), (3, 2, 2, 80.0));
    assert_eq!(summary.unplanned, ["elsewhere".parse().expect("an id")]);
    assert_eq!((summary.silent.len(), summary.floors[0].spots), (5, 3));
    assert!((summary.floors[0].covered - 4.0).abs() < 1e-9, "one square of 2 m");
}

#[test]
fn the_device_may_be_left_out() {
    let text = format!("rssi,frames,floor,x,y,seconds,receiver\n-60,9,{},2,2,5,wine-shelf\n", ground());
    let (survey, summary) = read("walk.csv", &text, &shop()).expect("a survey");
    assert_eq!((survey.spots.len(), summary.devices), (1, 1));
}

#[test]
fn what_is_wrong_is_said_with_line_column_and_fix() {
    let good = "FLOOR,2,2,a,30,wine-shelf,-70,40";
    let check = |bad: &str, expect: &str| {
        let wrong = read("walk.csv", &table(&[good, bad]), &shop()).expect_err("refused").to_string();
        assert!(
            wrong.starts_with("walk.csv, line 3, column ") && wrong.contains(expect) && wrong.contains("; "),
            "{wrong}"
        );
    };
    check(
        "attic,2,2,a,30,wine-shelf,-70,40",
        "column floor: \"attic\" is not a floor of the shop; write one of the plan",
    );
    check("FLOOR,2000,2,a,30,wine-shelf,-70,40", "column x: the spot is");
    check("FLOOR,2,NaN,a,30,wine-shelf,-70,40", "column y");
    check("FLOOR,2,2,a,0,wine-shelf,-70,40", "column seconds");
    check("FLOOR,2,2,a,30,a b,-70,40", "column receiver");
    check("FLOOR,2,2,a,30,,-70,40", "column receiver: is empty");
    check("FLOOR,2,2,a,30,wine-shelf,70,40", "column rssi");
    check("FLOOR,2,2,a,30,north-west,-70,0.5", "column frames");
    check("FLOOR,2,2,a,30,north-west,-70,0", "column frames");
    check(good, "column receiver: wine-shelf is named twice at one spot");
    check(&format!("FLOOR,2,2,{},30,wine-shelf,-70,40", "d".repeat(65)), "column device");
}

#[test]
fn a_table_without_lines_without_a_column_or_too_long_is_refused() {
    let refused = |text: &str| read("walk.csv", text, &shop()).expect_err("refused").to_string();
    assert!(refused(HEADER).contains("has no lines"));
    assert!(refused("floor,x,y\n").contains("line 1, column seconds: is missing"));
    assert!(refused(&"x\n".repeat(200_002)).contains("at most 200000"));
}

#[tokio::test]
async fn a_survey_is_kept_and_forgotten() {
    let data = tempfile::tempdir().expect("a folder");
    let store = Store::open(&Store::file_url(data.path())).await.expect("a store");
    let now = Timestamp(1_790_000_000_000);
    let path = data.path().join("walk.csv");
    std::fs::write(&path, table(&["FLOOR,2,2,a,30,wine-shelf,-70,40"])).expect("written");
    let take = Options { file: Some(path), store: None, forget: false };
    assert!(matches!(run(&take, &store, now).await, Err(Error::Shop(_))), "there is no shop yet");
    crate::apply::apply(&folder(), &store, false, now).await.expect("applied");
    let said = run(&take, &store, now).await.expect("kept");
    assert!(said.contains("1 spots") && said.contains("never heard anything"), "{said}");
    let kept = store.calibrations(&shop().store.id).await.expect("read");
    assert_eq!(kept.iter().map(|one| (one.source, one.places.len())).collect::<Vec<_>>(), [(Source::Survey, 1)]);
    let forget = Options { file: None, store: None, forget: true };
    assert!(run(&forget, &store, now).await.expect("done").contains("is forgotten"));
    assert!(store.calibrations(&shop().store.id).await.expect("read").is_empty());
    assert!(run(&forget, &store, now).await.expect("done").contains("nothing to forget"));
}
