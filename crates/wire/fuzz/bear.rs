//! A short run of a fuzzer, as a test: what every decoder must bear, and that it reads the messages from which it begins.

use crate::spoil::Corpus;
use crate::target::Target;

const RUNS: u64 = 50_000;

/// Runs spoilt messages through each decoder; none may take more memory than so many bytes.
pub(crate) fn assert_all_bear(targets: &[Target], seed: u64, bytes_max: u64) {
    for target in targets {
        let (mut corpus, mut message) = (Corpus::new(target.seeds(), seed), Vec::new());
        for run in 0..RUNS {
            corpus.next(&mut message);
            let mut is_read = false;
            let used = allocation_counter::measure(|| is_read = (target.run)(&message));
            if is_read {
                corpus.was_read(&message);
            }
            let name = target.name;
            assert!(used.bytes_max <= bytes_max, "{name}: run {run} of seed {seed} took {} bytes", used.bytes_max);
        }
    }
}

/// Each decoder reads all of its corpus, and has one.
pub(crate) fn assert_all_read_their_corpus(targets: &[Target]) {
    for target in targets {
        assert!(!target.seeds().is_empty(), "{} has no right message", target.name);
        for seed in target.seeds() {
            assert!((target.run)(&seed), "{} refuses {}", target.name, String::from_utf8_lossy(&seed));
        }
    }
}
