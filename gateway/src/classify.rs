//! Who an advertisement is from, as far as this box may say: one of the chain's own, or a stranger without a name.

use locate::window::Advert;
use model::ids::ReceiverId;
use model::sighting::Transmitter;
use model::time::Millis;
use wire::ble::address::Address;
use wire::ble::frame::{Frame, Frames};
use wire::ble::rpa::{self, Irk};
use wire::vendor::Heard;

use crate::config::Config;
use crate::now::Now;
use crate::privacy::Pseudonyms;

/// Places in the table of companions; an older entry makes room for a newer one.
const PLACES: usize = 4_096;
/// A known transmitter may say other things under the same address for this long. Not longer than a stranger's pseudonym lives.
const COMPANION: Millis = Millis::seconds(60);

/// Why an advertisement is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftOut {
    /// It has neither an id of ours nor an address: nothing tells it from any other.
    Nameless,
    /// A known transmitter says something else, such as its battery, under the same address: it is counted by its id.
    Companion,
    /// It resolves to a device of staff, which is nobody.
    Staff,
}

impl LeftOut {
    /// The stable code for counters.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Nameless => "nameless",
            Self::Companion => "companion",
            Self::Staff => "staff",
        }
    }
}

/// Tells the chain's own from strangers, and gives strangers their pseudonyms.
#[derive(Debug)]
pub struct Classifier {
    prefix: [u8; 4],
    tag_uuids: Vec<[u8; 16]>,
    staff: Vec<Irk>,
    pseudonyms: Pseudonyms,
    companions: Vec<Option<Companion>>,
}

/// Who said something of the chain's own lately.
#[derive(Debug, Clone, Copy)]
struct Companion {
    address: [u8; 6],
    at: Millis,
    /// Whether it is a thing of the shop's, and nobody's phone.
    is_thing: bool,
}

impl Classifier {
    /// Takes what belongs to the chain from the configuration. `draw` gives 32 bytes that nobody can guess.
    #[must_use]
    pub fn new(config: &Config, draw: fn() -> [u8; 32], now: Now) -> Self {
        let store = config.gateway.store.clone();
        Self {
            prefix: config.gateway.prefix.0,
            tag_uuids: config.gateway.tag_uuids.iter().map(|uuid| uuid.0).collect(),
            staff: config.privacy.staff_keys.iter().map(|key| Irk(key.0)).collect(),
            pseudonyms: Pseudonyms::new(config.privacy.mode, store, config.time_zone(), draw, now),
            companions: vec![None; PLACES],
        }
    }

    /// Takes the address away and puts an id or a pseudonym in its place.
    ///
    /// # Errors
    /// [`LeftOut`] says why there is nothing to pass on.
    pub fn classify(&mut self, heard: &Heard, now: Now) -> Result<Advert, LeftOut> {
        let frame = self.telling(&heard.frames);
        let transmitter = self.transmitter(frame, heard.address, now)?;
        // The receiver's own table is for the frame that it names the transmitter by.
        let power_at_1m = match frame {
            Some(frame) if heard.frame() != Some(frame) => frame.power_at_1m(),
            Some(_) | None => heard.power_at_1m,
        };
        Ok(Advert {
            receiver: heard.receiver.clone(),
            transmitter,
            rssi: heard.rssi.0,
            variance: heard.variance,
            power_at_1m,
        })
    }

    /// The same for an advertisement of this box's own radio.
    ///
    /// # Errors
    /// [`LeftOut`] says why there is nothing to pass on.
    pub fn classify_raw(
        &mut self,
        receiver: &ReceiverId,
        raw: &crate::radio::port::RawAdvertisement,
        now: Now,
    ) -> Result<Advert, LeftOut> {
        let frame = self.telling(&wire::ble::frame::decode(&raw.bytes));
        let transmitter = self.transmitter(frame, Some(raw.address), now)?;
        let power_at_1m = frame.as_ref().and_then(Frame::power_at_1m);
        Ok(Advert { receiver: receiver.clone(), transmitter, rssi: f32::from(raw.rssi), variance: None, power_at_1m })
    }

    /// Draws a new key when it is time, also when nobody passes by.
    pub fn rotate(&mut self, now: Now) {
        self.pseudonyms.rotate(now);
    }

