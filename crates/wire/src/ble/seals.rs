//! Everything that is sealed, derived or resolved, against the published vectors and against second implementations.

use aws_lc_rs::agreement::{self, PrivateKey, UnparsedPublicKey, X25519};
use eax::aead::{AeadInOut, KeyInit};
use model::sighting::Transmitter;
use proptest::prelude::*;

use super::address::{Address, AddressKind};
use super::eddystone::{EncryptedTlm, Tlm};
use super::frame::{self, Frame};
use super::overflow::Overflow;
use super::rolling::{self, AirKey};
use super::rpa::{self, Irk};
use super::service::{self, ServiceData};
use super::{eddystone, exposure, ibeacon};
use crate::testing::{bytes, hex};

const IDENTITY_KEY: &str = "7c91330e61dfea4606b5b3ecb4457d76";
const PREFIX: [u8; 4] = [0xa7, 0x71, 0x00, 0x01];

#[test]
fn sealed_telemetry_opens_with_the_identity_key_in_its_slot() {
    let key = bytes(IDENTITY_KEY);
    let plain = Tlm::from_service(&hex("20000bb817800000303900001a85")).expect("telemetry");
    for (k, seconds, salt, digits) in [
        (10, 65_279, [0xbe, 0xef], "2001f568e99960be153044a05b3ebeef4301"),
        (4, 1_700_000_000, [0x00, 0x01], "2001ab8f94fbb140180c7aafe7b90001ab33"),
    ] {
        let sealed = EncryptedTlm::from_service(&hex(digits)).expect("sealed telemetry");
        assert_eq!(sealed.open(&key, k, seconds), Some(plain));
        assert_eq!(sealed.open(&key, k, seconds >> k << k), Some(plain), "the slot counts, not the second");
        assert_eq!(sealed.open(&key, k, seconds - (1 << k)), None, "another slot");
        assert_eq!(sealed.open(&[0; 16], k, seconds), None, "another key");
        assert_eq!(EncryptedTlm::seal(&plain, &key, k, seconds, salt), sealed);
    }
}

#[test]
fn the_published_key_exchange_gives_the_identity_key_and_its_first_id() {
    let resolver: [u8; 32] = bytes("7a1a4e709bf085ac494aba0469b9b1eda0ab1f78b16aabb79ffeda90623e8522");
    let beacon: [u8; 32] = bytes("5f2ff6357762b9c188343259a9bd899a9a667d170143c0bc1ae905e877914a0e");
    let secret: [u8; 32] = bytes("4041414141414141414141414141414141414141414141414141414141414141");
    let private = PrivateKey::from_private_key(&X25519, &secret).expect("32 bytes");
    assert_eq!(private.compute_public_key().expect("a public key").as_ref(), resolver);
    let common = shared(&private, beacon).expect("a secret that both have");
    assert_eq!(hex::encode(&common), "80722c34967ab7d613c5549224c662aed7cdf5369ec051bcede788a4a29b7677");
    let mut key = [0; 16];
    let salt = [resolver, beacon].concat();
    hkdf::Hkdf::<sha2::Sha256>::new(Some(&salt), &common).expand(&[], &mut key).expect("16 bytes");
    assert_eq!(hex::encode(key), IDENTITY_KEY);
    assert_eq!(hex::encode(super::eid::ephemeral_id(&key, 0, 0)), "436bfe57d5a09505");
    // A public key of small order makes a secret of zeros, which everybody knows; the specification wants it refused.
    assert_eq!(shared(&private, [0; 32]), None);
}

/// What both ends of an exchange know.
fn shared(private: &PrivateKey, peer: [u8; 32]) -> Option<Vec<u8>> {
    agreement::agree(private, UnparsedPublicKey::new(&X25519, peer), (), |secret| Ok(secret.to_vec())).ok()
}

