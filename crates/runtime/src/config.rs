//! Configuration: one TOML file, then `PREFIX__SECTION__KEY` from the environment, then secrets of systemd's.
//! An unknown key is an error.

mod secrets;

use std::path::Path;

use serde::de::DeserializeOwned;
use toml::{Table, Value};

/// What is wrong with a configuration, and what to do.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{file}: {key}: {problem}; {fix}")]
pub struct ConfigError {
    /// The file, or the environment variable.
    pub file: String,
    /// The key, such as `broker.listen`.
    pub key: String,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub fix: String,
}

/// Reads a configuration file, lays the process environment over it, and checks all keys.
///
/// # Errors
/// [`ConfigError`] names the file, the key and the fix.
pub fn load<T: DeserializeOwned>(path: &Path, prefix: &str) -> Result<T, ConfigError> {
    whole(&told(path, prefix)?, &path.display().to_string())
}

/// What this process was told: the file, the environment over it, and over both the secrets that systemd hands over.
#[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
fn told(path: &Path, prefix: &str) -> Result<Table, ConfigError> {
    let mut table = table(&read(path)?, &path.display().to_string(), prefix, std::env::vars())?;
    if let Ok(folder) = std::env::var("CREDENTIALS_DIRECTORY") {
        secrets::lay_over(&mut table, Path::new(&folder))?;
    }
    Ok(table)
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|cause| ConfigError {
        file: path.display().to_string(),
        key: "(file)".into(),
        problem: format!("can't be read: {cause}"),
        fix: "name an existing file, or write one with `config template`".into(),
    })
}

/// The same as [`load`], with a table laid over file and environment: section by section, however deep, and key by key.
///
/// # Errors
/// [`ConfigError`] names the file, the key and the fix.
pub fn load_over<T: DeserializeOwned>(path: &Path, prefix: &str, over: Table) -> Result<T, ConfigError> {
    let mut table = told(path, prefix)?;
    merge(&mut table, over);
    whole(&table, &path.display().to_string())
}

fn merge(known: &mut Table, over: Table) {
    for (key, value) in over {
        match (known.get_mut(&key), value) {
            (Some(Value::Table(known)), Value::Table(over)) => merge(known, over),
            (_, value) => {
                known.insert(key, value);
            }
        }
    }
}

/// The same as [`load`], on values.
///
/// # Errors
/// [`ConfigError`] names the file, the key and the fix.
pub fn parse<T: DeserializeOwned>(
    text: &str,
    file: &str,
    prefix: &str,
    env: impl IntoIterator<Item = (String, String)>,
) -> Result<T, ConfigError> {
    whole(&table(text, file, prefix, env)?, file)
}

fn table(
    text: &str,
    file: &str,
    prefix: &str,
    env: impl IntoIterator<Item = (String, String)>,
) -> Result<Table, ConfigError> {
    let mut table: Table = toml::from_str(text).map_err(|cause| syntax_error(file, text, &cause))?;
    for (name, value) in env {
        if let Some(path) = name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix("__")) {
            lay_over(&mut table, &name, path, &value)?;
        }
    }
    Ok(table)
}

fn whole<T: DeserializeOwned>(table: &Table, file: &str) -> Result<T, ConfigError> {
    // Through text once more, so that the error tells the key's path: a table alone has no spans.
    let merged = toml::to_string(table).map_err(|cause| ConfigError {
        file: file.into(),
        key: "(file)".into(),
        problem: cause.to_string(),
        fix: "write plain tables and values".into(),
    })?;
    toml::from_str(&merged).map_err(|cause| value_error(file, &merged, &cause))
}

fn lay_over(table: &mut Table, name: &str, path: &str, value: &str) -> Result<(), ConfigError> {
    let keys: Vec<String> = path.split("__").map(str::to_lowercase).collect();
    let Some((last, sections)) = keys.split_last() else {
        return Ok(());
    };
    let place = place(table, sections.iter().cloned()).map_err(|section| ConfigError {
        file: format!("environment {name}"),
        key: path.to_lowercase().replace("__", "."),
        problem: format!("{section} is a value, not a section"),
        fix: "name the variable PREFIX__SECTION__KEY".into(),
    })?;
    place.insert(last.clone(), typed(value));
    Ok(())
}

