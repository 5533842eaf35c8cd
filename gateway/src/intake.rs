//! Intake: from a message of a receiver to what was heard, whatever the vendor and the topics that people set.

pub mod http;
mod twin;

use model::ids::ReceiverId;
use wire::topics;
use wire::vendor::{
    self, Heard, Rejected, cassia, espresense, kontakt, minew, moko, openmqttgateway, raddec, ruuvi, shelly, status,
    tasmota, theengs,
};

use crate::config::Receivers;

pub use twin::Twins;

/// Whose messages a filter takes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Maker {
    Espresense,
    Theengs,
    OpenMqttGateway,
    Minew,
    Kontakt,
    Ruuvi,
    Moko,
    Cassia,
    Tasmota,
    Raddec,
    Shelly,
}

impl Maker {
    const fn name(self) -> &'static str {
        match self {
            Self::Espresense => "espresense",
            Self::Theengs => "theengs",
            Self::OpenMqttGateway => "openmqttgateway",
            Self::Minew => "minew",
            Self::Kontakt => "kontakt",
            Self::Ruuvi => "ruuvi",
            Self::Moko => "moko",
            Self::Cassia => "cassia",
            Self::Tasmota => "tasmota",
            Self::Raddec => "raddec",
            Self::Shelly => "shelly",
        }
    }

    /// Where those whose messages a filter takes in say that they are there, and the broker says for them that they are gone.
    fn status(self, filter: &str) -> Option<String> {
        let beside = |leaf: &str, word: &str| filter.strip_suffix(leaf).map(|base| format!("{base}/{word}"));
        let status = match self {
            Self::Espresense => Some(topics::ESPRESENSE_STATUS.to_owned()),
            Self::Theengs | Self::OpenMqttGateway => beside("/BTtoMQTT/+", "LWT"),
            Self::Ruuvi => beside("/+", "gw_status"),
            Self::Tasmota => beside("/SENSOR", "LWT"),
            Self::Shelly => beside("/events/rpc", "online"),
            // Of the others no word is documented that tells of the gateway itself.
            Self::Minew | Self::Kontakt | Self::Moko | Self::Cassia | Self::Raddec => None,
        };
        // Without it nothing in the topic says whose word it is.
        status.filter(|status| status.contains('+'))
    }
}

/// Reads receivers' messages by the configured filters.
#[derive(Debug, Clone)]
pub struct Intake {
    filters: Vec<(Maker, String)>,
    /// Where receivers say whether they are there.
    statuses: Vec<(Maker, String)>,
}

impl Intake {
    /// Takes the filters from the configuration.
    #[must_use]
    pub fn new(config: &Receivers) -> Self {
        // Of two filters that take in the same topic, the first counts: Shelly's may be as wide as `+`, so it comes last.
        let all = [
            (Maker::Espresense, &config.espresense),
            (Maker::Theengs, &config.theengs),
            (Maker::OpenMqttGateway, &config.openmqttgateway),
            (Maker::Minew, &config.minew),
            (Maker::Kontakt, &config.kontakt),
            (Maker::Ruuvi, &config.ruuvi),
            (Maker::Moko, &config.moko),
            (Maker::Cassia, &config.cassia),
            (Maker::Tasmota, &config.tasmota),
            (Maker::Raddec, &config.raddec),
            (Maker::Shelly, &config.shelly),
        ];
        let filters = all.into_iter().flat_map(|(maker, list)| list.iter().map(move |filter| (maker, filter.clone())));
        let filters: Vec<(Maker, String)> = filters.collect();
        let mut statuses: Vec<(Maker, String)> = Vec::new();
        for (maker, filter) in &filters {
            if let Some(status) =
                maker.status(filter).filter(|status| !statuses.iter().any(|(_, known)| known == status))
            {
                statuses.push((*maker, status));
            }
        }
        Self { filters, statuses }
    }

    /// Every filter to subscribe to.
    pub fn filters(&self) -> impl Iterator<Item = &str> {
        self.filters.iter().map(|(_, filter)| filter.as_str())
    }

