//! Against a known truth: shoppers whose answers are settled beforehand, and hidden from whoever decides.

#[path = "learning/bandit.rs"]
mod bandit;
#[path = "learning/blocks.rs"]
mod blocks;
#[path = "learning/lift.rs"]
mod lift;
