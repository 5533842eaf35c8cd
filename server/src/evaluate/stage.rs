//! Plays tracks on all cores, with a bar where somebody watches.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::anyhow;
use evaluate::part::Track;
use evaluate::play::Answer;
use indicatif::{ProgressBar, ProgressStyle};

/// The answers to all questions of all tracks, track by track in their order, `play` playing one.
pub(super) fn each(
    tracks: &[&Track],
    bar: &ProgressBar,
    play: impl Fn(&Track) -> Vec<Answer> + Sync,
) -> anyhow::Result<Vec<Answer>> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut played = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(track) = tracks.get(place) else { return played };
            played.push((place, play(track)));
            bar.inc(1);
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let mut played = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores.min(tracks.len())).map(|_| scope.spawn(worker)).collect();
        let mut played = Vec::with_capacity(tracks.len());
        for worker in workers {
            played.extend(worker.join().map_err(|_| anyhow!("a track broke the play; please report it"))?);
        }
        anyhow::Ok(played)
    })?;
    played.sort_by_key(|(place, _)| *place);
    Ok(played.into_iter().flat_map(|(_, answers)| answers).collect())
}

/// A bar on stderr; it stays away where stderr is no terminal.
pub(super) fn bar(tracks: usize, message: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} tracks, {eta} left");
    let bar = ProgressBar::new(u64::try_from(tracks).unwrap_or(u64::MAX));
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.with_message(message.to_owned())
}
