//! The uplink's messages as they stand on the wire.
//!
//! Numbers of fields are never reused and a field never changes its meaning: old gateways and new servers must understand each other.
//! Receivers are named once in a batch and meant by their place in that list; times are differences to `sent_at`; both keep batches small.

/// See [`super::Batch`].
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Batch {
    #[prost(string, tag = "1")]
    pub(super) gateway: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) spool: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) boot: Vec<u8>,
    #[prost(uint64, tag = "4")]
    pub(super) seq: u64,
    #[prost(uint64, tag = "5")]
    pub(super) oldest: u64,
    #[prost(int64, tag = "6")]
    pub(super) sent_at: i64,
    #[prost(string, repeated, tag = "7")]
    pub(super) receivers: Vec<String>,
    #[prost(message, repeated, tag = "8")]
    pub(super) sightings: Vec<Sighting>,
    #[prost(message, repeated, tag = "9")]
    pub(super) readings: Vec<Reading>,
    #[prost(message, optional, tag = "10")]
    pub(super) health: Option<Health>,
    #[prost(uint64, tag = "11")]
    pub(super) live_from: u64,
    #[prost(bool, tag = "12")]
    pub(super) historical: bool,
    #[prost(message, optional, tag = "20")]
    pub(super) clocks: Option<Clocks>,
}

/// Many batches as they lie on a disk; see [`super::pack`].
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Pack {
    /// A batch without content.
    #[prost(message, optional, tag = "1")]
    pub(super) head: Option<Batch>,
    #[prost(message, repeated, tag = "2")]
    pub(super) kept: Vec<Kept>,
}

/// See [`super::pack::Kept`].
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Kept {
    #[prost(uint64, tag = "1")]
    pub(super) seq: u64,
    #[prost(bytes = "bytes", tag = "2")]
    pub(super) batch: bytes::Bytes,
}

/// The numbers of a [`Pack`]; all else is skipped unread.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct PackNumbers {
    #[prost(message, optional, tag = "1")]
    pub(super) head: Option<Numbers>,
    #[prost(message, repeated, tag = "2")]
    pub(super) kept: Vec<KeptNumber>,
}

/// The number of a [`Kept`].
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct KeptNumber {
    #[prost(uint64, tag = "1")]
    pub(super) seq: u64,
}

/// See [`super::clock::Clocks`].
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Clocks {
    #[prost(int64, tag = "1")]
    pub(super) wall: i64,
    #[prost(int64, tag = "2")]
    pub(super) monotonic: i64,
    /// 1 never set, 2 free, 3 synchronised.
    #[prost(uint32, tag = "3")]
    pub(super) belief: u32,
    #[prost(message, optional, tag = "4")]
    pub(super) made: Option<Made>,
}

/// See [`super::clock::Made`].
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Made {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) boot: Vec<u8>,
    #[prost(sint64, tag = "2")]
    pub(super) drift: i64,
    #[prost(uint32, tag = "3")]
    pub(super) belief: u32,
}

/// The first fields of a [`Batch`]; the others are skipped unread.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Numbers {
    #[prost(string, tag = "1")]
    pub(super) gateway: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) spool: Vec<u8>,
    #[prost(uint64, tag = "4")]
    pub(super) seq: u64,
    #[prost(uint64, tag = "5")]
    pub(super) oldest: u64,
    #[prost(uint64, tag = "11")]
    pub(super) live_from: u64,
}

/// See [`model::sighting::Sighting`].
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Sighting {
    /// Place in the batch's list of receivers.
    #[prost(uint32, tag = "1")]
    pub(super) receiver: u32,
    /// Milliseconds after the batch's `sent_at`; as a rule negative.
    #[prost(sint64, tag = "2")]
    pub(super) at: i64,
    #[prost(uint32, tag = "3")]
    pub(super) window_ms: u32,
    #[prost(uint32, tag = "4")]
    pub(super) count: u32,
    #[prost(float, tag = "5")]
    pub(super) mean: f32,
    #[prost(float, tag = "6")]
    pub(super) min: f32,
    #[prost(float, tag = "7")]
    pub(super) max: f32,
    #[prost(float, optional, tag = "8")]
    pub(super) variance: Option<f32>,
    #[prost(sint32, optional, tag = "9")]
    pub(super) power_at_1m: Option<i32>,
    #[prost(oneof = "Transmitter", tags = "10, 11, 12, 13, 14")]
    pub(super) transmitter: Option<Transmitter>,
}

/// See [`model::sighting::Transmitter`]. Ids are fixed-width numbers, so that none needs memory of its own.
#[derive(Clone, Copy, PartialEq, prost::Oneof)]
pub(super) enum Transmitter {
    #[prost(message, tag = "10")]
    Rolling(Rolling),
    #[prost(fixed64, tag = "11")]
    Eid(u64),
    #[prost(message, tag = "12")]
    Beacon(Beacon),
    #[prost(message, tag = "13")]
    Device(Device),
    #[prost(fixed64, tag = "14")]
    Anonymous(u64),
}

/// See [`model::sighting::RollingId`].
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct Rolling {
    #[prost(fixed32, tag = "1")]
    pub(super) prefix: u32,
    #[prost(fixed64, tag = "2")]
    pub(super) eid: u64,
    #[prost(fixed64, tag = "3")]
    pub(super) tag: u64,
}

