//! The boxes' clocks at the owner's door: stamps set right before anything is made of them, said to pages and metrics, and kept.

use std::collections::BTreeMap;

use model::ids::GatewayId;
use model::time::{Millis, Timestamp};
use wire::uplink::Batch;

use super::owner::Owner;
use crate::ingest::clocks::Stamps;
use crate::live::ClockNow;

/// Why an item was left out of which nobody knows when it was.
const TIMELESS: &str = "time-unknown";

impl Owner {
    /// Sets right what a box stamped; gives how far its time line is off, as far as that is known, and how many items
    /// were left out because nobody knows when they were.
    pub(super) fn set_right(&mut self, batch: &mut Batch, came: Timestamp) -> (Option<Millis>, u64) {
        let timeless = match self.clocks.take(batch, came) {
            Stamps::Kept => 0,
            Stamps::Corrected(_) => {
                metrics::counter!("batches_restamped_total").increment(1);
                0
            }
            Stamps::Unknown(items) => items,
        };
        (self.tell_clock(batch), timeless)
    }

    fn tell_clock(&self, batch: &Batch) -> Option<Millis> {
        let standing = self.clocks.standing(&batch.gateway, batch.boot)?;
        let (skew, flagged) = (standing.skew(), standing.is_flagged());
        self.live.gateway_clock(&batch.gateway, ClockNow { offset: Millis(-skew.0), believed: !flagged });
        let gauge = |name: &'static str, value: f64| {
            metrics::gauge!(name, "gateway" => batch.gateway.to_string()).set(value);
        };
        gauge("gateway_clock_offset_seconds", -skew.as_seconds());
        gauge("gateway_clock_flagged", f64::from(u8::from(flagged)));
        gauge("gateway_clock_sure", f64::from(u8::from(standing.is_sure)));
        Some(standing.offset)
    }

    /// Counts what was left out of a batch because nobody knows when it was; a batch that comes again is not counted again.
    pub(super) fn left_out_timeless(&self, gateway: &GatewayId, items: u64) {
        if items > 0 {
            metrics::counter!("batches_time_unknown_total").increment(1);
            metrics::counter!("sightings_dropped_total", "reason" => TIMELESS).increment(items);
            self.live.gateway_taken(gateway, 0, &BTreeMap::from([(TIMELESS, items)]));
        }
    }

    /// Brings back what was known of the clocks.
    pub(super) async fn recall_clocks(&mut self) -> crate::store::Result<()> {
        for (gateway, boot, standing) in self.store.clocks().await? {
            self.clocks.restore(&gateway, boot, standing);
        }
        self.clocks.take_changed();
        Ok(())
    }

    /// Writes down what is new of the clocks; what can't be written now waits for the next time.
    pub(super) async fn keep_clocks(&mut self) {
        for (gateway, boot, standing) in self.clocks.take_changed() {
            if let Err(cause) = self.store.put_clock(&gateway, boot, standing, self.clock.now()).await {
                tracing::warn!(%cause, %gateway, "could not write how the clock of {gateway} stands");
                self.clocks.put_changed(gateway, boot);
            }
        }
    }
}
