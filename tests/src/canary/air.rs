//! What receivers say of canaries, and what the box's own radio hears of them: written by hand in the makers' forms, leaks
//! included, some of it broken.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use firmware_sim::bluez::Advertisement;
use wire::ble::address::{Address, AddressKind};

use super::{Canaries, NAME};

/// How a message reaches the box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Over the receivers' broker.
    Mqtt,
    /// By a POST.
    Http,
}

/// One message of a receiver.
#[derive(Debug, Clone)]
pub struct Said {
    /// How it goes.
    pub way: Way,
    /// Its topic.
    pub topic: String,
    /// Its bytes.
    pub payload: Vec<u8>,
    /// How many advertisements it tells of that the box can read.
    pub adverts: u64,
}

/// Advertisements in one list.
const LIST: u64 = 100;
/// Advertisements told one by one in each round, by each maker.
const SINGLES: u64 = 20;

/// The air of a shop: says on whose behalf which message goes next.
#[derive(Debug, Default)]
pub struct Air {
    next: u64,
    entered: u32,
}

impl Air {
    /// One round: lists in text and in bytes, single messages of four makers, broken ones, and a counter with a snapshot.
    pub fn round(&mut self, canaries: &Canaries) -> Vec<Said> {
        let mut said = Vec::new();
        for way in [Way::Mqtt, Way::Http] {
            said.push(self.list(canaries, way));
            said.push(self.binary_list(canaries, way));
        }
        for _ in 0..SINGLES {
            said.push(self.espresense(canaries));
            said.push(self.theengs(canaries));
            said.push(self.cassia(canaries));
            said.push(self.moko(canaries));
        }
        said.extend(self.broken(canaries));
        // Something that goes to disk in every mode.
        self.entered += 1;
        let payload = self.door(canaries);
        said.push(Said { way: Way::Mqtt, topic: "counter/door".into(), payload, adverts: 0 });
        said
    }

    /// What the box's own radio hears: the device's name, and in a maker's data the address once more.
    pub fn own(&mut self, canaries: &Canaries) -> Advertisement {
        let (bytes, rssi) = self.next(canaries);
        let mut said = vec![2, 1, 6, u8::try_from(NAME.len() + 1).unwrap_or(0), 9];
        said.extend_from_slice(NAME.as_bytes());
        said.extend_from_slice(&[11, 0xff, 0x4c, 0, 0x10, 5]);
        said.extend_from_slice(&bytes);
        let address = Address { bytes, kind: AddressKind::Random };
        Advertisement { address, rssi: i16::try_from(rssi).unwrap_or(0), bytes: said.into() }
    }

