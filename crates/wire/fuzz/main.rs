//! Runs spoilt messages through every decoder, so many or for so long: no panic, no hang, no bomb of memory.
//!
//! `cargo run --release -p wire --example fuzz -- --runs 10000000 --seed 1 [--target NAME]`
//! `cargo run --release -p wire --example fuzz -- --seconds 60`

mod run;
mod spoil;
mod target;
mod targets;
mod watch;

fn main() -> std::process::ExitCode {
    run::run(targets::TARGETS)
}
