//! A disk that dies: after a number of bytes, or at a sync.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::spool::medium::{Folder, Medium, SegmentFile};

/// A folder whose disk dies after a number of bytes, in the middle of a write.
#[derive(Debug, Clone)]
pub(super) struct Dying {
    folder: Folder,
    pub(super) bytes_left: Arc<AtomicU64>,
    pub(super) syncs_fail: bool,
}

#[derive(Debug)]
pub(super) struct DyingFile {
    file: File,
    bytes_left: Arc<AtomicU64>,
    pub(super) syncs_fail: bool,
}

impl Dying {
    pub(super) fn new(path: &Path, bytes: u64) -> Self {
        let bytes_left = Arc::new(AtomicU64::new(bytes));
        Self { folder: Folder::open(path).expect("a folder"), bytes_left, syncs_fail: false }
    }
}

impl Medium for Dying {
    type File = DyingFile;
    fn list(&self) -> io::Result<Vec<String>> {
        self.folder.list()
    }
    fn create(&self, name: &str) -> io::Result<DyingFile> {
        let file = self.folder.create(name)?;
        Ok(DyingFile { file, bytes_left: self.bytes_left.clone(), syncs_fail: self.syncs_fail })
    }
    fn read(&self, name: &str, offset: u64, len: u64) -> io::Result<Vec<u8>> {
        self.folder.read(name, offset, len)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        // A dead process removes nothing.
        if self.bytes_left.load(Ordering::SeqCst) == 0 {
            Err(io::ErrorKind::StorageFull.into())
        } else {
            self.folder.remove(name)
        }
    }
    fn sync_folder(&self) -> io::Result<()> {
        Ok(()) // A process that dies leaves the system's cache as it is: syncing would only cost time here.
    }
    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        if self.bytes_left.load(Ordering::SeqCst) < bytes.len() as u64 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.folder.replace(name, bytes)
    }
}

impl SegmentFile for DyingFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let left = self.bytes_left.load(Ordering::SeqCst);
        let fits = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        self.bytes_left.store(left - fits as u64, Ordering::SeqCst);
        self.file.append(&bytes[..fits])?;
        if fits < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
    fn sync(&mut self) -> io::Result<()> {
        if self.syncs_fail { Err(io::Error::other("the disk lost it")) } else { Ok(()) }
    }
}
