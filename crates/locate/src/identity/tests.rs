use super::*;

const PREFIX: [u8; 4] = [0xa7, 0x71, 0, 1];

fn window(n: u8, device: u128) -> Window {
    let from = Timestamp(1_000_000_000 + i64::from(n) * 1_024_000);
    Window { eid: [n; 8], tag: [n ^ 0xff; 8], device: DeviceId(device), from, until: from + Millis(1_024_000) }
}

fn rolling(n: u8) -> RollingId {
    RollingId { prefix: PREFIX, eid: [n; 8], tag: [n ^ 0xff; 8] }
}

fn resolver(windows: &[Window]) -> Resolver {
    let mut resolver = Resolver::new(PREFIX);
    resolver.replace(windows.iter().copied());
    resolver
}

#[test]
fn an_id_is_resolved_within_its_window_and_its_tolerance_only() {
    let (early, late) = (window(1, 7), window(2, 7));
    let resolver = resolver(&[early, late]);
    let device = Resolution::Device(DeviceId(7));
    assert_eq!(resolver.rolling(&rolling(1), early.from), device);
    assert_eq!(resolver.rolling(&rolling(2), late.from), device);
    assert_eq!(resolver.eid(&[1; 8], early.from - TOLERANCE), device);
    assert_eq!(resolver.eid(&[1; 8], early.from - TOLERANCE - Millis(1)), Resolution::OutOfWindow);
    assert_eq!(resolver.eid(&[1; 8], early.until + TOLERANCE), Resolution::OutOfWindow);
    assert_eq!(resolver.eid(&[9; 8], early.from), Resolution::Unknown);
}

#[test]
fn a_forged_check_and_a_foreign_prefix_are_told_apart() {
    let resolver = resolver(&[window(1, 7)]);
    let forged = RollingId { tag: [0; 8], ..rolling(1) };
    let foreign = RollingId { prefix: [0; 4], ..rolling(1) };
    assert_eq!(resolver.rolling(&forged, window(1, 7).from), Resolution::Forged);
    assert_eq!(resolver.rolling(&foreign, window(1, 7).from), Resolution::Foreign);
}

#[test]
fn an_id_that_two_devices_share_belongs_to_neither() {
    let mut resolver = Resolver::new(PREFIX);
    let replaced = resolver.replace([window(1, 7), window(1, 8), window(1, 9)]);
    assert_eq!(replaced, Replaced { kept: 1, dropped: 0, collisions: 1 });
    assert_eq!(resolver.eid(&[1; 8], window(1, 7).from), Resolution::Unknown);
}

#[test]
fn a_new_set_replaces_the_old_one_whole_and_is_bounded() {
    let mut resolver = Resolver::with_bound(PREFIX, 2);
    assert!(resolver.is_empty());
    let replaced = resolver.replace([window(1, 1), window(2, 2), window(3, 3)]);
    assert_eq!((replaced.kept, replaced.dropped, resolver.len()), (2, 1, 2));
    resolver.replace([window(3, 3)]);
    assert_eq!(resolver.eid(&[1; 8], window(1, 1).from), Resolution::Unknown);
    assert_eq!(resolver.eid(&[3; 8], window(3, 3).from), Resolution::Device(DeviceId(3)));
}

#[test]
fn the_store_s_own_tags_are_found_by_their_numbers() {
    let floor = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"feature":"floor","id":"g"},
        "geometry":{"type":"Polygon","coordinates":[[[0,0],[9,0],[9,9],[0,9],[0,0]]]}}]}"#;
    let shop = r#"
        [store]
        id = "s"
        name = "S"
        timezone = "Europe/Rome"
        [[tag]]
        id = "cart-1"
        uuid = "00112233-4455-6677-8899-aabbccddeeff"
        major = 1
        minor = 2
    "#;
    let shop = Shop::parse(shop, floor).expect("a right shop");
    let tags = Tags::new(&shop);
    let uuid = shop.tags[0].uuid_bytes().expect("a right uuid");
    assert_eq!(tags.find(&uuid, 1, 2).map(TagId::as_str), Some("cart-1"));
    assert_eq!(tags.find(&uuid, 1, 3), None);
}