    /// Whose messages a topic carries.
    #[must_use]
    pub fn source(&self, topic: &str) -> Source<'_> {
        let found = self.filters.iter().find(|(_, filter)| topics::matches(filter, topic));
        Source(found.map(|(maker, filter)| (*maker, filter.as_str())))
    }

    /// Reads one message.
    ///
    /// # Errors
    /// [`Rejected`] when nothing of it can be used.
    pub fn read(&self, topic: &str, payload: &[u8]) -> Result<Vec<Heard>, Rejected> {
        self.source(topic).read(topic, payload)
    }

    /// Where receivers say whether they are there; none for makers of which no such word is known.
    pub fn statuses(&self) -> impl Iterator<Item = &str> {
        self.statuses.iter().map(|(_, filter)| filter.as_str())
    }

    /// Whether a receiver is there, and whose form it speaks; nothing by a topic that tells something else.
    #[must_use]
    pub fn status(&self, topic: &str, payload: &[u8]) -> Option<Result<(ReceiverId, &'static str, bool), Rejected>> {
        let (maker, filter) = self.statuses.iter().find(|(_, filter)| topics::matches(filter, topic))?;
        let read = match maker {
            Maker::Espresense => espresense::decode_status(topic, payload),
            Maker::Theengs
            | Maker::OpenMqttGateway
            | Maker::Minew
            | Maker::Kontakt
            | Maker::Ruuvi
            | Maker::Moko
            | Maker::Cassia
            | Maker::Tasmota
            | Maker::Raddec
            | Maker::Shelly => status::read_under(filter, topic, payload),
        };
        Some(read.map(|(receiver, is_there)| (receiver, maker.name(), is_there)))
    }

    /// Whether ESPresense nodes are listened to.
    #[must_use]
    pub fn hears_espresense(&self) -> bool {
        self.filters.iter().any(|(maker, _)| *maker == Maker::Espresense)
    }
}

/// Whose messages a topic carries, by the first filter that takes it in; none by a topic that only its maker's form tells.
#[derive(Debug, Clone, Copy)]
pub struct Source<'i>(Option<(Maker, &'i str)>);

impl Source<'_> {
    /// The maker as a word for people; empty when none is configured.
    #[must_use]
    pub fn kind(self) -> &'static str {
        self.0.map_or("", |(maker, _)| maker.name())
    }

    /// Reads one message.
    ///
    /// # Errors
    /// [`Rejected`] when nothing of it can be used.
    pub fn read(self, topic: &str, payload: &[u8]) -> Result<Vec<Heard>, Rejected> {
        let Some((maker, filter)) = self.0 else { return vendor::decode(topic, payload) };
        match maker {
            Maker::Espresense => espresense::decode(topic, payload),
            Maker::Theengs => theengs::decode(topic, payload),
            Maker::OpenMqttGateway => openmqttgateway::decode_under(filter, topic, payload),
            Maker::Minew => read_minew(filter, topic, payload),
            Maker::Kontakt => kontakt::decode_under(filter, topic, payload),
            Maker::Ruuvi => ruuvi::decode_under(filter, topic, payload),
            Maker::Moko => moko::decode_under(filter, topic, payload),
            Maker::Cassia => cassia::decode_under(filter, topic, payload),
            Maker::Tasmota => tasmota::decode_under(filter, topic, payload),
            Maker::Raddec => raddec::decode(payload),
            Maker::Shelly => shelly::decode_under(filter, topic, payload),
        }
    }
}

fn read_minew(filter: &str, topic: &str, payload: &[u8]) -> Result<Vec<Heard>, Rejected> {
    let mut elements = minew::decode_under(filter, topic, payload)?;
    if elements.heard.is_empty() && !elements.rejected.is_empty() {
        return Err(elements.rejected.swap_remove(0));
    }
    Ok(elements.heard)
}

#[cfg(test)]
mod tests;
