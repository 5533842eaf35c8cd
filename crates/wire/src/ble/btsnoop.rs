//! Captures in the btsnoop form, as Android phones and `btmon -w` write them: packets between a host and its controller, with times.

use model::time::Timestamp;

/// What a capture begins with.
const MAGIC: &[u8; 8] = b"btsnoop\0";
/// Bytes of the file's head, and of each record's.
pub const FILE_HEAD: usize = 16;
/// See [`FILE_HEAD`].
pub const RECORD_HEAD: usize = 24;
/// No packet is longer: the longest are 64 KiB with their heads.
const PACKET_MAX: u32 = 1 << 17;
/// Microseconds from the year 0, where btsnoop counts from, to 1970.
const EPOCH: i64 = 0x00dc_ddb3_0f2f_8000;

/// How packets are wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// Without a packet type; the record's flags say what it is.
    Bare,
    /// With the packet type before it, as on a serial line.
    H4,
    /// As the Linux monitor hands them out, for several adapters.
    Monitor,
}

/// One record that holds an event of a controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event<'a> {
    /// When the host got it.
    pub time: Timestamp,
    /// Which adapter, when several were captured.
    pub adapter: u16,
    /// Packets that were lost before it, since the capture began.
    pub lost: u32,
    /// The event, beginning with its code.
    pub bytes: &'a [u8],
}

/// Why bytes are no capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It begins with something else.
    #[error("it is no btsnoop capture: it does not begin with `btsnoop`")]
    Magic,
    /// Nobody knows this version.
    #[error("version {0} of btsnoop is not known, only 1")]
    Version(u32),
    /// Its packets are not of Bluetooth, or wrapped in a way that nobody knows.
    #[error("packets of the kind {0} are not known; record with btmon -w FILE")]
    Link(u32),
    /// A record says that it is longer than any packet.
    #[error("the record at byte {at} is broken: it says that it has {length} bytes")]
    Length {
        /// Where it begins.
        at: usize,
        /// How long it says that it is.
        length: u32,
    },
}

/// A capture, record by record.
#[derive(Debug, Clone)]
pub struct Capture<'a> {
    link: Link,
    bytes: &'a [u8],
    at: usize,
    broken: bool,
}

/// Whether bytes begin as a capture does.
#[must_use]
pub fn is_capture(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Opens a capture.
///
/// # Errors
/// [`Error`] when it is none.
pub fn open(bytes: &[u8]) -> Result<Capture<'_>, Error> {
    let head = bytes.get(..FILE_HEAD).filter(|head| head.starts_with(MAGIC)).ok_or(Error::Magic)?;
    let version = number(&head[8..]).ok_or(Error::Magic)?;
    if version != 1 {
        return Err(Error::Version(version));
    }
    let link = match number(&head[12..]).ok_or(Error::Magic)? {
        1001 => Link::Bare,
        1002 => Link::H4,
        2001 => Link::Monitor,
        other => return Err(Error::Link(other)),
    };
    Ok(Capture { link, bytes, at: FILE_HEAD, broken: false })
}

impl<'a> Capture<'a> {
    /// Bytes at the end that are no whole record: the capture was ended in the middle of one.
    #[must_use]
    pub fn torn(&self) -> usize {
        if self.broken { 0 } else { self.bytes.len() - self.at }
    }

    /// The next record, be it an event or not.
    fn record(&mut self) -> Option<Result<Option<Event<'a>>, Error>> {
        let head = self.bytes.get(self.at..self.at + RECORD_HEAD)?;
        let (length, flags, lost) = (number(&head[4..])?, number(&head[8..])?, number(&head[12..])?);
        if length > PACKET_MAX {
            let at = std::mem::replace(&mut self.at, self.bytes.len());
            self.broken = true;
            return Some(Err(Error::Length { at, length }));
        }
        let start = self.at + RECORD_HEAD;
        let packet = self.bytes.get(start..start + usize::try_from(length).ok()?)?;
        self.at = start + packet.len();
        let micros = i64::from_be_bytes(*head[16..].first_chunk()?);
        let time = Timestamp(micros.saturating_sub(EPOCH).div_euclid(1_000));
        let event = self.event(packet, flags).map(|(adapter, bytes)| Event { time, adapter, lost, bytes });
        Some(Ok(event))
    }

    /// The adapter and the event in a packet, if it is one.
    fn event(&self, packet: &'a [u8], flags: u32) -> Option<(u16, &'a [u8])> {
        match self.link {
            // Bit 0: from the controller. Bit 1: a command or an event.
            Link::Bare => (flags & 0b11 == 0b11).then_some((0, packet)),
            Link::H4 => match packet {
                [0x04, event @ ..] => Some((0, event)),
                _ => None,
            },
            // The adapter stands in the upper half; 3 is an event.
            Link::Monitor => (flags & 0xffff == 3).then(|| (u16::try_from(flags >> 16).unwrap_or(0), packet)),
        }
    }
}