    /// Whether it is a beacon, tag or node of the shop's own, by what it says now or said lately under this address: a thing,
    /// which has nothing to object to.
    #[must_use]
    pub fn is_things(&self, address: [u8; 6], frames: &Frames, now: Now) -> bool {
        match self.telling(frames).and_then(|frame| self.known(&frame)) {
            Some(known) => is_thing(&known),
            None => self.companion(address, now).is_some_and(|companion| companion.is_thing),
        }
    }

    fn known(&self, frame: &Frame) -> Option<Transmitter> {
        frame.known(self.prefix, &self.tag_uuids)
    }

    fn companion(&self, address: [u8; 6], now: Now) -> Option<Companion> {
        let said =
            |companion: &Companion| companion.address == address && now.monotonic.0 - companion.at.0 < COMPANION.0;
        self.companions[place(address)].filter(said)
    }

    /// The frame that tells who is there: the chain's own, whatever stands before it, or else the one that says most.
    fn telling(&self, frames: &Frames) -> Option<Frame> {
        let known = |frame: &Frame| self.known(frame).is_some();
        frames.iter().find(known).or_else(|| frames.best())
    }

    fn transmitter(
        &mut self,
        frame: Option<Frame>,
        address: Option<Address>,
        now: Now,
    ) -> Result<Transmitter, LeftOut> {
        if let Some(known) = frame.and_then(|frame| self.known(&frame)) {
            if let Some(Address { bytes: address, .. }) = address {
                let companion = Companion { address, at: now.monotonic, is_thing: is_thing(&known) };
                self.companions[place(address)] = Some(companion);
            }
            return Ok(known);
        }
        let whole = address.ok_or(LeftOut::Nameless)?;
        let address = whole.bytes;
        if self.companion(address, now).is_some() {
            return Err(LeftOut::Companion);
        }
        if self.staff.iter().any(|key| rpa::is_of(key, whole)) {
            return Err(LeftOut::Staff);
        }
        Ok(Transmitter::Anonymous(self.pseudonyms.of(address, now)))
    }
}

/// Whether it is one of the store's own beacons, tags and nodes. An EID may be somebody's, and a rolling id is a customer's.
const fn is_thing(transmitter: &Transmitter) -> bool {
    match transmitter {
        Transmitter::Beacon { .. } => true,
        Transmitter::Rolling(_) | Transmitter::Eid(_) | Transmitter::Device(_) | Transmitter::Anonymous(_) => false,
    }
}

fn place(address: [u8; 6]) -> usize {
    let low = u32::from_be_bytes([address[2], address[3], address[4], address[5]]);
    low as usize % PLACES
}

#[cfg(test)]
mod tests {
    use model::time::Timestamp;
    use model::units::Dbm;
    use wire::ble::address::AddressKind;
    use wire::ble::ibeacon::IBeacon;

    use super::*;
    use crate::config::TEMPLATE;

    const OWN: &str = "[gateway]\ntag_uuids = [\"a7710002-0000-4000-8000-000000000001\"]";

    fn now(seconds: i64) -> Now {
        Now::new(Timestamp(1_790_000_000_000), Millis::seconds(seconds))
    }

    fn classifier() -> Classifier {
        let config = Config::parse(&TEMPLATE.replacen("[gateway]", OWN, 1), "test").expect("a configuration");
        Classifier::new(&config, rand::random, now(0))
    }

    fn heard(frame: Option<Frame>, last: u8) -> Heard {
        let address = Address { bytes: [0xc0, 0xff, 0xee, 0, 0, last], kind: AddressKind::Random };
        Heard {
            receiver: ReceiverId::new("r1").expect("an id"),
            address: Some(address),
            frames: frame.into(),
            rssi: Dbm(-70.0),
            variance: None,
            power_at_1m: None,
            at: None,
        }
    }

    fn beacon(uuid: [u8; 16]) -> Frame {
        Frame::IBeacon(IBeacon { uuid, major: 1, minor: 2, power: -59 })
    }

    fn transmitter(classifier: &mut Classifier, heard: &Heard, seconds: i64) -> Result<Transmitter, LeftOut> {
        classifier.classify(heard, now(seconds)).map(|advert| advert.transmitter)
    }

