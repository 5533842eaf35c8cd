//! `[receivers]`: the broker of receivers and sensors, and which topics are whose.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;
use wire::topics;

/// The broker of receivers and sensors, and which topics are whose.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Receivers {
    /// The broker; no MQTT intake if none.
    pub url: Option<String>,
    /// The user there.
    pub username: Option<String>,
    /// The password there.
    pub password: Option<String>,
    /// The authority to trust for `mqtts`.
    pub ca_file: Option<PathBuf>,
    /// Where receivers that POST find this box; none: nowhere.
    pub http_listen: Option<SocketAddr>,
    /// Topic filters of ESPresense.
    pub espresense: Vec<String>,
    /// Topic filters of Theengs Gateway.
    pub theengs: Vec<String>,
    /// Topic filters of OpenMQTTGateway, where they differ from Theengs Gateway's.
    pub openmqttgateway: Vec<String>,
    /// Topic filters of Minew.
    pub minew: Vec<String>,
    /// Topic filters of Kontakt.io.
    pub kontakt: Vec<String>,
    /// Topic filters of Ruuvi gateways.
    pub ruuvi: Vec<String>,
    /// Topic filters of MOKO.
    pub moko: Vec<String>,
    /// Topic filters of Cassia.
    pub cassia: Vec<String>,
    /// Topic filters of Tasmota devices that hear iBeacons.
    pub tasmota: Vec<String>,
    /// Topic filters of reelyActive's raddecs.
    pub raddec: Vec<String>,
    /// Topic filters of Shelly devices that relay BLU sensors.
    pub shelly: Vec<String>,
    /// The base topic of zigbee2mqtt, whose sensors are then found by themselves; none: no looking.
    pub zigbee2mqtt: Option<String>,
}

impl Default for Receivers {
    fn default() -> Self {
        let one = |filter: &str| vec![filter.to_owned()];
        Self {
            url: None,
            username: None,
            password: None,
            ca_file: None,
            http_listen: None,
            espresense: one(topics::ESPRESENSE_DEVICES),
            theengs: one(topics::BT_TO_MQTT),
            openmqttgateway: one(topics::OMG_PRESENCE),
            minew: one(topics::MINEW),
            kontakt: one(topics::KONTAKT),
            ruuvi: one(topics::RUUVI),
            moko: one(topics::MOKO),
            cassia: one(topics::CASSIA),
            tasmota: Vec::new(),
            raddec: one(topics::RADDEC),
            shelly: one(topics::SHELLY),
            zigbee2mqtt: None,
        }
    }
}
