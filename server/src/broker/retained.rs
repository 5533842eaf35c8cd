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

    async fn set(&self, topic: &TopicName, retain: Retain, expiry: Option<Duration>) -> Result<()> {
        let is_full = self.0.count().await >= TOPICS_MAX;
        if is_full && !retain.publish.payload.is_empty() && self.get(topic).await?.is_empty() {
            metrics::counter!("broker_dropped_total", "reason" => "retained-full").increment(1);
            return Ok(());
        }
        self.0.set_with_timeout(topic, retain, expiry).await
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
