//! The repository as a folder: where it is, and which files are in it.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of the repository.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the repository").to_path_buf()
}

/// The shared recordings beside the repository; none in a clone without them.
#[must_use]
pub fn shared_data() -> Option<PathBuf> {
    let path = root().parent()?.join("shared/data");
    path.is_dir().then_some(path)
}

/// Every Rust file below a folder of the repository.
#[must_use]
pub fn rust_files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() && !path.ends_with("node_modules") && !path.ends_with("target") {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Every file that git tracks, relative to the root.
#[must_use]
pub fn tracked_files() -> Vec<String> {
    let output =
        Command::new("git").arg("-C").arg(root()).args(["ls-files", "-z"]).output().expect("git lists its files");
    output
        .stdout
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect()
}

/// Rust code without its line comments.
#[must_use]
pub fn without_comments(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}
