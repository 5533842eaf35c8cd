//! A disk of which every step may fail: what was said to be kept is there after every end, and no file is written again
//! whose sync has failed.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

use super::*;
use crate::spool::medium::SegmentFile;

/// Errors that are injected.
const ERRORS: u64 = 10_000;

/// What the disk has done so far.
#[derive(Debug, Default)]
struct Past {
    /// State of the chance: a linear congruence is chance enough here, and the same in every run.
    chance: u64,
    errors: u64,
    /// Files whose sync has failed.
    failed: BTreeSet<PathBuf>,
    syncs_failed: u64,
}

impl Past {
    fn draw(&mut self, below: u64) -> u64 {
        self.chance = self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.chance >> 33) % below
    }

    /// One step in eight fails.
    fn step(&mut self) -> io::Result<()> {
        if self.draw(8) > 0 {
            return Ok(());
        }
        self.errors += 1;
        Err(io::Error::other("the disk failed"))
    }
}

#[derive(Debug, Clone)]
struct Failing {
    folder: Folder,
    path: PathBuf,
    past: Arc<Mutex<Past>>,
}

#[derive(Debug)]
struct FailingFile {
    file: File,
    path: PathBuf,
    synced: u64,
    past: Arc<Mutex<Past>>,
}

impl Failing {
    fn step(&self) -> io::Result<()> {
        self.past.lock().expect("no panic").step()
    }
}

impl Medium for Failing {
    type File = FailingFile;
    fn list(&self) -> io::Result<Vec<String>> {
        self.folder.list()
    }
    fn create(&self, name: &str) -> io::Result<FailingFile> {
        self.step()?;
        let path = self.path.join(name);
        // One of the same name may have been there, and be gone: this is another file.
        self.past.lock().expect("no panic").failed.remove(&path);
        Ok(FailingFile { file: self.folder.create(name)?, path, synced: 0, past: self.past.clone() })
    }
    fn read(&self, name: &str, offset: u64, len: u64) -> io::Result<Vec<u8>> {
        self.folder.read(name, offset, len)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.step()?;
        self.folder.remove(name)
    }
    fn sync_folder(&self) -> io::Result<()> {
        self.step()
    }
    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.step()?;
        self.folder.replace(name, bytes)
    }
}

impl SegmentFile for FailingFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut past = self.past.lock().expect("no panic");
        assert!(!past.failed.contains(&self.path), "{} is written after its sync failed", self.path.display());
        if let Err(cause) = past.step() {
            // A part of it may be on disk.
            let part = usize::try_from(past.draw(bytes.len() as u64 + 1)).expect("small");
            self.file.append(&bytes[..part])?;
            return Err(cause);
        }
        self.file.append(bytes)
    }
    fn sync(&mut self) -> io::Result<()> {
        let mut past = self.past.lock().expect("no panic");
        assert!(!past.failed.contains(&self.path), "{} is synced again after its sync failed", self.path.display());
        if let Err(cause) = past.step() {
            past.failed.insert(self.path.clone());
            past.syncs_failed += 1;
            // Linux drops what it could not write, or keeps it: nobody knows which.
            if past.draw(2) == 0 {
                OpenOptions::new().write(true).open(&self.path)?.set_len(self.synced)?;
            }
            return Err(cause);
        }
        self.synced = self.file.metadata()?.len();
        Ok(())
    }
}

/// Ends without a word, as a process does that is killed, and begins again once the disk lets it.
fn reopen(disk: &Failing, limits: Limits) -> (Spool<Failing>, u64) {
    for failed in 0.. {
        if let Ok((spool, _)) = Spool::open(disk.clone(), limits, ID) {
            return (spool, failed);
        }
    }
    unreachable!("it was opened")
}

#[test]
fn ten_thousand_errors_lose_nothing_that_was_kept() {
    let folder = TempDir::new().expect("a folder");
    let past = Arc::new(Mutex::new(Past { chance: 20, ..Past::default() }));
    let path = folder.path().to_owned();
    let disk = Failing { folder: Folder::open(&path).expect("a folder"), path, past: past.clone() };
    let limits = Limits { bytes_max: 1 << 30, ..limits() };
    let (mut spool, _) = reopen(&disk, limits);
    let mut kept: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
    let (mut next, mut acked, mut commits) = (1u64, 0u64, 0u64);
    while past.lock().expect("no panic").errors < ERRORS {
        let mut waiting = Vec::new();
        for _ in 0..past.lock().expect("no panic").draw(4) {
            spool.push(entry(next));
            waiting.push(entry(next).batch);
            next += 1;
        }
        // As the worker does: what could not be written waits and is tried again; then it is told how far it came.
        let mut tries = 0;
        while spool.commit().is_err() && tries < 3 {
            tries += 1;
        }
        commits += 1;
        let standing = spool.standing();
        for (seq, batch) in all(&spool) {
            assert!(kept.get(&seq).is_none_or(|known| *known == batch), "number {seq} means two things");
            kept.insert(seq, batch);
        }
        if past.lock().expect("no panic").draw(5) == 0 {
            acked = acked.max(standing.last.saturating_sub(past.lock().expect("no panic").draw(20)));
            spool.acked(acked, None);
        }
        if past.lock().expect("no panic").draw(20) == 0 {
            drop(spool);
            spool = reopen(&disk, limits).0;
            let found = all(&spool);
            for (seq, batch) in kept.range(acked + 1..) {
                assert_eq!(found.get(seq), Some(batch), "number {seq} was kept, and is gone");
            }
        }
        kept = kept.split_off(&(acked + 1));
    }
    let past = past.lock().expect("no panic");
    assert!(past.syncs_failed > 500 && commits > 1_000, "{} syncs failed in {commits} commits", past.syncs_failed);
    assert_eq!(spool.standing().over_bounds, Dropped::default());
}
