//! The published packets, plain and sealed, and what a thief of packets might try.

use proptest::prelude::*;

use super::*;
use crate::testing::{bytes, hex};

const KEY: &str = "231d39c1d7cc1ab1aee224cd096db932";
const ADDRESS: &str = "5448e68f80a5";

fn plain(digits: &str) -> Measures {
    match Packet::from_service(&hex(digits)) {
        Some(Packet::Plain(measures)) => measures,
        other => panic!("not plain: {other:?}"),
    }
}

fn sealed(digits: &str) -> Packet {
    let packet = Packet::from_service(&hex(digits)).expect("a packet");
    assert!(matches!(packet, Packet::Sealed(_)), "{packet:?}");
    packet
}

#[test]
fn bthome_published_plain_packet_is_read() {
    let measures = plain("4002c40903bf13");
    assert_eq!((measures.temperature_centi, measures.humidity_centi), (Some(2_500), Some(5_055)));
}

#[test]
fn bthome_published_sealed_packet_is_opened() {
    let packet = sealed("41e445f3c9962b332211006c7c4519");
    let measures = Ear::new(Some(bytes(KEY))).hear(&packet, bytes(ADDRESS)).expect("the published key");
    assert_eq!((measures.temperature_centi, measures.humidity_centi), (Some(2_506), Some(5_055)));
    let again = seal(&measures, &bytes(KEY), bytes(ADDRESS), 0x0011_2233).expect("it fits");
    assert_eq!(hex::encode(again.to_service()), "41e445f3c9962b332211006c7c4519");
}

#[test]
fn bthome_objects_of_every_kind_a_shop_has_are_read() {
    for (digits, expected) in [
        ("4000100164", Measures { packet: Some(16), battery: Some(100), ..Measures::default() }),
        ("4006d204", Measures { mass_g: Some(12_340), ..Measures::default() }),
        ("4007640a", Measures { mass_g: Some(12_065), ..Measures::default() }),
        ("400960", Measures { count: Some(96), ..Measures::default() }),
        ("403e2a2c0960", Measures { count: Some(0x6009_2c2a), ..Measures::default() }),
        ("4059ff", Measures::default()),
        ("402101", Measures { somebody: Some(true), ..Measures::default() }),
        ("402300", Measures { somebody: Some(false), ..Measures::default() }),
        ("4021002501", Measures { somebody: Some(true), ..Measures::default() }),
        ("402d01", Measures { open: Some(true), ..Measures::default() }),
        ("40400c00", Measures { distance_mm: Some(12), ..Measures::default() }),
        ("40414e00", Measures { distance_mm: Some(7_800), ..Measures::default() }),
        ("403a003a02", Measures { button: Some(2), ..Measures::default() }),
        ("4045f5ff", Measures { temperature_centi: Some(-110), ..Measures::default() }),
        ("440c020c", Measures { voltage_mv: Some(3_074), ..Measures::default() }),
    ] {
        assert_eq!(plain(digits), expected, "{digits}");
    }
}

#[test]
fn bthome_ends_at_the_first_unknown_object() {
    let measures = plain("400164ee0203c4092101");
    assert_eq!((measures.battery, measures.temperature_centi, measures.somebody), (Some(100), None, None));
    // Between those that are known there are gaps as well.
    for unknown in (0x30..=0x39).chain([0x3b, 0x66, 0x7f, 0xee, 0xf3, 0xff]) {
        assert_eq!(plain(&format!("400164{unknown:02x}000203c4092101")).temperature_centi, None, "{unknown:#x}");
    }
    let cut = plain("40016402c4");
    assert_eq!((cut.battery, cut.temperature_centi), (Some(100), None), "cut inside a value");
    let text = plain("40530c48656c6c6f20576f726c64210164");
    assert_eq!(text.battery, Some(100), "a text is passed over by its own length");
}

#[test]
fn bthome_revision_of_settings_is_passed_over() {
    let measures = plain("4001642101650768e8");
    assert_eq!((measures.battery, measures.somebody), (Some(100), Some(true)));
    // Whoever puts a later object before an earlier one still has both read, and a cut one takes nothing from those before.
    assert_eq!(plain("4065ff0164").battery, Some(100), "one byte, whatever it holds");
    assert_eq!(plain("40016465").battery, Some(100), "cut behind its id");
}

#[test]
fn bthome_of_another_version_is_left_alone() {
    for digits in ["", "2002c40903bf13", "6002c4", "41", "41e445f3c9"] {
        assert_eq!(Packet::from_service(&hex(digits)), None, "{digits}");
    }
}

#[test]
fn bthome_counter_must_rise_and_may_begin_anew_at_its_end() {
    let (key, address) = (bytes(KEY), bytes(ADDRESS));
    let packet = |counter| {
        let measures = Measures { somebody: Some(true), ..Measures::default() };
        Packet::Sealed(seal(&measures, &key, address, counter).expect("it fits"))
    };
    let mut ear = Ear::new(Some(key));
    for (counter, expected) in [
        (5, None),
        (5, Some(Refused::Repeated)),
        (4, Some(Refused::Repeated)),
        (6, None),
        (u32::MAX - 5, None),
        (3, None),
        (u32::MAX - 5, None),
    ] {
        assert_eq!(ear.hear(&packet(counter), address).err(), expected, "counter {counter}");
    }
}

#[test]
fn bthome_downgrade_from_sealed_to_plain_is_refused() {
    let mut ear = Ear::new(Some(bytes(KEY)));
    let plain = Packet::from_service(&hex("402101")).expect("a packet");
    assert_eq!(ear.hear(&plain, bytes(ADDRESS)), Err(Refused::Downgraded));
    let sealed = sealed("41e445f3c9962b332211006c7c4519");
    assert_eq!(Ear::default().hear(&sealed, bytes(ADDRESS)), Err(Refused::NoKey));
    assert_eq!(Ear::new(Some([0; 16])).hear(&sealed, bytes(ADDRESS)), Err(Refused::BadSeal));
    assert_eq!(ear.hear(&sealed, [0; 6]), Err(Refused::BadSeal), "another sensor's packet");
    assert!(ear.hear(&sealed, bytes(ADDRESS)).is_ok(), "a bad seal moves no counter");
    assert!(!format!("{ear:?}").contains("23"), "the key stays out of logs");
}

#[test]
fn bthome_same_packet_number_counts_once() {
    let mut ear = Ear::default();
    let first = Packet::from_service(&hex("4000072101")).expect("a packet");
    assert!(ear.hear(&first, [0; 6]).is_ok());
    assert_eq!(ear.hear(&first, [0; 6]), Err(Refused::Repeated));
    let second = Packet::from_service(&hex("4000082101")).expect("a packet");
    assert!(ear.hear(&second, [0; 6]).is_ok());
    let unnumbered = Packet::from_service(&hex("402101")).expect("a packet");
    assert!(ear.hear(&unnumbered, [0; 6]).is_ok());
    assert!(ear.hear(&unnumbered, [0; 6]).is_ok(), "without a number nothing tells a repeat");
}

proptest! {
    #[test]
    fn any_bthome_bytes_are_read_without_panic(data in proptest::collection::vec(any::<u8>(), 0..80)) {
        if let Some(packet) = Packet::from_service(&data) {
            let _ = Ear::new(Some([7; 16])).hear(&packet, [1; 6]);
            let _ = Ear::default().hear(&packet, [1; 6]);
        }
    }

    #[test]
    fn measures_survive_their_objects(measures in crate::testing::measures()) {
        prop_assert_eq!(Measures::from_objects(&measures.to_objects()), measures);
    }
}
