//! Who is there: what receivers and sensors say of themselves, and the broker says for them when they are gone.

use super::Pipeline;
use crate::now::Now;

impl Pipeline {
    /// Takes in whether a receiver or sensor is there; whether the message was about that.
    pub(super) fn hear_status(&mut self, topic: &str, payload: &[u8], now: Now) -> bool {
        let of_sensor = self.sensors.hear_status(topic, payload);
        if of_sensor.is_some() {
            self.tell_sensors(now);
        } else if self.sensors.knows(topic) {
            return false;
        }
        // A device may be a receiver and hold a sensor: then it is refused once.
        let said = match (self.intake.status(topic, payload), of_sensor) {
            (Some(Ok((receiver, kind, is_there))), _) => {
                self.counts.is_there(&receiver, kind, is_there);
                Ok(())
            }
            (Some(Err(rejected)), _) => Err(rejected),
            (None, Some(said)) => said,
            (None, None) => return false,
        };
        said.unwrap_or_else(|rejected| self.counts.drop(rejected.code(), 1));
        true
    }

    /// A new list of devices may name some that have said already whether they are there.
    pub(super) fn hear_list(&mut self, topic: &str, now: Now) {
        if topic.ends_with("/bridge/devices") {
            self.tell_sensors(now);
        }
    }

    /// On the page and in the metrics, and up to the server.
    fn tell_sensors(&mut self, now: Now) {
        let sensors = self.sensors.are_there();
        self.batteries.are_there(&sensors, now.wall);
        self.counts.sensors_are_there(sensors);
    }
}
