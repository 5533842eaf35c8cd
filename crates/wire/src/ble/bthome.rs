//! BTHome, version 2: what battery sensors say of themselves, plain or sealed with AES-CCM (service data under FCD2).
//!
//! Values follow each other by ascending object id; with the first id that is not known the rest can't be told apart and is left.
//! Names and texts in it are not read.

mod table;

use aes::Aes128;
use ccm::aead::{AeadInOut, KeyInit};
use ccm::consts::{U4, U13};

/// The service UUID.
pub const SERVICE: u16 = 0xfcd2;
/// Most bytes behind the device's information in a legacy advertisement.
pub const SEALED_LEN_MAX: usize = 26;
/// Most objects read from one advertisement.
const OBJECTS_MAX: usize = 64;

const VERSION: u8 = 2 << 5;
const VERSION_MASK: u8 = 0b1110_0000;
const ENCRYPTED: u8 = 0b1;
const COUNTER_LEN: usize = 4;
const TAG_LEN: usize = 4;
/// A counter this close to its end may begin anew.
const WRAP: u32 = 100;

/// What a sensor measures. Whole numbers in the finest unit that it has, so that they are compared exactly.
///
/// Of a value that stands there several times, the first counts; of states and buttons, the first that says that something is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Measures {
    /// The number of the packet, counted round by the sensor: the same number is the same packet, whoever relays it.
    pub packet: Option<u8>,
    /// Battery in percent.
    pub battery: Option<u8>,
    /// Voltage in millivolt.
    pub voltage_mv: Option<u16>,
    /// Temperature in 1/100 °C.
    pub temperature_centi: Option<i16>,
    /// Relative humidity in 1/100 %.
    pub humidity_centi: Option<u16>,
    /// Light in 1/100 lux.
    pub light_centi: Option<u32>,
    /// Weight in grams.
    pub mass_g: Option<u32>,
    /// Events since the sensor's own start.
    pub count: Option<u32>,
    /// Distance in millimetres.
    pub distance_mm: Option<u32>,
    /// Something moves in front of the sensor: motion, occupancy or presence.
    pub somebody: Option<bool>,
    /// The sensor itself is moved.
    pub moving: Option<bool>,
    /// A door or window is open.
    pub open: Option<bool>,
    /// A button: 1 once, 2 twice, 3 three times, 4 long, 128 held.
    pub button: Option<u8>,
}

impl Measures {
    /// Reads objects.
    #[must_use]
    pub fn from_objects(mut objects: &[u8]) -> Self {
        let mut measures = Self::default();
        for _ in 0..OBJECTS_MAX {
            let Some((&id, rest)) = objects.split_first() else { break };
            let Some((value, rest)) = table::split(id, rest) else { break };
            measures.take(id, table::number(id, value));
            objects = rest;
        }
        measures
    }

    /// Writes objects, by ascending id. A number that BTHome can't carry is left out.
    #[must_use]
    pub fn to_objects(&self) -> Vec<u8> {
        let mut objects = Vec::new();
        let mut push = |id: u8, bytes: &[u8]| {
            objects.push(id);
            objects.extend_from_slice(bytes);
        };
        self.packet.iter().for_each(|value| push(0x00, &[*value]));
        self.battery.iter().for_each(|value| push(0x01, &[*value]));
        self.temperature_centi.iter().for_each(|value| push(0x02, &value.to_le_bytes()));
        self.humidity_centi.iter().for_each(|value| push(0x03, &value.to_le_bytes()));
        self.light_centi.iter().for_each(|value| push(0x05, &value.to_le_bytes()[..3]));
        let mass = self.mass_g.and_then(|grams| u16::try_from(grams / 10).ok());
        mass.iter().for_each(|value| push(0x06, &value.to_le_bytes()));
        self.voltage_mv.iter().for_each(|value| push(0x0c, &value.to_le_bytes()));
        self.open.iter().for_each(|value| push(0x11, &[u8::from(*value)]));
        self.moving.iter().for_each(|value| push(0x22, &[u8::from(*value)]));
        self.somebody.iter().for_each(|value| push(0x23, &[u8::from(*value)]));
        self.button.iter().for_each(|value| push(0x3a, &[*value]));
        self.count.iter().for_each(|value| push(0x3e, &value.to_le_bytes()));
        let distance = self.distance_mm.and_then(|mm| u16::try_from(mm).ok());
        distance.iter().for_each(|value| push(0x40, &value.to_le_bytes()));
        objects
    }

