//! Eddystone: service data under FEAA. UID, EID, plain TLM and encrypted TLM; the URL frame names a place on the web and is not read.

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use cmac::{Cmac, Mac};

use super::{ad, eid};

/// The service UUID.
pub const SERVICE: u16 = 0xfeaa;
/// Eddystone gives the power at 0 m; at 1 m it is weaker by this much, in dB.
const LOSS_AT_1M: i8 = 41;

const UID: u8 = 0x00;
const TLM: u8 = 0x20;
const EID: u8 = 0x30;

/// A fixed id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid {
    /// Whose beacons these are.
    pub namespace: [u8; 10],
    /// Which of them.
    pub instance: [u8; 6],
    /// Strength at 0 m, in dBm.
    pub power_at_0m: i8,
}

/// An ephemeral id; only who holds the key can tell whose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Eid {
    /// The eight bytes.
    pub eid: [u8; 8],
    /// Strength at 0 m, in dBm.
    pub power_at_0m: i8,
}

/// Telemetry. It carries no id: it belongs to the frame that the same address sent a moment ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tlm {
    /// Battery in millivolt, if it has one.
    pub battery_mv: Option<u16>,
    /// Temperature in 1/256 °C, if it has a sensor.
    pub temperature_256: Option<i16>,
    /// Advertisements since power-on.
    pub adverts: u32,
    /// Time since power-on, in tenths of a second.
    pub uptime_ds: u32,
}

/// Encrypted telemetry: 12 bytes of cipher text, 2 of salt, 2 of check. A check of 16 bits is forged easily: good for health alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EncryptedTlm {
    /// The 16 bytes as they came.
    pub sealed: [u8; 16],
}

/// Strength at 1 m from strength at 0 m.
#[must_use]
pub const fn power_at_1m(power_at_0m: i8) -> i8 {
    power_at_0m.saturating_sub(LOSS_AT_1M)
}

impl Uid {
    /// Reads service data; the UUID's two bytes are already taken off. The two spare bytes at the end may be absent.
    #[must_use]
    pub fn from_service(data: &[u8]) -> Option<Self> {
        let (&[UID, power, ref rest @ ..], true) = (data, data.len() >= 18) else { return None };
        let (namespace, rest) = rest.split_first_chunk::<10>()?;
        Some(Self { namespace: *namespace, instance: *rest.first_chunk::<6>()?, power_at_0m: power.cast_signed() })
    }

    /// The service data behind the UUID.
    #[must_use]
    pub fn to_service(&self) -> [u8; 20] {
        let mut data = [0; 20];
        data[0] = UID;
        data[1] = self.power_at_0m.cast_unsigned();
        data[2..12].copy_from_slice(&self.namespace);
        data[12..18].copy_from_slice(&self.instance);
        data
    }
}

impl Eid {
    /// Reads service data; the frame has exactly ten bytes.
    #[must_use]
    pub fn from_service(data: &[u8]) -> Option<Self> {
        let &[EID, power, ref eid @ ..] = data else { return None };
        Some(Self { eid: eid.try_into().ok()?, power_at_0m: power.cast_signed() })
    }

    /// The service data behind the UUID.
    #[must_use]
    pub fn to_service(&self) -> [u8; 10] {
        let mut data = [0; 10];
        data[0] = EID;
        data[1] = self.power_at_0m.cast_unsigned();
        data[2..].copy_from_slice(&self.eid);
        data
    }
}

impl Tlm {
    /// Reads service data of version 0.
    #[must_use]
    pub fn from_service(data: &[u8]) -> Option<Self> {
        let &[TLM, 0, b0, b1, t0, t1, a0, a1, a2, a3, s0, s1, s2, s3, ..] = data else { return None };
        let battery = u16::from_be_bytes([b0, b1]);
        let temperature = i16::from_be_bytes([t0, t1]);
        Some(Self {
            battery_mv: (battery != 0).then_some(battery),
            temperature_256: (temperature != i16::MIN).then_some(temperature),
            adverts: u32::from_be_bytes([a0, a1, a2, a3]),
            uptime_ds: u32::from_be_bytes([s0, s1, s2, s3]),
        })
    }

    /// The service data behind the UUID.
    #[must_use]
    pub fn to_service(&self) -> [u8; 14] {
        let mut data = [0; 14];
        data[0] = TLM;
        data[2..4].copy_from_slice(&self.battery_mv.unwrap_or(0).to_be_bytes());
        data[4..6].copy_from_slice(&self.temperature_256.unwrap_or(i16::MIN).to_be_bytes());
        data[6..10].copy_from_slice(&self.adverts.to_be_bytes());
        data[10..].copy_from_slice(&self.uptime_ds.to_be_bytes());
        data
    }
}

