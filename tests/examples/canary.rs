//! A shop hour of canaries: a million advertisements in each mode, and where their addresses were found. Ends with 1 if anywhere.
//!
//! `make canary`, or `cargo build --release -p gateway -p server && cargo run --release -p tests --example canary -- 1000000`.

use std::io::Write;
use std::process::ExitCode;

use tests::canary::{Order, run};

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let adverts = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let mut out = std::io::stdout();
    let mut code = ExitCode::SUCCESS;
    for mode in ["count", "day"] {
        let outcome = run(Order { adverts, transmitters: 10_000, mode }).await?;
        let canaries = &outcome.canaries;
        let looked: u64 = canaries.looked.values().sum();
        writeln!(
            out,
            "{mode}: {} adverts of 10000 transmitters, {} of them by the own radio, in {:.0} s, {} sightings passed on; {} MB looked through in {} places; \
             {} found (by chance alone {:.4}); {} found in what receivers said, {} of 3 planted",
            outcome.heard,
            outcome.own,
            outcome.took.as_secs_f64(),
            outcome.passed_on,
            looked / 1_000_000,
            canaries.looked.len(),
            canaries.hits,
            canaries.by_chance(),
            outcome.said,
            outcome.planted
        )?;
        for found in &canaries.found {
            writeln!(out, "  {found:x?}")?;
        }
        if canaries.hits > 0 || outcome.planted != 3 {
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}
