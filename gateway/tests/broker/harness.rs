//! A mosquitto on a free port, the gateway's binary with a generated configuration, and a server that commits and acknowledges.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use model::reading::{Reading, ReadingKind};
use model::sighting::Sighting;
use runtime::mqtt::{self, Client, Event, Options, Qos};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use wire::uplink::{self, Ack, Batch};
use wire::vendor::Message;

const MOSQUITTO: &str = "/usr/sbin/mosquitto";
/// A loaded machine is slow; what does not happen within this will not happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Set to 1 where a test may be left out for want of a tool.
const MAY_LEAVE_OUT: &str = "ATTIMO_TESTS_MAY_LEAVE_OUT";

/// Whether a test is to be left out for want of a real broker; it fails where nobody allowed that.
pub(crate) fn mosquitto_is_missing() -> bool {
    let missing = !Path::new(MOSQUITTO).exists();
    if missing {
        let why = format!("{MOSQUITTO} is not installed, and this test needs a real broker: apt-get install mosquitto");
        let may = std::env::var_os(MAY_LEAVE_OUT).is_some_and(|value| value == "1");
        assert!(may, "{why}, or set {MAY_LEAVE_OUT}=1 to leave the test out");
        // Written past the test's own capture, so that it is seen although the test passes.
        let _ = writeln!(std::io::stderr(), "left out: {why}");
    }
    missing
}

/// A real broker.
pub(crate) struct Broker {
    port: u16,
    folder: TempDir,
    child: Child,
}

impl Broker {
    pub(crate) async fn start() -> Self {
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
            let folder = TempDir::new().expect("a folder");
            let text = format!("listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n");
            std::fs::write(folder.path().join("mosquitto.conf"), text).expect("a configuration");
            if let Some(child) = launch(folder.path()).await {
                return Self { port, folder, child };
            }
        }
        panic!("mosquitto found no free port in five tries");
    }

    pub(crate) fn url(&self) -> String {
        format!("mqtt://127.0.0.1:{}", self.port)
    }

    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.expect("a broker to kill");
    }

    /// Comes back on the same port, and remembers nothing.
    pub(crate) async fn restart(&mut self) {
        self.child = launch(self.folder.path()).await.expect("the port is still free");
    }
}

/// Starts mosquitto and waits until it says that it runs; none if it ends before.
async fn launch(folder: &Path) -> Option<Child> {
    let mut child = Command::new(MOSQUITTO)
        .arg("-v")
        .arg("-c")
        .arg(folder.join("mosquitto.conf"))
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("mosquitto");
    let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    while let Some(line) = lines.next_line().await.expect("text") {
        if line.ends_with(" running") {
            // The pipe must be read on, or the broker would stand still once it is full.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Some(child);
        }
    }
    None
}

/// The gateway's binary.
pub(crate) struct Gateway {
    folder: PathBuf,
    pub(crate) child: Child,
    pub(crate) status: String,
}

