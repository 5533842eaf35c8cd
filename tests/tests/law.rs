//! The laws of the house, as tests: who may use whom, what the core may not touch, what may be in the tree.

#[path = "law/capabilities.rs"]
mod capabilities;
#[path = "law/dependencies.rs"]
mod dependencies;
#[path = "law/formats.rs"]
mod formats;
#[path = "law/purity.rs"]
mod purity;
#[path = "law/tree.rs"]
mod tree;
