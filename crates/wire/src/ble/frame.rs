//! The frames that tell who is there, found in an advertisement or in its already split parts.

use model::anchor::is_node;
use model::sighting::{RollingId, Transmitter};

use super::ad;
use super::altbeacon::AltBeacon;
use super::bthome::{self, Measures, Packet, Sealed};
use super::eddystone::{self, Eid, EncryptedTlm, Tlm, Uid};
use super::exposure::{self, Exposure};
use super::ibeacon::IBeacon;
use super::overflow::Overflow;
use super::service::ServiceData;

/// Most frames taken from one advertisement; further ones are not read.
pub const FRAMES_MAX: usize = 4;
/// Longest advertisement that is read, in bytes: what an extended advertisement can carry in one piece.
pub const ADVERTISEMENT_LEN_MAX: usize = 1_650;

/// A frame that we can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Frame {
    /// iBeacon; the rotating customer id travels in it.
    IBeacon(IBeacon),
    /// AltBeacon; the rotating customer id may travel in it.
    AltBeacon(AltBeacon),
    /// Eddystone ephemeral id.
    Eid(Eid),
    /// Eddystone fixed id.
    Uid(Uid),
    /// Eddystone telemetry.
    Tlm(Tlm),
    /// Eddystone telemetry, encrypted.
    EncryptedTlm(EncryptedTlm),
    /// Data under a service of its own; the rotating customer id may travel in it.
    Service(ServiceData),
    /// What a sensor measures.
    Measures(Measures),
    /// What a sensor measures, sealed.
    SealedMeasures(Sealed),
    /// A rolling id of the shape of exposure notifications.
    Exposure(Exposure),
    /// An iPhone whose app is in the background.
    Overflow(Overflow),
}