    /// A counter with a camera, that sends along what it saw: here somebody's address, as a picture would be written.
    fn door(&mut self, canaries: &Canaries) -> Vec<u8> {
        let (address, _) = self.next(canaries);
        let said = crate::sensors::door(100 + self.entered, 100);
        let picture = STANDARD.encode([&[0xff, 0xd8, 0xff][..], &address, &address].concat());
        said.replacen('{', &format!(r#"{{"snapshot":"{picture}","#), 1).into_bytes()
    }

    fn next(&mut self, canaries: &Canaries) -> ([u8; 6], i64) {
        self.next += 1;
        // Another strength in each round, so that nothing is taken for the same frame twice.
        (canaries.address(self.next), -40 - i64::try_from(self.next / 997 % 50).unwrap_or(0))
    }

    /// Minew's list. Its raw data holds the address once more, backwards, as its beacons send it.
    fn list(&mut self, canaries: &Canaries, way: Way) -> Said {
        let gateway = if way == Way::Mqtt { "AC233FC00101" } else { "AC233FC00102" };
        let mut elements =
            vec![format!(r#"{{"timestamp":"2026-11-22T10:00:00Z","type":"Gateway","mac":"{gateway}"}}"#)];
        for _ in 0..LIST {
            let (address, rssi) = self.next(canaries);
            let mut backward = address;
            backward.reverse();
            elements.push(format!(
                r#"{{"timestamp":"2026-11-22T10:00:00Z","type":"Unknown","mac":"{}","bleName":"{NAME}","rssi":{rssi},"rawData":"0201060303E1FF0C16E1FFA10364{}"}}"#,
                hex::encode_upper(address),
                hex::encode_upper(backward)
            ));
        }
        let payload = format!("[{}]", elements.join(",")).into_bytes();
        Said { way, topic: format!("minew/{gateway}/status"), payload, adverts: LIST }
    }

    /// Minew's list in bytes.
    fn binary_list(&mut self, canaries: &Canaries, way: Way) -> Said {
        let gateway: [u8; 6] = [0xac, 0x23, 0x3f, 0xc0, 0x02, u8::from(way == Way::Mqtt)];
        let mut body = Vec::new();
        for _ in 0..LIST {
            let (address, rssi) = self.next(canaries);
            let mut packet = vec![2, 1, 6, 12, 0x16, 0xe1, 0xff, 0xa1, 3, 100];
            packet.extend(address.iter().rev());
            body.extend_from_slice(&address);
            body.extend_from_slice(&[0, 1, u8::try_from(packet.len()).unwrap_or(0)]);
            body.extend_from_slice(&packet);
            body.extend_from_slice(&[2, rssi.to_le_bytes()[0]]);
        }
        let length = u32::try_from(2 + 4 + 6 + 2 + body.len() + 1).unwrap_or(0);
        let mut payload = vec![0xbb, 1];
        payload.extend_from_slice(&length.to_be_bytes());
        payload.extend_from_slice(&gateway);
        payload.extend_from_slice(&u16::try_from(LIST).unwrap_or(0).to_be_bytes());
        payload.extend_from_slice(&body);
        payload.push(0xdd);
        Said { way, topic: format!("minew/{}/status", hex::encode_upper(gateway)), payload, adverts: LIST }
    }

    /// ESPresense, with the address in the topic and an enrolled key that begins with it.
    fn espresense(&mut self, canaries: &Canaries) -> Said {
        let (address, rssi) = self.next(canaries);
        let mac = hex::encode(address);
        let payload = format!(
            r#"{{"mac":"{mac}","id":"name:{NAME}","name":"{NAME}","irk":"{mac}00112233445566778899","rssi@1m":-65,"rssi":{rssi},"rxAdj":0,"rssiVar":2.25,"distance":3.1,"var":0.5,"int":250}}"#
        );
        let topic = format!("espresense/devices/{mac}/wine-shelf");
        Said { way: Way::Mqtt, topic, payload: payload.into_bytes(), adverts: 1 }
    }

    /// Theengs Gateway, with the device's name.
    fn theengs(&mut self, canaries: &Canaries) -> Said {
        let (address, rssi) = self.next(canaries);
        let mac = address.map(|byte| format!("{byte:02X}")).join(":");
        let payload = format!(
            r#"{{"id":"{mac}","mac_type":1,"adv_type":3,"name":"{NAME}","rssi":{rssi},"manufacturerdata":"4c001005{}"}}"#,
            hex::encode(address)
        );
        let topic = format!("home/TheengsGateway/BTtoMQTT/{}", hex::encode_upper(address));
        Said { way: Way::Http, topic, payload: payload.into_bytes(), adverts: 1 }
    }

    /// Cassia, with raw bytes in which the address stands once more, and the device's name beside and in its scan response.
    fn cassia(&mut self, canaries: &Canaries) -> Said {
        let (address, rssi) = self.next(canaries);
        let mac = address.map(|byte| format!("{byte:02X}")).join(":");
        let payload = format!(
            r#"{{"bdaddrs":[{{"bdaddr":"{mac}","bdaddrType":"random"}}],"chipId":1,"evtType":0,"rssi":{rssi},"adData":"0201060BFF4C001005{}","scanData":"0C09{}","name":"{NAME}"}}"#,
            hex::encode_upper(address),
            hex::encode_upper(NAME)
        );
        Said { way: Way::Mqtt, topic: "up/CC1BE0E28F2C/scan".into(), payload: payload.into_bytes(), adverts: 1 }
    }

    /// MOKO, with raw bytes and the device's name.
    fn moko(&mut self, canaries: &Canaries) -> Said {
        let (address, rssi) = self.next(canaries);
        let mac = hex::encode_upper(address);
        let payload = format!(
            r#"{{"msg_id":3004,"device_info":{{"mac":"112233445566"}},"data":[{{"type":8,"value":{{"mac":"{mac}","rssi":{rssi},"name":"{NAME}","raw":"0201060BFF4C001005{mac}"}}}}]}}"#
        );
        Said { way: Way::Http, topic: "mokosmart/112233445566".into(), payload: payload.into_bytes(), adverts: 1 }
    }

    /// What can't be read: whoever complains about it must not repeat it.
    fn broken(&mut self, canaries: &Canaries) -> Vec<Said> {
        let whole =
            [self.espresense(canaries), self.theengs(canaries), self.list(canaries, Way::Mqtt), self.cassia(canaries)];
        let binary = self.binary_list(canaries, Way::Http);
        let spoilt = whole.into_iter().enumerate().map(|(number, said)| {
            let text = String::from_utf8_lossy(&said.payload).replace("\"rssi\":-", "\"rssi\":\"strong\",\"x\":-");
            let bytes = text.into_bytes();
            let payload = if number == 2 { bytes[..bytes.len() - 3].to_vec() } else { bytes };
            Said { payload, adverts: 0, ..said }
        });
        let cut = Said { payload: binary.payload[..binary.payload.len() / 2].to_vec(), adverts: 0, ..binary };
        spoilt.chain([cut]).collect()
    }
}
