//! Where a push may be sent: endpoints come from outside, so hosts are allow-listed and addresses checked after the name was resolved.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Longest endpoint taken.
pub const ENDPOINT_LEN_MAX: usize = 2_048;

/// Why an endpoint is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is no URL, or too long.
    #[error("the endpoint is not a URL of at most {ENDPOINT_LEN_MAX} bytes")]
    NotAUrl,
    /// It is not `https`.
    #[error("the endpoint is not https")]
    NotHttps,
    /// It carries a user name or a password.
    #[error("the endpoint carries a user name or password")]
    Credentials,
    /// Its host is not on the list of push services.
    #[error("the endpoint's host is not a known push service")]
    UnknownHost,
}

/// The rule for endpoints.
#[derive(Debug, Clone)]
pub struct Guard {
    hosts: Vec<String>,
    allow_loopback: bool,
}

impl Guard {
    /// Each host name stands for itself and for everything below it.
    /// `allow_loopback` lets tests and demos use plain HTTP on this machine.
    #[must_use]
    pub fn new(hosts: &[String], allow_loopback: bool) -> Self {
        let name = |host: &String| host.trim_start_matches("*.").trim_end_matches('.').to_ascii_lowercase();
        Self { hosts: hosts.iter().map(name).filter(|host| !host.is_empty()).collect(), allow_loopback }
    }

    /// Checks an endpoint by its text. Its addresses are checked when it is connected to.
    ///
    /// # Errors
    /// [`Refused`] says why.
    pub fn check(&self, endpoint: &str) -> Result<Url, Refused> {
        if endpoint.len() > ENDPOINT_LEN_MAX {
            return Err(Refused::NotAUrl);
        }
        let url = Url::parse(endpoint).map_err(|_| Refused::NotAUrl)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refused::Credentials);
        }
        let host = url.host_str().ok_or(Refused::NotAUrl)?;
        if self.allow_loopback && is_loopback_name(host) && matches!(url.scheme(), "http" | "https") {
            return Ok(url);
        }
        if url.scheme() != "https" {
            return Err(Refused::NotHttps);
        }
        // A literal address never passes: no service is named by one, and it would go round the check of resolved names.
        if host.starts_with('[') || host.parse::<IpAddr>().is_ok() || !self.lists(host) {
            return Err(Refused::UnknownHost);
        }
        Ok(url)
    }

    fn lists(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.');
        let below = |name: &String| host.strip_suffix(name.as_str()).is_some_and(|left| left.ends_with('.'));
        self.hosts.iter().any(|name| host == name || below(name))
    }

    /// Whether a resolved address may be connected to.
    fn allows(&self, address: IpAddr) -> bool {
        is_public(address) || (self.allow_loopback && address.is_loopback())
    }
}

fn is_loopback_name(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Resolves names for the push client and hands out public addresses only. The client connects to what is handed out,
/// so a name that changes its address between check and use gains nothing.
impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|a| guard.allows(a.ip())).collect();
            if public.is_empty() {
                return Err("the push service's name leads to no public address".into());
            }
            let addresses: Addrs = Box::new(public.into_iter());
            Ok(addresses)
        })
    }
}

/// Whether an address belongs to the open internet.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

/// Everything that the special-purpose registry of IPv4 (RFC 6890) keeps off the open internet is refused.
fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let special = v4.is_unspecified()
        || v4.is_loopback()
        || v4.is_private()
        || v4.is_link_local()
        || v4.is_broadcast()
        || v4.is_documentation()
        || v4.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (b & 0xc0) == 64)
        || (a == 198 && (b & 0xfe) == 18)
        || (a == 192 && b == 0 && c == 0);
    !special
}

