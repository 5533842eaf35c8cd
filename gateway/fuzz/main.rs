//! Runs spoilt files through what the gateway itself reads of people's hands: see the fuzzer of `wire` for the options.
//!
//! `cargo run --release -p gateway --example fuzz-gateway -- --seconds 60`

#[path = "../../crates/wire/fuzz/run.rs"]
mod run;
#[path = "../../crates/wire/fuzz/spoil.rs"]
mod spoil;
#[path = "../../crates/wire/fuzz/target.rs"]
mod target;
mod targets;
#[path = "../../crates/wire/fuzz/watch.rs"]
mod watch;

fn main() -> std::process::ExitCode {
    run::run(targets::TARGETS)
}
