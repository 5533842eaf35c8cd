//! What the broker asks before it lets anybody in, speak or listen.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest;
use rmqtt::codec::cert::CertInfo;
use rmqtt::codec::v5::SubscribeAckReason;
use rmqtt::context::ServerContext;
use rmqtt::hook::{Handler, HookResult, Parameter, ReturnType, Type};
use rmqtt::session::Session;
use rmqtt::types::{AuthResult, ConnectInfo, LastWill, Publish, PublishAclResult, Subscribe, SubscribeAclResult};

use super::Credentials;
use super::rules::User;
use crate::store::{Role, Store};

/// Longest user name, in bytes.
const NAME_LEN_MAX: usize = 64;

/// Decides, and remembers whose each client id is, so that nobody can take over another's session.
pub(super) struct Guard {
    store: Store,
    server: Credentials,
    receiver_topics: Vec<String>,
    clients: RwLock<HashMap<String, Known>>,
}

/// Who is at a client id.
struct Known {
    user: User,
    /// The hash of the password that let them in; none for those with a certificate.
    password: Option<Vec<u8>>,
}

impl Guard {
    pub(super) fn new(store: Store, server: Credentials, receiver_topics: Vec<String>) -> Arc<Self> {
        Arc::new(Self { store, server, receiver_topics, clients: RwLock::default() })
    }

    /// The client ids of a user.
    pub(super) fn clients_of(&self, user: &str) -> Vec<String> {
        let clients = self.clients.read().unwrap_or_else(PoisonError::into_inner);
        let mut ids: Vec<String> = Vec::new();
        ids.extend(clients.iter().filter(|(_, known)| known.user.name == user).map(|(id, _)| id.clone()));
        ids.sort_unstable();
        ids
    }

    /// Users whose password is not what it was when it let them in. `now` gives the hash that each name has now.
    pub(super) fn outdated(&self, now: &BTreeMap<String, Vec<u8>>) -> BTreeSet<String> {
        let clients = self.clients.read().unwrap_or_else(PoisonError::into_inner);
        let mut names = BTreeSet::new();
        names.extend(clients.values().filter(|known| known.is_outdated(now)).map(|known| known.user.name.clone()));
        names
    }

    /// Whether anybody came by a password.
    pub(super) fn has_passwords(&self) -> bool {
        let clients = self.clients.read().unwrap_or_else(PoisonError::into_inner);
        clients.values().any(|known| known.password.is_some())
    }

    /// Who came through the door for certificates is who the certificate names, as long as it is not taken back.
    async fn authenticate_by(&self, client: &ConnectInfo, certificate: &CertInfo) -> AuthResult {
        let (Some(name), Some(serial)) = (&certificate.common_name, &certificate.serial) else {
            return AuthResult::NotAuthorized;
        };
        match self.store.gateway_has(name, serial).await {
            Ok(true) => self.admit(client, User { name: name.clone(), role: Role::Gateway }, None),
            Ok(false) => {
                metrics::counter!("broker_refused_total", "reason" => "certificate").increment(1);
                AuthResult::NotAuthorized
            }
            Err(cause) => {
                tracing::warn!(%cause, "could not check a certificate at the broker");
                AuthResult::NotAuthorized
            }
        }
    }

    async fn authenticate(&self, client: &ConnectInfo) -> AuthResult {
        if let Some(certificate) = client.cert() {
            return self.authenticate_by(client, certificate).await;
        }
        let (Some(name), Some(password)) = (client.username(), client.password()) else {
            return AuthResult::NotAuthorized;
        };
        if name.len() > NAME_LEN_MAX {
            return AuthResult::BadUsernameOrPassword;
        }
        if *name == *self.server.username {
            return match verify_slices_are_equal(password, self.server.password.as_bytes()) {
                Ok(()) => AuthResult::Allow(true, None),
                Err(_) => AuthResult::BadUsernameOrPassword,
            };
        }
        let user = match self.store.broker_user(name).await {
            Ok(Some(user)) => user,
            Ok(None) => return AuthResult::BadUsernameOrPassword,
            Err(cause) => {
                tracing::warn!(%cause, "could not check a log-in at the broker");
                return AuthResult::NotAuthorized;
            }
        };
        if verify_slices_are_equal(&password_hash(password), &user.password_hash).is_err() {
            return AuthResult::BadUsernameOrPassword;
        }
        self.admit(client, User { name: user.name, role: user.role }, Some(user.password_hash))
    }

