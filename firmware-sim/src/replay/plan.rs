//! A shop for a recording: its receivers and zones, and one tag per track, so that no track's end pulls at the next one's beginning.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, bail};
use model::shop::{FLOOR_FILE, SHOP_FILE, Shop};
use serde_json::{Value, json};

use super::TAG_UUID;
use super::recording::Recording;

/// How far the floor goes beyond its outermost zone or receiver, in metres.
const MARGIN: f64 = 0.5;

/// The id of a track's tag.
pub(super) fn tag_name(track: usize) -> String {
    format!("track-{}", track + 1)
}

/// The minor number of a track's tag.
pub(super) fn tag_minor(track: usize) -> u16 {
    u16::try_from(track + 1).unwrap_or(u16::MAX)
}

/// Writes `shop.toml` and `floor.geojson` for a recording's folder; `attimo-server apply` loads them.
///
/// # Errors
/// When the recording can't be read, or the shop can't be written.
pub fn write_shop(folder: &Path, out: &Path, store: &str) -> anyhow::Result<Shop> {
    let recording = Recording::read(folder)?;
    let (shop, floor) = (shop_toml(&recording, store)?, floor_geojson(&recording));
    let parsed = Shop::parse(&shop, &floor);
    let parsed = match parsed {
        Ok(parsed) => parsed,
        Err(errors) => bail!(
            "the recording makes no shop: {}",
            errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        ),
    };
    std::fs::create_dir_all(out).with_context(|| format!("make {}", out.display()))?;
    for (name, text) in [(SHOP_FILE, shop), (FLOOR_FILE, floor)] {
        std::fs::write(out.join(name), text).with_context(|| format!("write {}", out.join(name).display()))?;
    }
    Ok(parsed)
}

fn shop_toml(recording: &Recording, store: &str) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    writeln!(text, "# A shop made from a recording, for replaying it.\n[store]")?;
    writeln!(text, "id = {store:?}\nname = {store:?}\ntimezone = \"Etc/UTC\"\ngap_s = 60\nvisit_min_s = 5")?;
    for receiver in &recording.receivers {
        let (id, x, y, z) = (receiver.id.as_str(), receiver.x, receiver.y, receiver.z);
        writeln!(text, "\n[[receiver]]\nid = {id:?}\nfloor = \"floor\"\nx = {x:?}\ny = {y:?}\nz = {z:?}")?;
    }
    let uuid = hex::encode(TAG_UUID);
    for track in 0..recording.tracks.len() {
        let (id, minor) = (tag_name(track), tag_minor(track));
        writeln!(text, "\n[[tag]]\nid = {id:?}\nuuid = {uuid:?}\nmajor = 1\nminor = {minor}")?;
    }
    Ok(text)
}

fn floor_geojson(recording: &Recording) -> String {
    let corners = recording.zones.iter().flat_map(|zone| [zone.low, zone.high]);
    let places = recording.receivers.iter().map(|receiver| [receiver.x, receiver.y]);
    let (mut low, mut high) = ([f64::MAX; 2], [f64::MIN; 2]);
    for place in corners.chain(places) {
        for axis in 0..2 {
            low[axis] = low[axis].min(place[axis]);
            high[axis] = high[axis].max(place[axis]);
        }
    }
    let grown = ([low[0] - MARGIN, low[1] - MARGIN], [high[0] + MARGIN, high[1] + MARGIN]);
    let mut features = vec![feature(json!({"feature": "floor", "id": "floor"}), grown)];
    for zone in &recording.zones {
        let properties = json!({"feature": "zone", "id": zone.id, "floor": "floor", "kind": "department"});
        features.push(feature(properties, (zone.low, zone.high)));
    }
    json!({"type": "FeatureCollection", "features": features}).to_string()
}

fn feature(properties: Value, ([x0, y0], [x1, y1]): ([f64; 2], [f64; 2])) -> Value {
    let ring = [[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]];
    json!({"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring]}})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, name: &str, text: &str) {
        std::fs::write(folder.join(name), text).expect("a writable folder");
    }

    fn recording() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        write(folder.path(), "receivers.csv", "rx,x,y,z\nr1,0.5,0.5,1.2\nr2,9.5,4,2.3\n");
        write(folder.path(), "zones.csv", "zone,x0,y0,x1,y1\nleft,0,0,5,5\nright,5,0,10,5\n");
        std::fs::create_dir(folder.path().join("dev")).expect("a folder");
        let rssi = "track,t,rx,rssi\nwalk,0.0,r1,-60\nwalk,1.5,r2,-71.5\nback,0.2,r2,-66\nback,0.3,r9,-90\n";
        write(&folder.path().join("dev"), "rssi.csv", rssi);
        write(&folder.path().join("dev"), "queries.csv", "sample_id,track,t\nw1,walk,1\nb1,back,3\n");
        folder
    }

    #[test]
    fn a_recording_becomes_a_shop_that_the_server_accepts() {
        let folder = recording();
        let out = folder.path().join("shop");
        let shop = write_shop(&folder.path().join("dev"), &out, "walks").expect("a shop");
        let again = Shop::parse(
            &std::fs::read_to_string(out.join(SHOP_FILE)).expect("shop.toml"),
            &std::fs::read_to_string(out.join(FLOOR_FILE)).expect("floor.geojson"),
        );
        assert_eq!(again, Ok(shop.clone()));
        assert_eq!((shop.receivers.len(), shop.zones().count(), shop.tags.len()), (2, 2, 2));
        assert_eq!(shop.tags[1].minor, tag_minor(1));
        assert_eq!(shop.tags[0].uuid_bytes(), Some(TAG_UUID));
    }

    #[test]
    fn tracks_follow_each_other_and_unplaced_receivers_are_left_out() {
        let folder = recording();
        let recording = Recording::read(&folder.path().join("dev")).expect("a recording");
        assert_eq!(recording.tracks.len(), 2);
        assert_eq!(recording.tracks[1].rows.len(), 1);
        assert!((recording.tracks[1].offset - 1.5).abs() < 1e-9);
        assert!((recording.seconds() - 4.5).abs() < 1e-9);
        assert_eq!(recording.tracks[0].queries[0].sample, "w1");
    }

    #[test]
    fn a_broken_number_is_named_with_file_line_and_column() {
        let folder = recording();
        write(&folder.path().join("dev"), "rssi.csv", "track,t,rx,rssi\nwalk,soon,r1,-60\n");
        let error = Recording::read(&folder.path().join("dev")).expect_err("t is no number").to_string();
        assert!(error.contains("rssi.csv line 2: t is \"soon\""), "{error}");
    }
}
