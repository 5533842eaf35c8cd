//! Retained messages in memory. Births and states are said again at every connection, so nothing is lost by a restart.

use std::time::Duration;

use async_trait::async_trait;
use rmqtt::Result;
use rmqtt::retain::{DefaultRetainStorage, RetainStorage};
use rmqtt::types::{Retain, TopicFilter, TopicName};

/// Most topics with a retained message; a new one beyond that is not kept.
const TOPICS_MAX: isize = 10_000;

/// What `rmqtt` leaves to a plugin, over its own tree.
#[derive(Default)]
pub(super) struct Retained(DefaultRetainStorage);

#[async_trait]
impl RetainStorage for Retained {
    fn enable(&self) -> bool {
        true
    }

    fn need_sync(&self) -> bool {
        false
    }

    /// Kept until it is replaced or taken back, or for as long as the message itself says. The broker's own `_expiry`, five minutes,
    /// would take from every box that comes later its settings and the list of those who objected.
    async fn set(&self, topic: &TopicName, retain: Retain, _expiry: Option<Duration>) -> Result<()> {
        let is_full = self.0.count().await >= TOPICS_MAX;
        if is_full && !retain.publish.payload.is_empty() && self.get(topic).await?.is_empty() {
            metrics::counter!("broker_dropped_total", "reason" => "retained-full").increment(1);
            return Ok(());
        }
        let asked = retain.publish.properties.as_ref().and_then(|all| all.message_expiry_interval);
        self.0.set_with_timeout(topic, retain, asked.map(|seconds| Duration::from_secs(seconds.get().into()))).await
    }

    async fn get(&self, filter: &TopicFilter) -> Result<Vec<(TopicName, Retain)>> {
        self.0.get_message(filter).await
    }

    async fn count(&self) -> isize {
        self.0.count().await
    }

    async fn max(&self) -> isize {
        self.0.max().await
    }
}

#[cfg(test)]
mod tests {
    use rmqtt::types::{CodecPublish, From, Id, Publish, QoS};

    use super::*;

    #[tokio::test]
    async fn what_is_kept_outlives_the_brokers_own_term() {
        let (kept, topic) = (Retained::default(), TopicName::from("store/corner/objections"));
        let inner = CodecPublish {
            dup: false,
            retain: true,
            qos: QoS::AtLeastOnce,
            topic: topic.clone(),
            packet_id: None,
            payload: "list".into(),
            properties: None,
        };
        let publish =
            Publish { inner: Box::new(inner), target_clientid: None, delay_interval: None, create_time: None };
        let from = From::from_custom(Id::from(1, "server".into()));
        let retain = Retain { msg_id: None, from, publish };
        kept.set(&topic, retain, Some(Duration::from_nanos(1))).await.expect("kept");
        tokio::time::sleep(Duration::from_millis(2)).await;
        assert_eq!(kept.get(&topic).await.expect("looked").len(), 1);
    }
}
