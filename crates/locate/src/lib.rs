//! Who is where: from signal strengths to a probability for every zone. Pure.

pub mod calibrate;
mod fisher;
pub mod grid;
pub mod health;
pub mod identity;
pub mod inform;
mod lanes;
pub mod near;
pub mod presence;
pub mod quality;
pub mod window;
pub mod zones;