    /// Takes over one value, given in the units of its object.
    pub(crate) fn take(&mut self, id: u8, value: i64) {
        match id {
            0x00 => keep(&mut self.packet, value),
            0x01 => keep(&mut self.battery, value),
            0x0c => keep(&mut self.voltage_mv, value),
            0x4a => keep(&mut self.voltage_mv, value * 100),
            0x02 => keep(&mut self.temperature_centi, value),
            0x45 => keep(&mut self.temperature_centi, value * 10),
            0x57 => keep(&mut self.temperature_centi, value * 100),
            0x58 => keep(&mut self.temperature_centi, value * 35),
            0x03 => keep(&mut self.humidity_centi, value),
            0x2e => keep(&mut self.humidity_centi, value * 100),
            0x05 => keep(&mut self.light_centi, value),
            0x06 => keep(&mut self.mass_g, value * 10),
            // A pound has 453.59237 g, and the unit is a hundredth of it.
            0x07 => keep(&mut self.mass_g, value * 453_592 / 100_000),
            0x09 | 0x3d | 0x3e | 0x59 | 0x5a | 0x5b => keep(&mut self.count, value),
            0x40 => keep(&mut self.distance_mm, value),
            0x41 => keep(&mut self.distance_mm, value * 100),
            0x21 | 0x23 | 0x25 => raise(&mut self.somebody, value),
            0x22 => raise(&mut self.moving, value),
            0x11 | 0x1a | 0x1b | 0x2d => raise(&mut self.open, value),
            0x3a if self.button.is_none_or(|button| button == 0) => {
                self.button = u8::try_from(value).ok();
            }
            _ => {}
        }
    }
}

fn keep<T: TryFrom<i64>>(place: &mut Option<T>, value: i64) {
    if place.is_none() {
        *place = T::try_from(value).ok();
    }
}

fn raise(place: &mut Option<bool>, value: i64) {
    *place = Some(place.unwrap_or(false) || value != 0);
}

/// What a sensor measures, sealed; only who has its key can read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sealed {
    info: u8,
    len: u8,
    bytes: [u8; SEALED_LEN_MAX],
}

/// Why a sensor's words are not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Sealed, and the key is not known.
    #[error("it is sealed; give the sensor's key")]
    NoKey,
    /// The check does not fit.
    #[error("it does not open with the sensor's key; check key and address")]
    BadSeal,
    /// The counter did not rise: the same packet again, or one that somebody has recorded.
    #[error("its counter did not rise: a repeat")]
    Repeated,
    /// Plain words in the name of a sensor that seals.
    #[error("it is not sealed, though the sensor has a key")]
    Downgraded,
}

impl Refused {
    /// The stable code for counters.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoKey => "sensor-key-missing",
            Self::BadSeal => "sensor-bad-seal",
            Self::Repeated => "repeated-report",
            Self::Downgraded => "sensor-downgraded",
        }
    }
}

/// What stands in one advertisement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packet {
    /// For everybody.
    Plain(Measures),
    /// For who has the key.
    Sealed(Sealed),
}

impl Packet {
    /// Reads service data; the UUID's two bytes are already taken off. None of another version.
    #[must_use]
    pub fn from_service(data: &[u8]) -> Option<Self> {
        let (&info, rest) = data.split_first()?;
        if info & VERSION_MASK != VERSION {
            return None;
        }
        if info & ENCRYPTED == 0 {
            return Some(Self::Plain(Measures::from_objects(rest)));
        }
        if !(COUNTER_LEN + TAG_LEN..=SEALED_LEN_MAX).contains(&rest.len()) {
            return None;
        }
        let mut bytes = [0; SEALED_LEN_MAX];
        bytes[..rest.len()].copy_from_slice(rest);
        Some(Self::Sealed(Sealed { info, len: u8::try_from(rest.len()).ok()?, bytes }))
    }
}

/// The service data behind the UUID, for everybody to read.
#[must_use]
pub fn to_service(measures: &Measures) -> Vec<u8> {
    let mut data = vec![VERSION];
    data.extend_from_slice(&measures.to_objects());
    data
}

