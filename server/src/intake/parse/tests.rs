use model::event::Interest;
use proptest::prelude::*;
use serde_json::json;

use super::*;

/// 2026-11-22T01:20:00Z
const RECEIVED: Timestamp = Timestamp(1_795_310_400_000);

fn batch(events: Value) -> Parsed {
    let body = json!({"batch": events, "sentAt": "2026-11-22T01:19:58.000Z"});
    parse(Endpoint::Batch, body.to_string().as_bytes(), RECEIVED).expect("a batch")
}

fn one(event: Value) -> Result<Call, Reject> {
    let parsed = batch(json!([event]));
    match parsed.rejected.first() {
        Some((0, reject)) => Err(*reject),
        Some(other) => panic!("{other:?}"),
        None => Ok(parsed.calls.into_iter().next().expect("one call")),
    }
}

fn viewed(extra: Value) -> Value {
    let mut event = json!({"type": "track", "event": "Product Viewed", "userId": "u-1", "messageId": "m-1",
        "properties": {"product_id": "507f1"}});
    for (key, value) in extra.as_object().expect("an object") {
        event[key] = value.clone();
    }
    event
}

#[test]
fn an_event_is_read_with_its_identity_and_meaning() {
    let call = one(viewed(json!({"anonymousId": "anon-1"}))).expect("a call");
    assert_eq!(call.id.as_str(), "m-1");
    assert_eq!(call.user.as_ref().map(CustomerId::as_str), Some("u-1"));
    assert_eq!(call.anonymous.as_ref().map(AnonymousId::as_str), Some("anon-1"));
    assert_eq!(call.at, RECEIVED);
    assert!(matches!(&call.says[..], [EventKind::Interest { interest: Interest::Viewed, .. }]));
    assert_eq!(call.event_id(0).as_str(), "m-1");
    assert_eq!(call.event_id(2).as_str(), "m-1#2");
}

#[test]
fn one_bad_event_leaves_the_others_alone() {
    let parsed = batch(json!([
        viewed(json!({})),
        7,
        viewed(json!({"type": "nonsense"})),
        viewed(json!({"type": "t"})),
        viewed(json!({"userId": null})),
        viewed(json!({"userId": {"a": 1}})),
        viewed(json!({"messageId": "x".repeat(201)})),
        viewed(json!({"event": " "})),
        viewed(json!({"timestamp": "yesterday"})),
        viewed(json!({"properties": {"blob": "x".repeat(EVENT_LEN_MAX)}})),
        viewed(json!({"userId": null, "anonymousId": "anon-1"})),
        viewed(json!({"userId": 42}))
    ]));
    assert_eq!(parsed.calls.len(), 3);
    assert_eq!(parsed.calls[2].user.as_ref().map(CustomerId::as_str), Some("42"));
    let codes: Vec<_> = parsed.rejected.iter().map(|(i, r)| (*i, r.code())).collect();
    assert_eq!(
        codes,
        [
            (1, "not-an-object"),
            (2, "unknown-type"),
            (3, "unknown-type"),
            (4, "no-identity"),
            (5, "no-identity"),
            (6, "bad-message-id"),
            (7, "no-event-name"),
            (8, "bad-time"),
            (9, "too-large"),
        ]
    );
}

#[test]
fn the_senders_clock_error_is_taken_out() {
    let at = |extra: Value| one(viewed(extra)).expect("a call").at;
    // The batch was sent two seconds before it was received: network time, or a clock two seconds slow; both count.
    assert_eq!(at(json!({"timestamp": "2026-11-22T01:19:50.000Z"})), Timestamp(RECEIVED.0 - 8_000));
    assert_eq!(at(json!({"timestamp": "2026-11-22T02:19:50.000+01:00"})), Timestamp(RECEIVED.0 - 8_000));
    assert_eq!(at(json!({"timestamp": "2026-11-22T01:19:50.000123"})), Timestamp(RECEIVED.0 - 8_000));
    // RudderStack sends originalTimestamp, and sentAt with each event. This phone lives in 2030.
    let skewed = json!({"originalTimestamp": "2030-01-01T00:00:00.000Z", "sentAt": "2030-01-01T00:00:05.500Z"});
    assert_eq!(at(skewed), Timestamp(RECEIVED.0 - 5_500));
    // Nothing happens after it was received.
    assert_eq!(at(json!({"timestamp": "2026-11-22T01:30:00.000Z"})), RECEIVED);
    assert_eq!(at(json!({"timestamp": null})), RECEIVED);
}

