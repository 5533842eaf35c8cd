//! Secrets that systemd hands over (`LoadCredential=attimo:FOLDER`): one file for each key, such as `uplink.password`.
//!
//! They are in no configuration, no environment and no command line; only the service itself can read them.

use std::path::Path;

use toml::{Table, Value};

use super::{ConfigError, place};

/// systemd puts the name of the credential before the file's own.
const PREFIX: &str = "attimo_";
/// Longest secret, in bytes.
const BYTES_MAX: u64 = 64 * 1024;

/// Lays the secrets of a folder over a table; a folder that is not there holds none.
pub(super) fn lay_over(table: &mut Table, folder: &Path) -> Result<(), ConfigError> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    let mut names: Vec<String> = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    for name in names {
        let Some(key) = name.strip_prefix(PREFIX) else { continue };
        let secret = read(&folder.join(&name)).map_err(|problem| wrong(key, problem))?;
        let (path, last) = key.rsplit_once('.').unwrap_or(("", key));
        let sections = path.split('.').filter(|section| !section.is_empty()).map(str::to_owned);
        let Ok(place) = place(table, sections) else {
            return Err(wrong(key, "is below a value, not in a section".into()));
        };
        place.insert(last.to_owned(), Value::String(secret));
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    let length = std::fs::metadata(path).map_err(|cause| format!("can't be read: {cause}"))?.len();
    if length > BYTES_MAX {
        return Err(format!("has {length} bytes, and may have {BYTES_MAX}"));
    }
    let text = std::fs::read_to_string(path).map_err(|cause| format!("can't be read: {cause}"))?;
    // Editors end a file with a line's end; it is no part of the secret.
    let secret = text.strip_suffix('\n').map_or(&*text, |line| line.strip_suffix('\r').unwrap_or(line));
    if secret.is_empty() { Err("is empty".into()) } else { Ok(secret.to_owned()) }
}

fn wrong(key: &str, problem: String) -> ConfigError {
    let fix = "name the file after a key, such as uplink.password, and write the secret alone into it";
    ConfigError { file: format!("secret {key}"), key: key.to_owned(), problem, fix: fix.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid(text: &str, files: &[(&str, &str)]) -> Result<Table, ConfigError> {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, secret) in files {
            std::fs::write(folder.path().join(name), secret).expect("a file");
        }
        let mut table: Table = toml::from_str(text).expect("a table");
        lay_over(&mut table, folder.path()).map(|()| table)
    }

    #[test]
    fn a_secret_is_laid_over_its_key_as_text_and_without_the_end_of_its_line() {
        let files = [("attimo_uplink.password", "12345\n"), ("attimo_store.deep.key", " a b "), ("other", "not ours")];
        let table = laid("[uplink]\nurl = \"a\"\npassword = \"old\"\n", &files).expect("laid over");
        let expect = "[uplink]\nurl = \"a\"\npassword = \"12345\"\n[store.deep]\nkey = \" a b \"\n";
        assert_eq!(table, toml::from_str(expect).expect("a table"));
    }

    #[test]
    fn what_is_no_secret_is_refused_by_its_name() {
        for (name, secret, problem) in [
            ("attimo_uplink.password", "\n", "is empty"),
            ("attimo_uplink.url.password", "x", "below a value"),
            ("attimo_uplink.password", &*"x".repeat(70_000), "may have 65536"),
        ] {
            let error = laid("[uplink]\nurl = \"a\"\n", &[(name, secret)]).expect_err("refused");
            assert!(error.problem.contains(problem), "{error}");
            assert_eq!(Some(&*error.key), name.strip_prefix(PREFIX));
            assert!(!error.to_string().contains("xx"), "the secret itself is not told");
        }
    }

    #[test]
    fn without_a_folder_there_are_none() {
        let mut table = Table::new();
        assert_eq!(lay_over(&mut table, Path::new("/nowhere/at/all")), Ok(()));
        assert!(table.is_empty());
    }
}