/// The innermost of nested sections, made where missing; the name of what is no section, if something is in the way.
fn place(table: &mut Table, sections: impl Iterator<Item = String>) -> Result<&mut Table, String> {
    let mut place = table;
    for section in sections {
        match place.entry(section.clone()).or_insert_with(|| Value::Table(Table::new())) {
            Value::Table(inner) => place = inner,
            Value::String(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_)
            | Value::Array(_) => return Err(section),
        }
    }
    Ok(place)
}

/// Numbers and booleans as such, everything else as text.
fn typed(value: &str) -> Value {
    match value.parse::<toml::Value>() {
        Ok(typed @ (Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Array(_))) => typed,
        Ok(_) | Err(_) => Value::String(value.to_owned()),
    }
}

fn syntax_error(file: &str, text: &str, cause: &toml::de::Error) -> ConfigError {
    let line = cause.span().map_or(0, |span| line_of(text, span.start));
    ConfigError {
        file: file.into(),
        key: format!("line {line}"),
        problem: cause.message().to_owned(),
        fix: "see the commented template (`config template`)".into(),
    }
}

fn value_error(file: &str, merged: &str, cause: &toml::de::Error) -> ConfigError {
    let key = cause.span().map_or_else(|| "(file)".to_owned(), |span| key_at(merged, span.start));
    ConfigError {
        file: file.into(),
        key,
        problem: cause.message().to_owned(),
        fix: "see the commented template (`config template`)".into(),
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text[..offset.min(text.len())].matches('\n').count() + 1
}

/// The dotted key at a place of the merged text: the last section header above it, and the key on its line.
fn key_at(text: &str, offset: usize) -> String {
    let index = line_of(text, offset) - 1;
    let lines: Vec<&str> = text.lines().take(index + 1).collect();
    let section = lines.iter().rev().find_map(|line| line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')));
    let key = lines.last().and_then(|line| line.split_once('=')).map(|(key, _)| key.trim());
    match (section.map(|s| s.trim_matches(['[', ']'])), key) {
        (Some(section), Some(key)) => format!("{section}.{key}"),
        (Some(section), None) => section.to_owned(),
        (None, Some(key)) => key.to_owned(),
        (None, None) => "(file)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Settings {
        broker: Broker,
    }

    #[derive(Debug, serde::Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Broker {
        listen: String,
        #[serde(default)]
        clients: u32,
    }

    fn read(text: &str, env: &[(&str, &str)]) -> Result<Settings, ConfigError> {
        parse(text, "a.toml", "ATTIMO", env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
    }

    #[test]
    fn environment_wins_over_the_file() {
        let settings = read("[broker]\nlisten = \"a\"\n", &[("ATTIMO__BROKER__CLIENTS", "7"), ("OTHER__X", "1")]);
        assert_eq!(settings, Ok(Settings { broker: Broker { listen: "a".into(), clients: 7 } }));
    }

    #[test]
    fn a_typo_names_the_key_and_the_fix() {
        let error = read("[broker]\nlisen = \"a\"\n", &[]).expect_err("a typo");
        assert_eq!(error.key, "broker.lisen");
        assert!(error.problem.contains("unknown field"), "{error}");
        assert!(error.fix.contains("config template"));
    }

    #[test]
    fn a_wrong_type_and_a_missing_key_name_their_place() {
        assert_eq!(read("[broker]\nlisten = 7\n", &[]).expect_err("a type").key, "broker.listen");
        assert!(read("[broker]\n", &[]).expect_err("missing").problem.contains("listen"));
        assert_eq!(read("[broker\n", &[]).expect_err("syntax").key, "line 1");
        let error = read("[broker]\nlisten=\"a\"\n", &[("ATTIMO__BROKER__LISTEN__X", "1")]).expect_err("not a section");
        assert_eq!(error.key, "broker.listen.x");
    }
}
