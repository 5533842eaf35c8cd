//! A short run of the gateway's fuzzer; `make fuzz` runs millions.

#[path = "../../crates/wire/fuzz/spoil.rs"]
mod spoil;
#[path = "../../crates/wire/fuzz/target.rs"]
mod target;
#[path = "../fuzz/targets.rs"]
mod targets;

use spoil::Corpus;
use targets::TARGETS;

const RUNS: u64 = 50_000;
const SEED: u64 = 20_261_123;
/// A line has 8 KiB at most.
const BYTES_MAX: u64 = 1 << 20;

#[test]
fn every_reader_bears_spoilt_files_without_panic_or_bomb() {
    for target in TARGETS {
        let (mut corpus, mut message) = (Corpus::new(target.seeds(), SEED), Vec::new());
        for run in 0..RUNS {
            corpus.next(&mut message);
            let mut is_read = false;
            let used = allocation_counter::measure(|| is_read = (target.run)(&message));
            if is_read {
                corpus.was_read(&message);
            }
            let name = target.name;
            assert!(used.bytes_max <= BYTES_MAX, "{name}: run {run} of seed {SEED} took {} bytes", used.bytes_max);
        }
    }
}

#[test]
fn the_corpus_is_read_by_its_own_reader() {
    for target in TARGETS {
        for seed in target.seeds() {
            assert!((target.run)(&seed), "{} refuses {}", target.name, String::from_utf8_lossy(&seed));
        }
    }
}
