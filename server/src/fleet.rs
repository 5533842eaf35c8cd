//! The edge boxes: how one is let in, renewed and thrown out again.
//!
//! A box makes its own key and gets a certificate of this server's own authority for a one-time token.
//! From then on the broker knows it by that certificate; nobody types a password.

pub mod authority;
pub(crate) mod desired;
pub(crate) mod http;
pub mod settings;
pub(crate) mod watch;

use std::fmt::Write as _;

use clap::Subcommand;
use model::ids::GatewayId;
use model::time::{Millis, Timestamp};

use crate::secret::random_bytes;
use crate::store::{self, Store};
use authority::Authority;

/// The longest time that a token may wait to be used.
const TOKEN_DAYS_MAX: i64 = 30;

/// What can be done about gateways.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Makes the one-time token for `attimo-gateway enrol` and shows it, once.
    Token {
        /// The gateway's id, as in its gateway.toml.
        gateway: GatewayId,
        /// How long it can be used, such as 1h or 7d.
        #[arg(long, value_name = "TIME", default_value = "24h")]
        valid: Valid,
    },
    /// Throws a gateway out: its certificates, tokens and password stop working, and its session ends within seconds.
    Revoke {
        /// The gateway's id.
        gateway: GatewayId,
    },
    /// Lists the gateways that have certificates.
    List,
    /// Shows and sets what gateways are to have: settings of the fleet, a store or a gateway.
    Config {
        /// Show or set.
        #[command(subcommand)]
        command: settings::Command,
    },
}

/// How long a token can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Valid(Millis);

impl std::str::FromStr for Valid {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no time; write 1h or 7d, at most {TOKEN_DAYS_MAX}d");
        let hours = match text.char_indices().last() {
            Some((end, 'h')) => text[..end].parse::<i64>().ok(),
            Some((end, 'd')) => text[..end].parse::<i64>().ok().and_then(|days| days.checked_mul(24)),
            Some(_) | None => None,
        };
        let hours = hours.filter(|hours| (1..=TOKEN_DAYS_MAX * 24).contains(hours)).ok_or_else(wrong)?;
        Ok(Self(Millis::hours(hours)))
    }
}

/// Why a command about gateways failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such gateway.
    #[error("no gateway {gateway} has a certificate or a password; `attimo-server gateway list` shows those that have")]
    Unknown {
        /// Which.
        gateway: GatewayId,
    },
    /// The authority can't be opened.
    #[error("open the authority")]
    Authority(#[from] authority::Error),
    /// The store failed.
    #[error("read the gateways")]
    Store(#[from] store::Error),
    /// A file of settings can't be read.
    #[error("{file}: {problem}; write sections and keys as in gateway.toml")]
    Settings {
        /// Which.
        file: std::path::PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Something can't be set from afar.
    #[error(transparent)]
    Refused(#[from] wire::settings::Refused),
}

impl From<desired::NotSet> for Error {
    fn from(cause: desired::NotSet) -> Self {
        match cause {
            desired::NotSet::Refused(refused) => Self::Refused(refused),
            desired::NotSet::Store(cause) => Self::Store(cause),
        }
    }
}

/// Does a command and answers what to print.
///
/// # Errors
/// When there is no such gateway, or the store fails.
pub async fn run(command: &Command, store: &Store, now: Timestamp) -> Result<String, Error> {
    match command {
        Command::Config { command } => settings::run(command, store, now).await,
        Command::Token { gateway, valid } => {
            let authority = Authority::open(store, now).await?;
            let token = make_token(store, &authority, gateway, now + valid.0).await?;
            Ok(format!(
                "one-time token of gateway {gateway}, shown only now; on the box run\n  \
                 attimo-gateway enrol --server http://THIS-SERVER --token {token}\n  {token}\n"
            ))
        }
        Command::Revoke { gateway } => match store.revoke_gateway(gateway, now).await? {
            0 => Err(Error::Unknown { gateway: gateway.clone() }),
            _ => Ok(format!("gateway {gateway} is thrown out; a new token lets it in again\n")),
        },
        Command::List => {
            let mut text = String::new();
            for row in store.gateway_certificates().await? {
                let state = match row.revoked_at {
                    Some(at) => format!("revoked {}", crate::live::to_rfc3339(at)),
                    None if row.expires_at <= now => format!("expired {}", crate::live::to_rfc3339(row.expires_at)),
                    None => format!("valid until {}", crate::live::to_rfc3339(row.expires_at)),
                };
                let _ = writeln!(text, "{}  {}  {state}", row.gateway, row.serial);
            }
            Ok(if text.is_empty() { "no gateway has a certificate\n".to_owned() } else { text })
        }
    }
}

/// A fresh token: 256 bits that nobody can guess, and the beginning of the authority's fingerprint, so that a box
/// knows whom it speaks to although the line to the server may be plain.
pub(crate) async fn make_token(
    store: &Store,
    authority: &Authority,
    gateway: &GatewayId,
    expires_at: Timestamp,
) -> Result<String, Error> {
    let secret = hex::encode(random_bytes());
    store.put_gateway_token(&token_hash(&secret), gateway, expires_at).await?;
    Ok(format!("{secret}.{}", authority.fingerprint()))
}

/// What is kept of a token.
pub(crate) fn token_hash(secret: &str) -> Vec<u8> {
    crate::broker::password_hash(secret.as_bytes())
}
