use super::*;

#[test]
fn a_wrong_address_is_refused_before_anything_starts() {
    for url in ["localhost:1883", "http://localhost", "mqtt://", "mqtt://host:port", "mqtt://a b"] {
        assert!(matches!(Options::new(url, "x").to_raw(), Err(Error::Url { .. })), "{url}");
    }
}

#[test]
fn an_address_may_leave_out_the_port() {
    for url in ["mqtt://shop.example", "mqtt://shop.example:1884/", "mqtt://[::1]:1883", "tcp://127.0.0.1:1"] {
        assert!(Options::new(url, "x").to_raw().is_ok(), "{url}");
    }
}

#[tokio::test]
async fn a_broker_that_is_away_is_said_and_not_fatal() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port");
    let (client, mut events) = connect(&Options::new(&format!("mqtt://{free}"), "x")).expect("right options");
    assert!(matches!(events.next().await, Some(Event::Disconnected { .. })));
    client.disconnect().await;
    while events.next().await.is_some() {}
}

#[test]
fn an_address_has_its_usual_port() {
    let cases = [
        ("mqtts://shop", ("shop", 8883)),
        ("mqtt://shop/", ("shop", 1883)),
        ("mqtt://[::1]:99", ("::1", 99)),
        ("mqtts://10.0.0.1:1", ("10.0.0.1", 1)),
    ];
    for (url, (host, port)) in cases {
        let address = Address::parse(url).expect("an address");
        assert_eq!((address.host.as_str(), address.port), (host, port), "{url}");
        assert_eq!(address.is_tls, url.starts_with("mqtts"), "{url}");
        assert_eq!(address.is_here(), host == "::1", "{url}");
    }
    assert!(Address::parse("shop").is_err());
}
