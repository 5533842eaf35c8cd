//! What each gateway is to have: the settings of fleet, store and gateway merged, and told to each as one retained document.
//!
//! The server merges, so that a box needs to know nothing of others. Only the server may publish there, and a box hears it over
//! the line on which both ends have proved themselves.

use std::collections::BTreeMap;

use model::ids::{GatewayId, StoreId};
use wire::settings::{self, Desired, Scope};
use wire::topics;

use crate::live::Live;
use crate::store::{self, SettingsRow, Store};

/// All that is set, by scope.
pub(crate) type All = BTreeMap<Scope, SettingsRow>;

/// What one gateway is to have; none when nothing is set for it.
pub(crate) fn merged(all: &All, gateway: &GatewayId, store: Option<&StoreId>) -> Option<Desired> {
    let scopes = [Some(Scope::Fleet), store.cloned().map(Scope::Store), Some(Scope::Gateway(gateway.clone()))]
        .into_iter()
        .flatten();
    let mut desired = Desired::default();
    for row in scopes.filter_map(|scope| all.get(&scope)) {
        settings::lay_over(&mut desired.settings, &row.settings);
        if row.version > desired.version {
            (desired.version, desired.may_lose_receivers) = (row.version, row.may_lose_receivers);
        }
    }
    (desired.version > 0).then_some(desired)
}

/// Knows what was told to whom.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    version: Option<u64>,
    stores: BTreeMap<GatewayId, Option<StoreId>>,
    told: BTreeMap<GatewayId, Desired>,
}

impl Desk {
    /// A broker that was away may have forgotten everything.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    /// What is to be told now: topics and documents.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn due(&mut self, store: &Store, live: &Live) -> store::Result<Vec<(String, Vec<u8>)>> {
        let version = store.gateway_settings_version().await?;
        let stores = live.gateway_stores();
        if version == 0 || (self.version == Some(version) && self.stores == stores) {
            return Ok(Vec::new());
        }
        let all = store.gateway_settings().await?;
        let mut due = Vec::new();
        // Only boxes that said which store is theirs: without it they would be told half, and begin anew for nothing.
        for (gateway, of) in &stores {
            let desired = merged(&all, gateway, of.as_ref());
            // A box that left a store for which something was set goes by its own file again.
            let desired =
                desired.or_else(|| self.told.contains_key(gateway).then(|| Desired { version, ..Desired::default() }));
            let Some(desired) = desired.filter(|desired| self.told.get(gateway) != Some(desired)) else { continue };
            due.push((topics::gateway_desired(gateway.as_str()), settings::encode(&desired)));
            self.told.insert(gateway.clone(), desired);
        }
        (self.version, self.stores) = (Some(version), stores);
        Ok(due)
    }
}

#[cfg(test)]
mod tests {
    use model::time::Timestamp;
    use serde_json::{Value, json};

    use super::*;

    fn row(scope: &str, version: u64, settings: Value) -> (Scope, SettingsRow) {
        let scope: Scope = scope.parse().expect("a scope");
        let Value::Object(settings) = settings else { panic!("an object") };
        let (by, at) = ("test".into(), Timestamp(1));
        (scope.clone(), SettingsRow { scope, version, settings, may_lose_receivers: version == 3, by, at })
    }

    #[test]
    fn the_narrower_scope_wins_and_a_change_anywhere_is_a_new_version() {
        let all: All = [
            row("fleet", 3, json!({"log": {"filter": "info"}, "uplink": {"backlog_per_s": 100}})),
            row("store:milano", 1, json!({"uplink": {"backlog_per_s": 200}})),
            row("gateway:gw-1", 2, json!({"log": {"filter": "debug"}})),
        ]
        .into();
        let gateway = |id: &str| GatewayId::new(id).expect("an id");
        let milano = StoreId::new("milano").expect("an id");
        let one = merged(&all, &gateway("gw-1"), Some(&milano)).expect("something");
        assert_eq!(Value::Object(one.settings), json!({"log": {"filter": "debug"}, "uplink": {"backlog_per_s": 200}}));
        assert_eq!((one.version, one.may_lose_receivers), (3, true));
        let other = merged(&all, &gateway("gw-2"), None).expect("something");
        assert_eq!(Value::Object(other.settings), json!({"log": {"filter": "info"}, "uplink": {"backlog_per_s": 100}}));
        assert_eq!(merged(&All::new(), &gateway("gw-1"), Some(&milano)), None);
    }
}