impl EncryptedTlm {
    /// Seals telemetry as a beacon does at its own second, with slots of 2^`k` seconds.
    #[must_use]
    pub fn seal(tlm: &Tlm, key: &[u8; 16], k: u8, seconds: u32, salt: [u8; 2]) -> Self {
        let mut plain = [0; 12];
        plain.copy_from_slice(&tlm.to_service()[2..]);
        let eax = Eax::new(key, k, seconds, salt);
        let cipher = eax.crypt(plain);
        let mut sealed = [0; 16];
        sealed[..12].copy_from_slice(&cipher);
        sealed[12..14].copy_from_slice(&salt);
        sealed[14..].copy_from_slice(&eax.tag(&cipher));
        Self { sealed }
    }

    /// Opens telemetry with the beacon's identity key, for a second of the beacon's own clock.
    #[must_use]
    pub fn open(&self, key: &[u8; 16], k: u8, seconds: u32) -> Option<Tlm> {
        let (cipher, rest) = self.sealed.split_first_chunk::<12>()?;
        let (salt, tag) = rest.split_first_chunk::<2>()?;
        let eax = Eax::new(key, k, seconds, *salt);
        if eax.tag(cipher) != *tag {
            return None;
        }
        Tlm::from_service(&[&[TLM, 0], &eax.crypt(*cipher)[..]].concat())
    }

    /// Reads service data of version 1.
    #[must_use]
    pub fn from_service(data: &[u8]) -> Option<Self> {
        let &[TLM, 1, ref sealed @ ..] = data else { return None };
        Some(Self { sealed: sealed.try_into().ok()? })
    }

    /// The service data behind the UUID.
    #[must_use]
    pub fn to_service(&self) -> [u8; 18] {
        let mut data = [0; 18];
        data[0] = TLM;
        data[1] = 1;
        data[2..].copy_from_slice(&self.sealed);
        data
    }
}

/// AES-EAX over one block: `eax` the crate takes a nonce of 16 bytes only, and telemetry has one of 6.
struct Eax<'a> {
    key: &'a [u8; 16],
    nonce: [u8; 16],
}

impl<'a> Eax<'a> {
    fn new(key: &'a [u8; 16], k: u8, seconds: u32, salt: [u8; 2]) -> Self {
        let k = k.min(eid::K_MAX);
        let mut nonce = [0; 6];
        nonce[..4].copy_from_slice(&(seconds >> k << k).to_be_bytes());
        nonce[4..].copy_from_slice(&salt);
        Self { key, nonce: omac(key, 0, &nonce) }
    }

    /// Adds the key stream, which both seals and opens. 12 bytes need its first block alone.
    fn crypt(&self, text: [u8; 12]) -> [u8; 12] {
        let mut stream = self.nonce.into();
        Aes128::new(self.key.into()).encrypt_block(&mut stream);
        std::array::from_fn(|place| text[place] ^ stream[place])
    }

    fn tag(&self, cipher: &[u8; 12]) -> [u8; 2] {
        let (header, text) = (omac(self.key, 1, &[]), omac(self.key, 2, cipher));
        std::array::from_fn(|place| self.nonce[place] ^ header[place] ^ text[place])
    }
}

/// Cipher text and check under a nonce of any length, to be compared with another implementation.
#[cfg(test)]
pub(super) fn eax_with_nonce(key: &[u8; 16], nonce: &[u8], plain: [u8; 12]) -> ([u8; 12], [u8; 2]) {
    let eax = Eax { key, nonce: omac(key, 0, nonce) };
    let cipher = eax.crypt(plain);
    (cipher, eax.tag(&cipher))
}

/// The three keyed hashes of EAX, told apart by a first block.
fn omac(key: &[u8; 16], which: u8, text: &[u8]) -> [u8; 16] {
    let mut first = [0; 16];
    first[15] = which;
    let mut mac = Cmac::<Aes128>::new(key.into());
    mac.update(&first);
    mac.update(text);
    mac.finalize().into_bytes().into()
}

/// The whole advertisement around an Eddystone frame's service data.
#[must_use]
pub fn to_advertisement(service_data: &[u8]) -> Vec<u8> {
    let uuid = SERVICE.to_le_bytes();
    let mut advertisement = ad::FLAGS.to_vec();
    ad::push(&mut advertisement, ad::COMPLETE_UUIDS16, &[&uuid]);
    ad::push(&mut advertisement, ad::SERVICE_DATA16, &[&uuid, service_data]);
    advertisement
}

/// The whole advertisement of an ephemeral id.
#[must_use]
pub fn eid_adv(eid: [u8; 8], power_at_0m: i8) -> Vec<u8> {
    to_advertisement(&Eid { eid, power_at_0m }.to_service())
}
