//! Raddec, reelyActive's form for one transmitter and all who heard it, in and out.
//!
//! A packet in it is a whole link-layer packet: two bytes of header, the address backwards, then the advertisement.

use model::ids::ReceiverId;
use model::time::Timestamp;
use model::units::Dbm;
use serde::Serialize;

use super::json::{Range, Tree, document, to_json};
use super::{Heard, Rejected, digits, gateway_name, heard, of_elements, read_rssi};
use crate::ble::address::{Address, AddressKind};
use crate::ble::frame::{self, Frame, Frames};

/// Bytes before the advertisement: header and address.
const HEADER_LEN: usize = 8;
const EUI48: i64 = 2;
const RANDOM48: i64 = 3;
/// Most receivers in one, as in the binary form.
const RECEIVERS_MAX: usize = 15;

/// Reads one raddec or a list of them: one report for each receiver that heard the transmitter.
///
/// # Errors
/// [`Rejected`] names what makes the message useless.
pub fn decode(payload: &[u8]) -> Result<Vec<Heard>, Rejected> {
    let document = document(payload)?;
    let mut all = Vec::new();
    for raddec in document.root().each() {
        let (address, frames, at) = read_transmitter(raddec)?;
        let signature = raddec.get("rssiSignature").each();
        let before = all.len();
        all.extend(of_elements(signature.take(RECEIVERS_MAX).map(|one| {
            let name =
                one.get("receiverId").text("receiverId")?.ok_or(Rejected::MissingField { field: "receiverId" })?;
            Ok(Some(heard(gateway_name(name)?, address, frames, read_rssi(one.get("rssi"))?, at)))
        }))?);
        if all.len() == before {
            return Err(Rejected::MissingField { field: "rssiSignature" });
        }
    }
    Ok(all)
}

type Sender = (Option<Address>, Frames, Option<Timestamp>);

fn read_transmitter(raddec: Tree<'_>) -> Result<Sender, Rejected> {
    let id = raddec.get("transmitterId").text("transmitterId")?;
    let id = id.ok_or(Rejected::MissingField { field: "transmitterId" })?;
    let kind = match raddec.get("transmitterIdType").whole("transmitterIdType", &Range::U16)? {
        Some(EUI48) => AddressKind::Public,
        Some(RANDOM48) => AddressKind::Random,
        Some(_) | None => AddressKind::Unknown,
    };
    let address = Address::parse(id, kind);
    let mut frames = Frames::default();
    for packet in raddec.get("packets").each().take(frame::FRAMES_MAX) {
        let Some(digits) = packet.text("packets")? else { continue };
        digits::with_bytes("packets", digits, |bytes| {
            frames.decode(bytes.get(HEADER_LEN..).unwrap_or_default());
        })?;
    }
    if address.is_none() && frames.is_empty() {
        return Err(Rejected::Malformed { field: "transmitterId", expected: "an address of 12 hexadecimal digits" });
    }
    let at = raddec.get("timestamp").number("timestamp", &Range::MILLISECONDS)?;
    #[expect(clippy::cast_possible_truncation, reason = "within the range that was checked")]
    Ok((address, frames, at.map(|at| Timestamp(at as i64))))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    transmitter_id: String,
    transmitter_id_type: i64,
    rssi_signature: Vec<Decoding>,
    packets: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Decoding {
    receiver_id: String,
    receiver_id_type: u8,
    rssi: i32,
    number_of_decodings: u8,
}

/// Writes what several receivers heard of one transmitter, the strongest first; none without an address.
#[must_use]
pub fn encode(all: &[Heard]) -> Option<Vec<u8>> {
    let first = all.first()?;
    let address = first.address?;
    let mut of_it: Vec<&Heard> =
        all.iter().filter(|heard| heard.address == Some(address)).take(RECEIVERS_MAX).collect();
    of_it.sort_by(|a, b| b.rssi.0.total_cmp(&a.rssi.0));
    let decoding = |heard: &&Heard| Decoding {
        receiver_id: lower(&heard.receiver),
        receiver_id_type: u8::from(Address::parse(heard.receiver.as_str(), AddressKind::Unknown).is_some()) * 2,
        rssi: whole(heard.rssi),
        number_of_decodings: 1,
    };
    let raddec = Written {
        transmitter_id: address.to_lower(),
        transmitter_id_type: match address.kind {
            AddressKind::Public => EUI48,
            AddressKind::Random => RANDOM48,
            AddressKind::Unknown => 0,
        },
        rssi_signature: of_it.iter().map(decoding).collect(),
        packets: first.frame().iter().map(|frame| packet(address, frame)).collect(),
        timestamp: first.at.map(|at| at.0),
    };
    Some(to_json(&raddec))
}

fn lower(receiver: &ReceiverId) -> String {
    match Address::parse(receiver.as_str(), AddressKind::Unknown) {
        Some(address) => address.to_lower(),
        None => receiver.to_string(),
    }
}

fn packet(address: Address, frame: &Frame) -> String {
    // A non-connectable, undirected advertisement; the bit says that its address is random.
    let header = if address.kind == AddressKind::Random { 0x42 } else { 0x02 };
    let advertisement = frame.to_advertisement();
    let mut backwards = address.bytes;
    backwards.reverse();
    let length = u8::try_from(backwards.len() + advertisement.len()).unwrap_or(u8::MAX);
    hex::encode([&[header, length][..], &backwards, &advertisement].concat())
}

#[expect(clippy::cast_possible_truncation, reason = "strengths lie between -127 and 20")]
fn whole(rssi: Dbm) -> i32 {
    rssi.0.round() as i32
}
