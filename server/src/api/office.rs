//! The back office: setting up and logging in, stores and their plans, what happens now and happened before, and every decision.

pub mod customers;
pub mod decisions;
pub mod fleet;
pub mod heat;
pub mod levers;
pub mod lift;
pub mod live;
pub mod now;
pub mod offers;
pub mod regulations;
pub mod replay;
pub mod session;
pub mod stores;
pub mod today;
