//! Runs spoilt messages through every decoder, so many or for so long: no panic, no hang, no bomb of memory.
//!
//! `cargo run --release -p wire --example fuzz -- --runs 10000000 --seed 1 [--target NAME]`
//! `cargo run --release -p wire --example fuzz -- --seconds 60`

mod spoil;
mod targets;

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use spoil::Corpus;
use targets::{TARGETS, Target};

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

const USAGE: &str = "fuzz: [--runs N | --seconds N] [--seed N] [--target NAME] [--jobs N], such as --seconds 60 --seed 7\n\
    --runs     so many messages for each decoder\n\
    --seconds  so long for each decoder instead\n\
    --jobs     so many decoders at a time; one for each core if it is not said";

/// When a decoder has borne enough.
#[derive(Clone, Copy)]
enum Until {
    Runs(u64),
    Elapsed(Duration),
}

struct Wanted {
    until: Until,
    seed: u64,
    target: Option<String>,
    jobs: usize,
}

fn main() -> ExitCode {
    let Some(wanted) = wanted() else {
        let _ = writeln!(io::stderr(), "{USAGE}");
        return ExitCode::from(64);
    };
    std::panic::set_hook(Box::new(|_| {}));
    let all: Vec<&Target> =
        TARGETS.iter().filter(|target| wanted.target.as_deref().is_none_or(|name| name == target.name)).collect();
    let (next, runs, failed) = (AtomicUsize::new(0), AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..wanted.jobs.min(all.len()) {
            scope.spawn(|| {
                while let Some(target) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match fuzz(target, wanted.until, wanted.seed) {
                        Some(borne) => drop(runs.fetch_add(borne, Ordering::Relaxed)),
                        None => failed.store(true, Ordering::Relaxed),
                    }
                }
            });
        }
    });
    let (seed, runs, failed) = (wanted.seed, runs.into_inner(), failed.into_inner());
    let end = if failed { "something FAILED, see above" } else { "no panic, no hang, no bomb of memory" };
    let _ = writeln!(io::stdout(), "{} decoders, {runs} messages of seed {seed}: {end}", all.len());
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn wanted() -> Option<Wanted> {
    let jobs = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let mut wanted = Wanted { until: Until::Runs(1_000_000), seed: 1, target: None, jobs };
    let mut args = std::env::args().skip(1);
    while let Some(key) = args.next() {
        let value = args.next()?;
        match key.as_str() {
            "--runs" => wanted.until = Until::Runs(value.parse().ok()?),
            "--seconds" => wanted.until = Until::Elapsed(Duration::from_secs(value.parse().ok()?)),
            "--seed" => wanted.seed = value.parse().ok()?,
            "--jobs" => wanted.jobs = value.parse().ok().filter(|jobs| *jobs > 0)?,
            "--target" => wanted.target = Some(TARGETS.iter().find(|target| target.name == value)?.name.to_owned()),
            _ => return None,
        }
    }
    Some(wanted)
}

/// How many messages the decoder bore; none if there was one that it did not.
#[expect(clippy::disallowed_methods, reason = "hangs are told by the clock")]
fn fuzz(target: &Target, until: Until, seed: u64) -> Option<u64> {
    let (mut corpus, mut message) = (Corpus::new(target.seeds(), seed), Vec::new());
    let (start, mut bytes_most, mut slowest, mut run, mut read) = (Instant::now(), 0, 0, 0, 0_u64);
    while goes_on(until, run, start) {
        corpus.next(&mut message);
        let begun = Instant::now();
        let (bore, used) = if run.is_multiple_of(MEASURED) {
            let mut bore = None;
            let used = allocation_counter::measure(|| bore = bears(target, &message));
            (bore, used.bytes_max)
        } else {
            (bears(target, &message), 0)
        };
        let mut taken = begun.elapsed();
        if taken.as_millis() > HANG_MS {
            // A busy machine takes the core away; a decoder that hangs does it again.
            taken = (0..AGAIN).map(|_| again(target, &message)).min().unwrap_or(taken);
        }
        (slowest, bytes_most) = (slowest.max(taken.as_micros()), bytes_most.max(used));
        if bore.is_none() || used > BYTES_MAX || taken.as_millis() > HANG_MS {
            let name = target.name;
            let digits = hex::encode(&message[..message.len().min(SHOWN)]);
            let _ = writeln!(
                io::stdout(),
                "{name}: failed at run {run} of seed {seed} after {taken:?}, {used} bytes; it begins: {digits}"
            );
            return None;
        }
        if bore == Some(true) {
            corpus.was_read(&message);
            read += 1;
        }
        run += 1;
    }
    let each = start.elapsed().as_nanos() / u128::from(run.max(1));
    let _ = writeln!(
        io::stdout(),
        "{:<16} {run:>9} runs of seed {seed}: no panic, {read} still read, {each} ns each, slowest {slowest} us, \
         most memory {bytes_most} bytes",
        target.name
    );
    Some(run)
}

fn goes_on(until: Until, run: u64, start: Instant) -> bool {
    match until {
        Until::Runs(runs) => run < runs,
        // Asking the clock costs as much as a short message: it is asked now and then.
        Until::Elapsed(limit) => !run.is_multiple_of(MEASURED) || start.elapsed() < limit,
    }
}

#[expect(clippy::disallowed_methods, reason = "hangs are told by the clock")]
fn again(target: &Target, message: &[u8]) -> Duration {
    let begun = Instant::now();
    bears(target, message);
    begun.elapsed()
}

/// Whether it was read; none if the decoder did not bear it.
fn bears(target: &Target, message: &[u8]) -> Option<bool> {
    catch_unwind(AssertUnwindSafe(|| (target.run)(message))).ok()
}