impl Gateway {
    /// Starts it in a folder; what it kept there before is found again.
    pub(crate) async fn start(folder: &Path, receivers: &Broker, uplink: &Broker, extra: &str) -> Self {
        let config = folder.join("gateway.toml");
        let text = format!(
            "[gateway]\nid = \"gw-1\"\nstore = \"demo\"\ndata_dir = {data:?}\n\
             tag_uuids = [\"a7710002-0000-4000-8000-000000000001\"]\n\
             [receivers]\nurl = {receivers:?}\n[uplink]\nurl = {uplink:?}\n[status]\nlisten = \"127.0.0.1:0\"\n\
             [log]\nfilter = \"trace\"\n[sensors.door]\nkind = \"counter-cumulative\"\ntopic = \"counter/door\"\n\
             [sensors.shelf]\nkind = \"shelf\"\ntopic = \"tele/shelf/SENSOR\"\n{extra}",
            data = folder.join("data"),
            receivers = receivers.url(),
            uplink = uplink.url(),
        );
        std::fs::write(&config, text).expect("a configuration");
        let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.join("log")).expect("a log");
        let mut child = Command::new(env!("CARGO_BIN_EXE_attimo-gateway"))
            .arg("--config")
            .arg(&config)
            .env_remove("RUST_LOG")
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("the gateway");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let ready = tokio::time::timeout(PATIENCE, lines.next_line()).await.expect("in time").expect("text");
        let status = ready.as_deref().and_then(|line| line.strip_prefix("ready status=")).expect("the ready line");
        Self { folder: folder.to_owned(), child, status: status.to_owned() }
    }

    /// `kill -9`.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("a gateway to kill");
    }

    /// SIGTERM, and the exit code.
    pub(crate) async fn stop(&mut self) -> Option<i32> {
        let id = self.child.id().expect("it runs").to_string();
        let killed = Command::new("kill").args(["-TERM", &id]).status().await.expect("kill");
        assert!(killed.success());
        tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("in time").expect("an end").code()
    }

    /// Every byte that it wrote: spool and log.
    pub(crate) fn written(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let spool = self.folder.join("data/spool");
        let files = std::fs::read_dir(spool).expect("a spool").map(|entry| entry.expect("a file").path());
        files.chain([self.folder.join("log")]).map(|path| (path.clone(), std::fs::read(path).expect("bytes"))).collect()
    }
}

/// What the server has committed, and what it heard besides.
#[derive(Debug, Default, Clone)]
pub(crate) struct Committed {
    watermarks: BTreeMap<[u8; 16], u64>,
    pub(crate) sightings: Vec<Sighting>,
    pub(crate) readings: Vec<Reading>,
    pub(crate) live: Vec<Sighting>,
    pub(crate) health: Option<uplink::Health>,
    pub(crate) repeats: u64,
    /// So many of the next batches with readings are ones that it can't read.
    unreadable: u64,
    /// What it said of such.
    pub(crate) refused: Vec<u64>,
    /// Every payload of the uplink, as it came.
    pub(crate) payloads: Vec<Vec<u8>>,
    pub(crate) states: Vec<wire::state::State>,
}

impl Committed {
    pub(crate) fn crossed(&self) -> (u32, u32) {
        self.readings.iter().fold((0, 0), |sum, reading| match reading.kind {
            ReadingKind::Crossing { entered, left } => (sum.0 + entered, sum.1 + left),
            ReadingKind::Level(_) | ReadingKind::Presence(_) | ReadingKind::ShelfDelta(_) => sum,
        })
    }

    /// Takes a batch by the server's rule; the number to acknowledge, if any.
    fn take(&mut self, batch: Batch) -> Option<Ack> {
        let mut refused = None;
        let watermark = self.watermarks.entry(batch.spool).or_default();
        let is_next = batch.seq == *watermark + 1 || (batch.oldest > *watermark + 1 && batch.seq == batch.oldest);
        if batch.seq <= *watermark {
            self.repeats += 1;
        } else if is_next {
            *watermark = batch.seq;
            if self.unreadable > 0 && !batch.readings.is_empty() {
                self.unreadable -= 1;
                self.refused.push(batch.seq);
                refused = Some((batch.seq, batch.seq));
            } else {
                self.sightings.extend(batch.sightings);
                self.readings.extend(batch.readings);
            }
        } else {
            return None;
        }
        Some(Ack { spool: batch.spool, through: *watermark, beyond: None, offset: None, packs: false, refused })
    }
}

/// A server that commits in memory.
pub(crate) struct Server {
    committed: Arc<Mutex<Committed>>,
    changed: watch::Receiver<u64>,
    client: Client,
}

impl Server {
    /// Tells the boxes of the store that nobody objects, as a server does at its start.
    pub(crate) async fn tell_that_nobody_objects(&self) {
        let nobody = wire::objections::Objections::new(1, [0; 16], []).encode();
        let topic = wire::topics::objections("demo");
        self.client.publish(&topic, nobody, Qos::AtLeastOnce, true).await.expect("a broker");
    }

