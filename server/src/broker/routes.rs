//! Who listens to what: rmqtt's own table, changed by one at a time.
//!
//! Taking out the last listener of a topic and the topic with it are two steps there. Who begins to listen between them, a box
//! that comes back while its old session is cleared away, would be taken out as well, and hear nothing from then on.

use async_trait::async_trait;
use rmqtt::Result;
use rmqtt::context::ServerContext;
use rmqtt::router::{DefaultRouter, Router};
use rmqtt::types::{
    AllRelationsMap, HashMap, Id, NodeId, Route, SubRelationsMap, SubsSearchParams, SubsSearchResult,
    SubscriptionOptions, TopicName,
};
use rmqtt::utils::Counter;
use tokio::sync::Mutex;

/// rmqtt's table behind a lock for changes; who only looks waits for nobody.
pub(super) struct Routes {
    table: DefaultRouter,
    changes: Mutex<()>,
}

impl Routes {
    pub(super) fn new(context: ServerContext) -> Self {
        Self { table: DefaultRouter::new(Some(context)), changes: Mutex::new(()) }
    }
}

#[async_trait]
impl Router for Routes {
    async fn add(&self, topic_filter: &str, id: Id, opts: SubscriptionOptions) -> Result<()> {
        let _alone = self.changes.lock().await;
        self.table.add(topic_filter, id, opts).await
    }

    async fn remove(&self, topic_filter: &str, id: Id) -> Result<bool> {
        let _alone = self.changes.lock().await;
        self.table.remove(topic_filter, id).await
    }

    async fn matches(&self, id: Id, topic: &TopicName) -> Result<SubRelationsMap> {
        self.table.matches(id, topic).await
    }

    async fn is_online(&self, node_id: NodeId, client_id: &str) -> bool {
        self.table.is_online(node_id, client_id).await
    }

    async fn gets(&self, limit: usize) -> Vec<Route> {
        self.table.gets(limit).await
    }

    async fn get(&self, topic: &str) -> Result<Vec<Route>> {
        self.table.get(topic).await
    }

    async fn query_subscriptions(&self, q: &SubsSearchParams) -> Vec<SubsSearchResult> {
        self.table.query_subscriptions(q).await
    }

    async fn topics_tree(&self) -> usize {
        self.table.topics_tree().await
    }

    fn topics(&self) -> Counter {
        self.table.topics()
    }

    fn routes(&self) -> Counter {
        self.table.routes()
    }

    fn merge_topics(&self, topics_map: &HashMap<NodeId, Counter>) -> Counter {
        self.table.merge_topics(topics_map)
    }

    fn merge_routes(&self, routes_map: &HashMap<NodeId, Counter>) -> Counter {
        self.table.merge_routes(routes_map)
    }

    async fn list_topics(&self, top: usize) -> Vec<String> {
        self.table.list_topics(top).await
    }

    async fn list_relations(&self, top: usize) -> Vec<serde_json::Value> {
        self.table.list_relations(top).await
    }

    fn relations(&self) -> &AllRelationsMap {
        self.table.relations()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_listens_while_the_last_one_is_taken_out_is_heard_of() {
        let context = ServerContext::new().build().await;
        let routes = Arc::new(Routes::new(context));
        let topic = "gw/shop-1/ack";
        for round in 0..20_000 {
            let (old, new) = (Id::from(1, format!("old-{round}").into()), Id::from(1, format!("new-{round}").into()));
            routes.add(topic, old.clone(), SubscriptionOptions::default()).await.expect("added");
            let (adding, taking) = (Arc::clone(&routes), Arc::clone(&routes));
            let fresh = new.clone();
            let added = tokio::spawn(async move { adding.add(topic, fresh, SubscriptionOptions::default()).await });
            let taken = tokio::spawn(async move { taking.remove(topic, old).await });
            added.await.expect("no panic").expect("added");
            taken.await.expect("no panic").expect("taken out");
            let found = routes.get(topic).await.expect("looked");
            assert_eq!((found.len(), routes.topics_tree().await), (1, 1), "round {round}");
            routes.remove(topic, new).await.expect("taken out");
        }
    }
}
