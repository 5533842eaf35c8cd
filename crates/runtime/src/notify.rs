//! What systemd wants to hear of a service: that it is up, and that work gets done. Without systemd nobody is told.
//!
//! The protocol of `sd_notify(3)`: one datagram of `KEY=value` lines to the socket that the environment names.

use std::time::Duration;

/// Longest status text; what is longer is cut.
const STATUS_CHARS_MAX: usize = 200;

/// Tells systemd; says nothing when nobody listens.
#[derive(Debug, Default)]
pub struct Notifier {
    #[cfg(target_os = "linux")]
    way: Option<(std::os::unix::net::UnixDatagram, std::os::unix::net::SocketAddr)>,
    watchdog: Option<Duration>,
}

impl Notifier {
    /// As the environment of this process says.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "systemd speaks through the environment")]
    pub fn from_environment() -> Self {
        let read = |name: &str| std::env::var(name).ok();
        // Both may have been meant for the process that started this one.
        let own = std::process::id().to_string();
        let watchdog = read("WATCHDOG_USEC").filter(|_| read("WATCHDOG_PID").is_none_or(|pid| pid == own));
        Self::new(read("NOTIFY_SOCKET").as_deref(), watchdog.as_deref())
    }

    /// To a socket (a path, or `@` and a name), with the watchdog's time in microseconds.
    #[must_use]
    pub fn new(socket: Option<&str>, watchdog_us: Option<&str>) -> Self {
        let watchdog = watchdog_us.and_then(|text| text.parse().ok()).filter(|us| *us > 0).map(Duration::from_micros);
        #[cfg(target_os = "linux")]
        let way = socket.and_then(|socket| {
            open(socket)
                .inspect_err(|cause| tracing::warn!(%cause, socket, "systemd can't be told how this service fares"))
                .ok()
        });
        #[cfg(not(target_os = "linux"))]
        let _ = socket;
        Self {
            #[cfg(target_os = "linux")]
            way,
            watchdog,
        }
    }

    /// After how long without [`Notifier::alive`] the service is ended and started anew; never, if none.
    #[must_use]
    pub const fn watchdog(&self) -> Option<Duration> {
        self.watchdog
    }

    /// The service is up.
    pub fn ready(&self) {
        self.send("READY=1");
    }

    /// Work gets done.
    pub fn alive(&self) {
        self.send("WATCHDOG=1");
    }

    /// One line for `systemctl status`.
    pub fn status(&self, text: &str) {
        let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(STATUS_CHARS_MAX).collect();
        self.send(&format!("STATUS={line}"));
    }

    #[cfg(target_os = "linux")]
    fn send(&self, message: &str) {
        let Some((socket, address)) = &self.way else { return };
        if let Err(cause) = socket.send_to_addr(message.as_bytes(), address) {
            tracing::debug!(%cause, message, "systemd was not told");
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn send(&self, _message: &str) {}
}

#[cfg(target_os = "linux")]
fn open(socket: &str) -> std::io::Result<(std::os::unix::net::UnixDatagram, std::os::unix::net::SocketAddr)> {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    let address = match socket.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(socket)?,
    };
    let own = UnixDatagram::unbound()?;
    // A listener that is full must not hold the service up.
    own.set_nonblocking(true)?;
    Ok((own, address))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    use super::*;

    fn next(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 1_024];
        let length = socket.recv(&mut bytes).expect("a datagram");
        String::from_utf8(bytes[..length].to_vec()).expect("text")
    }

    #[test]
    fn everything_is_told_in_the_words_of_the_protocol() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("notify");
        let systemd = UnixDatagram::bind(&path).expect("a socket");
        let notifier = Notifier::new(path.to_str(), Some("30000000"));
        assert_eq!(notifier.watchdog(), Some(Duration::from_secs(30)));
        notifier.ready();
        notifier.alive();
        notifier.status("two\nlines=1");
        let told: Vec<String> = (0..3).map(|_| next(&systemd)).collect();
        assert_eq!(told, ["READY=1", "WATCHDOG=1", "STATUS=two lines=1"]);
    }

    #[test]
    fn an_abstract_name_is_a_socket_too() {
        let name = format!("attimo-notify-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).expect("a name");
        let systemd = UnixDatagram::bind_addr(&address).expect("a socket");
        Notifier::new(Some(&format!("@{name}")), None).ready();
        assert_eq!(next(&systemd), "READY=1");
    }

    #[test]
    fn without_systemd_nobody_is_told_and_nothing_breaks() {
        for (socket, watchdog) in [(None, None), (Some("/nowhere/at/all"), Some("soon")), (Some(""), Some("0"))] {
            let notifier = Notifier::new(socket, watchdog);
            notifier.ready();
            notifier.status(&"x".repeat(10_000));
            assert_eq!(notifier.watchdog(), None);
        }
    }
}
