//! Deletion and suppression of persons by law: asked for over HTTP, done in the background, finished also after a restart.
//!
//! Ids are sealed while they wait and erased when their request is done. What stays of a suppressed person is a keyed hash.

use std::time::Duration;

use anyhow::Context as _;
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use model::ids::{AnonymousId, CustomerId};
use tokio::sync::mpsc;

use crate::app::AppState;
use crate::intake::anonymous_customer;
use crate::secret::ServerSecret;
use crate::store::Regulation;

/// How long a request waits that could not be done, before the next try.
const RETRY: Duration = Duration::from_secs(5);

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Delete, and take nothing in any more.
    SuppressWithDelete,
    /// Delete; what comes later is taken in again.
    Delete,
    /// Take nothing in any more.
    Suppress,
    /// Take in again.
    Unsuppress,
}

impl Kind {
    /// The kind of this name; the internal forms mean the same here, where nothing is passed on.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "SUPPRESS_WITH_DELETE" | "SUPPRESS_WITH_DELETE_INTERNAL" => Self::SuppressWithDelete,
            "DELETE_ONLY" | "DELETE_INTERNAL" => Self::Delete,
            "SUPPRESS_ONLY" => Self::Suppress,
            "UNSUPPRESS" => Self::Unsuppress,
            _ => return None,
        })
    }

    const fn suppresses(self) -> bool {
        matches!(self, Self::SuppressWithDelete | Self::Suppress)
    }

    const fn deletes(self) -> bool {
        matches!(self, Self::SuppressWithDelete | Self::Delete)
    }
}

/// Of what the subjects are ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectType {
    /// Of accounts.
    UserId,
    /// Of visitors before the log-in.
    AnonymousId,
}

impl SubjectType {
    /// The type of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "USER_ID" => Some(Self::UserId),
            "ANONYMOUS_ID" => Some(Self::AnonymousId),
            _ => None,
        }
    }

    /// The name of the type.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UserId => "USER_ID",
            Self::AnonymousId => "ANONYMOUS_ID",
        }
    }
}

/// What is kept of a person of whom nothing may be taken in.
#[must_use]
pub fn hash(secret: &ServerSecret, subject: SubjectType, id: &str) -> String {
    hex::encode(secret.code("suppressed", format!("{}\n{id}", subject.name()).as_bytes()))
}

