//! This box's own radio, behind a port: whatever the source, what comes out is one raw advertisement at a time.

pub mod bluez;
pub mod btleplug;
pub mod join;
pub mod port;
pub mod state;
pub mod structures;
pub mod waiting;

use std::sync::Arc;

use runtime::clock::Clock;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::{Radio, RadioSource};

/// Starts the source that is configured; gives what it hears, or nothing when there is no radio.
pub fn start(
    radio: &Radio,
    clock: Arc<dyn Clock>,
    state: watch::Sender<state::State>,
    stop: &CancellationToken,
    tasks: &mut JoinSet<anyhow::Result<()>>,
) -> Option<port::Queue> {
    let (sink, queue) = port::channel();
    let (names, stop) = (radio.adapter_names(), stop.clone());
    match radio.source {
        RadioSource::Off => return None,
        RadioSource::Bluez => {
            let options =
                bluez::Options { bus: None, adapters: names, power_on: radio.power_on, silence: radio.silence() };
            let source = bluez::Source::new(options, sink, clock, state);
            tasks.spawn(async move {
                source.run(stop).await;
                Ok(())
            });
        }
        RadioSource::Btleplug => {
            let source = btleplug::Source::new(names.into_iter().next(), radio.silence(), sink, clock, state);
            tasks.spawn(async move {
                source.run(stop).await;
                Ok(())
            });
        }
    }
    Some(queue)
}
