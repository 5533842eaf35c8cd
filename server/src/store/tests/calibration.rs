//! What is known of the radio: the last word of each source, each store for itself.

use std::collections::BTreeMap;

use locate::calibrate::{Calibration, Place, Reading, Source};
use model::floor::Point;

use super::*;

fn learnt(source: Source, level: f64) -> Calibration {
    let place = Place { floor: "ground".parse().expect("an id"), point: Point { x: 1.5, y: 0.1 }, seconds: 30.0 };
    let heard = vec![Reading { place: 0, level, frames: 12.5 }];
    let receivers = BTreeMap::from([("r1".parse().expect("an id"), heard)]);
    Calibration { places: vec![place], receivers, ..Calibration::empty(source) }
}

/// Each source has one row a store; a new word takes the place of the old one, and forgetting one leaves the other.
pub(super) async fn the_last_word_stays(store: &Store) {
    let put = async |source, level, at| {
        store.put_calibration(&shop(), &learnt(source, level), at).await.expect("kept");
    };
    put(Source::Traffic, -20.0, NOW).await;
    put(Source::Survey, -0.1, after(1)).await;
    put(Source::Traffic, -30.0, after(2)).await;
    let known = store.calibrations(&shop()).await.expect("read");
    assert_eq!(known, [learnt(Source::Traffic, -30.0), learnt(Source::Survey, -0.1)]);
    let times = store.calibration_times().await.expect("read");
    assert_eq!(times, [(shop(), Source::Traffic, after(2)), (shop(), Source::Survey, after(1))]);

    let other = model::ids::StoreId::new("elsewhere").expect("an id");
    assert!(store.calibrations(&other).await.expect("read").is_empty());
    assert!(!store.delete_calibration(&other, Source::Survey).await.expect("asked"), "nothing was there");
    assert!(store.delete_calibration(&shop(), Source::Survey).await.expect("forgotten"));
    assert_eq!(store.calibrations(&shop()).await.expect("read"), [learnt(Source::Traffic, -30.0)]);
}
