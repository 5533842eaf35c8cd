use model::ids::MessageId;
use model::time::Timestamp;

use crate::intake::anonymous_customer;

use super::*;

fn said(locating: Option<bool>, profiling: Option<bool>, marketing_push: Option<bool>) -> Preferences {
    Preferences { locating, profiling, marketing_push }
}

#[test]
fn a_write_key_grants_a_profile_and_nothing_else() {
    let all = said(Some(true), Some(true), Some(true));
    let granted = merged(Consent::default(), all);
    assert_eq!(granted, Consent { locating: false, profiling: true, marketing_push: false });
    let full = Consent { locating: true, profiling: true, marketing_push: true };
    assert_eq!(merged(full, all), full);
    assert_eq!(merged(full, said(None, None, None)), full);
    assert_eq!(merged(full, said(Some(false), None, None)), Consent { locating: false, ..full });
    assert_eq!(merged(full, said(Some(false), Some(false), Some(false))), Consent::default());
}

#[test]
fn an_old_message_does_not_undo_a_newer_consent() {
    let call = |at| Call {
        id: MessageId::new("m").expect("an id"),
        user: None,
        anonymous: None,
        names: vec![],
        is_login: false,
        at: Timestamp(at),
        consent: said(None, Some(true), None),
        says: vec![],
        redeems: None,
    };
    let withdrawn = ConsentRecord {
        consent: Consent { locating: true, ..Consent::default() },
        at: Timestamp(10),
        text_version: "2".into(),
        channel: "app".into(),
    };
    assert_eq!(changed(Some(&withdrawn), &call(9)), None);
    let later = changed(Some(&withdrawn), &call(11)).expect("a change");
    assert_eq!(later.consent, Consent { locating: true, profiling: true, marketing_push: false });
    assert_eq!((later.text_version.as_str(), later.channel.as_str()), ("2", "segment"));
    assert_eq!(changed(Some(&later), &call(12)), None);
}

#[test]
fn a_long_visitor_id_still_makes_a_customer() {
    let long = model::ids::AnonymousId::new(&"x".repeat(256)).expect("an id");
    assert!(anonymous_customer(&long).as_str().starts_with("anonymous:"));
    let short = model::ids::AnonymousId::new("a-1").expect("an id");
    assert_eq!(anonymous_customer(&short).as_str(), "anonymous:a-1");
}

#[test]
fn a_message_of_two_senders_is_two_messages_and_hides_what_is_in_its_id() {
    let id = MessageId::new("canary-anna-17").expect("an id");
    assert_ne!(message_id("app", &id), message_id("till", &id));
    assert_eq!(message_id("app", &id), message_id("app", &id));
    assert!(!message_id("app", &id).as_str().contains("anna"));
    let (one, other) = (MessageId::new("bc").expect("an id"), MessageId::new("c").expect("an id"));
    assert_ne!(message_id("a", &one), message_id("ab", &other), "no sender runs into its ids");
}

#[test]
fn an_order_is_known_by_its_number_and_goods_whatever_their_order() {
    let line = |product: &str, quantity| model::event::OrderLine {
        product: model::ids::ProductId::new(product).expect("an id"),
        quantity,
        price: None,
    };
    let order = |number: &str, lines| {
        order_id(&EventKind::Purchased { order: Some(number.to_owned()), lines }).expect("a numbered order")
    };
    let both = order("o-1", vec![line("a", 1), line("b", 2)]);
    assert_eq!(both, order("o-1", vec![line("b", 2), line("a", 1)]));
    assert_ne!(both, order("o-1", vec![line("a", 1)]));
    assert_ne!(both, order("o-2", vec![line("a", 1), line("b", 2)]));
    assert_eq!(order_id(&EventKind::Purchased { order: None, lines: vec![] }), None);
    assert_eq!(order_id(&EventKind::Opened), None);
}