    /// The broker itself never asks about a will, so it is checked here, before there is one.
    fn admit(&self, client: &ConnectInfo, user: User, password: Option<Vec<u8>>) -> AuthResult {
        let will = client.last_will().map(|will| match will {
            LastWill::V3(will) => will.topic.to_string(),
            LastWill::V5(will) => will.topic.to_string(),
        });
        if will.is_some_and(|topic| !user.may_publish(&topic, &self.receiver_topics)) {
            metrics::counter!("broker_refused_total", "reason" => "will").increment(1);
            return AuthResult::NotAuthorized;
        }
        let mut clients = self.clients.write().unwrap_or_else(PoisonError::into_inner);
        let fresh = || Known { user: user.clone(), password: None };
        let known = clients.entry(client.client_id().to_string()).or_insert_with(fresh);
        if known.user == user {
            known.password = password;
            return AuthResult::Allow(false, None);
        }
        metrics::counter!("broker_refused_total", "reason" => "client-id").increment(1);
        AuthResult::NotAuthorized
    }

    fn user(&self, session: &Session) -> Option<User> {
        let clients = self.clients.read().unwrap_or_else(PoisonError::into_inner);
        clients.get(&*session.id.client_id).map(|known| known.user.clone())
    }

    fn publish(&self, session: &Session, publish: &Publish) -> PublishAclResult {
        if self.user(session).is_some_and(|user| user.may_publish(&publish.topic, &self.receiver_topics)) {
            return PublishAclResult::allow();
        }
        metrics::counter!("broker_refused_total", "reason" => "publish").increment(1);
        PublishAclResult::rejected(false, None)
    }

    fn subscribe(&self, session: &Session, subscribe: &Subscribe) -> SubscribeAclResult {
        if self.user(session).is_some_and(|user| user.may_subscribe(&subscribe.topic_filter, &self.receiver_topics)) {
            return SubscribeAclResult::new_success(subscribe.opts.qos(), None);
        }
        metrics::counter!("broker_refused_total", "reason" => "subscribe").increment(1);
        SubscribeAclResult::new_failure(SubscribeAckReason::NotAuthorized)
    }

    fn forget(&self, session: &Session) {
        self.clients.write().unwrap_or_else(PoisonError::into_inner).remove(&*session.id.client_id);
    }
}

impl Known {
    fn is_outdated(&self, now: &BTreeMap<String, Vec<u8>>) -> bool {
        self.password.as_ref().is_some_and(|password| now.get(&self.user.name) != Some(password))
    }
}

/// What is kept of a broker password: passwords are random and 256 bits wide, so one round is enough.
pub(crate) fn password_hash(password: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, password).as_ref().to_vec()
}

/// Puts the guard before every door.
pub(super) async fn register(context: &ServerContext, guard: Arc<Guard>) {
    let register = context.extends.hook_mgr().register();
    for kind in
        [Type::ClientAuthenticate, Type::MessagePublishCheckAcl, Type::ClientSubscribeCheckAcl, Type::SessionTerminated]
    {
        register.add(kind, Box::new(Door(Arc::clone(&guard)))).await;
    }
    register.start().await;
}

struct Door(Arc<Guard>);

#[async_trait]
impl Handler for Door {
    #[expect(clippy::wildcard_enum_match_arm, reason = "only the kinds registered above come here")]
    async fn hook(&self, parameter: &Parameter, so_far: Option<HookResult>) -> ReturnType {
        match parameter {
            Parameter::ClientAuthenticate(client) => {
                (false, Some(HookResult::AuthResult(self.0.authenticate(client).await)))
            }
            Parameter::MessagePublishCheckAcl(session, publish) => {
                (false, Some(HookResult::PublishAclResult(self.0.publish(session, publish))))
            }
            Parameter::ClientSubscribeCheckAcl(session, subscribe) => {
                (false, Some(HookResult::SubscribeAclResult(self.0.subscribe(session, subscribe))))
            }
            Parameter::SessionTerminated(session, _) => {
                self.0.forget(session);
                (true, so_far)
            }
            _ => (true, so_far),
        }
    }
}
