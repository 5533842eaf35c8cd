//! A PostgreSQL of its own for a test: in a temporary folder, on a free port, gone at the end.

use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A running cluster.
pub(crate) struct Cluster {
    folder: tempfile::TempDir,
    bin: PathBuf,
    port: u16,
}

impl Cluster {
    /// Starts one. A machine without PostgreSQL fails the test, and says what to install.
    pub(crate) fn start() -> Self {
        let bin = binaries().expect("PostgreSQL's initdb and pg_ctl; on Debian `apt-get install postgresql`");
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("permissions");
        if is_root() {
            // PostgreSQL refuses to run as root.
            let (user, group) = nobody();
            chown(folder.path(), Some(user), Some(group)).expect("a folder of its own");
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
        let cluster = Self { folder, bin, port };
        cluster.run("initdb", &["-A", "trust", "-U", "attimo", "--no-sync", "--encoding=UTF8", "--locale=C"]);
        cluster.control_start();
        cluster
    }

    /// The URL of its database.
    pub(crate) fn url(&self) -> String {
        format!("postgres://attimo@127.0.0.1:{}/postgres", self.port)
    }

    /// Stops it at once, as a crash would.
    pub(crate) fn crash(&self) {
        self.run("pg_ctl", &["-m", "immediate", "-w", "stop"]);
    }

    /// Starts it again after a crash.
    pub(crate) fn control_start(&self) {
        let log = self.folder.path().join("log");
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={} -c unix_socket_directories={}",
            self.port,
            self.folder.path().display()
        );
        self.run("pg_ctl", &["-w", "-l", &log.to_string_lossy(), "-o", &options, "start"]);
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let program = self.bin.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "nobody", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        let data = self.folder.path().join("data");
        command.arg("-D").arg(data).args(arguments).current_dir(self.folder.path());
        // A server started by pg_ctl keeps what it inherits, so it gets nothing to hold open.
        let output: Output = command
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .output()
            .expect("a program to run");
        assert!(output.status.success(), "{command:?} failed: {}", output.status);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut command = Command::new(self.bin.join("pg_ctl"));
        if is_root() {
            command = Command::new("runuser");
            command.args(["-u", "nobody", "--"]).arg(self.bin.join("pg_ctl"));
        }
        let data = self.folder.path().join("data");
        let _ = command.arg("-D").arg(data).args(["-m", "immediate", "stop"]).current_dir("/").output();
    }
}

fn binaries() -> Option<PathBuf> {
    let mut places = vec![PathBuf::from("/usr/local/bin"), PathBuf::from("/usr/bin")];
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    places.extend(versions.map(|version| version.path().join("bin")));
    places.into_iter().find(|place| place.join("initdb").exists() && place.join("pg_ctl").exists())
}

fn is_root() -> bool {
    let own = std::fs::metadata("/proc/self").expect("a process");
    std::os::unix::fs::MetadataExt::uid(&own) == 0
}

/// The user and group without rights, from the system's list.
fn nobody() -> (u32, u32) {
    let users = std::fs::read_to_string(Path::new("/etc/passwd")).expect("a list of users");
    let line = users.lines().find(|line| line.starts_with("nobody:")).expect("the user nobody");
    let number = |at: usize| line.split(':').nth(at).and_then(|n| n.parse().ok()).expect("a number");
    (number(2), number(3))
}
