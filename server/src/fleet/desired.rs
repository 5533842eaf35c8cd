//! What each gateway is to have: the settings of fleet, store and gateway merged, and told to each as one retained document.
//!
//! The server merges, so that a box needs to know nothing of others. Only the server may publish there, and a box hears it over
//! the line on which both ends have proved themselves.

use std::collections::BTreeMap;

use model::ids::{GatewayId, StoreId};
use model::time::Timestamp;
use wire::settings::{self, DOCUMENT_LEN_MAX, Desired, Refused, Scope, Settings};
use wire::topics;

use crate::live::Live;
use crate::store::{self, SettingsRow, Store};

/// All that is set, by scope.
pub(crate) type All = BTreeMap<Scope, SettingsRow>;

/// What one gateway is to have; none when nothing is set for it. Receivers may fall silent where that was said of anything that
/// is newer than what is in force there: it may not have come to the box yet.
pub(crate) fn merged(
    all: &All,
    gateway: &GatewayId,
    store: Option<&StoreId>,
    in_force: Option<u64>,
) -> Option<Desired> {
    let scopes = [Some(Scope::Fleet), store.cloned().map(Scope::Store), Some(Scope::Gateway(gateway.clone()))]
        .into_iter()
        .flatten();
    let mut desired = Desired::default();
    for row in scopes.filter_map(|scope| all.get(&scope)) {
        settings::lay_over(&mut desired.settings, &row.settings);
        desired.version = desired.version.max(row.version);
        desired.may_lose_receivers |= row.may_lose_receivers && in_force.is_none_or(|known| row.version > known);
    }
    (desired.version > 0).then_some(desired)
}

/// Why a scope has not got its document.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotSet {
    /// It can't be.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Sets a scope's whole document, once it was checked; answers its version.
///
/// # Errors
/// [`NotSet`].
pub(crate) async fn set(
    store: &Store,
    scope: &Scope,
    settings: &Settings,
    may_lose_receivers: bool,
    by: &str,
    now: Timestamp,
) -> Result<u64, NotSet> {
    settings::check(settings)?;
    check_len(&store.gateway_settings().await?, scope, settings)?;
    Ok(store.put_gateway_settings(scope, settings, may_lose_receivers, by, now).await?)
}

