use proptest::prelude::*;

use super::*;
use crate::ble::frame::{self, Frame};

/// An event that a real controller sent.
const REAL: &str = "043E24020100018C91A0AD8F401802011A14FF4C000100000000000000020000000000000000D3";

/// A phone's extended advertisement in two parts, and one without an address.
fn extended(kind: u16, address_kind: u8, set: u8, rssi: u8, data: &[u8]) -> Vec<u8> {
    let mut report = kind.to_le_bytes().to_vec();
    report.extend_from_slice(&[
        address_kind,
        6,
        5,
        4,
        3,
        2,
        0xc1,
        0x01,
        0x02,
        set,
        0x7f,
        rssi,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
    ]);
    report.push(u8::try_from(data.len()).expect("short"));
    report.extend_from_slice(data);
    report
}

fn event(sub: u8, reports: &[Vec<u8>]) -> Vec<u8> {
    let body: Vec<u8> = reports.concat();
    let length = u8::try_from(body.len() + 2).expect("short");
    let mut event = vec![0x3e, length, sub, u8::try_from(reports.len()).expect("few")];
    event.extend(body);
    event
}

#[test]
fn a_real_event_is_read_with_and_without_its_packet_type() {
    let bytes = hex::decode(REAL).expect("hex");
    let found = reports(&bytes).expect("reports");
    let [report] = found[..] else { panic!("one: {found:?}") };
    let address = Address::parse("40:8F:AD:A0:91:8C", AddressKind::Random);
    assert_eq!((report.address, report.rssi, report.data.len()), (address, Some(-45), 24));
    assert!(report.connectable);
    assert_eq!(report.completeness, Completeness::Whole);
    assert!(report.address.is_some_and(Address::may_rotate));
    assert_eq!(reports(&bytes[1..]), Ok(found));
}

#[test]
fn several_reports_in_one_event_are_told_apart() {
    let one = |last: u8, rssi: u8, data: &[u8]| {
        let mut report = vec![0x03, 0x00, last, 0, 0, 0, 0, 0xaa, u8::try_from(data.len()).expect("short")];
        report.extend_from_slice(data);
        report.push(rssi);
        report
    };
    let bytes = event(0x02, &[one(1, 0xc4, &[2, 1, 6]), one(2, 0x7f, &[])]);
    let found = reports(&bytes).expect("reports");
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].rssi, found[0].data, found[0].connectable), (Some(-60), &[2, 1, 6][..], false));
    assert_eq!((found[1].rssi, found[1].data.len()), (None, 0), "127 means that it is not known");
    assert_eq!(found[1].address.map(|address| address.bytes), Some([0xaa, 0, 0, 0, 0, 2]));
}

#[test]
fn extended_reports_say_whether_more_follows_and_who_sent_them_if_anybody() {
    let bytes = event(0x0d, &[extended(0x0021, 1, 3, 0xba, &[3, 0xff, 1, 2]), extended(0x0041, 1, 3, 0xba, &[9])]);
    let found = reports(&bytes).expect("reports");
    assert_eq!(found[0].completeness, Completeness::More);
    assert_eq!((found[0].set, found[0].rssi, found[0].connectable), (Some(3), Some(-70), true));
    let address = Address { bytes: [0xc1, 2, 3, 4, 5, 6], kind: AddressKind::Random };
    assert_eq!(found[0].address, Some(address));
    assert_eq!((found[1].completeness, found[1].data), (Completeness::Truncated, &[9][..]));
    let nameless = event(0x0d, &[extended(0x0000, 0xff, 0xff, 0x7f, &[])]);
    let found = reports(&nameless).expect("reports");
    assert_eq!((found[0].address, found[0].set, found[0].rssi), (None, None, None));
}

#[test]
fn an_ibeacon_in_a_legacy_frame_over_an_extended_report_is_decoded() {
    let beacon = crate::ble::ibeacon::IBeacon { uuid: [7; 16], major: 1, minor: 2, power: -59 };
    let bytes = event(0x0d, &[extended(0x0013, 1, 0xff, 0xc0, &beacon.to_advertisement())]);
    let found = reports(&bytes).expect("reports");
    assert_eq!(frame::decode(found[0].data).best(), Some(Frame::IBeacon(beacon)));
}

#[test]
fn other_events_and_broken_ones_are_told_apart() {
    for other in [&[][..], &[0x04], &[0x0e, 1, 0], &[0x3e, 1, 0x01], &[0x04, 0x0e, 4, 1, 3, 12, 0], &[0x3e, 0]] {
        assert_eq!(reports(other), Err(Error::Other), "{other:?}");
    }
    let whole = hex::decode(REAL).expect("hex");
    for end in 3..whole.len() {
        assert_eq!(reports(&whole[..end]), Err(Error::Short), "{end} bytes");
    }
    assert_eq!(reports(&[0x3e, 2, 0x02, 0]), Err(Error::Count(0)));
    assert_eq!(reports(&[0x3e, 2, 0x0d, 0x1a]), Err(Error::Count(0x1a)));
    assert_eq!(reports(&[0x3e, 3, 0x02, 1, 0]), Err(Error::Short));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused_and_never_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        sub in proptest::sample::select(vec![0x02u8, 0x0d]),
        count in 0..30u8,
    ) {
        let _ = reports(&bytes);
        let mut event = vec![0x3e, u8::try_from(bytes.len().min(250) + 2).expect("short"), sub, count];
        event.extend(bytes.iter().take(250));
        if let Ok(found) = reports(&event) {
            prop_assert_eq!(found.len(), usize::from(count));
        }
    }
}
