//! Writes down what happens on the floor, for the heat map and the replay: places and times, never who.
//!
//! A small writer of its own, so that no commit of the owner waits for it. What it has not written yet is lost in a
//! crash (a few seconds), never at an orderly stop: it is told to finish after the owner has.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use model::ids::StoreId;
use model::time::{Millis, Timestamp};
use runtime::clock::Clock;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::config::Replay;
use crate::live::Live;
use crate::store::{Chunk, Store};

/// How often a frame is taken.
pub const FRAME_EVERY: Duration = Duration::from_secs(2);
/// Frames between two writings.
const FRAMES_PER_WRITE: u32 = 10;
/// A chunk is closed when it is as long as this.
const CHUNK_MAX: Millis = Millis::seconds(58);

/// What the recorder is made with.
pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) live: Live,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) replay: Replay,
}

/// The running recorder.
#[derive(Debug)]
pub(crate) struct Recorder {
    task: JoinHandle<()>,
    finish: CancellationToken,
}

impl Recorder {
    /// Starts it.
    pub(crate) fn start(parts: Parts) -> Self {
        let finish = CancellationToken::new();
        let desk = Desk { parts, chunks: BTreeMap::new() };
        let task = tokio::spawn(desk.run(finish.clone()));
        Self { task, finish }
    }

    /// Writes what is left, and ends.
    pub(crate) async fn finish(self) {
        self.finish.cancel();
        // A task that panicked has said so in the log.
        let _ = self.task.await;
    }
}

struct Desk {
    parts: Parts,
    /// The chunk of each store that still grows.
    chunks: BTreeMap<StoreId, Chunk>,
}

impl Desk {
    async fn run(mut self, finish: CancellationToken) {
        let mut every = tokio::time::interval(FRAME_EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Skip);
        for frames in 1_u32.. {
            tokio::select! {
                () = finish.cancelled() => {
                    self.shoot().await;
                    return self.write().await;
                }
                _ = every.tick() => {}
            }
            self.shoot().await;
            if frames % FRAMES_PER_WRITE == 0 {
                self.write().await;
            }
        }
    }

    /// Takes a frame of every store.
    async fn shoot(&mut self) {
        if self.parts.replay.hours == 0 {
            return;
        }
        for (store, one) in self.parts.live.frames(self.parts.clock.now()) {
            let full = match self.chunks.get_mut(&store) {
                Some(chunk) if continues(chunk, &one) => {
                    chunk.frames.extend(one.frames);
                    None
                }
                Some(_) | None => self.chunks.insert(store.clone(), one),
            };
            if let Some(chunk) = full {
                self.keep(&store, &chunk).await;
            }
        }
    }

    async fn write(&mut self) {
        let now = self.parts.clock.now();
        for (store, hours) in self.parts.live.take_heat(now) {
            if let Err(cause) = self.parts.store.add_heat(&store, &hours).await {
                tracing::warn!(%cause, "could not write the heat map; trying again later");
                self.parts.live.put_back_heat(&store, hours);
            }
        }
        for (store, chunk) in &self.chunks {
            self.keep(store, chunk).await;
        }
        self.trim(now).await;
    }

    async fn keep(&self, store: &StoreId, chunk: &Chunk) {
        if let Err(cause) = self.parts.store.put_frames(store, chunk).await {
            metrics::counter!("replay_write_failures_total").increment(1);
            tracing::warn!(%cause, "could not write frames of the replay");
        }
    }

    async fn trim(&self, now: Timestamp) {
        let Replay { hours, megabytes } = self.parts.replay;
        let (before, bytes_max) = (now - Millis::hours(hours.into()), i64::from(megabytes) << 20);
        for plan in self.parts.live.plans() {
            if let Err(cause) = self.parts.store.trim_frames(&plan.store.id, before, bytes_max).await {
                tracing::warn!(%cause, "could not delete old frames of the replay");
            }
        }
    }
}

/// Whether the new frame belongs to the same chunk: soon after the others, and of the same plan.
fn continues(chunk: &Chunk, one: &Chunk) -> bool {
    let (Some(first), Some(last)) = (chunk.frames.first(), chunk.frames.last()) else { return false };
    let at = one.frames.first().map_or(last.at, |frame| frame.at);
    let in_order = at > last.at && at.since(first.at) <= CHUNK_MAX;
    in_order && chunk.floors == one.floors && chunk.zones == one.zones
}

#[cfg(test)]
mod tests;
