//! A quiet line: nobody says anything, and the client shows that it still turns.

use std::time::Duration;

use runtime::mqtt::{self, Options};

use crate::harness::{Broker, PATIENCE, mosquitto_is_missing};

/// How often it is looked.
const LOOK: Duration = Duration::from_millis(100);

#[tokio::test(flavor = "multi_thread")]
async fn a_client_turns_on_a_quiet_line_and_while_its_broker_is_away() {
    if mosquitto_is_missing() {
        return;
    }
    let mut broker = Broker::start().await;
    let mut options = Options::new(&broker.url(), "quiet");
    options.keep_alive_s = 5;
    let (client, mut events) = mqtt::connect(&options).expect("a client");
    events.next().await.expect("it connects");
    let begun = events.turns();
    let turned = async |more: u64| {
        let waited = tokio::time::timeout(PATIENCE, async {
            while events.turns() < begun + more {
                tokio::time::sleep(LOOK).await;
            }
        });
        assert!(waited.await.is_ok(), "{} turns since it was connected", events.turns() - begun);
    };
    // A ping and its answer.
    turned(2).await;
    broker.kill().await;
    turned(6).await;
    client.disconnect().await;
}
