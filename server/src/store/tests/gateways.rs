//! Edge boxes: settings have versions that are never given twice, and who was let in, invited or thrown out is known.

use serde_json::{Value, json};
use wire::settings::{Scope, Settings};

use super::*;
use crate::fleet::authority::Issued;
use crate::store::fleet::TokenRefused;

fn id(name: &str) -> GatewayId {
    GatewayId::new(name).expect("an id")
}

fn settings(value: Value) -> Settings {
    let Value::Object(map) = value else { panic!("an object") };
    map
}

fn issued(serial: &str, until: Timestamp) -> Issued {
    Issued { certificate: "PEM".into(), serial: serial.into(), expires_at: until }
}

/// Settings take one version after another, whoever they are for; gateways come, ask, go, and come back.
pub(super) async fn settings_have_versions_and_gateways_are_known(store: &Store) {
    let one = Scope::Gateway(id("gw-x"));
    let quiet = settings(json!({"log": {"filter": "warn"}}));
    let put = async |scope: &Scope, settings: &Settings, may_lose| {
        store.put_gateway_settings(scope, settings, may_lose, "test", NOW).await.expect("set")
    };
    assert_eq!(store.gateway_settings_version().await.expect("read"), 0);
    assert_eq!(put(&Scope::Fleet, &quiet, false).await, 1);
    assert_eq!(put(&one, &quiet, true).await, 2);
    assert_eq!(put(&Scope::Fleet, &Settings::new(), false).await, 3);
    assert_eq!(put(&Scope::Fleet, &quiet, false).await, 4);
    assert_eq!(store.gateway_settings_version().await.expect("read"), 4);
    let all = store.gateway_settings().await.expect("read");
    assert_eq!(all.keys().collect::<Vec<_>>(), [&Scope::Fleet, &one]);
    assert_eq!((all[&one].version, all[&one].may_lose_receivers, &all[&one].settings), (2, true, &quiet));

    let until = NOW + Millis::hours(24 * 90);
    store.put_gateway_token(&[7; 32], &id("gw-x"), NOW + Millis::hours(1)).await.expect("a token");
    let known = async || store.known_gateways().await.expect("read").get(&id("gw-x")).copied();
    assert_eq!(known().await.expect("invited").certificate, None);
    assert_eq!(store.use_gateway_token(&[7; 32], &id("gw-x"), &issued("aa", until), NOW).await.expect("used"), None);
    assert_eq!(known().await.expect("let in").certificate, Some((NOW, until)));
    assert_eq!(store.certificates_since(&id("gw-x"), NOW - Millis(1)).await.expect("counted"), 1);
    assert_eq!(store.certificates_since(&id("gw-x"), NOW).await.expect("counted"), 0);
    let counting = async || store.counting_certificates().await.expect("read").contains("aa");
    assert!(counting().await);
    assert_eq!(store.revoke_gateway(&id("gw-x"), NOW).await.expect("thrown out"), 1);
    assert!(!counting().await);
    assert_eq!(store.revoke_gateway(&id("gw-y"), NOW).await.expect("nobody"), 0);
    assert_eq!(known().await.expect("known").revoked_at, Some(NOW));
    assert!(!store.known_gateways().await.expect("read").contains_key(&id("gw-y")));
    store.put_gateway_token(&[8; 32], &id("gw-x"), NOW + Millis::hours(1)).await.expect("a token");
    assert_eq!(known().await.expect("invited again").revoked_at, Some(NOW));
    assert_eq!(store.use_gateway_token(&[8; 32], &id("gw-x"), &issued("bb", until), NOW).await.expect("used"), None);
    assert_eq!(known().await.expect("in again").revoked_at, None);

    store.put_gateway_token(&[9; 32], &id("gw-x"), NOW).await.expect("a token");
    let retention = Retention { visits: FAR, message_ids: FAR, deliveries: FAR, heat: FAR };
    store.purge(retention, NOW + Millis::hours(24 * 6)).await.expect("purged");
    let late =
        async |at| store.use_gateway_token(&[9; 32], &id("gw-x"), &issued("cc", until), at).await.expect("asked");
    let at = NOW + Millis::hours(24 * 8);
    assert_eq!(late(at).await.map(TokenRefused::code), Some("token-expired"), "for a week who is late is told so");
    store.purge(retention, at).await.expect("purged");
    assert_eq!(late(at).await.map(TokenRefused::code), Some("token-unknown"));
}

const FAR: Millis = Millis::hours(24 * 3_650);
