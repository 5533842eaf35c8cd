//! Who does not want to be heard: the server's list, kept on disk as hashes, and obeyed before anything else is done.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::time::Millis;
use tokio::sync::watch;
use wire::objections::{Error, Objections};

/// A box that was told of objections before waits this long for the list after it connected; then it goes on with the
/// one it has, because a server that is gone must not hold up what counts.
pub const WAIT_MAX: Millis = Millis::minutes(1);
/// One that never had a list waits this long: its server may be one that tells none.
pub const FIRST_WAIT: Millis = Millis::seconds(5);

/// Keeps the list, and tells it to the pipeline.
#[derive(Debug, Clone)]
pub struct Keeper {
    path: Arc<PathBuf>,
    list: watch::Sender<Option<Arc<Objections>>>,
}

impl Keeper {
    /// With what a data folder holds. A list that can't be read is as none: the server tells it again.
    #[must_use]
    pub fn open(data_dir: &Path) -> Self {
        let path = data_dir.join("objections");
        let kept = std::fs::read(&path).ok().and_then(|bytes| match Objections::decode(&bytes) {
            Ok(list) => Some(Arc::new(list)),
            Err(cause) => {
                tracing::warn!(%cause, "the list of objections on disk can't be read; the server tells it again");
                None
            }
        });
        let keeper = Self { path: Arc::new(path), list: watch::Sender::new(kept) };
        keeper.tell();
        keeper
    }

    /// The list, and every change of it.
    #[must_use]
    pub fn list(&self) -> watch::Receiver<Option<Arc<Objections>>> {
        self.list.subscribe()
    }

    /// Whether the box was ever told a list.
    #[must_use]
    pub fn was_told(&self) -> bool {
        self.list.borrow().is_some()
    }

    /// Takes what the server says: obeyed at once, then kept. True when it is another list than before.
    ///
    /// # Errors
    /// When it is no list.
    pub fn take(&self, payload: &[u8]) -> Result<bool, Error> {
        let list = Arc::new(Objections::decode(payload)?);
        let is_news = self.list.send_if_modified(|known| {
            let is_news = known.as_ref().is_none_or(|known| *known != list && list.replaces(known));
            if is_news {
                *known = Some(Arc::clone(&list));
            }
            is_news
        });
        if is_news {
            tracing::info!(version = list.version(), len = list.len(), "a list of objections came");
            self.tell();
            if let Err(cause) = runtime::files::write_private(&self.path, &list.encode()) {
                tracing::error!(%cause, "the list of objections can't be kept; it is obeyed until the box stops");
            }
        }
        Ok(is_news)
    }

    /// How many devices are on the list.
    #[must_use]
    pub fn devices(&self) -> usize {
        self.list.borrow().as_ref().map_or(0, |list| list.len())
    }

    fn tell(&self) {
        crate::metric::set(crate::metric::Name::Objections, self.devices() as u64);
    }
}

/// Whether the uplink may forward what was heard: after each connection the list comes first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Gate {
    /// Until when the list is waited for.
    waits_until: Option<Millis>,
}

impl Gate {
    /// The broker is there, and tells the list that it keeps.
    pub const fn connected(&mut self, was_told: bool, now: Millis) {
        let wait = if was_told { WAIT_MAX } else { FIRST_WAIT };
        self.waits_until = Some(Millis(now.0 + wait.0));
    }

    /// The list came.
    pub const fn told(&mut self) {
        self.waits_until = None;
    }

    /// Whether anything may go.
    #[must_use]
    pub fn is_open(&mut self, now: Millis) -> bool {
        let Some(until) = self.waits_until else { return true };
        let is_over = now >= until;
        if is_over {
            tracing::warn!("the server told no list of objections; going on with what is known");
            self.waits_until = None;
        }
        is_over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 16] = [3; 16];
    const ADDRESS: [u8; 6] = [0xc0, 0xff, 0xee, 1, 2, 3];

    fn list(version: u64) -> Objections {
        Objections::new(version, KEY, [wire::objections::hash(&KEY, ADDRESS)])
    }

    #[test]
    fn a_list_is_obeyed_kept_and_known_again_and_an_older_one_is_not_taken() {
        let folder = tempfile::tempdir().expect("a folder");
        let keeper = Keeper::open(folder.path());
        assert!(!keeper.was_told());
        assert_eq!(keeper.take(&list(7).encode()), Ok(true));
        assert_eq!(keeper.take(&list(7).encode()), Ok(false), "the same again");
        assert_eq!(keeper.take(&Objections::new(6, KEY, []).encode()), Ok(false), "an old one");
        assert_eq!(keeper.take(b"nonsense").map_err(|cause| cause.code()), Err("unknown-form"));
        let again = Keeper::open(folder.path());
        let known = again.list().borrow().clone().expect("a list");
        assert!(known.has(ADDRESS) && known.version() == 7);
        let bytes = std::fs::read(folder.path().join("objections")).expect("a file");
        assert!(!bytes.windows(3).any(|three| ADDRESS.windows(3).any(|part| part == three)), "no address on disk");
        std::fs::write(folder.path().join("objections"), b"torn").expect("written");
        assert!(!Keeper::open(folder.path()).was_told());
    }

    #[test]
    fn nothing_goes_before_the_list_has_come() {
        let mut gate = Gate::default();
        let at = |s| Millis::seconds(s);
        gate.connected(false, at(0));
        assert!(!gate.is_open(at(0)) && !gate.is_open(at(4)), "the first list is on its way");
        assert!(gate.is_open(at(5)) && gate.is_open(at(6)), "this server may never tell one");
        gate.connected(false, at(7));
        gate.told();
        assert!(gate.is_open(at(7)), "an empty one is a list too");
        gate.connected(true, at(10));
        assert!(!gate.is_open(at(11)) && !gate.is_open(at(69)));
        gate.told();
        assert!(gate.is_open(at(70)));
        gate.connected(true, at(80));
        assert!(!gate.is_open(at(139)) && gate.is_open(at(140)) && gate.is_open(at(141)));
    }
}