/// Whether a scope's new document, merged with those that are set, can be read by every gateway that may come to have it.
///
/// # Errors
/// [`Refused`] names the longest length.
fn check_len(all: &All, scope: &Scope, settings: &Settings) -> Result<(), Refused> {
    let nothing = Settings::new();
    let (mut fleet, mut stores, mut gateways) = (&nothing, vec![&nothing], vec![&nothing]);
    let others = all.values().filter(|row| row.scope != *scope).map(|row| (&row.scope, &row.settings));
    for (scope, settings) in others {
        match scope {
            Scope::Fleet => fleet = settings,
            Scope::Store(_) => stores.push(settings),
            Scope::Gateway(_) => gateways.push(settings),
        }
    }
    match scope {
        Scope::Fleet => fleet = settings,
        Scope::Store(_) => stores = vec![settings],
        Scope::Gateway(_) => gateways = vec![settings],
    }
    let len = |settings: Settings| {
        settings::encode(&Desired { version: u64::MAX, settings, may_lose_receivers: false }).len()
    };
    let len_of = |all: Vec<&Settings>| -> Vec<(usize, Settings)> {
        all.into_iter().map(|settings| (len(settings.clone()), settings.clone())).collect()
    };
    let fleet_len = len(fleet.clone());
    let (stores, gateways) = (len_of(stores), len_of(gateways));
    for (store_len, store) in &stores {
        for (gateway_len, gateway) in &gateways {
            // Together they are never longer than one after the other.
            if fleet_len + store_len + gateway_len <= DOCUMENT_LEN_MAX {
                continue;
            }
            let mut merged = fleet.clone();
            settings::lay_over(&mut merged, store);
            settings::lay_over(&mut merged, gateway);
            let len = len(merged);
            if len > DOCUMENT_LEN_MAX {
                return Err(Refused {
                    field: "settings".into(),
                    problem: format!(
                        "merged of fleet, store and gateway they have {len} bytes, a gateway reads at most {DOCUMENT_LEN_MAX}"
                    ),
                    fix: "set less, or write what is for one box alone into its gateway.toml".into(),
                });
            }
        }
    }
    Ok(())
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
        let in_force = live.gateways_in_force();
        let mut due = Vec::new();
        // Only boxes that said which store is theirs: without it they would be told half, and begin anew for nothing.
        for (gateway, of) in &stores {
            let desired = merged(&all, gateway, of.as_ref(), in_force.get(gateway).copied());
            // A box that left a store for which something was set goes by its own file again.
            let desired =
                desired.or_else(|| self.told.contains_key(gateway).then(|| Desired { version, ..Desired::default() }));
            let is_told = |desired: &Desired| {
                let told = self.told.get(gateway);
                told.is_some_and(|told| (told.version, &told.settings) == (desired.version, &desired.settings))
            };
            let Some(desired) = desired.filter(|desired| !is_told(desired)) else { continue };
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
        let one = merged(&all, &gateway("gw-1"), Some(&milano), None).expect("something");
        assert_eq!(Value::Object(one.settings), json!({"log": {"filter": "debug"}, "uplink": {"backlog_per_s": 200}}));
        assert_eq!((one.version, one.may_lose_receivers), (3, true));
        let other = merged(&all, &gateway("gw-2"), None, None).expect("something");
        assert_eq!(Value::Object(other.settings), json!({"log": {"filter": "info"}, "uplink": {"backlog_per_s": 100}}));
        assert_eq!(merged(&All::new(), &gateway("gw-1"), Some(&milano), None), None);
    }

    #[test]
    fn receivers_may_be_lost_where_that_was_said_of_anything_that_is_not_in_force_yet() {
        let all: All = [
            row("fleet", 2, json!({"log": {"filter": "info"}})),
            row("store:milano", 3, json!({"receivers": {"minew": []}})),
            row("gateway:gw-1", 4, json!({"log": {"filter": "debug"}})),
        ]
        .into();
        let milano = StoreId::new("milano").expect("an id");
        let may_lose = |in_force| {
            let gateway = GatewayId::new("gw-1").expect("an id");
            merged(&all, &gateway, Some(&milano), in_force).expect("something").may_lose_receivers
        };
        assert!(may_lose(None) && may_lose(Some(2)), "the box was away while version 3 was set");
        assert!(!may_lose(Some(3)) && !may_lose(Some(4)), "what was said once does not hold for all time");
    }

    #[test]
    fn what_is_merged_longer_than_a_box_reads_is_refused() {
        let long = |maker: &str, count: usize| {
            let filters: Vec<String> = (0..count).map(|n| format!("{n:0>250}")).collect();
            json!({"receivers": {maker: filters}})
        };
        let settings = |value: Value| if let Value::Object(value) = value { value } else { panic!("an object") };
        let all: All = [row("fleet", 1, long("minew", 60)), row("store:milano", 2, long("ruuvi", 60))].into();
        let check = |scope: &str, value: Value| {
            check_len(&all, &scope.parse().expect("a scope"), &settings(value)).map_err(|refused| refused.to_string())
        };
        assert_eq!(check("gateway:gw-1", json!({"log": {"filter": "debug"}})), Ok(()));
        let refused = check("gateway:gw-1", long("moko", 20)).expect_err("too long");
        assert!(refused.starts_with("settings: ") && refused.contains("at most 32768"), "{refused}");
        assert_eq!(check("gateway:gw-1", long("minew", 1)), Ok(()), "what it takes the place of does not count");
        assert_eq!(check("store:milano", long("ruuvi", 62)), Ok(()), "nor does what was set before");
        assert!(check("store:roma", long("moko", 70)).is_err() && check("fleet", long("moko", 70)).is_err());
    }
}
