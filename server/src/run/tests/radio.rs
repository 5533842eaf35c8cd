//! What positions rest on: the plan, then what the shop learnt or a survey said, across starts.

use locate::calibrate::{Calibration, Source};

use super::bench::*;
use crate::survey;

/// A walk past the wine: receivers grow weaker with the distance.
fn walk(source: Source) -> Calibration {
    let mut text = String::from("floor,x,y,seconds,receiver,rssi,frames\n");
    for step in 0..20 {
        let (x, y) = (f64::from(step), 12.5);
        for (receiver, rx, ry) in RECEIVERS {
            let rssi = -59.0 - 22.0 * (rx - x).hypot(ry - y).max(0.5).log10();
            text.push_str(&format!("ground,{x},{y},20,{receiver},{rssi:.1},40\n"));
        }
    }
    let plan = model::shop::Shop::parse(SHOP, FLOOR).expect("a shop");
    let (survey, _) = survey::read("walk.csv", &text, &plan).expect("a survey");
    Calibration { source, ..Calibration::of_survey(&survey) }
}

#[tokio::test]
async fn a_kept_survey_counts_after_the_start_and_before_what_was_learnt() {
    let bench = Bench::new();
    let store = bench.store().await;
    assert_eq!(bench.owner(&store).await.core.source(&shop()), Some(Source::Plan));
    store.put_calibration(&shop(), &walk(Source::Traffic), START).await.expect("kept");
    assert_eq!(bench.owner(&store).await.core.source(&shop()), Some(Source::Traffic));
    store.put_calibration(&shop(), &walk(Source::Survey), START).await.expect("kept");
    assert_eq!(bench.owner(&store).await.core.source(&shop()), Some(Source::Survey));
    assert!(store.delete_calibration(&shop(), Source::Survey).await.expect("forgotten"));
    assert_eq!(bench.owner(&store).await.core.source(&shop()), Some(Source::Traffic));
}

#[tokio::test]
async fn a_survey_is_noticed_while_running() {
    let bench = Bench::new();
    let store = bench.store().await;
    let mut owner = bench.owner(&store).await;
    assert_eq!(owner.check_shops().await, Ok(()));
    assert_eq!(owner.core.source(&shop()), Some(Source::Plan));
    store.put_calibration(&shop(), &walk(Source::Survey), START).await.expect("kept");
    assert_eq!(owner.check_shops().await, Ok(()));
    assert_eq!(owner.core.source(&shop()), Some(Source::Survey));
}

#[tokio::test]
async fn what_a_shop_learnt_is_written_once_it_learnt_something() {
    let bench = Bench::new();
    let store = bench.store().await;
    let mut owner = bench.owner(&store).await;
    owner.keep_account().await;
    assert_eq!(store.calibrations(&shop()).await.expect("read"), []);
    owner.learnt.insert(shop(), walk(Source::Traffic));
    owner.keep_account().await;
    assert_eq!(store.calibrations(&shop()).await.expect("read"), [walk(Source::Traffic)]);
    assert!(owner.learnt.is_empty(), "nothing waits any more");
}