    pub(crate) async fn start(broker: &Broker) -> Self {
        let (client, mut events) = mqtt::connect(&Options::new(&broker.url(), "server")).expect("options");
        let filters = ["gw/+/up", "gw/+/live", "gw/+/state"].map(|filter| (filter, Qos::AtLeastOnce));
        client.subscribe(&filters).await.expect("a client");
        let committed = Arc::new(Mutex::new(Committed::default()));
        let (tell, changed) = watch::channel(0);
        let (store, acks) = (committed.clone(), client.clone());
        tokio::spawn(async move {
            while let Some(event) = events.next().await {
                let Event::Message { topic, payload, .. } = event else { continue };
                let ack = take(&mut store.lock().expect("no panic"), &topic, &payload);
                if let Some(ack) = ack {
                    let _ = acks.try_publish("gw/gw-1/ack", uplink::encode_ack(ack), Qos::AtLeastOnce, false);
                }
                tell.send_modify(|count| *count += 1);
            }
        });
        Self { committed, changed, client }
    }

    pub(crate) fn committed(&self) -> Committed {
        self.committed.lock().expect("no panic").clone()
    }

    /// Waits until what was committed is as it should be.
    pub(crate) async fn until(&mut self, what: &str, is: impl Fn(&Committed) -> bool) {
        let waited = tokio::time::timeout(PATIENCE, async {
            while !is(&self.committed.lock().expect("no panic")) {
                self.changed.changed().await.expect("the server lives");
            }
        })
        .await;
        assert!(waited.is_ok(), "waited in vain for {what}: {:?}", self.committed());
    }

    /// The next batch with readings is one that it can't read.
    pub(crate) fn fail_to_read_one(&self) {
        self.committed.lock().expect("no panic").unreadable = 1;
    }

    pub(crate) async fn stop(&self) {
        self.client.disconnect().await;
    }
}

fn take(store: &mut Committed, topic: &str, payload: &[u8]) -> Option<Ack> {
    store.payloads.push(payload.to_vec());
    if topic == "gw/gw-1/state" {
        store.states.push(wire::state::decode(payload).expect("a readable state"));
        return None;
    }
    let batch = uplink::decode(payload).expect("a readable batch");
    assert_eq!(batch.gateway.as_str(), "gw-1");
    if topic == "gw/gw-1/live" {
        assert_eq!((batch.seq, batch.oldest), (0, 0));
        store.health = batch.health.or(store.health.take());
        store.live.extend(batch.sightings);
        return None;
    }
    store.take(batch)
}

/// Publishes what vendors publish.
pub(crate) struct Publisher {
    client: Client,
}

impl Publisher {
    pub(crate) async fn start(broker: &Broker) -> Self {
        let (client, mut events) = mqtt::connect(&Options::new(&broker.url(), "vendors")).expect("options");
        while !matches!(events.next().await.expect("a client"), Event::Connected { .. }) {}
        tokio::spawn(async move { while events.next().await.is_some() {} });
        Self { client }
    }

    pub(crate) async fn publish(&self, message: &Message) {
        let payload = message.payload.clone();
        self.client.publish(&message.topic, payload, Qos::AtLeastOnce, false).await.expect("a broker");
    }
}

/// Waits until the gateway has both brokers: its health page says so.
pub(crate) async fn until_healthy(status: &str) {
    until_page(status, "/healthz", |page| page.starts_with("HTTP/1.1 200")).await;
}

/// Waits until a page of the gateway is as it should be.
pub(crate) async fn until_page(status: &str, path: &str, is: impl Fn(&str) -> bool) {
    let asked = tokio::time::timeout(PATIENCE, async {
        while !is(&get(status, path).await) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    asked.await.unwrap_or_else(|_| panic!("{path} is as it should be in time"));
}

async fn get(status: &str, path: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(status).await.expect("a status page");
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer
}