#[test]
fn hashes_of_eax_agree_with_a_second_implementation() {
    // The crate takes nonces of 16 bytes only; with such a one all three hashes and the key stream are the same steps.
    type Eax = eax::Eax<aes::Aes128>;
    let (key, nonce, plain): ([u8; 16], [u8; 16], [u8; 12]) =
        (bytes(IDENTITY_KEY), std::array::from_fn(|n| n as u8), bytes("0bb817800000303900001a85"));
    let mut theirs = plain;
    let their_tag = Eax::new((&key).into())
        .encrypt_inout_detached(&nonce.into(), &[], theirs.as_mut_slice().into())
        .expect("a short text");
    let (ours, our_tag) = super::eddystone::eax_with_nonce(&key, &nonce, plain);
    assert_eq!((ours, &our_tag[..]), (theirs, &their_tag[..2]));
}

#[test]
fn exposure_ids_and_their_metadata_match_the_published_vectors() {
    let key = bytes("75c734c6dd1a782de7a965da5eb93125");
    let metadata: [u8; 4] = bytes("40080000");
    for (interval, id, sealed) in [
        (2_642_976, "8be6cd371c5c891604bfbe49df845096", "72033874"),
        (2_642_977, "3c9a1de5dd6b02afa7fded7b570b3e56", "c29211b1"),
    ] {
        let derived = exposure_id(&key, interval);
        assert_eq!(hex::encode(derived), id);
        // AES in counter mode, and four bytes need its first block alone.
        let stream = encrypt(&derive(&key, b"EN-AEMK"), derived);
        let crypted: [u8; 4] = std::array::from_fn(|place| metadata[place] ^ stream[place]);
        assert_eq!(hex::encode(crypted), sealed);
        let phone = Frame::Exposure(exposure::Exposure { id: derived, metadata: crypted });
        assert_eq!(frame::decode(&phone.to_advertisement()).best(), Some(phone), "what a phone sends is recognised");
    }
}

/// The id of a day's key in an interval of ten minutes since 1970, as a phone makes it.
fn exposure_id(day_key: &[u8; 16], interval: u32) -> [u8; 16] {
    let mut block = [0; 16];
    block[..6].copy_from_slice(b"EN-RPI");
    block[12..].copy_from_slice(&interval.to_le_bytes());
    encrypt(&derive(day_key, b"EN-RPIK"), block)
}

fn derive(day_key: &[u8; 16], purpose: &[u8]) -> [u8; 16] {
    let mut key = [0; 16];
    hkdf::Hkdf::<sha2::Sha256>::new(None, day_key).expand(purpose, &mut key).expect("16 bytes");
    key
}

fn encrypt(key: &[u8; 16], block: [u8; 16]) -> [u8; 16] {
    use aes::cipher::{BlockCipherEncrypt, KeyInit};
    let mut block = block.into();
    aes::Aes128::new(key.into()).encrypt_block(&mut block);
    block.into()
}

#[test]
fn an_exposure_frame_is_told_apart_and_is_nobody() {
    let digits = "02011a03036ffd17166ffd8be6cd371c5c891604bfbe49df84509672033874";
    let Some(Frame::Exposure(found)) = frame::decode(&hex(digits)).best() else { panic!("an exposure frame") };
    assert_eq!(hex::encode(found.id), "8be6cd371c5c891604bfbe49df845096");
    assert_eq!(Frame::Exposure(found).known(PREFIX, &[]), None);
    assert_eq!(frame::from_service(exposure::SERVICE, &[0; 19]), None, "cut short");
}

#[test]
fn a_resolvable_address_is_known_by_its_key_alone() {
    let key = Irk(bytes("ec0234a357c8ad05341010a60a397d9b"));
    assert_eq!(rpa::ah(&key, bytes("708194")), bytes("0dfbaa"));
    let address = Address::parse("70:81:94:0D:FB:AA", AddressKind::Random).expect("an address");
    assert!(rpa::is_of(&key, address));
    assert!(!rpa::is_of(&Irk([7; 16]), address));
    assert!(!rpa::is_of(&key, Address { kind: AddressKind::Public, ..address }), "a public address is not resolved");
    let other = Address { bytes: [0xf0, 0x81, 0x94, 0x0d, 0xfb, 0xaa], ..address };
    assert!(!rpa::is_of(&key, other), "a static address is not resolved");
    assert_eq!(format!("{key:?}"), "Irk(..)");
}

