//! Published vectors, round trips, and bytes that are nobody's frame.

use model::sighting::Transmitter;
use model::time::Timestamp;
use proptest::prelude::*;

use super::address::{Address, AddressKind};
use super::eddystone::{Eid, Tlm};
use super::frame::{self, Frame};
use super::rolling::{self, AirKey};
use super::{ad, eddystone, eid};
use crate::testing::{self, bytes, hex};

/// The identity key of the chain that two public implementations agree on.
const IDENTITY_KEY: &str = "7c91330e61dfea4606b5b3ecb4457d76";
const PREFIX: [u8; 4] = [0xa7, 0x71, 0x00, 0x01];

#[test]
fn ephemeral_ids_match_the_published_one_and_those_around_every_border() {
    let key = bytes(IDENTITY_KEY);
    for (k, seconds, expected) in [
        (0, 0, "436bfe57d5a09505"),
        (10, 0, "b97ef0466857531c"),
        (10, 1_023, "b97ef0466857531c"),
        (10, 1_024, "ae175b9240bc752f"),
        (10, 65_279, "0a1e96f95815c804"),
        (10, 65_535, "0a1e96f95815c804"),
        (10, 65_536, "462923124601cd87"),
        (4, 1_700_000_000, "d27152c69eb1ff8d"),
        (12, 1_700_000_000, "e9422f392820cd76"),
        (15, 1_700_000_000, "7586cede31bac36b"),
        (9, u32::MAX, "65e2928fdd202413"),
    ] {
        assert_eq!(hex::encode(eid::ephemeral_id(&key, k, seconds)), expected, "k {k}, second {seconds}");
    }
}

#[test]
fn rolling_id_changes_at_the_slots_border_and_nowhere_else() {
    let key = AirKey(bytes(IDENTITY_KEY));
    let at = |seconds| rolling::rolling_id(&key, PREFIX, seconds);
    assert_eq!(at(0), at(1_023));
    assert_ne!(at(1_023), at(1_024));
    assert_eq!(hex::encode(at(0).eid), "b97ef0466857531c");
    assert_eq!(at(0).prefix, PREFIX);
    assert_eq!(rolling::eid_in_slot(&key, 1), at(1_024).eid);
    assert_eq!(rolling::slot(rolling::slot_start(77)), 77);
    assert_eq!(rolling::seconds(Timestamp(1_999)), 1);
    assert_eq!(rolling::seconds(Timestamp(-1)), 0);
    assert_eq!(rolling::seconds(Timestamp(i64::MAX)), u32::MAX);
}

#[test]
fn tag_is_the_keyed_hash_of_prefix_id_and_slot() {
    // HMAC-SHA-256 computed with Python's hmac module over a7710001 b97ef0466857531c 00000000.
    let id = rolling::rolling_id(&AirKey(bytes(IDENTITY_KEY)), PREFIX, 0);
    assert_eq!(hex::encode(id.tag), "2fe26fe1fc1b859d");
}

#[test]
fn a_forged_id_is_told_from_a_true_one() {
    let (key, other) = (AirKey(bytes(IDENTITY_KEY)), AirKey([9; 16]));
    let id = rolling::rolling_id(&key, PREFIX, 5_000);
    let slot = rolling::slot(5_000);
    assert!(rolling::is_genuine(&key, &id, slot));
    assert!(!rolling::is_genuine(&key, &id, slot + 1), "an old id is not a present one");
    assert!(!rolling::is_genuine(&other, &id, slot));
    let forged = model::sighting::RollingId { tag: [0; 8], ..id };
    assert!(!rolling::is_genuine(&key, &forged, slot));
    let moved = model::sighting::RollingId { prefix: [0; 4], ..id };
    assert!(!rolling::is_genuine(&key, &moved, slot), "the prefix is covered by the tag");
}

#[test]
fn neither_key_nor_address_shows_in_debug_output() {
    let key = AirKey(bytes(IDENTITY_KEY));
    assert!(!format!("{key:?}").contains("7c"));
    let address = Address { bytes: [0xab; 6], kind: AddressKind::Random };
    assert_eq!(format!("{address:?}"), "Address(Random)");
}

