//! What a Bluetooth controller tells its host of advertisements: the two LE events that carry them, byte by byte
//! (Bluetooth Core, volume 4 part E, sections 7.7.65.2 and 7.7.65.13).

use super::address::{Address, AddressKind};

/// The event that all LE events are in.
const LE_META: u8 = 0x3e;
/// LE Advertising Report.
const ADVERTISING_REPORT: u8 = 0x02;
/// LE Extended Advertising Report.
const EXTENDED_REPORT: u8 = 0x0d;
/// The packet type before an event on a serial line, and in captures of one.
const H4_EVENT: u8 = 0x04;
/// How a controller says that it does not know a strength.
const NO_RSSI: i8 = 127;
/// Bytes of an extended report before its data.
const EXTENDED_HEAD: usize = 24;
/// Bytes of a plain report before its data.
const PLAIN_HEAD: usize = 9;

/// Whether data is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completeness {
    /// It is.
    Whole,
    /// The next report of the same advertiser goes on with it.
    More,
    /// The controller lost the rest.
    Truncated,
}

/// One advertisement as a controller reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report<'a> {
    /// From which address; none if it was sent without one.
    pub address: Option<Address>,
    /// Whether it can be connected to.
    pub connectable: bool,
    /// How strong it was in dBm, if the controller knows.
    pub rssi: Option<i8>,
    /// Which of the advertiser's sets it belongs to, in extended reports.
    pub set: Option<u8>,
    /// Whether the data is whole.
    pub completeness: Completeness,
    /// Its structures.
    pub data: &'a [u8],
}

/// Why bytes are no report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is another event or another packet: nothing is wrong with it.
    #[error("not an event that carries advertisements")]
    Other,
    /// It is shorter than it says.
    #[error("the event is cut short")]
    Short,
    /// It names no report or more than can be.
    #[error("the event says that it carries {0} reports")]
    Count(u8),
}

/// Reads an event, with or without the packet type `04` before it.
///
/// # Errors
/// [`Error`] when it carries no advertisements or is broken.
pub fn reports(event: &[u8]) -> Result<Vec<Report<'_>>, Error> {
    // An event with the code 0x04 is "connection request": it is ten bytes long and never LE.
    let event = match event {
        [H4_EVENT, rest @ ..] if rest.first() == Some(&LE_META) => rest,
        other => other,
    };
    let [LE_META, length, body @ ..] = event else { return Err(Error::Other) };
    let body = body.get(..usize::from(*length)).ok_or(Error::Short)?;
    let (sub, count, mut rest) = match body {
        [sub @ (ADVERTISING_REPORT | EXTENDED_REPORT), count, rest @ ..] => (*sub, *count, rest),
        [ADVERTISING_REPORT | EXTENDED_REPORT] => return Err(Error::Short),
        _ => return Err(Error::Other),
    };
    if !(1..=0x19).contains(&count) {
        return Err(Error::Count(count));
    }
    let mut all = Vec::with_capacity(usize::from(count));
    for _ in 0..count {
        let (report, after) =
            if sub == ADVERTISING_REPORT { plain(rest) } else { extended(rest) }.ok_or(Error::Short)?;
        all.push(report);
        rest = after;
    }
    Ok(all)
}

/// The reports follow each other one by one, as controllers send them and hosts read them.
fn plain(bytes: &[u8]) -> Option<(Report<'_>, &[u8])> {
    let (head, rest) = bytes.split_at_checked(PLAIN_HEAD)?;
    let (data, rest) = rest.split_at_checked(usize::from(head[8]))?;
    let (&rssi, rest) = rest.split_first()?;
    let report = Report {
        address: address(head[1], &head[2..8]),
        connectable: matches!(head[0], 0x00 | 0x01),
        rssi: strength(rssi),
        set: None,
        completeness: Completeness::Whole,
        data,
    };
    Some((report, rest))
}

fn extended(bytes: &[u8]) -> Option<(Report<'_>, &[u8])> {
    let (head, rest) = bytes.split_at_checked(EXTENDED_HEAD)?;
    let (data, rest) = rest.split_at_checked(usize::from(head[23]))?;
    let kind = u16::from_le_bytes([head[0], head[1]]);
    let completeness = match kind >> 5 & 0b11 {
        0 => Completeness::Whole,
        1 => Completeness::More,
        _ => Completeness::Truncated,
    };
    let report = Report {
        address: address(head[2], &head[3..9]),
        connectable: kind & 1 != 0,
        rssi: strength(head[13]),
        set: (head[11] <= 0x0f).then_some(head[11]),
        completeness,
        data,
    };
    Some((report, rest))
}

/// The address stands in the event with its last byte first.
fn address(kind: u8, bytes: &[u8]) -> Option<Address> {
    let kind = match kind {
        0x00 | 0x02 => AddressKind::Public,
        0x01 | 0x03 => AddressKind::Random,
        0xff => return None,
        _ => AddressKind::Unknown,
    };
    let mut reversed: [u8; 6] = bytes.try_into().ok()?;
    reversed.reverse();
    Some(Address { bytes: reversed, kind })
}

fn strength(byte: u8) -> Option<i8> {
    let rssi = i8::from_le_bytes([byte]);
    (rssi != NO_RSSI).then_some(rssi)
}

#[cfg(test)]
mod tests;
