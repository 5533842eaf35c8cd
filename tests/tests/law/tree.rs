//! What may be in the tree: small files with a heading, nothing generated, nothing of one machine.

use tests::tree::{root, rust_files, tracked_files};

/// No file is longer; aim at 250, split by 400.
const LINES_MAX: usize = 600;
/// No tracked file is larger: generated and third-party assets are not committed.
const BYTES_MAX: u64 = 512 * 1024;

#[test]
fn every_rust_file_says_what_it_is_and_is_short() {
    for folder in ["crates", "gateway", "server", "firmware-sim", "tests"] {
        for path in rust_files(folder) {
            assert!(!path.ends_with("mod.rs"), "{}: name the file after the module", path.display());
            let text = std::fs::read_to_string(&path).expect("a source file");
            assert!(text.lines().count() <= LINES_MAX, "{} has {} lines", path.display(), text.lines().count());
            if path.file_name().is_some_and(|name| name == "tests.rs") {
                continue;
            }
            assert!(text.starts_with("//!"), "{} does not open with //!", path.display());
        }
    }
}

#[test]
fn nothing_large_generated_or_of_one_machine_is_tracked() {
    for path in tracked_files() {
        let full = root().join(&path);
        let Ok(meta) = std::fs::metadata(&full) else { continue };
        assert!(meta.len() <= BYTES_MAX, "{path} is larger than 512 KiB");
        for folder in ["target/", "node_modules/", "/dist/"] {
            assert!(!path.contains(folder), "{path} is generated");
        }
        let Ok(text) = std::fs::read_to_string(&full) else { continue };
        for (number, line) in text.lines().enumerate() {
            let place = format!("{path}:{}", number + 1);
            // Spelt in two parts, so that this file does not hold what it looks for.
            for machine in [concat!("/ro", "ot/"), concat!("/wo", "rk/"), concat!("/ho", "me/")] {
                assert!(!line.contains(machine), "{place} holds a path of one machine");
            }
        }
    }
}

#[test]
fn the_lock_file_of_the_page_names_no_registry() {
    for path in tracked_files().into_iter().filter(|path| path.ends_with("package-lock.json")) {
        let text = std::fs::read_to_string(root().join(&path)).expect("a lock file");
        assert!(
            !text.contains("\"resolved\": \"http"),
            "{path} names a registry: set omit-lockfile-registry-resolved=true in .npmrc"
        );
    }
}

#[test]
fn every_path_that_the_documents_name_exists() {
    let roots = ["crates/", "gateway/", "server/", "firmware-sim/", "tests/", "deploy/", "scripts/", "docs/"];
    for document in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "deploy/README.md"] {
        let text = std::fs::read_to_string(root().join(document)).expect("a document");
        for name in text.split('`').skip(1).step_by(2) {
            let is_path = roots.iter().any(|folder| name.starts_with(folder)) && !name.contains([' ', '*', '{', '<']);
            if is_path && !name.contains("NAME") {
                assert!(root().join(name).exists(), "{document} names {name}, which is not there");
            }
        }
    }
}