/// A beacon of the store.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct Beacon {
    #[prost(fixed64, tag = "1")]
    pub(super) uuid_high: u64,
    #[prost(fixed64, tag = "2")]
    pub(super) uuid_low: u64,
    #[prost(uint32, tag = "3")]
    pub(super) major: u32,
    #[prost(uint32, tag = "4")]
    pub(super) minor: u32,
}

/// A device's id.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct Device {
    #[prost(fixed64, tag = "1")]
    pub(super) high: u64,
    #[prost(fixed64, tag = "2")]
    pub(super) low: u64,
}

/// See [`model::reading::Reading`].
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Reading {
    #[prost(string, tag = "1")]
    pub(super) sensor: String,
    /// Milliseconds after the batch's `sent_at`.
    #[prost(sint64, tag = "2")]
    pub(super) at: i64,
    #[prost(oneof = "ReadingKind", tags = "3, 4, 5, 6")]
    pub(super) kind: Option<ReadingKind>,
}

/// See [`model::reading::ReadingKind`].
#[derive(Clone, Copy, PartialEq, prost::Oneof)]
pub(super) enum ReadingKind {
    #[prost(message, tag = "3")]
    Crossing(Crossing),
    #[prost(uint32, tag = "4")]
    Level(u32),
    #[prost(bool, tag = "5")]
    Presence(bool),
    #[prost(sint32, tag = "6")]
    ShelfDelta(i32),
}

/// People over a line.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct Crossing {
    #[prost(uint32, tag = "1")]
    pub(super) entered: u32,
    #[prost(uint32, tag = "2")]
    pub(super) left: u32,
}

/// See [`super::Health`].
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Health {
    #[prost(uint64, tag = "1")]
    pub(super) spool_batches: u64,
    #[prost(uint64, tag = "2")]
    pub(super) spool_bytes: u64,
    #[prost(uint64, tag = "3")]
    pub(super) oldest_unsent_ms: u64,
    #[prost(uint64, tag = "4")]
    pub(super) adverts_heard: u64,
    #[prost(uint64, tag = "5")]
    pub(super) sightings_sent: u64,
    #[prost(message, repeated, tag = "6")]
    pub(super) dropped: Vec<Dropped>,
    #[prost(message, repeated, tag = "7")]
    pub(super) receivers: Vec<ReceiverHealth>,
    #[prost(uint64, tag = "8")]
    pub(super) sightings_lost: u64,
    #[prost(uint64, tag = "9")]
    pub(super) readings_lost: u64,
    #[prost(uint64, tag = "10")]
    pub(super) backlog: u64,
    #[prost(message, repeated, tag = "11")]
    pub(super) beacons: Vec<BeaconHealth>,
}

/// See [`super::BeaconHealth`].
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct BeaconHealth {
    #[prost(oneof = "Bearer", tags = "1, 2")]
    pub(super) who: Option<Bearer>,
    #[prost(int64, tag = "3")]
    pub(super) at: i64,
    #[prost(uint32, optional, tag = "4")]
    pub(super) battery_percent: Option<u32>,
    #[prost(uint32, optional, tag = "5")]
    pub(super) battery_mv: Option<u32>,
    #[prost(bool, optional, tag = "6")]
    pub(super) there: Option<bool>,
}

/// See [`super::Bearer`].
#[derive(Clone, PartialEq, prost::Oneof)]
pub(super) enum Bearer {
    #[prost(message, tag = "1")]
    Beacon(Beacon),
    #[prost(string, tag = "2")]
    Sensor(String),
}

/// What was dropped for one reason.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Dropped {
    #[prost(string, tag = "1")]
    pub(super) code: String,
    #[prost(uint64, tag = "2")]
    pub(super) count: u64,
}

/// See [`super::ReceiverHealth`].
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ReceiverHealth {
    #[prost(string, tag = "1")]
    pub(super) receiver: String,
    #[prost(int64, tag = "2")]
    pub(super) last_heard: i64,
    #[prost(uint64, tag = "3")]
    pub(super) heard: u64,
    #[prost(string, tag = "4")]
    pub(super) kind: String,
    #[prost(uint64, tag = "5")]
    pub(super) forwarded: u64,
    #[prost(uint64, tag = "6")]
    pub(super) overflowed: u64,
    #[prost(uint64, tag = "7")]
    pub(super) gaps: u64,
    #[prost(uint64, tag = "8")]
    pub(super) gap_ms: u64,
    #[prost(uint64, tag = "9")]
    pub(super) missed: u64,
    #[prost(uint64, optional, tag = "10")]
    pub(super) on_air: Option<u64>,
    #[prost(bool, optional, tag = "11")]
    pub(super) there: Option<bool>,
}

/// See [`super::Ack`].
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Ack {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) spool: Vec<u8>,
    #[prost(uint64, tag = "2")]
    pub(super) through: u64,
    #[prost(uint64, tag = "3")]
    pub(super) beyond_from: u64,
    #[prost(uint64, tag = "4")]
    pub(super) beyond_to: u64,
    #[prost(sint64, optional, tag = "5")]
    pub(super) offset: Option<i64>,
    #[prost(bool, tag = "6")]
    pub(super) packs: bool,
    #[prost(uint64, tag = "7")]
    pub(super) refused_from: u64,
    #[prost(uint64, tag = "8")]
    pub(super) refused_to: u64,
}
