//! What a shop learns of how people answer offers: chances with how sure they are, and shares of choices. Pure.

pub mod special;
pub mod thompson;
