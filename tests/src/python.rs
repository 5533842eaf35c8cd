//! A Python with packages of its own, for the tests that open our files with what data people use.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::need;

/// Pythons that are tried, in this order.
const PYTHONS: [&str; 5] = ["python3.11", "python3.10", "python3.9", "python3.8", "python3"];
/// Answers whether it is one that old packages still install on.
const FITS: &str = "import sys; sys.exit(not (3, 8) <= sys.version_info[:2] <= (3, 11))";
/// What to do about a Python that can't be had.
const FIX: &str = "make Python 3.8 to 3.11 with venv and a package index reachable";

/// A Python that has these packages, installed once below a folder; none where the test may be left out without it.
///
/// # Errors
/// When it can't be had, and the test may not be left out.
pub fn with(folder: &Path, name: &str, packages: &[&str]) -> anyhow::Result<Option<PathBuf>> {
    let made = make(folder, name, packages);
    let what = made.as_ref().err().map(|why| format!("no Python with {} could be had: {why:#}", packages.join(", ")));
    need::or_leave_out(made.ok(), what.as_deref().unwrap_or_default(), FIX)
}

fn make(folder: &Path, name: &str, packages: &[&str]) -> anyhow::Result<PathBuf> {
    // Two installations in one folder break each other, also from two processes.
    let turn = File::create(folder.join(format!("{name}.lock")))?;
    turn.lock()?;
    let home = folder.join(name);
    let (python, done) = (home.join("bin/python"), home.join("installed"));
    let wanted = packages.join("\n");
    if std::fs::read_to_string(&done).is_ok_and(|have| have == wanted) {
        return Ok(python);
    }
    let fits =
        |name: &&&str| Command::new(name).args(["-c", FITS]).output().is_ok_and(|output| output.status.success());
    let base = PYTHONS.iter().find(fits).ok_or_else(|| anyhow::anyhow!("none of {} is one", PYTHONS.join(", ")))?;
    run(Command::new(base).args(["-m", "venv", "--clear"]).arg(&home))?;
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(packages))?;
    // Written last, when all of it is there.
    std::fs::write(done, wanted)?;
    Ok(python)
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command.output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    anyhow::ensure!(output.status.success(), "{}", said.lines().last().unwrap_or("it said nothing"));
    Ok(())
}

/// What a script prints, as JSON.
///
/// # Errors
/// When it fails; the message holds what it said.
pub fn told(python: &Path, script: &str, arguments: &[&str]) -> anyhow::Result<serde_json::Value> {
    let output = Command::new(python).args(["-c", script]).args(arguments).output()?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}
