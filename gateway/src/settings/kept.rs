//! Where the book of settings lies.

use std::io;
use std::path::{Path, PathBuf};

use super::book::Book;

/// The file in the gateway's data folder.
const FILE: &str = "settings.json";

/// Where the book lies.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    path: PathBuf,
}

impl Kept {
    /// The place within a gateway's data folder.
    #[must_use]
    pub(super) fn new(data_dir: &Path) -> Self {
        Self { path: data_dir.join(FILE) }
    }

    /// What is kept; an empty book when nothing is, or when it is damaged: then the box goes by its own file.
    #[must_use]
    pub(super) fn get(&self) -> Book {
        match std::fs::read(&self.path) {
            Ok(text) => serde_json::from_slice(&text).unwrap_or_else(|cause| {
                tracing::error!(%cause, path = %self.path.display(), "the kept settings are damaged and left out");
                Book::default()
            }),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Book::default(),
            Err(cause) => {
                tracing::error!(%cause, path = %self.path.display(), "the kept settings can't be read and are left out");
                Book::default()
            }
        }
    }

    /// Deletes what is kept.
    ///
    /// # Errors
    /// When it can't be deleted, and where it lies.
    pub(super) fn forget(&self) -> Result<(), (PathBuf, io::Error)> {
        match std::fs::remove_file(&self.path) {
            Ok(()) => Ok(()),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(cause) => Err((self.path.clone(), cause)),
        }
    }

    /// Keeps it, in place of the one before.
    ///
    /// # Errors
    /// When it can't be written; the one before stays.
    pub(super) fn put(&self, book: &Book) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let text = serde_json::to_vec(book).map_err(io::Error::other)?;
        runtime::files::write_private(&self.path, &text)
    }
}
