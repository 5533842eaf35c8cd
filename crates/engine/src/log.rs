//! The recorded input log: JSON lines of `{now, input}` that replay to the same commands, byte for byte.
//!
//! Text in and text out; where the lines are kept is the shell's business.

use model::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::core::{Command, Core, CoreConfig, Input};

/// Longest line that is read, in bytes: a plan with both its files fits.
pub const LINE_LEN_MAX: usize = 8 * 1024 * 1024;

/// One input, with the time at which it was handled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// When it was handled.
    pub now: Timestamp,
    /// What was handled.
    pub input: Input,
}

/// Why a log can't be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A line is longer than any that was ever written.
    #[error("line {line} has {len} bytes, at most {LINE_LEN_MAX} are read")]
    TooLong {
        /// Which line, from 1.
        line: usize,
        /// Its length.
        len: usize,
    },
    /// A line is not an entry.
    #[error("line {line} is not a log entry")]
    Parse {
        /// Which line, from 1.
        line: usize,
        /// What the reader says.
        #[source]
        source: serde_json::Error,
    },
}

impl Entry {
    /// The entry as one line, without its line end.
    #[must_use]
    pub fn to_line(&self) -> String {
        serde_json::to_string(self).expect("inputs hold no map with keys that JSON can't carry")
    }
}

/// Writes entries as lines, each with its line end.
#[must_use]
pub fn write(entries: &[Entry]) -> String {
    entries.iter().map(|entry| entry.to_line() + "\n").collect()
}

/// Reads lines back; empty lines are skipped.
///
/// # Errors
/// The first line that is too long or is not an entry.
pub fn read(text: &str) -> Result<Vec<Entry>, Error> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(index, line)| read_line(line, index + 1)).collect()
}

fn read_line(text: &str, line: usize) -> Result<Entry, Error> {
    if text.len() > LINE_LEN_MAX {
        return Err(Error::TooLong { line, len: text.len() });
    }
    serde_json::from_str(text).map_err(|source| Error::Parse { line, source })
}

/// Feeds entries to a fresh core and gives everything that it caused, in order.
#[must_use]
pub fn replay(config: CoreConfig, entries: impl IntoIterator<Item = Entry>) -> Vec<Command> {
    let mut core = Core::new(config);
    let mut commands = Vec::new();
    for Entry { now, input } in entries {
        core.handle(input, now);
        commands.extend(std::iter::from_fn(|| core.poll_command()));
    }
    commands
}

/// Commands as JSON lines, to compare two runs byte for byte.
#[must_use]
pub fn write_commands(commands: &[Command]) -> String {
    let line = |command| serde_json::to_string(command).expect("commands hold no map with keys that JSON can't carry");
    commands.iter().map(|command| line(command) + "\n").collect()
}
