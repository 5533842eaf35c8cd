//! The spool's own thread: takes commands, groups what it took into one sync, and tells how it stands.

use std::path::Path;
use std::sync::Arc;
use std::thread;

use runtime::clock::Clock;
use tokio::sync::{mpsc, oneshot, watch};

use super::medium::{Folder, Medium};
use super::{Entry, Error, Limits, Past, Recovery, Spool, Standing, Stored};
use crate::metric;

/// Most commands that wait for the thread.
const COMMANDS_MAX: usize = 512;
/// Most commands that share one sync.
const GROUP_MAX: usize = 256;

#[derive(Debug)]
enum Command {
    Append(Entry),
    Acked(u64, Option<(u64, u64)>),
    Read {
        from: u64,
        count: usize,
        reply: oneshot::Sender<Vec<Stored>>,
    },
    /// Wakes the thread: bounds of age, and a disk that may work again.
    Tick,
    Flush(oneshot::Sender<()>),
}

/// Speaks with the thread. Cheap to clone; the thread ends with the last one.
#[derive(Debug, Clone)]
pub struct Handle {
    id: [u8; 16],
    commands: mpsc::Sender<Command>,
    standing: watch::Receiver<Standing>,
}

/// Opens the spool in a folder and starts its thread. With `past`, nothing of earlier runs stays beyond its age.
///
/// # Errors
/// [`Error::Open`] when the folder can't be made or read.
pub fn start(
    path: &Path,
    limits: Limits,
    clock: Arc<dyn Clock>,
    past: Option<Past>,
) -> Result<(Handle, Recovery), Error> {
    let folder = Folder::open(path).map_err(Error::Open)?;
    let (mut spool, recovery) = Spool::open(folder, limits, rand::random())?;
    if let Some(past) = past {
        spool.date(past);
        // Before anybody can read it.
        spool.enforce(clock.now());
    }
    if recovery.bytes_cut > 0 {
        tracing::warn!(bytes_cut = recovery.bytes_cut, "the spool had a torn or damaged end, which was left out");
    }
    let (commands, queue) = mpsc::channel(COMMANDS_MAX);
    let (told, standing) = watch::channel(spool.standing());
    let handle = Handle { id: spool.id(), commands, standing };
    let worker = Worker { spool, clock, told, refusing: false };
    thread::Builder::new().name("spool".into()).spawn(move || worker.run(queue)).map_err(Error::Open)?;
    Ok((handle, recovery))
}

impl Handle {
    /// The spool's id.
    #[must_use]
    pub const fn id(&self) -> [u8; 16] {
        self.id
    }

    /// Hands a batch over; false if there is no room, which is counted by the caller.
    #[must_use]
    pub fn append(&self, entry: Entry) -> bool {
        self.commands.try_send(Command::Append(entry)).is_ok()
    }

    /// Tells what the server keeps: everything up to a number, and a range above it.
    pub async fn acked(&self, through: u64, beyond: Option<(u64, u64)>) {
        let _ = self.commands.send(Command::Acked(through, beyond)).await;
    }

    /// Reads batches from `from` on; empty if there are none.
    pub async fn read(&self, from: u64, count: usize) -> Vec<Stored> {
        let (reply, answer) = oneshot::channel();
        let _ = self.commands.send(Command::Read { from, count, reply }).await;
        answer.await.unwrap_or_default()
    }

    /// Returns after everything handed over before was tried on the disk.
    pub async fn flush(&self) {
        // A thread that is gone has tried all that it could.
        let _ = self.answers().await;
    }

    /// The same, and whether the thread is there to answer.
    pub async fn answers(&self) -> bool {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Flush(reply)).await.is_ok() && answer.await.is_ok()
    }

    /// Lets the thread look at its bounds.
    pub fn tick(&self) {
        // A full queue wakes it as well.
        let _ = self.commands.try_send(Command::Tick);
    }

    /// How the spool stands, and every change of it.
    #[must_use]
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.clone()
    }
}

struct Worker<M: Medium> {
    spool: Spool<M>,
    clock: Arc<dyn Clock>,
    told: watch::Sender<Standing>,
    refusing: bool,
}

impl<M: Medium> Worker<M> {
    fn run(mut self, mut queue: mpsc::Receiver<Command>) {
        while let Some(first) = queue.blocking_recv() {
            let mut answers = Vec::new();
            self.take(first, &mut answers);
            for _ in 1..GROUP_MAX {
                let Ok(next) = queue.try_recv() else { break };
                self.take(next, &mut answers);
            }
            self.commit();
            self.spool.enforce(self.clock.now());
            self.tell();
            for answer in answers {
                self.answer(answer);
            }
        }
        self.commit();
    }

    /// Takes in what changes the spool; what asks something is answered after the sync.
    fn take(&mut self, command: Command, answers: &mut Vec<Command>) {
        match command {
            Command::Append(entry) => self.spool.push(entry),
            Command::Acked(through, beyond) => self.spool.acked(through, beyond),
            Command::Read { .. } | Command::Flush(_) => answers.push(command),
            Command::Tick => {}
        }
    }

    fn answer(&mut self, command: Command) {
        match command {
            Command::Read { from, count, reply } => {
                let _ = reply.send(self.read(from, count));
            }
            Command::Flush(reply) => {
                let _ = reply.send(());
            }
            Command::Append(_) | Command::Acked(..) | Command::Tick => {}
        }
    }

    fn read(&mut self, from: u64, count: usize) -> Vec<Stored> {
        self.spool.read(from, count).unwrap_or_else(|cause| {
            tracing::error!(cause = ?cause, from, "a spool segment can't be read back and is given up");
            self.spool.abandon(from);
            self.tell();
            Vec::new()
        })
    }

    fn commit(&mut self) {
        match self.spool.commit() {
            Ok(()) if self.refusing => {
                self.refusing = false;
                tracing::info!("the spool can be written again");
            }
            Ok(()) => {}
            Err(cause) if !self.refusing => {
                self.refusing = true;
                tracing::error!(cause = ?cause, "the spool can't be written: free the disk, or replace it");
            }
            Err(_) => {}
        }
    }

    fn tell(&self) {
        let standing = self.spool.standing();
        metric::spool(&standing);
        self.told.send_if_modified(|told| {
            let changed = *told != standing;
            *told = standing;
            changed
        });
    }
}
