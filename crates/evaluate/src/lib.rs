//! How right the product is: recordings of real radios played through the core on their own time, and scored. Pure.
//!
//! Texts of files come in, values come out; reading, writing and threads are the caller's.

pub mod baseline;
pub mod case;
pub mod folds;
pub mod names;
pub mod part;
pub mod play;
pub mod reliability;
pub mod report;
pub mod scenario;
pub mod score;
pub mod set;
pub mod survey;
pub mod table;
pub mod target;
