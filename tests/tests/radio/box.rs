//! A gateway that hears by its own radio alone: no receivers, and a server that is never there.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use gateway::spool::medium::Folder;
use gateway::spool::{Limits, Spool};
use model::sighting::Sighting;
use model::time::Millis;

/// A loaded machine is slow; what does not happen within this will not happen.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked at what happens in another process.
const LOOK: Duration = Duration::from_millis(20);

/// Waits until something that nobody announces is so.
pub(crate) async fn until(what: &str, mut is: impl AsyncFnMut() -> bool) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while !is().await {
            tokio::time::sleep(LOOK).await;
        }
    });
    assert!(waited.await.is_ok(), "waited in vain until {what}");
}

/// A running gateway.
pub(crate) struct GatewayBox {
    folder: PathBuf,
    child: Child,
    status: String,
    /// Kept open, so that the gateway can go on writing.
    _lines: BufReader<std::process::ChildStdout>,
}

impl GatewayBox {
    pub(crate) fn start(program: &Path, source: &str, folder: &Path, bus: &str) -> Self {
        Self::start_with(program, source, "adapter = \"hci0\"", folder, bus)
    }

    /// The same with another line that names adapters, or none.
    pub(crate) fn start_with(program: &Path, source: &str, adapters: &str, folder: &Path, bus: &str) -> Self {
        let config = folder.join("gateway.toml");
        let nobody = tests::free_port().expect("a port");
        let text = format!(
            "[gateway]\nid = \"edge-1\"\nstore = \"corner\"\ndata_dir = {:?}\n\
             [radio]\nsource = {source:?}\n{adapters}\nreceiver = \"ceiling\"\nsilence_s = 2\n\
             [uplink]\nurl = \"mqtt://127.0.0.1:{nobody}\"\n[status]\nlisten = \"127.0.0.1:0\"\n\
             [log]\nfilter = \"gateway=trace,info\"\n",
            folder.join("data")
        );
        std::fs::write(&config, text).expect("a configuration");
        let log = std::fs::File::create(folder.join("gateway.log")).expect("a log");
        let mut child = Command::new(program)
            .arg("--config")
            .arg(&config)
            .env("DBUS_SYSTEM_BUS_ADDRESS", bus)
            .env_remove("RUST_LOG")
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the gateway starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        lines.read_line(&mut line).expect("text");
        let status = line.trim().strip_prefix("ready status=").expect("the ready line").to_owned();
        Self { folder: folder.to_owned(), child, status, _lines: lines }
    }

    /// Advertisements heard since the start.
    pub(crate) async fn heard(&self) -> u64 {
        self.metric("attimo_gateway_adverts_heard_total ").await
    }

    /// One line of `/metrics`.
    pub(crate) async fn metric(&self, start: &str) -> u64 {
        let metrics = self.ask("metrics").await;
        let line = metrics.lines().find_map(|line| line.strip_prefix(start));
        line.map_or(0, |count| count.trim().parse().expect("a number"))
    }

    /// The page for people.
    pub(crate) async fn page(&self) -> String {
        self.ask("").await
    }

    /// What the health page says.
    pub(crate) async fn health(&self) -> String {
        self.ask("healthz").await
    }

    /// Its process id.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Stops it in order, and reads what it kept.
    pub(crate) fn stop_and_read(&mut self) -> Vec<Sighting> {
        let killed = Command::new("kill").args(["-TERM", &self.process().to_string()]).status().expect("kill");
        assert!(killed.success());
        assert!(self.child.wait().expect("an end").success());
        let folder = Folder::open(&self.folder.join("data/spool")).expect("a spool");
        let (spool, _) = Spool::open(folder, Limits::new(1 << 29, Millis::hours(24)), [0; 16]).expect("a spool");
        let stored = spool.read(1, usize::MAX).expect("readable");
        stored.iter().flat_map(|stored| wire::uplink::decode(&stored.batch).expect("a batch").sightings).collect()
    }

    /// Looks for the beginning of an address in all that it wrote, as bytes and as digits.
    pub(crate) fn assert_wrote_no_address(&self, bytes: [u8; 5]) {
        let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut forms = vec![bytes.to_vec()];
        for separator in ["", ":", "-", "_"] {
            let text = pairs.join(separator);
            forms.extend([text.to_uppercase().into_bytes(), text.into_bytes()]);
        }
        let spool = std::fs::read_dir(self.folder.join("data/spool")).expect("a spool");
        let files: Vec<PathBuf> = spool.map(|file| file.expect("a file").path()).collect();
        for path in files.into_iter().chain([self.folder.join("gateway.log")]) {
            let written = std::fs::read(&path).expect("bytes");
            assert!(!written.is_empty());
            for form in &forms {
                let found = written.windows(form.len()).any(|window| window == form.as_slice());
                assert!(!found, "an address stands in {}", path.display());
            }
        }
    }

    async fn ask(&self, page: &str) -> String {
        let url = format!("http://{}/{page}", self.status);
        reqwest::get(url).await.expect("the status page").text().await.expect("text")
    }
}

impl Drop for GatewayBox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