impl<'a> Iterator for Capture<'a> {
    type Item = Result<Event<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.record()? {
                Ok(Some(event)) => return Some(Ok(event)),
                Ok(None) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

fn number(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TIME: i64 = 1_795_000_000_123;

    fn capture(link: u32, records: &[(u32, &[u8])]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend([1u32.to_be_bytes(), link.to_be_bytes()].concat());
        for (flags, packet) in records {
            let length = u32::try_from(packet.len()).expect("short");
            bytes.extend([length, length, *flags, 7].map(u32::to_be_bytes).concat());
            bytes.extend((TIME * 1_000 + 456 + EPOCH).to_be_bytes());
            bytes.extend_from_slice(packet);
        }
        bytes
    }

    fn events(bytes: &[u8]) -> Vec<Event<'_>> {
        open(bytes).expect("a capture").map(|event| event.expect("whole")).collect()
    }

    #[test]
    fn events_are_found_in_every_way_of_wrapping() {
        let event = &[0x3e, 1, 0][..];
        let expected = |adapter| vec![Event { time: Timestamp(TIME), adapter, lost: 7, bytes: event }];
        assert_eq!(events(&capture(1001, &[(2, b"command"), (3, event), (1, b"data")])), expected(0));
        assert_eq!(events(&capture(1002, &[(2, &[1, 3, 12, 0]), (3, &[4, 0x3e, 1, 0])])), expected(0));
        assert_eq!(events(&capture(2001, &[(0x1_0002, b"command"), (0x1_0003, event)])), expected(1));
    }

    #[test]
    fn a_torn_end_is_told_and_takes_nothing_away() {
        let whole = capture(1002, &[(3, &[4, 0x3e, 1, 0]), (3, &[4, 0x3e, 1, 1])]);
        let mut torn = open(&whole[..whole.len() - 1]).expect("a capture");
        assert_eq!(torn.by_ref().count(), 1);
        assert_eq!(torn.torn(), RECORD_HEAD + 3);
        let mut clean = open(&whole).expect("a capture");
        assert_eq!((clean.by_ref().count(), clean.torn()), (2, 0));
    }

    #[test]
    fn what_is_no_capture_is_refused_by_name() {
        assert_eq!(open(b"").map(|_| ()), Err(Error::Magic));
        assert_eq!(open(b"#!/bin/sh and more").map(|_| ()), Err(Error::Magic));
        let mut wrong = capture(1002, &[]);
        wrong[11] = 2;
        assert_eq!(open(&wrong).map(|_| ()), Err(Error::Version(2)));
        assert_eq!(open(&capture(1003, &[])).map(|_| ()), Err(Error::Link(1003)));
        let mut long = capture(1002, &[(3, &[4, 0x3e])]);
        long[FILE_HEAD + 4] = 0xff;
        let found: Vec<_> = open(&long).expect("a capture").collect();
        assert_eq!(found, [Err(Error::Length { at: FILE_HEAD, length: 0xff00_0002 })]);
    }

    proptest! {
        #[test]
        fn any_bytes_after_the_head_end_without_a_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..400),
            link in proptest::sample::select(vec![1001u32, 1002, 2001]),
        ) {
            let mut capture = capture(link, &[]);
            capture.extend(&bytes);
            let mut opened = open(&capture).expect("a capture");
            prop_assert!(opened.by_ref().count() <= bytes.len() / RECORD_HEAD + 1);
            prop_assert!(opened.torn() <= bytes.len());
        }
    }
}