#[test]
fn published_frames_are_read_as_published() {
    let altbeacon = |company, id: &str, reserved| {
        Frame::AltBeacon(super::altbeacon::AltBeacon { company, id: bytes(id), power: -59, reserved })
    };
    let uid = Frame::Uid(eddystone::Uid {
        namespace: bytes("00010203040506070809"),
        instance: bytes("010203040506"),
        power_at_0m: -25,
    });
    let overflow = Frame::Overflow(super::overflow::Overflow { mask: bytes("56fe8749000000000000000000000000") });
    let measures = Frame::Measures(super::bthome::Measures {
        temperature_centi: Some(2_500),
        humidity_centi: Some(5_055),
        ..Default::default()
    });
    for (advertisement, expected) in [
        (
            "02011a1bff1801beac2f234454cf6d4a0fadf2f4911ba9ffa600010002c509",
            Some(altbeacon(0x0118, "2f234454cf6d4a0fadf2f4911ba9ffa600010002", 9)),
        ),
        (
            "02011a1aff1801beac2f234454cf6d4a0fadf2f4911ba9ffa600010002c5000000",
            Some(altbeacon(0x0118, "2f234454cf6d4a0fadf2f4911ba9ffa600010002", 0)),
        ),
        (
            "0201061bffaabbbeace2c56db5dffb48d2b060d0f5a71096e000010004c50000000000000000000000000000000000000000000000000000000000000000",
            Some(altbeacon(0xbbaa, "e2c56db5dffb48d2b060d0f5a71096e000010004", 0)),
        ),
        ("0201060303aafe1516aafe00e700010203040506070809010203040506", Some(uid)),
        ("02010604ffe000be", None),
        ("02011a020a0c0eff4c000f05a0336aa5f110025b0c14ff4c000156fe8749000000000000000000000000", Some(overflow)),
        ("0201060B094449592D73656E736F720A16D2FC4002C40903BF13", Some(measures)),
        ("", None),
        ("00", None),
        ("ff", None),
    ] {
        assert_eq!(frame::decode(&hex(advertisement)).best(), expected, "{advertisement}");
    }
}

#[test]
fn ibeacon_is_read_from_split_data() {
    let data = hex("0215426c7565436861726d426561636f6e730efe1355c5");
    let Some(Frame::IBeacon(beacon)) = frame::from_manufacturer(0x004c, &data) else { panic!("an iBeacon") };
    assert_eq!((beacon.major, beacon.minor, beacon.power), (3_838, 4_949, -59));
    assert_eq!(frame::from_manufacturer(0x004d, &data), None, "another company's data is not an iBeacon");
    assert_eq!(frame::from_manufacturer(0x004c, &data[..22]), None, "cut short");
}

#[test]
fn telemetry_is_read_and_its_absent_values_are_absent() {
    let read = |digits| frame::from_service(eddystone::SERVICE, &hex(digits));
    let full = Tlm { battery_mv: Some(3_000), temperature_256: Some(6_016), adverts: 12_345, uptime_ds: 6_789 };
    assert_eq!(read("20000bb817800000303900001a85"), Some(Frame::Tlm(full)));
    let bare = Tlm { battery_mv: None, temperature_256: None, ..full };
    assert_eq!(read("2000000080000000303900001a85"), Some(Frame::Tlm(bare)));
    assert!(matches!(read("2001f568e99960be153044a05b3ebeef4301"), Some(Frame::EncryptedTlm(_))));
    assert_eq!(read("2001f568"), None);
    assert_eq!(read("10e702676f6f07"), None, "the URL frame is not read");
}

#[test]
fn a_fixed_id_may_leave_out_its_spare_bytes_and_an_ephemeral_one_has_exactly_ten() {
    let service = |digits: &str| frame::from_service(eddystone::SERVICE, &hex(digits));
    assert!(service("00e7000102030405060708090102030405060000").is_some());
    assert!(service("00e700010203040506070809010203040506").is_some());
    assert!(service("00e7000102030405060708090102030405").is_none());
    assert!(service("30e7b97ef0466857531c").is_some());
    assert!(service("30e7b97ef0466857531c00").is_none());
    assert_eq!(frame::from_service(0xfd6f, &hex("30e7b97ef0466857531c")), None, "another service");
}

#[test]
fn the_frame_that_says_who_wins_over_the_one_that_says_how() {
    let eid = Eid { eid: [7; 8], power_at_0m: -20 };
    let mut advertisement = eddystone::to_advertisement(
        &Tlm::from_service(&hex("20000bb817800000303900001a85")).expect("telemetry").to_service(),
    );
    advertisement.extend_from_slice(&eddystone::eid_adv(eid.eid, eid.power_at_0m)[3..]);
    let frames = frame::decode(&advertisement);
    assert_eq!(frames.iter().count(), 2);
    assert_eq!(frames.best(), Some(Frame::Eid(eid)));
}

#[test]
fn more_frames_than_the_bound_are_left_unread() {
    let one = &eddystone::eid_adv([7; 8], -20)[3..];
    assert_eq!(frame::decode(&one.repeat(9)).iter().count(), frame::FRAMES_MAX);
}

