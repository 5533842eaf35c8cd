//! `attimo-server gateway config`: shows and sets what gateways are to have.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use model::time::Timestamp;
use wire::settings::{self, DOCUMENT_LEN_MAX, Refused, Scope, Settings};

use super::{Error, desired};
use crate::store::Store;

/// What can be done about settings.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Shows what is set, and which keys can be.
    Show {
        /// fleet, store:ID or gateway:ID; everything if left out.
        scope: Option<Scope>,
    },
    /// Sets a scope's whole document: a running server tells its gateways within a second.
    Set {
        /// fleet, store:ID or gateway:ID; of two that set the same key the narrower one wins.
        scope: Scope,
        /// A file with sections and keys as in gateway.toml; `-` reads standard input, an empty one takes everything back.
        file: PathBuf,
        /// Receivers may fall silent by it; else a gateway goes back when they do.
        #[arg(long)]
        may_lose_receivers: bool,
    },
}

pub(super) async fn run(command: &Command, store: &Store, now: Timestamp) -> Result<String, Error> {
    match command {
        Command::Show { scope } => show(scope.as_ref(), store).await,
        Command::Set { scope, file, may_lose_receivers } => {
            let settings = read(file)?;
            let version = desired::set(store, scope, &settings, *may_lose_receivers, "command line", now).await?;
            Ok(format!("{scope} has version {version}; `attimo-server gateway config show` shows it\n"))
        }
    }
}

async fn show(scope: Option<&Scope>, store: &Store) -> Result<String, Error> {
    let mut text = String::new();
    let all = store.gateway_settings().await?;
    for row in all.values().filter(|row| scope.is_none_or(|scope| row.scope == *scope)) {
        let at = crate::live::to_rfc3339(row.at);
        let _ = writeln!(text, "# {}, version {}, by {} at {at}", row.scope, row.version, row.by);
        let _ = writeln!(text, "{}", toml::to_string(&row.settings).unwrap_or_default());
    }
    if text.is_empty() {
        text.push_str("# nothing is set; these keys can be:\n");
        for (key, about) in settings::KEYS {
            let _ = writeln!(text, "# {key}: {about}");
        }
    }
    Ok(text)
}

fn read(file: &Path) -> Result<Settings, Error> {
    let wrong = |problem: String| Error::Settings { file: file.to_owned(), problem };
    let mut text = String::new();
    // One byte more than is allowed, so that a longer one is refused and not cut.
    let most = DOCUMENT_LEN_MAX as u64 + 1;
    let read = if file == Path::new("-") {
        std::io::stdin().take(most).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|opened| opened.take(most).read_to_string(&mut text))
    };
    read.map_err(|cause| wrong(cause.to_string()))?;
    if text.len() > DOCUMENT_LEN_MAX {
        return Err(Error::Refused(Refused {
            field: file.display().to_string(),
            problem: format!("it is longer than {DOCUMENT_LEN_MAX} bytes"),
            fix: "set less, or write what is for one box alone into its gateway.toml".into(),
        }));
    }
    toml::from_str(&text).map_err(|cause| wrong(cause.message().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_too_long_is_refused_and_not_cut() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("settings.toml");
        let write = |len: usize| {
            let text = "[log]\nfilter = \"info\"\n";
            std::fs::write(&file, format!("{text}#{}\n", " ".repeat(len - text.len() - 2))).expect("written");
        };
        write(DOCUMENT_LEN_MAX);
        assert_eq!(read(&file).expect("settings").len(), 1);
        write(DOCUMENT_LEN_MAX + 1);
        let refused = read(&file).expect_err("too long").to_string();
        assert!(refused.contains("settings.toml") && refused.contains("32768 bytes"), "{refused}");
    }
}
