//! The form of a recording: one line of JSON that says what it is, then one line for each advertisement.

use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use wire::ble::address::{Address, AddressKind};

use crate::radio::port::{Kind, RawAdvertisement};
use crate::radio::structures::BYTES_MAX;

/// The version that is written and read.
const VERSION: u32 = 1;
/// Longest line that is read.
const LINE_MAX: usize = 8_192;
/// What everybody who opens it must know.
pub const HOLDS: &str =
    "raw radio addresses of everybody in range: keep it to yourself, and delete it when it has served";

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The version of the form.
    pub attimo_recording: u32,
    /// What it holds, in words.
    pub holds: String,
    /// Which box made it.
    pub gateway: String,
    /// Why it was made.
    pub why: String,
    /// When it began, in milliseconds since 1970.
    pub started_at: i64,
    /// For how long at most, in seconds.
    pub for_s: u64,
}

impl Header {
    /// The head of a recording that begins now.
    #[must_use]
    pub fn new(gateway: &str, why: &str, started_at: Timestamp, for_s: u64) -> Self {
        Self {
            attimo_recording: VERSION,
            holds: HOLDS.to_owned(),
            gateway: gateway.to_owned(),
            why: why.to_owned(),
            started_at: started_at.0,
            for_s,
        }
    }

    /// Reads the first line.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(line: &str) -> Result<Self, String> {
        if line.len() > LINE_MAX {
            return Err("it is too long".to_owned());
        }
        let header: Self = serde_json::from_str(line).map_err(|cause| cause.to_string())?;
        if header.attimo_recording != VERSION {
            return Err(format!("version {} is not known, only {VERSION}", header.attimo_recording));
        }
        Ok(header)
    }
}

#[derive(Serialize, Deserialize)]
struct Line<'a> {
    time: i64,
    adapter: &'a str,
    address: String,
    address_kind: &'a str,
    kind: &'a str,
    rssi: i8,
    bytes: String,
}

/// One advertisement as a line, without its end.
#[must_use]
pub fn write(raw: &RawAdvertisement) -> String {
    let line = Line {
        time: raw.time.0,
        adapter: &raw.adapter,
        address: raw.address.to_colons(),
        address_kind: raw.address.kind.name(),
        kind: match raw.kind {
            Kind::Unknown => "unknown",
            Kind::Connectable => "connectable",
            Kind::Broadcast => "broadcast",
        },
        rssi: raw.rssi,
        bytes: hex::encode(&raw.bytes),
    };
    serde_json::to_string(&line).unwrap_or_default()
}

/// Reads a line back.
///
/// # Errors
/// What is wrong with it.
pub fn read(line: &str) -> Result<RawAdvertisement, String> {
    if line.len() > LINE_MAX {
        return Err("it is too long".to_owned());
    }
    let line: Line<'_> = serde_json::from_str(line).map_err(|cause| cause.to_string())?;
    let address_kind = AddressKind::from_name(line.address_kind)
        .ok_or_else(|| format!("address_kind: {:?} is not known", line.address_kind))?;
    let kind = match line.kind {
        "unknown" => Kind::Unknown,
        "connectable" => Kind::Connectable,
        "broadcast" => Kind::Broadcast,
        other => return Err(format!("kind: {other:?} is not known")),
    };
    let address = Address::parse(&line.address, address_kind).ok_or("address: it is none")?;
    let bytes = hex::decode(&line.bytes).map_err(|cause| format!("bytes: {cause}"))?;
    if bytes.len() > BYTES_MAX {
        return Err(format!("bytes: no advertisement has {}", bytes.len()));
    }
    let adapter = line.adapter.to_owned();
    Ok(RawAdvertisement { time: Timestamp(line.time), adapter, address, kind, rssi: line.rssi, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw() -> RawAdvertisement {
        RawAdvertisement {
            time: Timestamp(1_795_000_000_123),
            adapter: "hci0".into(),
            address: Address { bytes: [0xc0, 0xff, 0xee, 0x12, 0x34, 0x56], kind: AddressKind::Random },
            kind: Kind::Connectable,
            rssi: -61,
            bytes: vec![2, 1, 6],
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let line = write(&raw());
        assert!(line.contains("\"address\":\"C0:FF:EE:12:34:56\"") && !line.contains('\n'), "{line}");
        assert_eq!(read(&line), Ok(raw()));
        let header = Header::new("gw-1", "the door is deaf", Timestamp(7), 60);
        let text = serde_json::to_string(&header).expect("text");
        assert!(text.contains("raw radio addresses"), "{text}");
        assert_eq!(Header::parse(&text), Ok(header));
    }

    #[test]
    fn broken_lines_are_refused_by_field() {
        let good = write(&raw());
        for (from, to, named) in [
            ("\"random\"", "\"odd\"", "address_kind"),
            ("connectable", "maybe", "kind"),
            ("C0:FF", "C0-FF", "address"),
            ("020106", "02010", "bytes"),
            ("020106", &"00".repeat(BYTES_MAX + 1), "bytes"),
        ] {
            let problem = read(&good.replace(from, to)).expect_err("refused");
            assert!(problem.starts_with(named), "{problem}");
        }
        assert!(read(&"x".repeat(LINE_MAX + 1)).is_err() && read("").is_err());
        let newer = Header { attimo_recording: 2, ..Header::new("a", "b", Timestamp(0), 1) };
        assert!(Header::parse(&serde_json::to_string(&newer).expect("text")).is_err());
    }
}
