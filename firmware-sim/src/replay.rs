//! Plays a recording of real receivers as ESPresense messages, at its own pace, and asks the server where it believes the tag to be.

mod answers;
mod plan;
mod recording;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use model::units::Dbm;
use runtime::clock::{Clock, SystemClock};
use runtime::mqtt::{Client, Qos};
use tokio_util::sync::CancellationToken;
use wire::ble::address::{Address, AddressKind};
use wire::ble::frame::Frame;
use wire::ble::ibeacon::IBeacon;
use wire::vendor::{Heard, espresense};

pub use answers::Server;
pub use plan::write_shop;
use recording::{Recording, Track};

use crate::fleet::{self, Broker};

/// The UUID of the tags in a recording's shop.
pub const TAG_UUID: [u8; 16] = *b"attimo-replay-01";
/// The power at 1 m that the tags say, in dBm.
const POWER: i8 = -59;

/// What to play, where to, and how.
#[derive(Debug, Clone)]
pub struct Replay {
    /// The folder with `rssi.csv`.
    pub folder: PathBuf,
    /// Where the messages go.
    pub broker: Broker,
    /// How many times faster than it was recorded.
    pub speed: f64,
    /// Whom to ask for positions.
    pub server: Option<Server>,
    /// Where the answers go.
    pub out: Option<PathBuf>,
    /// Whether to draw a progress bar.
    pub progress: bool,
}

/// How it went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Played {
    /// Tracks.
    pub tracks: usize,
    /// Messages.
    pub messages: usize,
    /// Queries asked.
    pub queries: usize,
    /// Queries to which the server knew a position.
    pub answered: usize,
}

impl Replay {
    /// Plays the whole recording.
    ///
    /// # Errors
    /// When a file can't be read, or broker or server do not answer.
    pub async fn run(self, stop: &CancellationToken) -> anyhow::Result<Played> {
        if !self.speed.is_finite() || self.speed <= 0.0 {
            bail!("--speed {} is not above 0; 1 is the recording's own pace", self.speed);
        }
        let recording = Recording::read(&self.folder)?;
        let client = fleet::connect(&self.broker, "sim-replay", None).await?;
        say_online(&client, &recording).await?;
        let bar = self.bar(&recording);
        let mut played = Played::default();
        let mut rows = vec![answers::HEADER.to_owned()];
        for (number, track) in recording.tracks.iter().enumerate() {
            bar.set_message(track.name.clone());
            self.play(&client, &recording, number, track, (&bar, &mut played, &mut rows), stop).await?;
            played.tracks += 1;
        }
        bar.finish_and_clear();
        client.disconnect().await;
        if let Some(out) = &self.out {
            std::fs::write(out, rows.join("\n") + "\n").with_context(|| format!("write {}", out.display()))?;
        }
        Ok(played)
    }

    /// One track: rows are sent and queries asked in the order of time, each at its own moment.
    async fn play(
        &self,
        client: &Client,
        recording: &Recording,
        number: usize,
        track: &Track,
        (bar, played, rows): (&ProgressBar, &mut Played, &mut Vec<String>),
        stop: &CancellationToken,
    ) -> anyhow::Result<()> {
        let clock: Arc<SystemClock> = Arc::default();
        let (mut row, mut query) = (0, 0);
        loop {
            let next_row = track.rows.get(row);
            let next_query = track.queries.get(query).filter(|_| self.server.is_some());
            // At the same moment the row goes first: an answer may use every row up to its own time.
            let is_row = match (next_row, next_query) {
                (Some(row), Some(query)) => row.t <= query.t,
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (None, None) => return Ok(()),
            };
            let t = if is_row { track.rows[row].t } else { track.queries[query].t };
            wait_until(&*clock, t / self.speed, stop).await?;
            bar.set_position(milliseconds(track.offset + t));
            if is_row {
                let receiver = &recording.receivers[track.rows[row].receiver].id;
                publish(client, receiver, number, track.rows[row].rssi).await?;
                played.messages += 1;
                row += 1;
            } else if let Some(server) = &self.server {
                let answer = server.ask(&plan::tag_name(number)).await?;
                played.queries += 1;
                played.answered += usize::from(answer.is_some());
                rows.push(answers::line(&track.queries[query].sample, answer.as_ref()));
                query += 1;
            }
        }
    }

    fn bar(&self, recording: &Recording) -> ProgressBar {
        if !self.progress {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{msg} [{bar:40}] {percent} % {elapsed} / {duration}");
        ProgressBar::new(milliseconds(recording.seconds()))
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
    }
}

async fn wait_until(clock: &dyn Clock, seconds: f64, stop: &CancellationToken) -> anyhow::Result<()> {
    let ahead = seconds - clock.monotonic().as_seconds();
    if ahead > 0.0 {
        tokio::select! {
            () = stop.cancelled() => bail!("stopped"),
            () = tokio::time::sleep(Duration::from_secs_f64(ahead)) => {}
        }
    }
    Ok(())
}

async fn say_online(client: &Client, recording: &Recording) -> anyhow::Result<()> {
    for receiver in &recording.receivers {
        let status = espresense::encode_status(&receiver.id, true);
        client.publish(&status.topic, status.payload, Qos::AtLeastOnce, true).await.context("publish a status")?;
    }
    Ok(())
}

async fn publish(client: &Client, receiver: &model::ids::ReceiverId, tag: usize, rssi: f64) -> anyhow::Result<()> {
    let minor = plan::tag_minor(tag);
    let [high, low] = minor.to_be_bytes();
    let heard = Heard {
        receiver: receiver.clone(),
        address: Some(Address { bytes: [0xd0, 0, 0, 0, high, low], kind: AddressKind::Public }),
        frames: Some(Frame::IBeacon(IBeacon { uuid: TAG_UUID, major: 1, minor, power: POWER })).into(),
        rssi: dbm(rssi),
        variance: None,
        power_at_1m: Some(POWER),
        at: None,
    };
    let message = espresense::encode(&heard, 500).context("ESPresense says nothing of this frame")?;
    client.publish(&message.topic, message.payload, Qos::AtMostOnce, false).await.context("publish a message")
}

#[expect(clippy::cast_possible_truncation, reason = "decibels need no more than 24 bits")]
const fn dbm(rssi: f64) -> Dbm {
    Dbm(rssi as f32)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a recording lasts hours at most")]
fn milliseconds(seconds: f64) -> u64 {
    (seconds.max(0.0) * 1_000.0) as u64
}
