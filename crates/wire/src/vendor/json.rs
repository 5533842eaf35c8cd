//! JSON messages, read without copying and without trust: one pass finds where everything stands, and only what is asked for is read.
//!
//! Leniently as to order, repeats and strangers; strictly as to the grammar, the depth and the length.

mod number;
mod scan;
mod tree;

use std::ops::RangeInclusive;

use super::{JSON_DEPTH_MAX, PAYLOAD_LEN_MAX, Rejected, TEXT_LEN_MAX};

pub(super) use number::rounded;
pub(super) use scan::{document, document_up_to};
pub(super) use tree::{Tree, fields, truth_of};

/// Which numbers are possible, and how to say it.
#[derive(Debug, Clone)]
pub(super) struct Range {
    values: RangeInclusive<f64>,
    text: &'static str,
}

impl Range {
    /// Strength of a received signal.
    pub(super) const RSSI: Self = Self { values: super::RSSI_MIN..=super::RSSI_MAX, text: "-127 to 20 dBm" };
    /// Strength at 1 m, in one signed byte.
    pub(super) const POWER: Self = Self { values: -128.0..=127.0, text: "-128 to 127 dBm" };
    /// Variance of a strength.
    pub(super) const VARIANCE: Self = Self { values: 0.0..=10_000.0, text: "0 to 10000 dB²" };
    /// A 16-bit number.
    pub(super) const U16: Self = Self { values: 0.0..=65_535.0, text: "0 to 65535" };
    /// A count.
    pub(super) const U32: Self = Self { values: 0.0..=4_294_967_295.0, text: "0 to 4294967295" };
    /// A battery's or power byte's tenths.
    pub(super) const VOLT: Self = Self { values: 0.0..=12.7, text: "0 to 12.7 V" };
    /// A share of a hundred.
    pub(super) const PERCENT: Self = Self { values: 0.0..=100.0, text: "0 to 100 %" };
    /// A temperature.
    pub(super) const CELSIUS: Self = Self { values: -100.0..=300.0, text: "-100 to 300 °C" };
    /// A moment in seconds since 1970, with or without a fraction.
    pub(super) const SECONDS: Self =
        Self { values: 0.0..=253_402_300_799.0, text: "seconds from 1970 to the year 9999" };
    /// A moment in milliseconds since 1970.
    pub(super) const MILLISECONDS: Self =
        Self { values: 0.0..=253_402_300_799_999.0, text: "milliseconds from 1970 to the year 9999" };
    /// Anything that a sensor may measure.
    pub(super) const ANY: Self = Self { values: -4_294_967_296.0..=4_294_967_296.0, text: "-2^32 to 2^32" };
    /// A weight on a shelf.
    pub(super) const KILOGRAMS: Self = Self { values: -1_000.0..=1_000.0, text: "-1000 to 1000 kg" };

    fn check(&self, field: &'static str, number: f64) -> Result<f64, Rejected> {
        if self.values.contains(&number) { Ok(number) } else { Err(Rejected::OutOfRange { field, range: self.text }) }
    }
}

/// Writes what a device publishes. Fields keep the order of the struct, as devices keep theirs.
pub(super) fn to_json<T: serde::Serialize>(message: &T) -> Vec<u8> {
    serde_json::to_vec(message).expect("the messages of this crate have text keys only")
}

#[cfg(test)]
mod tests;
