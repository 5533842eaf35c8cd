use super::*;

#[test]
fn sealed_ids_are_read_by_the_same_server_only() {
    let (ours, theirs) = (ServerSecret::new([1; 32]), ServerSecret::new([2; 32]));
    let ids = vec!["canary-1".to_owned(), "canary-2".to_owned()];
    let sealed = seal(&ours, &ids);
    assert!(!sealed.windows(8).any(|w| w == b"canary-1"));
    assert_eq!(open(&ours, &sealed), Some(ids.clone()));
    assert_eq!(open(&theirs, &sealed), None);
    assert_ne!(seal(&ours, &ids), sealed, "the same list twice looks different");
    assert_eq!(open(&ours, &sealed[..20]), None);
}

#[test]
fn a_hash_tells_a_user_from_a_visitor() {
    let secret = ServerSecret::new([1; 32]);
    assert_ne!(hash(&secret, SubjectType::UserId, "a"), hash(&secret, SubjectType::AnonymousId, "a"));
    assert_eq!(hash(&secret, SubjectType::UserId, "a").len(), 64);
}

#[test]
fn every_kind_of_the_public_api_is_known() {
    for (name, kind) in [
        ("SUPPRESS_WITH_DELETE", Kind::SuppressWithDelete),
        ("SUPPRESS_WITH_DELETE_INTERNAL", Kind::SuppressWithDelete),
        ("DELETE_ONLY", Kind::Delete),
        ("DELETE_INTERNAL", Kind::Delete),
        ("SUPPRESS_ONLY", Kind::Suppress),
        ("UNSUPPRESS", Kind::Unsuppress),
    ] {
        assert_eq!(Kind::from_name(name), Some(kind));
    }
    assert_eq!(Kind::from_name("DELETE"), None);
}
