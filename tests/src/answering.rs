//! A server that keeps nothing and acknowledges everything, for what measures the box alone. To the box it is a server as
//! any: it tells the list of those who objected, which a box waits for before it sends, and it answers every batch.

use std::time::Instant;

use model::ids::BootId;
use runtime::mqtt::{self, Client, Event, Options, Qos};
use tokio::sync::mpsc;
use wire::objections::Objections;
use wire::uplink::{self, Ack};

/// The store of a box that stands [alone](crate::alone).
pub const STORE: &str = "corner";

/// Starts one at a broker. It tells when it first answered each run of a box.
///
/// # Errors
/// When the broker is not to be had.
pub async fn start(url: &str) -> anyhow::Result<(Client, mpsc::UnboundedReceiver<(BootId, Instant)>)> {
    let (client, mut events) = mqtt::connect(&Options::new(url, "server"))?;
    client.subscribe(&[("gw/+/up", Qos::AtLeastOnce)]).await?;
    while !matches!(events.next().await, Some(Event::Connected { .. }) | None) {}
    let nobody = Objections::new(1, [0; 16], []).encode();
    client.publish(&wire::topics::objections(STORE), nobody, Qos::AtLeastOnce, true).await?;
    let (first, answered) = mpsc::unbounded_channel();
    let answers = client.clone();
    tokio::spawn(async move {
        let mut known = None;
        while let Some(event) = events.next().await {
            let Event::Message { payload, .. } = event else { continue };
            let Ok(batch) = uplink::decode(&payload) else { continue };
            let ack =
                Ack { spool: batch.spool, through: batch.seq, beyond: None, offset: None, packs: false, refused: None };
            let topic = wire::topics::gateway_ack(batch.gateway.as_str());
            let _ = answers.try_publish(&topic, uplink::encode_ack(ack), Qos::AtLeastOnce, false);
            if known.replace(batch.boot) != Some(batch.boot) {
                let _ = first.send((batch.boot, Instant::now()));
            }
        }
    });
    Ok((client, answered))
}
