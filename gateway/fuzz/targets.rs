//! What the gateway reads that is no message: recordings, which people hand on by mail and on sticks.

use gateway::record::form::{self, Header};

use crate::target::Target;

const ADVERTISEMENT: &[u8] = br#"{"time":1795000000123,"adapter":"hci0","address":"C0:FF:EE:12:34:56","address_kind":"random","kind":"connectable","rssi":-61,"bytes":"0201061AFF4C000215A7710001B97EF0466857531C0102030405060708C5"}"#;
const OF_NOBODY: &[u8] = br#"{"time":0,"adapter":"","address":"00:00:00:00:00:00","address_kind":"unknown","kind":"unknown","rssi":0,"bytes":""}"#;
const HEADER: &[u8] = br#"{"attimo_recording":1,"holds":"raw radio addresses of everybody in range","gateway":"gw-1","why":"the door is deaf","started_at":1795000000000,"for_s":60}"#;

/// Longest line that is read.
const LINE_MAX: usize = 8_192;

/// Every reader.
pub(crate) const TARGETS: &[Target] =
    &[Target { name: "recording", corpus: &[ADVERTISEMENT, OF_NOBODY, HEADER], is_hex: false, run: recording }];

/// A line that is read is written and read the same; a header as well.
fn recording(bytes: &[u8]) -> bool {
    let Ok(line) = std::str::from_utf8(bytes) else { return false };
    let header = Header::parse(line);
    if let Ok(header) = &header {
        let written = serde_json::to_string(header).expect("plain fields");
        // Written with its signs escaped it may be longer than a line that is read.
        assert!(Header::parse(&written).as_ref() == Ok(header) || written.len() > LINE_MAX);
    }
    let read = form::read(line);
    if let Ok(raw) = &read {
        assert_eq!(form::read(&form::write(raw)).as_ref(), Ok(raw));
    }
    read.is_ok() || header.is_ok()
}
