//! A short run of the gateway's fuzzer; `make fuzz` runs millions.

#[path = "../../crates/wire/fuzz/bear.rs"]
mod bear;
#[path = "../../crates/wire/fuzz/spoil.rs"]
mod spoil;
#[path = "../../crates/wire/fuzz/target.rs"]
mod target;
#[path = "../fuzz/targets.rs"]
mod targets;

use targets::TARGETS;

const SEED: u64 = 20_261_123;
/// A line has 8 KiB at most.
const BYTES_MAX: u64 = 1 << 20;

#[test]
fn every_reader_bears_spoilt_files_without_panic_or_bomb() {
    bear::assert_all_bear(TARGETS, SEED, BYTES_MAX);
}

#[test]
fn the_corpus_is_read_by_its_own_reader() {
    bear::assert_all_read_their_corpus(TARGETS);
}
