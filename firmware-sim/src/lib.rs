//! A whole shop in software, with ground truth.