#[test]
fn consent_is_read_from_the_context_of_event_or_batch() {
    let said =
        json!({"consent": {"categoryPreferences": {"profiling": true, "marketing_push": false, "Advertising": true}}});
    let expect = Preferences { locating: None, profiling: Some(true), marketing_push: Some(false) };
    assert_eq!(one(viewed(json!({"context": said}))).expect("a call").consent, expect);
    let body = json!({"batch": [viewed(json!({}))], "context": said}).to_string();
    let parsed = parse(Endpoint::Batch, body.as_bytes(), RECEIVED).expect("a batch");
    assert_eq!(parsed.calls[0].consent, expect);
    let update = viewed(json!({"event": "Segment Consent Preference Updated", "context": said}));
    let call = one(update).expect("a call");
    assert!(call.says.is_empty() && call.consent == expect);
}

#[test]
fn single_calls_take_their_type_from_the_path_and_self_alias_says_nothing() {
    let body = json!({"userId": "u-1", "previousId": "u-1", "writeKey": "WRITEKEY", "type": "track"}).to_string();
    let parsed = parse(Endpoint::Alias, body.as_bytes(), RECEIVED).expect("a call");
    assert_eq!(parsed.write_key.as_deref(), Some("WRITEKEY"));
    assert!(parsed.rejected.is_empty() && parsed.calls[0].says.is_empty());
    assert!(parsed.calls[0].id.as_str().starts_with("made-"));
}

#[test]
fn made_ids_differ_for_equal_events_of_one_batch() {
    let event = json!({"type": "page", "anonymousId": "a", "name": "Home"});
    let parsed = batch(json!([event, event]));
    assert_ne!(parsed.calls[0].id, parsed.calls[1].id);
}

#[test]
fn whole_bodies_that_cannot_be_read_are_refused() {
    let refused = |body: &[u8]| parse(Endpoint::Batch, body, RECEIVED).expect_err("an error");
    assert!(matches!(refused(b"{\"batch\":["), Error::NotJson(_)));
    assert!(matches!(refused(b"\xff\xfe"), Error::NotJson(_)));
    assert!(matches!(refused("[".repeat(5_000).as_bytes()), Error::NotJson(_)));
    assert_eq!(refused(b"[]"), Error::NotAnObject);
    assert_eq!(refused(b"{\"batch\":{}}"), Error::NoBatch);
    let many = format!("{{\"batch\":[{}0]}}", "0,".repeat(EVENTS_MAX));
    assert_eq!(refused(many.as_bytes()), Error::TooMany(EVENTS_MAX + 1));
}

proptest! {
    #[test]
    fn any_bytes_are_answered(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse(Endpoint::Batch, &body, RECEIVED);
        let _ = parse(Endpoint::Track, &body, RECEIVED);
    }

    #[test]
    fn a_true_event_cut_or_bent_anywhere_is_answered(cut in 0_usize..400, with in any::<u8>()) {
        let mut body = json!({"batch": [viewed(json!({"timestamp": "2026-11-22T01:19:50.000Z"}))]}).to_string().into_bytes();
        let cut = cut.min(body.len() - 1);
        let _ = parse(Endpoint::Batch, &body[..cut], RECEIVED);
        body[cut] = with;
        let _ = parse(Endpoint::Batch, &body, RECEIVED);
    }

    #[test]
    fn accepted_and_rejected_add_up(kinds in proptest::collection::vec(0_usize..3, 0..20)) {
        let events: Vec<Value> = kinds.iter().map(|k| [viewed(json!({})), json!(1), json!({})][*k].clone()).collect();
        let parsed = batch(json!(events));
        prop_assert_eq!(parsed.calls.len() + parsed.rejected.len(), kinds.len());
    }
}
