//! Timing on a shared machine: what is compared runs by turns, and medians of laps and of their ratios are told.

use std::io::{self, Write};
use std::time::{Duration, Instant};

/// Laps of each.
const LAPS: usize = 41;
/// What one lap lasts, about.
const LAP: Duration = Duration::from_millis(20);

/// Something to be timed; one call is one operation.
pub(crate) type Work<'w> = (&'w str, Box<dyn FnMut() + 'w>);

/// Runs the works by turns; one line each: the median time, the shortest one, and the median ratio to the first one.
pub(crate) fn compare(title: &str, works: &mut [Work<'_>]) -> io::Result<()> {
    let counts: Vec<u32> = works.iter_mut().map(|(_, work)| calls(work)).collect();
    let mut laps = vec![Vec::with_capacity(LAPS); works.len()];
    for _ in 0..LAPS {
        for (((_, work), count), laps) in works.iter_mut().zip(&counts).zip(&mut laps) {
            laps.push(time(work, *count).as_secs_f64() * 1e6 / f64::from(*count));
        }
    }
    let mut out = io::stdout().lock();
    for ((name, _), own) in works.iter().zip(&laps) {
        let ratio = median(own.iter().zip(&laps[0]).map(|(own, first)| own / first).collect());
        let least = own.iter().copied().fold(f64::INFINITY, f64::min);
        writeln!(
            out,
            "{title:<15} {name:<26} {:>12.3} us, at best {least:>12.3} us {ratio:>8.2} x",
            median(own.clone())
        )?;
    }
    Ok(())
}

/// So many calls make a lap.
fn calls(work: &mut dyn FnMut()) -> u32 {
    let mut count = 1;
    loop {
        let taken = time(work, count);
        if taken >= LAP / 4 || count >= 1 << 22 {
            return (f64::from(count) * LAP.as_secs_f64() / taken.as_secs_f64().max(1e-9)).clamp(1.0, 1e7) as u32;
        }
        count *= 2;
    }
}

#[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
fn time(work: &mut dyn FnMut(), count: u32) -> Duration {
    let start = Instant::now();
    (0..count).for_each(|_| work());
    start.elapsed()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
