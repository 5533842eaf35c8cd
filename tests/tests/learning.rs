//! Against a known truth: shoppers whose answers are settled beforehand, and hidden from whoever decides.

#[path = "learning/bandit.rs"]
mod bandit;
#[path = "learning/lift.rs"]
mod lift;
