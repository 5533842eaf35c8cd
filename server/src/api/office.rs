//! The back office: setting up and logging in, stores and their plans, what happens now, today, and every decision.

pub mod decisions;
pub mod live;
pub mod now;
pub mod session;
pub mod stores;
pub mod today;
