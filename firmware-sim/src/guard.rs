//! A guard over a child process: ends it when this process is gone, however it went.
//!
//! A shell holds one end of a pipe. When our end closes without a word, also after a `kill -9`, it ends the child.

use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

/// A line on the pipe means that the child has ended in order; the end of the pipe that it must be ended.
const SCRIPT: &str = "trap '' INT TERM HUP; read -r _ && exit 0; kill -TERM \"$1\" 2>/dev/null; \
    n=0; while kill -0 \"$1\" 2>/dev/null && [ $n -lt 50 ]; do sleep 0.1; n=$((n+1)); done; kill -KILL \"$1\" 2>/dev/null";

/// A guard. Dropping it ends the child.
#[derive(Debug)]
pub(crate) struct Guard {
    shell: Child,
}

impl Guard {
    /// Watches over a process by its id.
    pub(crate) fn over(process: u32) -> std::io::Result<Self> {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, "guard", &process.to_string()]).process_group(0);
        let streams = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self { shell: streams.spawn()? })
    }

    /// Sends it home: the child has ended.
    pub(crate) async fn dismiss(&mut self) {
        if let Some(mut pipe) = self.shell.stdin.take() {
            // A guard that is gone already needs no word.
            let _ = pipe.write_all(b"ended\n").await;
        }
        let _ = self.shell.wait().await;
    }

    /// Closes the pipe without a word, as the end of this process does.
    #[cfg(test)]
    pub(crate) fn abandon(&mut self) {
        drop(self.shell.stdin.take());
    }
}
