//! The account's password: Argon2id, off the event loop, and never more than two at once so that guessing can't eat the memory.

use std::sync::LazyLock;

use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use tokio::sync::Semaphore;

/// Shortest password taken, in characters.
pub const LEN_MIN: usize = 12;
/// Longest password taken, in bytes.
pub const LEN_MAX: usize = 256;

/// Why a password could not be hashed or checked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The hash function failed.
    #[error("hash the password")]
    Hash(#[source] argon2::password_hash::Error),
    /// The work was cut off.
    #[error("the password check was cut off")]
    Cut(#[from] tokio::task::JoinError),
}

/// A hash that no password meets: checking against it takes as long as checking against a true one.
static NOBODY: LazyLock<String> = LazyLock::new(|| {
    let hash = Argon2::default().hash_password(&crate::secret::random_bytes());
    hash.map(|h| h.to_string()).unwrap_or_default()
});

static AT_ONCE: Semaphore = Semaphore::const_new(2);

/// Hashes a password with a fresh salt, in PHC form.
///
/// # Errors
/// When the hash function fails.
pub async fn hash(password: String) -> Result<String, Error> {
    let work = move || Argon2::default().hash_password(password.as_bytes()).map(|h| h.to_string());
    let _place = AT_ONCE.acquire().await.expect("the semaphore is never closed");
    tokio::task::spawn_blocking(work).await?.map_err(Error::Hash)
}

/// Whether the password is the one behind the hash. Without a hash it takes as long, and the answer is no.
///
/// # Errors
/// When the work was cut off.
pub async fn verify(password: String, hash: Option<String>) -> Result<bool, Error> {
    let work = move || {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.clone());
        Argon2::default().verify_password(password.as_bytes(), hash.as_str()).is_ok() && known
    };
    let _place = AT_ONCE.acquire().await.expect("the semaphore is never closed");
    Ok(tokio::task::spawn_blocking(work).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_passes_and_hashes_are_salted() {
        let hash = |text: &str| hash(text.to_owned());
        let (one, two) = (hash("correct horse").await.expect("a hash"), hash("correct horse").await.expect("a hash"));
        assert!(one.starts_with("$argon2id$") && one != two);
        assert!(verify("correct horse".into(), Some(one.clone())).await.expect("an answer"));
        assert!(!verify("correct horsf".into(), Some(one)).await.expect("an answer"));
        assert!(!verify("correct horse".into(), None).await.expect("an answer"));
        assert!(!verify("correct horse".into(), Some("not a hash".into())).await.expect("an answer"));
    }
}
