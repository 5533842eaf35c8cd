//! What a shop learns of how people answer offers: chances with how sure they are, and shares of choices. Pure.

pub mod duel;
pub mod logistic;
pub mod pace;
pub mod special;
pub mod thompson;