impl Frame {
    /// The frame's name, for people and for counters.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::IBeacon(_) => "ibeacon",
            Self::AltBeacon(_) => "altbeacon",
            Self::Eid(_) => "eddystone-eid",
            Self::Uid(_) => "eddystone-uid",
            Self::Tlm(_) => "eddystone-tlm",
            Self::EncryptedTlm(_) => "eddystone-etlm",
            Self::Service(_) => "service-data",
            Self::Measures(_) => "bthome",
            Self::SealedMeasures(_) => "bthome-sealed",
            Self::Exposure(_) => "exposure-notification",
            Self::Overflow(_) => "ios-overflow",
        }
    }

    /// The strength at 1 m that the frame claims; none when it carries none or an impossible one.
    ///
    /// Real powers at 1 m lie below 0 dBm; cheap beacons leave the byte at 0 or put their battery there.
    #[must_use]
    pub fn power_at_1m(&self) -> Option<i8> {
        let power = match self {
            Self::IBeacon(beacon) => beacon.power,
            Self::AltBeacon(beacon) => beacon.power,
            Self::Eid(eid) => eddystone::power_at_1m(eid.power_at_0m),
            Self::Uid(uid) => eddystone::power_at_1m(uid.power_at_0m),
            Self::Service(service) => service.power()?,
            Self::Tlm(_)
            | Self::EncryptedTlm(_)
            | Self::Measures(_)
            | Self::SealedMeasures(_)
            | Self::Exposure(_)
            | Self::Overflow(_) => return None,
        };
        (-120..0).contains(&power).then_some(power)
    }

    /// The rotating customer id in it, if it starts with the chain's prefix.
    #[must_use]
    pub fn rolling(&self, prefix: [u8; 4]) -> Option<RollingId> {
        let body = match self {
            Self::IBeacon(beacon) => beacon.body(),
            Self::AltBeacon(beacon) => beacon.id,
            Self::Service(service) => service.body()?,
            Self::Eid(_)
            | Self::Uid(_)
            | Self::Tlm(_)
            | Self::EncryptedTlm(_)
            | Self::Measures(_)
            | Self::SealedMeasures(_)
            | Self::Exposure(_)
            | Self::Overflow(_) => return None,
        };
        let id = RollingId::from_bytes(&body);
        (id.prefix == prefix).then_some(id)
    }

    /// The transmitter, if it is one of ours: a rotating id with the chain's prefix, an ephemeral id, one of the store's own beacons,
    /// or a receiver that advertises itself.
    ///
    /// Anything else is somebody unknown, and only the edge box may say under which pseudonym.
    #[must_use]
    pub fn known(&self, prefix: [u8; 4], own_uuids: &[[u8; 16]]) -> Option<Transmitter> {
        if let Some(id) = self.rolling(prefix) {
            return Some(Transmitter::Rolling(id));
        }
        match self {
            Self::IBeacon(IBeacon { uuid, major, minor, .. }) if own_uuids.contains(uuid) || is_node(uuid) => {
                Some(Transmitter::Beacon { uuid: *uuid, major: *major, minor: *minor })
            }
            Self::Eid(eid) => Some(Transmitter::Eid(eid.eid)),
            Self::IBeacon(_)
            | Self::AltBeacon(_)
            | Self::Uid(_)
            | Self::Tlm(_)
            | Self::EncryptedTlm(_)
            | Self::Service(_)
            | Self::Measures(_)
            | Self::SealedMeasures(_)
            | Self::Exposure(_)
            | Self::Overflow(_) => None,
        }
    }

    /// The whole advertisement, as a transmitter sends it.
    #[must_use]
    pub fn to_advertisement(&self) -> Vec<u8> {
        match self {
            Self::IBeacon(beacon) => beacon.to_advertisement(),
            Self::AltBeacon(beacon) => beacon.to_advertisement(),
            Self::Eid(eid) => eddystone::to_advertisement(&eid.to_service()),
            Self::Uid(uid) => eddystone::to_advertisement(&uid.to_service()),
            Self::Tlm(tlm) => eddystone::to_advertisement(&tlm.to_service()),
            Self::EncryptedTlm(tlm) => eddystone::to_advertisement(&tlm.to_service()),
            Self::Service(service) => service.to_advertisement(),
            Self::Measures(measures) => service16(bthome::SERVICE, &bthome::to_service(measures)),
            Self::SealedMeasures(sealed) => service16(bthome::SERVICE, &sealed.to_service()),
            Self::Exposure(exposure) => service16(exposure::SERVICE, &exposure.to_service()),
            Self::Overflow(overflow) => {
                let mut advertisement = ad::FLAGS.to_vec();
                let company = super::ibeacon::COMPANY.to_le_bytes();
                ad::push(&mut advertisement, ad::MANUFACTURER, &[&company, &overflow.to_manufacturer()]);
                advertisement
            }
        }
    }

    /// How much the frame says about who is there: the lowest says most.
    const fn rank(&self) -> u8 {
        match self {
            Self::IBeacon(_) => 0,
            Self::AltBeacon(_) => 1,
            Self::Eid(_) => 2,
            Self::Uid(_) => 3,
            Self::Service(_) => 4,
            Self::Measures(_) => 5,
            Self::SealedMeasures(_) => 6,
            Self::Tlm(_) => 7,
            Self::EncryptedTlm(_) => 8,
            Self::Exposure(_) => 9,
            Self::Overflow(_) => 10,
        }
    }
}

/// The whole advertisement around service data under a 16-bit UUID.
fn service16(uuid: u16, data: &[u8]) -> Vec<u8> {
    let mut advertisement = Vec::new();
    // Sensors need the room: the flags are left out where they would not fit.
    if data.len() <= 31 - ad::FLAGS.len() - 4 {
        advertisement.extend_from_slice(&ad::FLAGS);
    }
    ad::push(&mut advertisement, ad::SERVICE_DATA16, &[&uuid.to_le_bytes(), data]);
    advertisement
}

/// The frames of one advertisement, in the order in which they stand there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Frames {
    frames: [Option<Frame>; FRAMES_MAX],
}

impl From<Option<Frame>> for Frames {
    fn from(frame: Option<Frame>) -> Self {
        Self { frames: [frame, None, None, None] }
    }
}

