use model::ids::StoreId;
use serde_json::{Value, json};
use wire::settings::{Reported, Scope};

use super::*;
use crate::store::SettingsRow;

const NOW: Timestamp = Timestamp(1_790_000_000_000);

fn kept(from: i64, until: i64) -> KnownGateway {
    let certificate = Some((NOW + Millis::hours(24 * from), NOW + Millis::hours(24 * until)));
    KnownGateway { certificate, ..KnownGateway::default() }
}

#[test]
fn a_certificate_says_when_its_renewal_is_overdue() {
    let state = |from, until| certificate(kept(from, until), NOW).expect("a certificate").state;
    assert_eq!(
        [state(-1, 89), state(-74, 16), state(-80, 10), state(-90, 0)],
        ["valid", "valid", "expiring", "expired"]
    );
    let revoked = KnownGateway { revoked_at: Some(NOW), ..kept(-1, 89) };
    assert_eq!(certificate(revoked, NOW).expect("a certificate").state, "revoked");
    assert!(certificate(KnownGateway::default(), NOW).is_none());
}

#[test]
fn a_box_that_was_never_seen_is_not_one_that_went() {
    let seen = KnownGateway { committed_at: Some(NOW), ..kept(-1, 89) };
    assert_eq!(state(None, seen, seen.committed_at), ("offline", Some(NOW)));
    assert_eq!(state(None, kept(-1, 89), None), ("never", None));
    let revoked = KnownGateway { revoked_at: Some(NOW), ..seen };
    assert_eq!(state(None, revoked, Some(NOW)), ("revoked", Some(NOW)));
}

#[test]
fn settings_wait_until_the_box_has_spoken_of_them() {
    let live = crate::live::Live::default();
    let id = GatewayId::new("gw-1").expect("an id");
    let Value::Object(settings) = json!({"log": {"filter": "debug"}}) else { panic!("an object") };
    let (scope, by) = (Scope::Fleet, "test".to_owned());
    let row = SettingsRow { scope: scope.clone(), version: 4, settings, may_lose_receivers: false, by, at: NOW };
    let all: All = [(scope, row)].into();
    let store = StoreId::new("milano").expect("an id");
    let mut birth = wire::state::State::new(model::ids::BootId(7), wire::state::Liveness::Online, "1".into(), NOW);
    (birth.store, birth.settings) = (Some(store), Some(3));
    live.gateway_state(&id, &birth, NOW);
    let now = || config(&id, live.fleet(NOW).gateways.get(&id), &all);
    assert_eq!((now().state, now().desired, now().in_force), ("pending", Some(4), Some(3)));
    let report = |version, outcome| Reported {
        boot: birth.boot,
        version,
        outcome,
        field: None,
        reason: Some("the line did not come back".into()),
        in_force: Some(3),
        at: NOW,
    };
    live.gateway_reported(&id, &report(3, Outcome::Applied));
    assert_eq!(now().state, "pending", "that was about others");
    live.gateway_reported(&id, &report(4, Outcome::RolledBack));
    assert_eq!((now().state, now().reason.as_deref()), ("rolled-back", Some("the line did not come back")));
    assert_eq!(config(&id, None, &All::new()).state, "none");
}
