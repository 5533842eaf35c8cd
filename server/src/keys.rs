//! Keys and broker users: made on the command line, shown once, kept as hashes.

use model::ids::GatewayId;
use model::time::Timestamp;

use crate::auth::token;
use crate::broker;
use crate::intake::webhook;
use crate::secret::ServerSecret;
use crate::store::{BrokerUser, KeyKind, Result, Role, Store};

/// Makes a key and answers it; the same name of the same kind replaces the old one.
///
/// # Errors
/// When the store fails.
pub async fn create_key(store: &Store, kind: KeyKind, name: &str, now: Timestamp) -> Result<String> {
    let key = token::random();
    store.put_key(kind, name, &token::hash(&key), now).await?;
    Ok(key)
}

/// The secret with which the sender of a write key signs its webhooks; empty when there is no such key.
///
/// # Errors
/// When the store fails.
pub async fn webhook_secret(store: &Store, server: &ServerSecret, name: &str) -> Result<String> {
    let hash = store.key_hash(KeyKind::Write, name).await?;
    Ok(hash.map(|hash| webhook::secret_text(&webhook::secret(server, name, &hash))).unwrap_or_default())
}

/// Makes a broker user and answers its password; the same name replaces the old one.
///
/// # Errors
/// When the store fails.
pub async fn create_broker_user(store: &Store, role: Role, name: &GatewayId, now: Timestamp) -> Result<String> {
    let password = token::random();
    let password_hash = broker::password_hash(password.as_bytes());
    store.put_broker_user(&BrokerUser { name: name.to_string(), role, password_hash }, now).await?;
    Ok(password)
}
