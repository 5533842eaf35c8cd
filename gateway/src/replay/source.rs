//! What a file holds, as advertisements one by one: a btsnoop capture, or a recording of ours.

use std::collections::BTreeMap;

use wire::ble::address::Address;
use wire::ble::btsnoop::{self, Capture};
use wire::ble::hci::{self, Completeness, Report};

use crate::radio::port::{Kind, RawAdvertisement};
use crate::radio::structures::BYTES_MAX;
use crate::record::form::{self, Header};

/// Most advertisers whose extended advertisements are put together at once.
const PARTS_MAX: usize = 256;

/// Why a file is of no use.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It begins as a capture and is none.
    #[error(transparent)]
    Capture(#[from] btsnoop::Error),
    /// It is none, and no recording either.
    #[error("neither a btsnoop capture nor a recording of attimo-gateway: {0}")]
    Recording(String),
}

/// Which form a file has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// A btsnoop capture.
    Btsnoop,
    /// A recording of ours, and why it was made.
    Recording {
        /// Why.
        why: String,
    },
}

enum Reader<'a> {
    Capture(Box<Captured<'a>>),
    Lines(std::str::Lines<'a>),
}

struct Captured<'a> {
    capture: Capture<'a>,
    waiting: std::collections::VecDeque<RawAdvertisement>,
    parts: BTreeMap<(u16, Address, Option<u8>), Vec<u8>>,
}

/// A file that is read, and what in it was no advertisement.
pub(super) struct Source<'a> {
    pub(super) form: Form,
    reader: Reader<'a>,
    /// What could not be used, by reason.
    pub(super) problems: BTreeMap<&'static str, u64>,
}

impl<'a> Source<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Error> {
        if btsnoop::is_capture(bytes) {
            let captured = Captured { capture: btsnoop::open(bytes)?, waiting: [].into(), parts: BTreeMap::new() };
            let reader = Reader::Capture(Box::new(captured));
            return Ok(Self { form: Form::Btsnoop, reader, problems: BTreeMap::new() });
        }
        let text = std::str::from_utf8(bytes).map_err(|_| Error::Recording("it is no text".to_owned()))?;
        let mut lines = text.lines();
        let head = lines.next().unwrap_or_default();
        let header = Header::parse(head).map_err(|problem| Error::Recording(format!("line 1: {problem}")))?;
        let form = Form::Recording { why: header.why };
        Ok(Self { form, reader: Reader::Lines(lines), problems: BTreeMap::new() })
    }

    /// The next advertisement.
    pub(super) fn next(&mut self) -> Option<RawAdvertisement> {
        match &mut self.reader {
            Reader::Capture(captured) => captured.next(&mut self.problems),
            Reader::Lines(lines) => lines.by_ref().find_map(|line| match form::read(line) {
                Ok(raw) => Some(raw),
                Err(_) => {
                    count(&mut self.problems, "broken-line");
                    None
                }
            }),
        }
    }
}

impl Captured<'_> {
    fn next(&mut self, problems: &mut BTreeMap<&'static str, u64>) -> Option<RawAdvertisement> {
        loop {
            if let Some(raw) = self.waiting.pop_front() {
                return Some(raw);
            }
            let event = match self.capture.next() {
                Some(Ok(event)) => event,
                Some(Err(_)) => {
                    count(problems, "broken-record");
                    continue;
                }
                None => {
                    if self.capture.torn() > 0 {
                        problems.insert("torn-end", 1);
                    }
                    return None;
                }
            };
            match hci::reports(event.bytes) {
                Ok(reports) => {
                    for report in &reports {
                        if let Some(raw) = self.take(event, report, problems) {
                            self.waiting.push_back(raw);
                        }
                    }
                }
                Err(hci::Error::Other) => {}
                Err(hci::Error::Short | hci::Error::Count(_)) => count(problems, "broken-event"),
            }
        }
    }

    fn take(
        &mut self,
        event: btsnoop::Event<'_>,
        report: &Report<'_>,
        problems: &mut BTreeMap<&'static str, u64>,
    ) -> Option<RawAdvertisement> {
        let Some(address) = report.address else {
            count(problems, "no-address");
            return None;
        };
        let Some(rssi) = report.rssi else {
            count(problems, "no-strength");
            return None;
        };
        let key = (event.adapter, address, report.set);
        let bytes = match report.completeness {
            Completeness::Whole if !self.parts.contains_key(&key) => report.data.to_vec(),
            Completeness::Whole | Completeness::Truncated => {
                let mut bytes = self.parts.remove(&key).unwrap_or_default();
                bytes.extend_from_slice(report.data);
                bytes
            }
            Completeness::More => {
                if self.parts.len() >= PARTS_MAX && !self.parts.contains_key(&key) {
                    self.parts.pop_first();
                    count(problems, "unfinished");
                }
                let part = self.parts.entry(key).or_default();
                if part.len() + report.data.len() <= BYTES_MAX {
                    part.extend_from_slice(report.data);
                }
                return None;
            }
        };
        let kind = if report.connectable { Kind::Connectable } else { Kind::Broadcast };
        let adapter = format!("hci{}", event.adapter);
        Some(RawAdvertisement { time: event.time, adapter, address, kind, rssi, bytes })
    }
}

fn count(problems: &mut BTreeMap<&'static str, u64>, reason: &'static str) {
    *problems.entry(reason).or_default() += 1;
}