    #[test]
    fn the_chains_own_are_known_and_everybody_else_is_a_stranger() {
        let mut own = [0; 16];
        own.copy_from_slice(&hex::decode("a7710002000040008000000000000001").expect("hex"));
        let mut rolling = [9; 16];
        rolling[..4].copy_from_slice(&[0xa7, 0x71, 0x00, 0x01]);
        let mut names = classifier();
        let known = transmitter(&mut names, &heard(Some(beacon(own)), 1), 0);
        assert_eq!(known, Ok(Transmitter::Beacon { uuid: own, major: 1, minor: 2 }));
        assert!(matches!(transmitter(&mut names, &heard(Some(beacon(rolling)), 2), 0), Ok(Transmitter::Rolling(_))));
        for stranger in [heard(Some(beacon([3; 16])), 3), heard(None, 4)] {
            assert!(matches!(transmitter(&mut names, &stranger, 0), Ok(Transmitter::Anonymous(_))));
        }
    }

    #[test]
    fn the_customers_id_beside_another_beacon_is_found_with_its_own_power() {
        let mut names = classifier();
        let id = [&[0xa7, 0x71, 0x00, 0x01][..], &[9; 16]].concat();
        let data = wire::ble::service::ServiceData::new(wire::ble::service::OWN, &[&id[..], &[0xc0]].concat());
        let frames = [beacon([3; 16]), Frame::Service(data)].into_iter().collect();
        let advert =
            names.classify(&Heard { frames, power_at_1m: Some(-59), ..heard(None, 6) }, now(0)).expect("known");
        assert!(matches!(advert.transmitter, Transmitter::Rolling(_)), "{advert:?}");
        assert_eq!(advert.power_at_1m, Some(-64));
    }

    #[test]
    fn a_receiver_that_advertises_itself_is_known_by_numbers_and_makes_no_person() {
        let node = model::anchor::Advertised::node("bakery");
        let mut names = classifier();
        let known = transmitter(&mut names, &heard(Some(beacon(node.uuid)), 5), 0);
        assert_eq!(known, Ok(Transmitter::Beacon { uuid: node.uuid, major: 1, minor: 2 }));
        assert_eq!(transmitter(&mut names, &heard(None, 5), 1), Err(LeftOut::Companion));
    }

    #[test]
    fn what_a_known_transmitter_says_besides_makes_no_second_person() {
        let mut rolling = [9; 16];
        rolling[..4].copy_from_slice(&[0xa7, 0x71, 0x00, 0x01]);
        let mut names = classifier();
        transmitter(&mut names, &heard(Some(beacon(rolling)), 2), 0).expect("known");
        assert_eq!(transmitter(&mut names, &heard(None, 2), 59), Err(LeftOut::Companion));
        assert!(transmitter(&mut names, &heard(None, 2), 60).is_ok(), "by then it may be somebody else");
    }

    #[test]
    fn a_device_of_staff_is_nobody_under_every_address_that_its_key_resolves() {
        let keys = "[privacy]\nstaff_keys = [\"ec0234a357c8ad05341010a60a397d9b\"]";
        let text = TEMPLATE.replacen("[privacy]", keys, 1);
        let mut names = Classifier::new(&Config::parse(&text, "test").expect("a configuration"), rand::random, now(0));
        let of = |text: &str, kind| Heard { address: Address::parse(text, kind), ..heard(None, 1) };
        let watch = of("70:81:94:0D:FB:AA", AddressKind::Random);
        assert_eq!(transmitter(&mut names, &watch, 0), Err(LeftOut::Staff));
        let unsaid = of("70:81:94:0D:FB:AA", AddressKind::Unknown);
        assert_eq!(transmitter(&mut names, &unsaid, 0), Err(LeftOut::Staff), "most receivers say no kind");
        assert!(transmitter(&mut names, &of("70:81:94:0D:FB:AB", AddressKind::Random), 0).is_ok(), "somebody else");
    }

    #[test]
    fn without_id_and_address_nothing_is_passed_on() {
        let nameless = Heard { address: None, ..heard(None, 1) };
        assert_eq!(transmitter(&mut classifier(), &nameless, 0), Err(LeftOut::Nameless));
    }
}
