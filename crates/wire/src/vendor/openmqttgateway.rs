//! OpenMQTTGateway: the same reports as Theengs Gateway under topics of its own, which may be set twice over.
//!
//! With a presence topic it publishes everything a second time; with UUIDs for names `id` is a beacon's UUID and the address moves to `mac`.
//! Who hears is the level under the filter's first `+`; who is heard never stands in the topic.

use super::{Heard, Rejected, gateway_of, theengs};

/// Reads a report under a topic that people have set.
///
/// # Errors
/// [`Rejected`] names what makes the message useless.
pub fn decode_under(filter: &str, topic: &str, payload: &[u8]) -> Result<Vec<Heard>, Rejected> {
    let gateway = gateway_of(filter, topic)?.ok_or(Rejected::MissingField { field: "the gateway's name" })?;
    theengs::read(gateway, payload)
}
