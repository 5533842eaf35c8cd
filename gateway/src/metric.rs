//! Every metric of the gateway, by one name each.

use model::ids::{ReceiverId, SensorId};
use model::time::Millis;
use wire::state::PrivacyMode;
use wire::uplink::clock::Belief;

use crate::spool::Standing;

/// A metric's name, as Prometheus sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    /// What is kept of strangers, by mode: 1 for the one in force, else 0.
    Privacy,
    /// Advertisements heard, over all receivers.
    Heard,
    /// Sightings given to the uplink, by lane.
    Sightings,
    /// Readings given to the uplink.
    Readings,
    /// Things dropped, by reason.
    Dropped,
    /// Messages of receivers that wait to be read.
    IntakeWaiting,
    /// Batches on disk that the server has not acknowledged.
    SpoolBatches,
    /// Bytes of the spool on disk.
    SpoolBytes,
    /// Writes or syncs of the spool that failed.
    SpoolErrors,
    /// Things on disk, or on the way there, that were let go before the server had them, by reason and class.
    SpoolLost,
    /// Batches sent, again ones included.
    Sent,
    /// Batches that were kept back and wait behind what is new.
    Backlog,
    /// Whether the uplink stands: 1 or 0.
    Connected,
    /// Times that the radio was started anew.
    RadioRestarts,
    /// Advertisements that one adapter of the own radio heard.
    ReceiverHeard,
    /// Of these, how many were dropped before the pipeline.
    ReceiverDropped,
    /// Times that it stopped hearing and heard again.
    ReceiverGaps,
    /// How long it did not hear, together, in milliseconds.
    ReceiverGapMillis,
    /// Messages that a receiver says it sent and that never came.
    ReceiverMissed,
    /// Frames that a receiver's radio heard, by its own account.
    ReceiverOnAir,
    /// Whether a receiver is there, by its own word or its will: 1 or 0.
    ReceiverOnline,
    /// Whether a sensor is there, by its own word or its will: 1 or 0.
    SensorOnline,
    /// Whether the own radio hears: 1 or 0.
    RadioHearing,
    /// Addresses that the server's list of objections holds.
    Objections,
    /// Whether the wall clock is believed, by belief: 1 or 0.
    ClockBelief,
    /// How far the wall clock is ahead of the server's, in seconds.
    ClockOffset,
}

impl Name {
    /// The name as Prometheus sees it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Privacy => "attimo_gateway_privacy_mode",
            Self::Heard => "attimo_gateway_adverts_heard_total",
            Self::Sightings => "attimo_gateway_sightings_total",
            Self::Readings => "attimo_gateway_readings_total",
            Self::Dropped => "attimo_gateway_dropped_total",
            Self::IntakeWaiting => "attimo_gateway_intake_waiting",
            Self::SpoolBatches => "attimo_gateway_spool_batches",
            Self::SpoolBytes => "attimo_gateway_spool_bytes",
            Self::SpoolErrors => "attimo_gateway_spool_errors_total",
            Self::SpoolLost => "attimo_gateway_spool_lost_total",
            Self::Sent => "attimo_gateway_batches_sent_total",
            Self::Backlog => "attimo_gateway_backlog_batches",
            Self::Connected => "attimo_gateway_uplink_connected",
            Self::RadioRestarts => "attimo_gateway_radio_restarts_total",
            Self::ReceiverHeard => "attimo_gateway_radio_heard_total",
            Self::ReceiverDropped => "attimo_gateway_radio_dropped_total",
            Self::ReceiverGaps => "attimo_gateway_radio_gaps_total",
            Self::ReceiverGapMillis => "attimo_gateway_radio_gap_milliseconds_total",
            Self::ReceiverMissed => "attimo_gateway_receiver_missed_total",
            Self::ReceiverOnAir => "attimo_gateway_receiver_frames_on_air",
            Self::ReceiverOnline => "attimo_gateway_receiver_online",
            Self::SensorOnline => "attimo_gateway_sensor_online",
            Self::RadioHearing => "attimo_gateway_radio_hearing",
            Self::Objections => "attimo_gateway_objections",
            Self::ClockBelief => "attimo_gateway_clock_belief",
            Self::ClockOffset => "attimo_gateway_clock_offset_seconds",
        }
    }
}

/// Tells how the spool stands.
pub fn spool(standing: &Standing) {
    set(Name::SpoolBatches, standing.waiting());
    set(Name::SpoolBytes, standing.bytes);
    metrics::counter!(Name::SpoolErrors.as_str()).absolute(standing.disk_errors);
    for (reason, lost) in standing.lost_by_reason() {
        for (class, count) in [("sightings", lost.sightings), ("readings", lost.readings)] {
            metrics::counter!(Name::SpoolLost.as_str(), "reason" => reason, "class" => class).absolute(count);
        }
    }
}

/// Tells what is kept of strangers.
pub fn privacy(in_force: PrivacyMode) {
    for each in PrivacyMode::ALL {
        metrics::gauge!(Name::Privacy.as_str(), "mode" => each.word()).set(f64::from(u8::from(each == in_force)));
    }
}

/// Tells how the clock stands: whether it is believed, and how far the server's is ahead of it.
pub fn clock(belief: Belief, skew: Option<Millis>) {
    for each in Belief::ALL {
        let is = f64::from(u8::from(each == belief));
        metrics::gauge!(Name::ClockBelief.as_str(), "belief" => each.code()).set(is);
    }
    if let Some(skew) = skew {
        metrics::gauge!(Name::ClockOffset.as_str()).set(-skew.as_seconds());
    }
}

/// Adds to a counter.
pub fn add(name: Name, count: u64) {
    metrics::counter!(name.as_str()).increment(count);
}

/// Adds to a counter with a label.
pub fn add_labelled(name: Name, label: &'static str, value: &'static str, count: u64) {
    metrics::counter!(name.as_str(), label => value).increment(count);
}

/// Adds to a receiver's counter.
pub fn add_of_receiver(name: Name, receiver: &ReceiverId, count: u64) {
    metrics::counter!(name.as_str(), "receiver" => receiver.to_string()).increment(count);
}

/// Tells a receiver's own figure.
#[expect(clippy::cast_precision_loss, reason = "figures of one box are far below 2^53")]
pub fn of_receiver(name: Name, receiver: &ReceiverId, value: u64) {
    metrics::gauge!(name.as_str(), "receiver" => receiver.to_string()).set(value as f64);
}

/// Tells whether a sensor is there.
pub fn sensor_is_there(sensor: &SensorId, is_there: bool) {
    let value = f64::from(u8::from(is_there));
    metrics::gauge!(Name::SensorOnline.as_str(), "sensor" => sensor.to_string()).set(value);
}

/// Sets a gauge.
#[expect(clippy::cast_precision_loss, reason = "figures of one box are far below 2^53")]
pub fn set(name: Name, value: u64) {
    metrics::gauge!(name.as_str()).set(value as f64);
}