/// Whether nothing may be taken in of a person, by either id.
///
/// # Errors
/// When the store fails.
pub async fn is_suppressed(
    app: &AppState,
    user: Option<&CustomerId>,
    anonymous: Option<&AnonymousId>,
) -> crate::store::Result<bool> {
    let by_user = user.map(|id| hash(&app.secret, SubjectType::UserId, id.as_str()));
    let by_anonymous = anonymous.map(|id| hash(&app.secret, SubjectType::AnonymousId, id.as_str()));
    for hash in by_user.into_iter().chain(by_anonymous) {
        if app.store.is_suppressed(&hash).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Wakes the task that does what is asked for. The task ends when the last of these is dropped.
#[derive(Debug, Clone)]
pub struct Regulator {
    wake: mpsc::Sender<()>,
}

impl Regulator {
    /// Starts the task; it begins with what an earlier run left undone.
    #[must_use]
    pub fn start(app: AppState) -> Self {
        let (wake, woken) = mpsc::channel(1);
        tokio::spawn(work(app, woken));
        let regulator = Self { wake };
        regulator.wake();
        regulator
    }

    /// Lets the task look for something to do.
    pub fn wake(&self) {
        // When it was woken already, it will see this too.
        let _ = self.wake.try_send(());
    }
}

async fn work(app: AppState, mut woken: mpsc::Receiver<()>) {
    let mut failed = false;
    loop {
        tokio::select! {
            woken = woken.recv() => if woken.is_none() { return },
            () = tokio::time::sleep(RETRY), if failed => {}
        }
        failed = false;
        if let Err(cause) = all(&app).await {
            failed = true;
            tracing::error!(
                cause = format!("{cause:#}"),
                retry_s = RETRY.as_secs(),
                "a deletion could not be done; trying again in {} s",
                RETRY.as_secs()
            );
        }
    }
}

async fn all(app: &AppState) -> anyhow::Result<()> {
    loop {
        let open = app.store.open_regulations().await.context("look for regulations")?;
        if open.is_empty() {
            return Ok(());
        }
        for regulation in open {
            carry_out(app, &regulation).await?;
        }
        // Only now, so that what was sealed is cut off as well.
        app.store.scrub().await.context("scrub the files")?;
    }
}

async fn carry_out(app: &AppState, regulation: &Regulation) -> anyhow::Result<()> {
    let id = regulation.id.as_str();
    let finish = async |state: &str| app.store.finish_regulation(id, state, app.clock.now()).await;
    let read = read(&app.secret, regulation);
    let Some((kind, subject, ids)) = read else {
        tracing::error!(regulation = id, "regulation {id} can't be read; ask for it again");
        return finish("INVALID").await.context("end a regulation");
    };
    app.store.move_regulation(id, "RUNNING").await.context("start a regulation")?;
    let hashes: Vec<String> = ids.iter().map(|id| hash(&app.secret, subject, id)).collect();
    if kind.suppresses() {
        // First, so that nothing comes in again while it is deleted.
        app.store.suppress(&hashes, app.clock.now()).await.context("suppress")?;
    }
    let mut unknown = 0;
    if kind.deletes() {
        for id in &ids {
            if !delete(app, subject, id).await? {
                unknown += 1;
            }
        }
    }
    if kind == Kind::Unsuppress {
        app.store.unsuppress(&hashes).await.context("unsuppress")?;
    }
    let state = if unknown == 0 { "FINISHED" } else { "PARTIAL_SUCCESS" };
    tracing::info!(regulation = id, subjects = ids.len(), state, "regulation {id} is done");
    finish(state).await.context("end a regulation")
}

/// Deletes one person. False when the text can't be anybody's id.
async fn delete(app: &AppState, subject: SubjectType, id: &str) -> anyhow::Result<bool> {
    let customers = match subject {
        SubjectType::UserId => CustomerId::new(id).ok().into_iter().collect::<Vec<_>>(),
        SubjectType::AnonymousId => match AnonymousId::new(id) {
            Ok(visitor) => {
                let owner = app.store.owner_of_visitor(&visitor).await.context("look for the owner of a name")?;
                std::iter::once(anonymous_customer(&visitor)).chain(owner).collect()
            }
            Err(_) => Vec::new(),
        },
    };
    for customer in &customers {
        app.run.forget(customer.clone()).await.context("forget a customer")?;
    }
    Ok(!customers.is_empty())
}

fn read(secret: &ServerSecret, regulation: &Regulation) -> Option<(Kind, SubjectType, Vec<String>)> {
    let kind = Kind::from_name(&regulation.kind)?;
    let subject = SubjectType::from_name(&regulation.subject_type)?;
    Some((kind, subject, open(secret, regulation.subjects.as_deref()?)?))
}

fn key(secret: &ServerSecret) -> RandomizedNonceKey {
    let key = secret.code("regulation", b"subjects");
    RandomizedNonceKey::new(&AES_256_GCM, &key).expect("the cipher takes 32 bytes")
}

/// The ids as they are stored while they wait: readable with the server's secret only.
///
/// # Panics
/// Never: a list of texts is JSON, and the cipher takes any length.
#[must_use]
pub fn seal(secret: &ServerSecret, ids: &[String]) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(ids).expect("a list of texts is JSON");
    let sealed = key(secret).seal_in_place_append_tag(Aad::empty(), &mut bytes);
    let nonce = sealed.expect("the cipher takes any length that fits in a request");
    let mut out = nonce.as_ref().to_vec();
    out.append(&mut bytes);
    out
}

fn open(secret: &ServerSecret, sealed: &[u8]) -> Option<Vec<String>> {
    let (nonce, bytes) = sealed.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut bytes = bytes.to_vec();
    let plain = key(secret).open_in_place(nonce, Aad::empty(), &mut bytes).ok()?;
    serde_json::from_slice(plain).ok()
}

#[cfg(test)]
mod tests;