impl FromIterator<Frame> for Frames {
    fn from_iter<I: IntoIterator<Item = Frame>>(all: I) -> Self {
        let mut frames = Self::default();
        all.into_iter().for_each(|frame| frames.add(frame));
        frames
    }
}

impl Frames {
    /// Every frame.
    pub fn iter(&self) -> impl Iterator<Item = Frame> + '_ {
        self.frames.iter().flatten().copied()
    }

    /// The frame that says most about who is there; of equals the first.
    #[must_use]
    pub fn best(&self) -> Option<Frame> {
        self.best_in_place().copied()
    }

    fn best_in_place(&self) -> Option<&Frame> {
        self.frames.iter().flatten().min_by_key(|frame| frame.rank())
    }

    /// The strength at 1 m that the best of them claims.
    pub(crate) fn power_at_1m(&self) -> Option<i8> {
        self.best_in_place().and_then(Frame::power_at_1m)
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        // They fill their places from the first one on.
        self.frames[0].is_none()
    }

    /// Takes the frames of another advertisement of the same transmitter in, as far as there is room.
    pub fn extend(&mut self, others: &Self) {
        others.frames.iter().flatten().for_each(|frame| self.add(*frame));
    }

    /// Takes the frames of an advertisement in, as far as there is room.
    pub(crate) fn decode(&mut self, adv: &[u8]) {
        for structure in ad::structures(&adv[..adv.len().min(ADVERTISEMENT_LEN_MAX)]) {
            let frame = match structure.kind {
                ad::MANUFACTURER => {
                    structure.manufacturer().and_then(|(company, data)| from_manufacturer(company, data))
                }
                ad::SERVICE_DATA16 => structure.service16().and_then(|(uuid, data)| from_service(uuid, data)),
                ad::SERVICE_DATA128 => ServiceData::from_structure(structure.data).map(Frame::Service),
                _ => None,
            };
            if let Some(frame) = frame {
                self.add(frame);
            }
        }
    }

    fn add(&mut self, frame: Frame) {
        if let Some(place) = self.frames.iter_mut().find(|place| place.is_none()) {
            *place = Some(frame);
        }
    }
}

/// Finds the frames of an advertisement. Takes any bytes: what is not understood is left out.
#[must_use]
pub fn decode(adv: &[u8]) -> Frames {
    let mut frames = Frames::default();
    frames.decode(adv);
    frames
}

/// Reads manufacturer data whose company is already taken off, as D-Bus and JSON sources give it.
#[must_use]
pub fn from_manufacturer(company: u16, data: &[u8]) -> Option<Frame> {
    let altbeacon = || AltBeacon::from_manufacturer(company, data).map(Frame::AltBeacon);
    let overflow = || Overflow::from_manufacturer(company, data).map(Frame::Overflow);
    IBeacon::from_manufacturer(company, data).map(Frame::IBeacon).or_else(altbeacon).or_else(overflow)
}

/// Reads service data whose 16-bit UUID is already taken off, as D-Bus and JSON sources give it.
#[must_use]
pub fn from_service(uuid16: u16, data: &[u8]) -> Option<Frame> {
    match uuid16 {
        eddystone::SERVICE => Eid::from_service(data)
            .map(Frame::Eid)
            .or_else(|| Uid::from_service(data).map(Frame::Uid))
            .or_else(|| Tlm::from_service(data).map(Frame::Tlm))
            .or_else(|| EncryptedTlm::from_service(data).map(Frame::EncryptedTlm))
            .or_else(|| ServiceData::from_eddystone(data).map(Frame::Service)),
        bthome::SERVICE => Packet::from_service(data).map(|packet| match packet {
            Packet::Plain(measures) => Frame::Measures(measures),
            Packet::Sealed(sealed) => Frame::SealedMeasures(sealed),
        }),
        exposure::SERVICE => Exposure::from_service(data).map(Frame::Exposure),
        _ => None,
    }
}
