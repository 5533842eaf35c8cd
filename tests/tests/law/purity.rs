//! The core is pure: no clock, no chance, no I/O. Clippy enforces it call by call; this test holds clippy's own
//! configuration in place and looks for what clippy can't name.

use std::path::Path;

use tests::tree::{rust_files, without_comments};

const PURE: &[&str] = &["model", "wire", "locate", "learn", "measure", "decide", "engine", "evaluate"];

/// Texts that must not stand in code of the core.
const FORBIDDEN: &[&str] = &[
    "async fn",
    "async move",
    "std::fs",
    "std::net",
    "std::process",
    "std::env",
    "std::thread",
    "SystemTime",
    "Instant::",
    "thread_rng",
    "rand::rng",
    "from_os_rng",
    "println!",
    "eprintln!",
    "unsafe ",
];

#[test]
fn the_core_has_no_clock_no_chance_and_no_io() {
    for name in PURE {
        for path in rust_files(&format!("crates/{name}/src")) {
            if path.ends_with("tests.rs") || path.components().any(|part| part.as_os_str() == "tests") {
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("a source file");
            let code = without_comments(text.split("#[cfg(test)]").next().unwrap_or_default());
            for forbidden in FORBIDDEN {
                assert!(!code.contains(forbidden), "{}: {forbidden:?} in the core", path.display());
            }
        }
    }
}

#[test]
fn clippy_guards_every_pure_crate() {
    for name in PURE {
        let path = tests::tree::root().join(format!("crates/{name}/clippy.toml"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("{} is missing", path.display()));
        for method in [
            "std::time::SystemTime::now",
            "std::time::Instant::now",
            "std::env::var",
            "std::fs::read",
            "std::collections::HashMap::iter",
        ] {
            assert!(text.contains(method), "{}: {method} is allowed", path.display());
        }
    }
}

#[test]
fn only_the_clock_reads_the_clock() {
    for folder in ["crates", "gateway/src", "server/src", "firmware-sim/src"] {
        for path in rust_files(folder) {
            let clock = Path::new("crates/runtime/src/clock.rs");
            if path.ends_with(clock)
                || path.ends_with("tests.rs")
                || path.components().any(|part| {
                    part.as_os_str() == "tests" || part.as_os_str() == "benches" || part.as_os_str() == "examples"
                })
            {
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("a source file");
            let code = without_comments(text.split("#[cfg(test)]").next().unwrap_or_default());
            assert!(!code.contains("SystemTime::now"), "{} reads the wall clock", path.display());
        }
    }
}
