//! What phones and pages of customers use: devices and consent, offers and outcomes, the stream, and what a phone hears.

pub mod contacts;
pub mod decide;
pub mod devices;
pub mod offers;
pub mod sightings;
pub mod stream;
