//! A Minew gateway: collects what it hears and uploads it in one list, with times to the second.

use model::ids::ReceiverId;
use model::time::{Millis, Timestamp};
use wire::vendor::{Heard, minew};

use super::Output;
use crate::scenario::DeviceFigures;

/// Most frames in one upload; later ones of the same interval are lost.
const FRAMES_MAX: usize = 200;

/// One gateway.
#[derive(Debug)]
pub(super) struct Gateway {
    pub(super) receiver: ReceiverId,
    interval: Millis,
    next_at: Timestamp,
    frames: Vec<Heard>,
}

impl Gateway {
    #[expect(clippy::cast_possible_truncation, reason = "a few seconds")]
    pub(super) fn new(receiver: ReceiverId, settings: &DeviceFigures, start: Timestamp) -> Self {
        let interval = Millis((settings.minew_upload_s * 1_000.0) as i64);
        Self { receiver, interval, next_at: start, frames: Vec::new() }
    }

    pub(super) fn hear(&mut self, heard: Heard) {
        if self.frames.len() < FRAMES_MAX {
            self.frames.push(heard);
        }
    }

    pub(super) fn tick(&mut self, now: Timestamp) -> Option<Output> {
        if now < self.next_at {
            return None;
        }
        self.next_at = now + self.interval;
        let frames = std::mem::take(&mut self.frames);
        let message = minew::encode(&self.receiver, now, &frames);
        Some(Output::Publish { device: self.receiver.to_string(), message, retain: false })
    }
}
