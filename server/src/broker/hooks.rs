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
use rmqtt::types::{AuthResult, ConnectInfo, Id, LastWill, Publish, PublishAclResult, Subscribe, SubscribeAclResult};

use super::Credentials;
use super::rules::User;
use crate::fleet::authority::to_serial;
use crate::store::{Role, Store};

/// Longest user name, in bytes.
const NAME_LEN_MAX: usize = 64;
/// So often, a second apart, a client without a session is looked for before it is forgotten: longer than a log-in may take.
pub(super) const MISSED_MAX: u32 = 20;

/// Decides, and remembers whose each client id is, so that nobody can take over another's session.
pub(super) struct Guard {
    store: Store,
    server: Credentials,
    receiver_topics: Vec<String>,
    clients: RwLock<HashMap<String, Known>>,
}

/// Who is at a client id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) user: User,
    pub(super) proof: Proof,
    /// The connection that they log in by.
    pub(super) connection: Id,
    /// How often it was to be ended and had no session.
    pub(super) missed: u32,
}

/// What let somebody in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Proof {
    /// The hash of a password.
    Password(Vec<u8>),
    /// The serial of a certificate.
    Certificate(String),
}

/// What counts now.
#[derive(Debug, Default)]
pub(super) struct Counting {
    /// The hash of each name's password.
    pub(super) passwords: BTreeMap<String, Vec<u8>>,
    /// The serials of certificates that were not taken back.
    pub(super) certificates: BTreeSet<String>,
}

impl Guard {
    pub(super) fn new(store: Store, server: Credentials, receiver_topics: Vec<String>) -> Arc<Self> {
        Arc::new(Self { store, server, receiver_topics, clients: RwLock::default() })
    }

    /// Clients who were let in by what does not count any more.
    pub(super) fn outdated(&self, counting: &Counting) -> BTreeMap<String, Known> {
        let clients = self.clients.read().unwrap_or_else(PoisonError::into_inner);
        let mut outdated = BTreeMap::new();
        let who = clients.iter().filter(|(_, known)| known.is_outdated(counting));
        outdated.extend(who.map(|(id, known)| (id.clone(), known.clone())));
        outdated
    }

    /// Whether anybody came by a password, and whether anybody came by a certificate.
    pub(super) fn proofs(&self) -> (bool, bool) {
        let clients = self.clients.read().unwrap_or_else(PoisonError::into_inner);
        clients.values().fold((false, false), |(password, certificate), known| match known.proof {
            Proof::Password(_) => (true, certificate),
            Proof::Certificate(_) => (password, true),
        })
    }

    /// A client that is to be ended has no session. Its log-in may be under way; when that has had its time, it is forgotten,
    /// unless somebody was let in under its id anew.
    pub(super) fn missed(&self, client: &str, known: &Known) {
        let mut clients = self.clients.write().unwrap_or_else(PoisonError::into_inner);
        let Some(same) = clients.get_mut(client).filter(|same| *same == known) else { return };
        same.missed += 1;
        if same.missed > MISSED_MAX {
            clients.remove(client);
        }
    }

    /// Who came through the door for certificates is who the certificate names, as long as it is not taken back.
    async fn authenticate_by(&self, client: &ConnectInfo, certificate: &CertInfo) -> AuthResult {
        let (Some(name), Some(serial)) = (&certificate.common_name, &certificate.serial) else {
            return AuthResult::NotAuthorized;
        };
        match self.store.gateway_has(name, serial).await {
            Ok(true) => {
                let user = User { name: name.clone(), role: Role::Gateway };
                let (proof, connection) = (Proof::Certificate(to_serial(serial)), client.id().clone());
                self.admit(client, Known { user, proof, connection, missed: 0 })
            }
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
        let (proof, connection) = (Proof::Password(user.password_hash), client.id().clone());
        self.admit(client, Known { user: User { name: user.name, role: user.role }, proof, connection, missed: 0 })
    }

    /// The broker itself never asks about a will, so it is checked here, before there is one.
    fn admit(&self, client: &ConnectInfo, known: Known) -> AuthResult {
        let will = client.last_will().map(|will| match will {
            LastWill::V3(will) => will.topic.to_string(),
            LastWill::V5(will) => will.topic.to_string(),
        });
        if will.is_some_and(|topic| !known.user.may_publish(&topic, &self.receiver_topics)) {
            metrics::counter!("broker_refused_total", "reason" => "will").increment(1);
            return AuthResult::NotAuthorized;
        }
        if self.take_in(known) {
            return AuthResult::Allow(false, None);
        }
        metrics::counter!("broker_refused_total", "reason" => "client-id").increment(1);
        AuthResult::NotAuthorized
    }

    /// Remembers whose a client id is, unless it is somebody else's.
    pub(super) fn take_in(&self, fresh: Known) -> bool {
        let mut clients = self.clients.write().unwrap_or_else(PoisonError::into_inner);
        let client = &*fresh.connection.client_id;
        let is_free = clients.get(client).is_none_or(|known| known.user == fresh.user);
        if is_free {
            clients.insert(client.to_owned(), fresh);
        }
        is_free
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

    /// The session of a connection has ended. Who comes back at once, after a kill or a cut line, may have logged in under the
    /// same client id before this is told; what is known of that connection stays.
    pub(super) fn ended(&self, connection: &Id) {
        let mut clients = self.clients.write().unwrap_or_else(PoisonError::into_inner);
        if clients.get(&*connection.client_id).is_some_and(|known| known.connection == *connection) {
            clients.remove(&*connection.client_id);
        }
    }
}

impl Known {
    fn is_outdated(&self, counting: &Counting) -> bool {
        match &self.proof {
            Proof::Password(hash) => counting.passwords.get(&self.user.name) != Some(hash),
            Proof::Certificate(serial) => !counting.certificates.contains(serial),
        }
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
                self.0.ended(&session.id);
                (true, so_far)
            }
            _ => (true, so_far),
        }
    }
}