#[test]
fn an_iphone_in_the_background_is_recognised_and_is_nobody() {
    for (digits, bits) in [
        ("02011A14FF4C000100000000000000020000000000000000", &[62u8][..]),
        (
            "14ff4c000156fe8749000000000000000000000000",
            &[1, 3, 5, 6, 8, 9, 10, 11, 12, 13, 14, 16, 21, 22, 23, 25, 28, 31],
        ),
    ] {
        let Some(Frame::Overflow(found)) = frame::decode(&hex(digits)).best() else { panic!("{digits}") };
        assert_eq!(found.bits().collect::<Vec<_>>(), bits);
        assert_eq!(Frame::Overflow(found).known(PREFIX, &[]), None);
    }
    assert_eq!(Overflow::from_manufacturer(ibeacon::COMPANY, &[1; 16]), None, "cut short");
    assert_eq!(Overflow::from_manufacturer(0x004d, &[1; 17]), None, "another company");
}

#[test]
fn the_customer_id_is_the_same_in_every_carrier() {
    let id = rolling::rolling_id(&AirKey(bytes(IDENTITY_KEY)), PREFIX, 5_000);
    let data = [&id.to_bytes()[..], &[197]].concat();
    let under = |uuid| ServiceData::new(uuid, &data).to_advertisement();
    let carriers = [rolling::to_ibeacon(id, -59), under(service::of_short(eddystone::SERVICE)), under(service::OWN)];
    for (carrier, (advertisement, fits)) in carriers.iter().zip([true, true, false]).enumerate() {
        let frame = frame::decode(advertisement).best().expect("a frame");
        assert_eq!(frame.known(PREFIX, &[]), Some(Transmitter::Rolling(id)), "carrier {carrier}");
        assert_eq!(frame.power_at_1m(), Some(-59), "carrier {carrier}");
        assert_eq!(advertisement.len() <= 31, fits, "carrier {carrier}: a legacy advertisement has 31 bytes");
        assert_eq!(frame.known([9; 4], &[]), None, "another chain's customer is nobody");
    }
}

#[test]
fn service_data_of_128_bits_is_read_backwards() {
    let digits = "1521010000000000008000400000000071a7aabbcc";
    // One byte short of its own length: nothing is read.
    assert_eq!(frame::decode(&hex(digits)).best(), None);
    let digits = "1421010000000000008000400000000071a7aabbcc";
    let Some(Frame::Service(found)) = frame::decode(&hex(digits)).best() else { panic!("service data") };
    assert_eq!((found.uuid, found.data(), found.body()), (service::OWN, &hex("aabbcc")[..], None));
    assert_eq!(frame::decode(&hex("0a2101000000000000800040")).best(), None, "cut inside the UUID");
}

#[test]
fn an_id_without_power_is_read_and_an_eddystone_frame_is_none() {
    let id = rolling::rolling_id(&AirKey([4; 16]), PREFIX, 0);
    let bare = ServiceData::from_eddystone(&id.to_bytes()).expect("an id");
    assert_eq!((bare.body(), bare.power(), bare.short()), (Some(id.to_bytes()), None, Some(0xfeaa)));
    for kind in [0x00, 0x10, 0x20, 0x30, 0x40] {
        assert_eq!(ServiceData::from_eddystone(&[kind; 20]), None);
    }
    assert_eq!(ServiceData::from_eddystone(&[0xa7; 19]), None);
}

proptest! {
    #[test]
    fn every_seal_opens_again(key: [u8; 16], k in 0u8..=15, seconds: u32, salt: [u8; 2], plain: [u8; 12]) {
        let tlm = Tlm::from_service(&[&[0x20, 0], &plain[..]].concat()).expect("telemetry");
        prop_assert_eq!(EncryptedTlm::seal(&tlm, &key, k, seconds, salt).open(&key, k, seconds), Some(tlm));
    }

    #[test]
    fn every_air_frame_survives_the_air(frame in crate::testing::any_frame()) {
        let advertisement = frame.to_advertisement();
        prop_assert!(advertisement.len() <= 31, "{} bytes", advertisement.len());
        prop_assert_eq!(frame::decode(&advertisement).best(), Some(frame));
        prop_assert_eq!(frame::decode(&advertisement[..advertisement.len() - 1]).best(), None, "a cut frame is none");
    }
}