/// The service data behind the UUID, sealed; none when it does not fit an advertisement.
#[must_use]
pub fn seal(measures: &Measures, key: &[u8; 16], address: [u8; 6], counter: u32) -> Option<Sealed> {
    let info = VERSION | ENCRYPTED;
    let mut objects = measures.to_objects();
    let counter = counter.to_le_bytes();
    let tag = Ccm::new(key.into())
        .encrypt_inout_detached(&nonce(address, info, counter).into(), &[], objects.as_mut_slice().into())
        .ok()?;
    objects.extend_from_slice(&counter);
    objects.extend_from_slice(&tag);
    match Packet::from_service(&[&[info], objects.as_slice()].concat())? {
        Packet::Sealed(sealed) => Some(sealed),
        Packet::Plain(_) => None,
    }
}

type Ccm = ccm::Ccm<Aes128, U4, U13>;

fn nonce(address: [u8; 6], info: u8, counter: [u8; COUNTER_LEN]) -> [u8; 13] {
    let mut nonce = [0; 13];
    nonce[..6].copy_from_slice(&address);
    nonce[6..8].copy_from_slice(&SERVICE.to_le_bytes());
    nonce[8] = info;
    nonce[9..].copy_from_slice(&counter);
    nonce
}

impl Sealed {
    /// The service data behind the UUID.
    #[must_use]
    pub fn to_service(&self) -> Vec<u8> {
        let mut data = vec![self.info];
        data.extend_from_slice(self.rest());
        data
    }

    /// The sensor's counter, which is not secret.
    #[must_use]
    pub fn counter(&self) -> u32 {
        let (_, counter, _) = self.parts();
        u32::from_le_bytes(counter)
    }

    /// Opens it.
    #[must_use]
    pub fn open(&self, key: &[u8; 16], address: [u8; 6]) -> Option<Measures> {
        let (sealed, counter, tag) = self.parts();
        let mut objects = [0; SEALED_LEN_MAX];
        let objects = objects.get_mut(..sealed.len())?;
        objects.copy_from_slice(sealed);
        Ccm::new(key.into())
            .decrypt_inout_detached(
                &nonce(address, self.info, counter).into(),
                &[],
                (&mut *objects).into(),
                &tag.into(),
            )
            .ok()?;
        Some(Measures::from_objects(objects))
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// Cipher text, counter and tag.
    fn parts(&self) -> (&[u8], [u8; COUNTER_LEN], [u8; TAG_LEN]) {
        let rest = self.rest();
        let (rest, tag) = rest.split_last_chunk().unwrap_or((rest, &[0; TAG_LEN]));
        let (sealed, counter) = rest.split_last_chunk().unwrap_or((rest, &[0; COUNTER_LEN]));
        (sealed, *counter, *tag)
    }
}

/// The ear for one sensor: opens what it seals, and is not talked into less.
#[derive(Clone, Default)]
pub struct Ear {
    key: Option<[u8; 16]>,
    counter: Option<u32>,
    packet: Option<u8>,
}

impl std::fmt::Debug for Ear {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The key must not slip into a log.
        f.debug_struct("Ear").field("counter", &self.counter).finish_non_exhaustive()
    }
}

impl Ear {
    /// With the sensor's key, if it seals.
    #[must_use]
    pub const fn new(key: Option<[u8; 16]>) -> Self {
        Self { key, counter: None, packet: None }
    }

    /// Takes a packet. Of a plain packet the number tells a repeat, of a sealed one the counter.
    ///
    /// # Errors
    /// [`Refused`] says why it does not count.
    pub fn hear(&mut self, packet: &Packet, address: [u8; 6]) -> Result<Measures, Refused> {
        match (packet, self.key) {
            (Packet::Plain(_), Some(_)) => Err(Refused::Downgraded),
            (Packet::Plain(measures), None) => {
                if measures.packet.is_some() && measures.packet == self.packet {
                    return Err(Refused::Repeated);
                }
                self.packet = measures.packet;
                Ok(*measures)
            }
            (Packet::Sealed(_), None) => Err(Refused::NoKey),
            (Packet::Sealed(sealed), Some(key)) => {
                let counter = sealed.counter();
                let wrapped = |last: u32| last > u32::MAX - WRAP && counter < WRAP;
                if self.counter.is_some_and(|last| counter <= last && !wrapped(last)) {
                    return Err(Refused::Repeated);
                }
                let measures = sealed.open(&key, address).ok_or(Refused::BadSeal)?;
                self.counter = Some(counter);
                Ok(measures)
            }
        }
    }
}

#[cfg(test)]
mod tests;
