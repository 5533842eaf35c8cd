//! Gives spoilt messages to decoders, so many or for so long, as many decoders at a time as there are cores; says what each bore.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::spoil::Corpus;
use crate::target::Target;
use crate::watch::{Place, Watch};

/// No message may take longer.
const HANG_MS: u128 = 100;
/// So many bytes of a message are shown; run and seed bring the whole of it back.
const SHOWN: usize = 256;
/// So often a slow message is tried again.
const AGAIN: u32 = 5;
/// No message may take more memory, in bytes.
const BYTES_MAX: u64 = 16 << 20;
/// Once in so many messages the thread's clock is asked whether it is enough.
const ASKED: u64 = 64;
/// Who is at one message for so long by the clock on the wall will never return, however little of a core is left for it.
const STUCK: Duration = Duration::from_secs(60);
/// How often that is looked for.
const LOOK: Duration = Duration::from_millis(500);

const USAGE: &str = "fuzz: [--runs N | --seconds N] [--seed N] [--target NAME] [--jobs N], such as --seconds 60 --seed 7\n\
    --runs     so many messages for each decoder, at least one\n\
    --seconds  so many seconds of processor time for each decoder instead, at least one\n\
    --jobs     so many decoders at a time; one for each core if it is not said";

/// When a decoder has borne enough.
#[derive(Clone, Copy)]
enum Until {
    Runs(u64),
    Busy(Duration),
}

struct Wanted {
    until: Until,
    seed: u64,
    target: Option<String>,
    jobs: usize,
}

/// The program: its options are those of [`USAGE`].
pub(crate) fn run(targets: &[Target]) -> ExitCode {
    let Some(wanted) = wanted(targets) else {
        let _ = writeln!(io::stderr(), "{USAGE}");
        return ExitCode::from(64);
    };
    std::panic::set_hook(Box::new(|_| {}));
    let all: Vec<&Target> =
        targets.iter().filter(|target| wanted.target.as_deref().is_none_or(|name| name == target.name)).collect();
    let (seed, until, jobs) = (wanted.seed, wanted.until, wanted.jobs.min(all.len()));
    let _ = writeln!(io::stdout(), "{} decoders, {jobs} at a time, seed {seed}", all.len());
    let (next, runs, failed) = (AtomicUsize::new(0), AtomicU64::new(0), AtomicBool::new(false));
    let places: Vec<Place> = (0..jobs).map(|_| Place::new()).collect();
    std::thread::scope(|scope| {
        let (all, next, runs, failed) = (&all, &next, &runs, &failed);
        let work = places.iter().map(|place| {
            scope.spawn(move || {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(target) = all.get(number) else { break };
                    match fuzz(target, until, seed, &|run| place.at(number, run)) {
                        Some(borne) => drop(runs.fetch_add(borne, Ordering::Relaxed)),
                        None => failed.store(true, Ordering::Relaxed),
                    }
                    place.rests();
                }
            })
        });
        let jobs: Vec<_> = work.collect();
        watch_over(&places, all, seed, || jobs.iter().all(std::thread::ScopedJoinHandle::is_finished));
    });
    let (runs, failed) = (runs.into_inner(), failed.into_inner());
    let end = if failed { "something FAILED, see above" } else { "no panic, no hang, no bomb of memory" };
    let _ = writeln!(io::stdout(), "{} decoders, {runs} messages of seed {seed}: {end}", all.len());
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn wanted(targets: &[Target]) -> Option<Wanted> {
    let jobs = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let mut wanted = Wanted { until: Until::Runs(1_000_000), seed: 1, target: None, jobs };
    let mut args = std::env::args().skip(1);
    while let Some(key) = args.next() {
        let value = args.next()?;
        match key.as_str() {
            "--runs" => wanted.until = Until::Runs(value.parse().ok().filter(|runs| *runs > 0)?),
            "--seconds" => {
                let seconds = value.parse().ok().filter(|seconds| *seconds > 0)?;
                wanted.until = Until::Busy(Duration::from_secs(seconds));
            }
            "--seed" => wanted.seed = value.parse().ok()?,
            "--jobs" => wanted.jobs = value.parse().ok().filter(|jobs| *jobs > 0)?,
            "--target" => wanted.target = Some(targets.iter().find(|target| target.name == value)?.name.to_owned()),
            _ => return None,
        }
    }
    Some(wanted)
}

/// Ends the program when a decoder never returns: nobody can end its thread, and it can't tell itself.
#[expect(clippy::disallowed_methods, reason = "hangs are told by the clock")]
fn watch_over(places: &[Place], all: &[&Target], seed: u64, is_over: impl Fn() -> bool) {
    let mut watch = Watch::new(places, STUCK, Instant::now());
    while !is_over() {
        std::thread::sleep(LOOK);
        if let Some((target, run)) = watch.look(Instant::now()) {
            let name = all.get(target).map_or("a decoder", |target| target.name);
            let _ = writeln!(
                io::stdout(),
                "{name}: does not return from run {run} of seed {seed}, FAILED; --target {name} --seed {seed} brings it back"
            );
            std::process::exit(1);
        }
    }
}

/// How many messages the decoder bore; none if there was one that it did not.
#[expect(clippy::disallowed_methods, reason = "hangs are told by the clock")]
fn fuzz(target: &Target, until: Until, seed: u64, begins: &dyn Fn(u64)) -> Option<u64> {
    let (mut corpus, mut message) = (Corpus::new(target.seeds(), seed), Vec::new());
    let (start, mut bytes_most, mut slowest, mut run, mut read) = (busy(), 0, 0, 0, 0_u64);
    while goes_on(until, run, start) {
        corpus.next(&mut message);
        begins(run);
        let (begun, mut bore) = (Instant::now(), None);
        let used = allocation_counter::measure(|| bore = bears(target, &message)).bytes_max;
        let mut taken = begun.elapsed();
        if taken.as_millis() > HANG_MS {
            // A busy machine takes the core away; a decoder that hangs is busy for as long again.
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
    let each = busy().saturating_sub(start).as_nanos() / u128::from(run.max(1));
    let _ = writeln!(
        io::stdout(),
        "{:<16} {run:>9} runs of seed {seed}: no panic, {read} still read, {each} ns each, slowest {slowest} us, \
         most memory {bytes_most} bytes",
        target.name
    );
    Some(run)
}

fn goes_on(until: Until, run: u64, start: Duration) -> bool {
    match until {
        Until::Runs(runs) => run < runs,
        // Asking the clock costs as much as a short message: it is asked now and then.
        Until::Busy(limit) => !run.is_multiple_of(ASKED) || busy().saturating_sub(start) < limit,
    }
}

fn again(target: &Target, message: &[u8]) -> Duration {
    let begun = busy();
    bears(target, message);
    busy().saturating_sub(begun)
}

/// How long a core has worked on this thread: what runs beside it does not count.
fn busy() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let whole = Duration::from_secs(u64::try_from(time.tv_sec).unwrap_or(0));
    whole.saturating_add(Duration::from_nanos(u64::try_from(time.tv_nsec).unwrap_or(0)))
}

/// Whether it was read; none if the decoder did not bear it.
fn bears(target: &Target, message: &[u8]) -> Option<bool> {
    catch_unwind(AssertUnwindSafe(|| (target.run)(message))).ok()
}