/// Only global unicast (2000::/3) is public, and of it not the ranges that wrap an IPv4 address.
fn is_public_v6(v6: Ipv6Addr) -> bool {
    if let Some(v4) = v6.to_ipv4_mapped() {
        return is_public_v4(v4);
    }
    let [a, b, ..] = v6.segments();
    let global = (a & 0xe000) == 0x2000;
    let special = (a == 0x2001 && (b == 0 || b == 0xdb8 || b == 2 || (b & 0xfff0) == 0x10)) || a == 0x2002;
    global && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(allow_loopback: bool) -> Guard {
        let hosts = ["fcm.googleapis.com", "*.google.com", "push.services.mozilla.com", "push.apple.com", ""];
        Guard::new(&hosts.map(str::to_owned), allow_loopback)
    }

    fn check(endpoint: &str) -> Result<(), Refused> {
        guard(false).check(endpoint).map(|_| ())
    }

    #[test]
    fn the_browsers_own_services_pass() {
        for endpoint in [
            "https://fcm.googleapis.com/fcm/send/abc",
            "https://jmt17.google.com/wp/x",
            "https://updates.push.services.mozilla.com/wpush/v2/abc",
            "https://web.push.apple.com/abc",
            "https://FCM.googleapis.com./fcm/send/abc",
        ] {
            assert_eq!(check(endpoint), Ok(()), "{endpoint}");
        }
    }

    #[test]
    fn everything_else_is_refused_with_its_reason() {
        let cases = [
            ("", Refused::NotAUrl),
            ("nonsense", Refused::NotAUrl),
            ("http://fcm.googleapis.com/x", Refused::NotHttps),
            ("file:///etc/passwd", Refused::NotAUrl),
            ("ftp://fcm.googleapis.com/", Refused::NotHttps),
            ("https://user:pw@fcm.googleapis.com/", Refused::Credentials),
            ("https://fcm.googleapis.com@evil.example/", Refused::Credentials),
            ("https://evil.example/", Refused::UnknownHost),
            ("https://googleapis.com/", Refused::UnknownHost),
            ("https://evilgoogleapis.com/", Refused::UnknownHost),
            ("https://fcm.googleapis.com.evil.example/", Refused::UnknownHost),
            ("https://127.0.0.1/", Refused::UnknownHost),
            ("https://[::1]/", Refused::UnknownHost),
            ("https://2130706433/", Refused::UnknownHost),
            ("https://0x7f.1/", Refused::UnknownHost),
            ("https://169.254.169.254/latest/meta-data", Refused::UnknownHost),
            ("https://[::ffff:10.0.0.1]/", Refused::UnknownHost),
            ("https://localhost/", Refused::UnknownHost),
            ("http://localhost:8080/", Refused::NotHttps),
        ];
        for (endpoint, reason) in cases {
            assert_eq!(check(endpoint), Err(reason), "{endpoint}");
        }
        assert_eq!(check(&format!("https://fcm.googleapis.com/{}", "x".repeat(3_000))), Err(Refused::NotAUrl));
    }

    #[test]
    fn loopback_passes_only_when_it_is_switched_on() {
        let open = guard(true);
        for endpoint in ["http://127.0.0.1:9999/p/1", "http://localhost:80/p", "http://[::1]:1/p"] {
            assert!(open.check(endpoint).is_ok(), "{endpoint}");
            assert!(check(endpoint).is_err(), "{endpoint}");
        }
        assert_eq!(open.check("http://10.0.0.1/").err(), Some(Refused::NotHttps));
        assert_eq!(open.check("https://192.168.1.1/").err(), Some(Refused::UnknownHost));
    }

    #[test]
    fn only_addresses_of_the_open_internet_are_connected_to() {
        let private = "0.0.0.0 10.1.2.3 100.64.0.1 100.127.255.255 127.0.0.1 169.254.169.254 172.16.0.1 172.31.9.9 \
                       192.0.0.8 192.0.2.1 192.168.0.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 \
                       255.255.255.255 :: ::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::10.0.0.1 64:ff9b::a00:1 fc00::1 fd12::1 \
                       fe80::1 ff02::1 2001:db8::1 2001::1 2001:10::1 2002:a00:1::1 100::1";
        for address in private.split_whitespace() {
            assert!(!is_public(address.parse().expect("an address")), "{address}");
        }
        for address in ["142.250.180.10", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2a00:1450:4002::1", "2600:1901::1"] {
            assert!(is_public(address.parse().expect("an address")), "{address}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_to_a_private_address_is_not_resolved() {
        let name = || "localhost".parse::<Name>().expect("a name");
        assert!(Guard::new(&["localhost".into()], false).resolve(name()).await.is_err());
        assert!(guard(true).resolve(name()).await.is_ok());
    }
}
