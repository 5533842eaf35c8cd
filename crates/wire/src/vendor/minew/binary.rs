//! BINARY-LONG: a header, the gateway's address, then per transmitter its address and its packets, all big-endian.
//!
//! Some firmware sends it under the name of JSON, so it is known by its first two bytes.

use model::units::Dbm;

use super::Elements;
use crate::ble::address::{Address, AddressKind};
use crate::ble::frame;
use crate::topics::Topic;
use crate::vendor::{Heard, Message, Rejected, gateway_name, heard};

const FIRST: u8 = 0xbb;
const SHORT: u8 = 0x00;
const LONG: u8 = 0x01;
const CONNECT: u8 = 0x02;
const LAST: u8 = 0xdd;
/// Bits of a packet's flags that say that the transmitter's address is random.
const RANDOM: u8 = 0x06;

/// Whether a message is one of Minew's binary ones; JSON can't begin so.
pub(super) fn is_binary(payload: &[u8]) -> bool {
    payload.first() == Some(&FIRST)
}

/// Reads a message. Here the gateway names itself.
pub(super) fn decode(payload: &[u8]) -> Result<Elements, Rejected> {
    let mut rest = Cursor(payload);
    let [_, form] = rest.take("the header")?;
    let unread = |form| Err(Rejected::KnownUnread { form, instead: "BINARY-LONG or JSON-LONG" });
    match form {
        LONG => {}
        SHORT => return unread("Minew's BINARY-SHORT (BB 00)"),
        CONNECT => return unread("MINEW-CONNECT (BB 02)"),
        _ => {
            return Err(Rejected::Malformed { field: "the header", expected: "BB 01; set the gateway to BINARY-LONG" });
        }
    }
    let length = u32::from_be_bytes(rest.take("the length")?);
    if usize::try_from(length) != Ok(payload.len()) {
        return Err(Rejected::CutShort { field: "the message" });
    }
    let gateway = Address { bytes: rest.take("the gateway's address")?, kind: AddressKind::Public };
    let gateway = gateway_name(&gateway.to_upper())?;
    let mut elements = Elements::default();
    for _ in 0..u16::from_be_bytes(rest.take("the number of transmitters")?) {
        let bytes = rest.take("a transmitter's address")?;
        for _ in 0..u16::from_be_bytes(rest.take("the number of packets")?) {
            let advertisement = rest.take_counted("a packet")?;
            let [flags, rssi] = rest.take("a packet's strength")?;
            let kind = if flags & RANDOM == 0 { AddressKind::Public } else { AddressKind::Random };
            let rssi = f32::from(rssi.cast_signed());
            if !(super::super::RSSI_MIN..=super::super::RSSI_MAX).contains(&f64::from(rssi)) {
                elements.rejected.push(Rejected::OutOfRange { field: "rssi", range: "-127 to 20 dBm" });
                continue;
            }
            let address = Some(Address { bytes, kind });
            elements.heard.push(heard(gateway.clone(), address, frame::decode(advertisement), Dbm(rssi), None));
        }
    }
    match rest.take("the end mark")? {
        [LAST] if rest.0.is_empty() => Ok(elements),
        [_] => Err(Rejected::Malformed { field: "the end mark", expected: "DD" }),
    }
}

/// Writes what a gateway publishes at once in BINARY-LONG, one packet per transmitter. Transmitters without an address are left out.
#[must_use]
pub fn encode(gateway: Address, heard: &[Heard]) -> Message {
    let mut body = Vec::new();
    let mut transmitters = 0u16;
    for (heard, address) in heard.iter().filter_map(|heard| Some((heard, heard.address?))).take(usize::from(u16::MAX)) {
        transmitters += 1;
        let advertisement = heard.frame().as_ref().map(frame::Frame::to_advertisement).unwrap_or_default();
        let flags = if address.kind == AddressKind::Random { 0x02 } else { 0x00 };
        #[expect(clippy::cast_possible_truncation, reason = "strengths lie between -127 and 20")]
        let rssi = (heard.rssi.0.round() as i8).cast_unsigned();
        body.extend_from_slice(&address.bytes);
        body.extend_from_slice(&1u16.to_be_bytes());
        body.push(u8::try_from(advertisement.len()).expect("a frame of this crate has at most 31 bytes"));
        body.extend_from_slice(&advertisement);
        body.extend_from_slice(&[flags, rssi]);
    }
    let length = 2 + 4 + 6 + 2 + body.len() + 1;
    let mut payload = vec![FIRST, LONG];
    payload.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    payload.extend_from_slice(&gateway.bytes);
    payload.extend_from_slice(&transmitters.to_be_bytes());
    payload.extend_from_slice(&body);
    payload.push(LAST);
    Message { topic: Topic::Minew { mac: &gateway.to_upper() }.to_string(), payload }
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], Rejected> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(Rejected::CutShort { field })?;
        self.0 = rest;
        Ok(*bytes)
    }

    fn take_counted(&mut self, field: &'static str) -> Result<&'a [u8], Rejected> {
        let [length] = self.take(field)?;
        let (bytes, rest) = self.0.split_at_checked(usize::from(length)).ok_or(Rejected::CutShort { field })?;
        self.0 = rest;
        Ok(bytes)
    }
}
