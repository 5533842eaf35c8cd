//! The harness: starts real parts for the tests, on free ports and in temporary folders.

pub mod tree;
