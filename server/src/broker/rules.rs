//! Who may say and hear what at the broker. Pure.

use wire::topics;

use crate::store::Role;

/// Where receivers and sensors publish, unless the configuration says otherwise.
pub(crate) const RECEIVER_TOPICS: [&str; 18] = [
    topics::ESPRESENSE_DEVICES,
    topics::ESPRESENSE_STATUS,
    topics::ESPRESENSE_TELEMETRY,
    topics::BT_TO_MQTT,
    topics::BT_STATUS,
    topics::OMG_PRESENCE,
    topics::MINEW,
    topics::KONTAKT,
    topics::RUUVI,
    topics::MOKO,
    topics::CASSIA,
    topics::RADDEC,
    topics::SHELLY,
    topics::SHELLY_STATUS,
    topics::TASMOTA_STATES,
    topics::TASMOTA_SENSORS,
    topics::TASMOTA_STATUS,
    topics::COUNTERS,
];
/// What receivers may hear: the settings that ESPresense nodes read.
const RECEIVER_SETTINGS: [&str; 2] = ["espresense/rooms/+/+/set", "espresense/settings/+/config"];

/// Who is at the other end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) role: Role,
}

impl User {
    /// Whether this user may publish on a topic.
    pub(super) fn may_publish(&self, topic: &str, receiver_topics: &[String]) -> bool {
        match self.role {
            Role::Gateway => {
                let own = [
                    topics::gateway_up(&self.name),
                    topics::gateway_live(&self.name),
                    topics::gateway_past(&self.name),
                    topics::gateway_state(&self.name),
                    topics::gateway_renewal(&self.name),
                    topics::gateway_reported(&self.name),
                ];
                own.iter().any(|own| own == topic)
            }
            Role::Receiver => receiver_topics.iter().any(|filter| topics::matches(filter, topic)),
        }
    }

    /// Whether this user may subscribe to a filter.
    pub(super) fn may_subscribe(&self, filter: &str, receiver_topics: &[String]) -> bool {
        match self.role {
            Role::Gateway => {
                filter == topics::gateway_ack(&self.name)
                    || filter == topics::gateway_certificate(&self.name)
                    || filter == topics::gateway_desired(&self.name)
                    // Whom a box is to leave out is no secret from another box.
                    || topics::captured(topics::OBJECTIONS, filter).is_some_and(|store| store != "+")
                    || receiver_topics.iter().any(|allowed| covers(allowed, filter))
            }
            Role::Receiver => RECEIVER_SETTINGS.iter().any(|allowed| covers(allowed, filter)),
        }
    }
}

/// Whether every topic that `asked` takes in is taken in by `allowed` too.
fn covers(allowed: &str, asked: &str) -> bool {
    let mut asked = asked.split('/');
    for wanted in allowed.split('/') {
        match (wanted, asked.next()) {
            ("#", _) => return true,
            (_, None | Some("#")) => return false,
            ("+", Some(_)) => {}
            (wanted, Some(found)) if wanted == found => {}
            (_, Some(_)) => return false,
        }
    }
    asked.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vendor_topics() -> Vec<String> {
        RECEIVER_TOPICS.map(str::to_owned).to_vec()
    }

    fn user(name: &str, role: Role) -> User {
        User { name: name.into(), role }
    }

    #[test]
    fn a_gateway_speaks_only_under_its_own_name() {
        let gateway = user("shop-1", Role::Gateway);
        for topic in ["gw/shop-1/up", "gw/shop-1/live", "gw/shop-1/past", "gw/shop-1/state", "gw/shop-1/reported"] {
            assert!(gateway.may_publish(topic, &vendor_topics()), "{topic}");
        }
        for topic in [
            "gw/shop-2/up",
            "gw/shop-2/past",
            "gw/shop-1/ack",
            "gw/shop-1/desired",
            "gw/shop-1/up/x",
            "gw/+/up",
            "espresense/devices/a/b",
            "#",
            "",
        ] {
            assert!(!gateway.may_publish(topic, &vendor_topics()), "{topic}");
        }
    }

    #[test]
    fn a_gateway_hears_receivers_and_its_own_acknowledgements() {
        let gateway = user("shop-1", Role::Gateway);
        for filter in [
            "gw/shop-1/ack",
            "gw/shop-1/desired",
            "espresense/devices/+/+",
            "espresense/devices/+/wine",
            "espresense/rooms/+/status",
            "home/+/LWT",
            "tele/+/LWT",
            "counter/door",
        ] {
            assert!(gateway.may_subscribe(filter, &vendor_topics()), "{filter}");
        }
        for filter in [
            "gw/+/ack",
            "gw/shop-2/ack",
            "gw/shop-2/desired",
            "gw/#",
            "#",
            "+/+/+",
            "espresense/#",
            "$SYS/#",
            "$share/g/#",
        ] {
            assert!(!gateway.may_subscribe(filter, &vendor_topics()), "{filter}");
        }
    }

    #[test]
    fn a_receiver_hears_nobody_and_speaks_its_vendors_form() {
        let receiver = user("r1", Role::Receiver);
        assert!(receiver.may_publish("home/OMG/BTtoMQTT/AABB", &vendor_topics()));
        assert!(!receiver.may_publish("gw/shop-1/up", &vendor_topics()));
        for filter in ["#", "espresense/devices/+/+", "gw/shop-1/ack", "espresense/rooms/#"] {
            assert!(!receiver.may_subscribe(filter, &vendor_topics()), "{filter}");
        }
        assert!(receiver.may_subscribe("espresense/rooms/wine/+/set", &vendor_topics()));
    }
}
