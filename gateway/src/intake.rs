//! Intake: from a message of a receiver's broker to what was heard, whatever the vendor and the topics that people set.

mod twin;

use wire::topics;
use wire::vendor::{self, Heard, Rejected, espresense, minew, theengs};

use crate::config::Receivers;

pub use twin::Twins;

/// Reads receivers' messages by the configured filters.
#[derive(Debug, Clone)]
pub struct Intake {
    espresense: Vec<String>,
    theengs: Vec<String>,
    minew: Vec<String>,
}

impl Intake {
    /// Takes the filters from the configuration.
    #[must_use]
    pub fn new(config: &Receivers) -> Self {
        Self { espresense: config.espresense.clone(), theengs: config.theengs.clone(), minew: config.minew.clone() }
    }

    /// Every filter to subscribe to.
    pub fn filters(&self) -> impl Iterator<Item = &str> {
        self.espresense.iter().chain(&self.theengs).chain(&self.minew).map(String::as_str)
    }

    /// Reads one message.
    ///
    /// # Errors
    /// [`Rejected`] when nothing of it can be used.
    pub fn read(&self, topic: &str, payload: &[u8]) -> Result<Vec<Heard>, Rejected> {
        let of = |filters: &[String]| filters.iter().any(|filter| topics::matches(filter, topic));
        if of(&self.espresense) {
            return espresense::decode(topic, payload);
        }
        if of(&self.theengs) {
            return theengs::decode(topic, payload);
        }
        if let Some(filter) = self.minew.iter().find(|filter| topics::matches(filter, topic)) {
            return read_minew(filter, topic, payload);
        }
        vendor::decode(topic, payload)
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
mod tests {
    use super::*;

    const MINEW: &str = r#"[{"timestamp":"2019-08-01T05:54:25Z","type":"Gateway","mac":"AC233FC001EA"},{"timestamp":"2019-08-01T05:54:25Z","type":"Unknown","mac":"AC233FA03208","rssi":-79,"rawData":"0201060303E1FF0D16E1FFA10264000832A03F23AC"}]"#;
    const ESPRESENSE: &str =
        r#"{"mac":"58b1294494d3","id":"watch:darrell","name":"Darrell's Watch","rssi@1m":-64,"rssi":-86,"int":588}"#;

    #[test]
    fn each_vendor_is_read_under_the_topics_that_people_set() {
        let config = Receivers { minew: vec!["/gw/+/status".into()], ..Receivers::default() };
        let intake = Intake::new(&config);
        let heard = intake.read("/gw/AC233FC001EA/status", MINEW.as_bytes()).expect("readable");
        assert_eq!((heard.len(), heard[0].receiver.as_str()), (1, "AC233FC001EA"));
        let heard = intake.read("espresense/devices/watch:darrell/basement", ESPRESENSE.as_bytes()).expect("readable");
        assert_eq!((heard.len(), heard[0].receiver.as_str()), (1, "basement"));
        assert_eq!(intake.read("some/where", b"{}"), Err(Rejected::UnknownTopic));
        assert_eq!(intake.filters().count(), 3);
    }
}