#[test]
fn only_our_own_transmitters_are_known() {
    let id = rolling::rolling_id(&AirKey([3; 16]), PREFIX, 0);
    let rolling_frame = frame::decode(&rolling::to_ibeacon(id, -59)).best().expect("an iBeacon");
    assert_eq!(rolling_frame.known(PREFIX, &[]), Some(Transmitter::Rolling(id)));
    assert_eq!(rolling_frame.known([0; 4], &[]), None, "another chain's customer is nobody");
    let Frame::IBeacon(beacon) = rolling_frame else { panic!("an iBeacon") };
    let tag = Transmitter::Beacon { uuid: beacon.uuid, major: beacon.major, minor: beacon.minor };
    assert_eq!(rolling_frame.known([0; 4], &[beacon.uuid]), Some(tag));
    let eid = frame::decode(&eddystone::eid_adv(id.eid, -18)).best().expect("an ephemeral id");
    assert_eq!(eid.known(PREFIX, &[]), Some(Transmitter::Eid(id.eid)));
    assert_eq!(eid.power_at_1m(), Some(-59));
}

#[test]
fn impossible_powers_are_not_believed() {
    for (power, expected) in [(-59, Some(-59)), (-1, Some(-1)), (0, None), (26, None), (-128, None), (-120, Some(-120))]
    {
        let beacon = Frame::IBeacon(super::ibeacon::IBeacon { uuid: [0; 16], major: 0, minor: 0, power });
        assert_eq!(beacon.power_at_1m(), expected, "{power}");
    }
}

#[test]
fn addresses_are_read_in_every_makers_spelling() {
    let expected = Some(Address { bytes: [0xac, 0x23, 0x3f, 0xc0, 0x01, 0xea], kind: AddressKind::Unknown });
    for text in ["AC233FC001EA", "ac233fc001ea", "AC:23:3F:C0:01:EA", "ac-23-3f-c0-01-ea"] {
        assert_eq!(Address::parse(text, AddressKind::Unknown), expected, "{text}");
    }
    for text in
        ["", "AC233FC001E", "AC233FC001EAA", "AC:23:3F-C0:01:EA", "AC:23:3F:C0:01:EG", "aècèèè", "AC.23.3F.C0.01.EA"]
    {
        assert_eq!(Address::parse(text, AddressKind::Unknown), None, "{text}");
    }
    let random = |first| Address { bytes: [first, 0, 0, 0, 0, 0], kind: AddressKind::Random };
    assert!(random(0x40).may_rotate());
    assert!(!random(0xc0).may_rotate(), "a static random address stays");
}

#[test]
fn structures_end_at_a_length_of_zero_and_at_a_cut() {
    let kinds = |digits: &str| ad::structures(&hex(digits)).map(|structure| structure.kind).collect::<Vec<_>>();
    assert_eq!(kinds("020106020a0c"), [1, 10]);
    assert_eq!(kinds("02010600020a0c"), [1], "what follows the early end is padding");
    assert_eq!(kinds("020106050a0c"), [1], "a structure that is cut short is dropped");
    assert_eq!(kinds("0109"), [9], "a structure may be empty");
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(advertisement in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let frames = frame::decode(&advertisement);
        prop_assert!(frames.iter().count() <= frame::FRAMES_MAX);
    }

    #[test]
    fn any_split_data_is_read_without_panic(number: u16, data in proptest::collection::vec(any::<u8>(), 0..64)) {
        let _ = frame::from_manufacturer(number, &data);
        let _ = frame::from_service(number, &data);
        let _ = frame::from_service(eddystone::SERVICE, &data);
    }

    #[test]
    fn every_frame_survives_the_air(frame in testing::frame()) {
        let advertisement = frame.to_advertisement();
        prop_assert!(advertisement.len() <= 31, "a legacy advertisement holds 31 bytes");
        prop_assert_eq!(frame::decode(&advertisement).best(), Some(frame));
    }

    #[test]
    fn a_cut_frame_is_never_another_one(frame in testing::frame(), cut in 0usize..31) {
        let advertisement = frame.to_advertisement();
        let kept = &advertisement[..cut.min(advertisement.len() - 1)];
        prop_assert_eq!(frame::decode(kept).best(), None);
    }

    #[test]
    fn addresses_survive_every_spelling(address in testing::address()) {
        for text in [address.to_lower(), address.to_upper(), address.to_colons()] {
            prop_assert_eq!(Address::parse(&text, address.kind), Some(address));
        }
    }

    #[test]
    fn any_text_is_no_address_or_one(text in "\\PC{0,20}") {
        let _ = Address::parse(&text, AddressKind::Unknown);
    }

    #[test]
    fn rolling_ids_are_genuine_in_their_slot_alone(key: [u8; 16], prefix: [u8; 4], seconds: u32) {
        let key = AirKey(key);
        let id = rolling::rolling_id(&key, prefix, seconds);
        let slot = rolling::slot(seconds);
        prop_assert!(rolling::is_genuine(&key, &id, slot));
        prop_assert!(!rolling::is_genuine(&key, &id, slot ^ 1));
        let heard = frame::decode(&rolling::to_ibeacon(id, -59)).best().and_then(|frame| frame.rolling(prefix));
        prop_assert_eq!(heard, Some(id));
    }
}
