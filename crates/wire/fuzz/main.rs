//! Runs millions of spoilt messages through every decoder: no panic, no hang, no bomb of memory.
//!
//! `cargo run --release -p wire --example fuzz -- --runs 10000000 --seed 1 [--target NAME]`

mod targets;

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use targets::{Chance, TARGETS, Target, spoil};

/// No message may take longer.
const HANG_MS: u128 = 100;
/// So many bytes of a message are shown; run and seed bring the whole of it back.
const SHOWN: usize = 256;
/// So often a slow message is tried again.
const AGAIN: u32 = 5;
/// No message may take more memory, in bytes.
const BYTES_MAX: u64 = 16 << 20;
/// One message in so many has its memory measured.
const MEASURED: u64 = 64;

struct Wanted {
    runs: u64,
    seed: u64,
    target: Option<String>,
}

fn main() -> ExitCode {
    let Some(wanted) = wanted() else {
        let _ = writeln!(io::stderr(), "fuzz: [--runs N] [--seed N] [--target NAME], such as --runs 1000000 --seed 7");
        return ExitCode::from(64);
    };
    std::panic::set_hook(Box::new(|_| {}));
    let all = TARGETS.iter().filter(|target| wanted.target.as_deref().is_none_or(|name| name == target.name));
    let mut failed = false;
    for target in all {
        failed |= !fuzz(target, wanted.runs, wanted.seed);
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn wanted() -> Option<Wanted> {
    let mut wanted = Wanted { runs: 1_000_000, seed: 1, target: None };
    let mut args = std::env::args().skip(1);
    while let Some(key) = args.next() {
        let value = args.next()?;
        match key.as_str() {
            "--runs" => wanted.runs = value.parse().ok()?,
            "--seed" => wanted.seed = value.parse().ok()?,
            "--target" => wanted.target = Some(TARGETS.iter().find(|target| target.name == value)?.name.to_owned()),
            _ => return None,
        }
    }
    Some(wanted)
}

/// Whether the decoder bore it all.
#[expect(clippy::disallowed_methods, reason = "hangs are told by the clock")]
fn fuzz(target: &Target, runs: u64, seed: u64) -> bool {
    let (seeds, mut chance, mut message) = (target.seeds(), Chance(seed), Vec::new());
    let (start, mut bytes_most, mut slowest) = (Instant::now(), 0, 0);
    for run in 0..runs {
        spoil(&seeds, &mut chance, &mut message);
        let begun = Instant::now();
        let bore = if run % MEASURED == 0 {
            let mut bore = true;
            let used = allocation_counter::measure(|| bore = bears(target, &message));
            bytes_most = bytes_most.max(used.bytes_max);
            bore && used.bytes_max <= BYTES_MAX
        } else {
            bears(target, &message)
        };
        let mut taken = begun.elapsed();
        if taken.as_millis() > HANG_MS {
            // A busy machine takes the core away; a decoder that hangs does it again.
            taken = (0..AGAIN).map(|_| again(target, &message)).min().unwrap_or(taken);
        }
        slowest = slowest.max(taken.as_micros());
        if !bore || taken.as_millis() > HANG_MS {
            let name = target.name;
            let digits = hex::encode(&message[..message.len().min(SHOWN)]);
            let _ = writeln!(
                io::stdout(),
                "{name}: failed at run {run} of seed {seed} after {taken:?}; it begins: {digits}"
            );
            return false;
        }
    }
    let each = start.elapsed().as_nanos() / u128::from(runs.max(1));
    let _ = writeln!(
        io::stdout(),
        "{:<16} {runs:>9} runs of seed {seed}: no panic, {each} ns each, slowest {slowest} us, most memory {bytes_most} bytes",
        target.name
    );
    true
}

#[expect(clippy::disallowed_methods, reason = "hangs are told by the clock")]
fn again(target: &Target, message: &[u8]) -> Duration {
    let begun = Instant::now();
    bears(target, message);
    begun.elapsed()
}

fn bears(target: &Target, message: &[u8]) -> bool {
    // Whether it was read is of no interest here.
    catch_unwind(AssertUnwindSafe(|| (target.run)(message))).is_ok()
}
