//! What an enrolled box keeps: its key, its certificate, the server's authority, and where the broker is.

use std::io;
use std::path::{Path, PathBuf};

use model::time::{Millis, Timestamp};
use runtime::files::write_private;
use runtime::mqtt::Identity;
use serde::{Deserialize, Serialize};

/// The one file: renamed in its place whole, so that key and certificate always belong together.
const FILE: &str = "identity.json";

/// What is known of an enrolment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    /// The server that let the box in.
    pub server: String,
    /// Its broker.
    pub broker: String,
    /// The name that the broker's certificate has.
    pub broker_name: String,
    /// When the certificate was given, in milliseconds since 1970.
    pub issued_at: i64,
    /// Until when it is valid.
    pub expires_at: i64,
}

impl Enrolment {
    /// Whether the certificate has ended.
    #[must_use]
    pub const fn is_expired(&self, now: Timestamp) -> bool {
        now.0 >= self.expires_at
    }

    /// When it is time for the next certificate: after two thirds of this one.
    #[must_use]
    pub const fn renew_at(&self) -> Timestamp {
        Timestamp(self.issued_at + (self.expires_at - self.issued_at) / 3 * 2)
    }

    /// How long the certificate still is valid; nothing once it has ended.
    #[must_use]
    pub fn lasts(&self, now: Timestamp) -> Millis {
        Millis((self.expires_at - now.0).max(0))
    }
}

/// The file's content.
#[derive(Serialize, Deserialize)]
struct Content {
    key: String,
    certificate: String,
    authority: String,
    #[serde(flatten)]
    enrolment: Enrolment,
}

/// Why what is kept can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It can't be written.
    #[error("{path} can't be written; run this as the user of the gateway, or as root")]
    Write {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It can't be read.
    #[error("{path} can't be read; run this as the user of the gateway, or enrol the box again")]
    Read {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is damaged.
    #[error("{path} is damaged; enrol the box again with a new token")]
    Damaged {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

/// Where an enrolled box keeps what it got.
#[derive(Debug, Clone)]
pub struct Kept {
    folder: PathBuf,
}

impl Kept {
    /// The place within a gateway's data folder.
    #[must_use]
    pub fn new(data_dir: &Path) -> Self {
        Self { folder: data_dir.join("identity") }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// The gateway's data folder.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        self.folder.parent().unwrap_or(&self.folder)
    }

    /// Makes the folder, and tries whether it can be written.
    ///
    /// # Errors
    /// [`Error::Write`] when it can't.
    pub fn prepare(&self) -> Result<(), Error> {
        let failed = |source| Error::Write { path: self.folder.clone(), source };
        std::fs::create_dir_all(&self.folder).map_err(failed)?;
        let probe = self.folder.join("probe");
        write_private(&probe, b"").map_err(failed)?;
        std::fs::remove_file(&probe).map_err(failed)
    }

    /// Keeps an enrolment, in place of the one before.
    ///
    /// # Errors
    /// [`Error::Write`] when it can't be written; the one before stays.
    pub fn put(&self, key: &str, certificate: &str, authority: &str, enrolment: &Enrolment) -> Result<(), Error> {
        let content = Content {
            key: key.to_owned(),
            certificate: certificate.to_owned(),
            authority: authority.to_owned(),
            enrolment: enrolment.clone(),
        };
        let failed = |source| Error::Write { path: self.path(), source };
        let text = serde_json::to_vec(&content).map_err(|cause| failed(io::Error::other(cause)))?;
        std::fs::create_dir_all(&self.folder).map_err(failed)?;
        write_private(&self.path(), &text).map_err(failed)
    }

    /// What is kept; none if the box was never enrolled.
    ///
    /// # Errors
    /// When there is something that can't be read.
    pub fn get(&self) -> Result<Option<(Identity, Enrolment)>, Error> {
        let text = match std::fs::read(self.path()) {
            Ok(text) => text,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(Error::Read { path: self.path(), source }),
        };
        let Content { key, certificate, authority, enrolment } =
            serde_json::from_slice(&text).map_err(|source| Error::Damaged { path: self.path(), source })?;
        let broker_name = enrolment.broker_name.clone();
        let issued_at_s = u64::try_from(enrolment.issued_at / 1_000).unwrap_or(0);
        Ok(Some((Identity { key, certificate, authority, broker_name, issued_at_s }, enrolment)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enrolment() -> Enrolment {
        Enrolment {
            server: "http://shop".into(),
            broker: "mqtts://shop:8883".into(),
            broker_name: "broker".into(),
            issued_at: 0,
            expires_at: 90 * 86_400_000,
        }
    }

    #[test]
    fn a_certificate_is_renewed_after_two_thirds_of_its_time() {
        let enrolment = enrolment();
        assert_eq!(enrolment.renew_at(), Timestamp(60 * 86_400_000));
        assert!(
            !enrolment.is_expired(Timestamp(90 * 86_400_000 - 1)) && enrolment.is_expired(Timestamp(90 * 86_400_000))
        );
        assert_eq!(enrolment.lasts(Timestamp(91 * 86_400_000)), Millis::ZERO);
    }

    #[test]
    fn what_is_kept_is_read_back_and_what_is_damaged_says_what_to_do() {
        let folder = tempfile::tempdir().expect("a folder");
        let kept = Kept::new(folder.path());
        assert!(kept.get().expect("nothing is no error").is_none());
        kept.prepare().expect("a folder");
        kept.put("key", "certificate", "authority", &enrolment()).expect("kept");
        let (identity, read) = kept.get().expect("readable").expect("there");
        assert_eq!((identity.key.as_str(), read), ("key", enrolment()));
        std::fs::write(kept.path(), "{").expect("written");
        assert!(kept.get().expect_err("damaged").to_string().contains("enrol the box again"));
    }
}
