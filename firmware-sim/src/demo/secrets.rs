//! What the server's own commands make: the shop loaded, keys, and users of the broker.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use tokio::process::Command;

use super::config::{Folder, GATEWAY, RECEIVERS};

/// A shorter word than this is no secret.
const SECRET_LEN_MIN: usize = 16;

/// Keys and passwords, each shown once by the server.
pub(super) struct Secrets {
    pub(super) api_key: String,
    pub(super) write_key: String,
    pub(super) gateway_password: String,
    pub(super) receivers_password: String,
}

/// The real binaries: they lie beside this one.
pub(super) fn binary(name: &str) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("find this program's own folder")?;
    let path = own.parent().context("this program lies nowhere")?.join(name);
    if !path.exists() {
        bail!("{} is missing; build it with `cargo build --workspace --bins`", path.display());
    }
    Ok(path)
}

impl Secrets {
    /// Loads the shop and makes all of it.
    pub(super) async fn make(folder: &Folder) -> anyhow::Result<Self> {
        let server = binary("attimo-server")?;
        let config = folder.server_config();
        let shop = folder.shop();
        run(&server, &["apply", &shop.to_string_lossy()], &config).await?;
        // Names carry the process's number, so that a data folder can be used again.
        let name = |role: &str| format!("{role}-{}", std::process::id());
        Ok(Self {
            api_key: secret(&server, &["key", "create", "--kind", "api", &name("demo-api")], &config).await?,
            write_key: secret(&server, &["key", "create", "--kind", "write", &name("demo-app")], &config).await?,
            gateway_password: secret(&server, &["broker-user", "add", "--role", "gateway", GATEWAY], &config).await?,
            receivers_password: secret(&server, &["broker-user", "add", "--role", "receiver", RECEIVERS], &config)
                .await?,
        })
    }
}

async fn run(server: &Path, arguments: &[&str], config: &Path) -> anyhow::Result<String> {
    let output = Command::new(server).args(arguments).arg("--config").arg(config).output().await;
    let output = output.with_context(|| format!("run {}", server.display()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("attimo-server {} failed ({}): {}", arguments[0], output.status, said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

async fn secret(server: &Path, arguments: &[&str], config: &Path) -> anyhow::Result<String> {
    let said = run(server, arguments, config).await?;
    find(&said).with_context(|| format!("attimo-server {} shows no secret: {}", arguments[0], said.trim()))
}

/// The secret in what a command prints: its last word that is long enough. A write key comes after its signing secret.
fn find(said: &str) -> Option<String> {
    let words = said.split_whitespace().map(|word| word.trim_matches(['"', '\'', '`', ',', '.']));
    words.rev().find(|word| word.len() >= SECRET_LEN_MIN).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_the_last_long_word() {
        let said = "write key for demo-app, shown once:\n  wk_Zm9vYmFyYmF6cXV4cXV1eA\n";
        assert_eq!(find(said).as_deref(), Some("wk_Zm9vYmFyYmF6cXV4cXV1eA"));
        let signed = format!("signing secret, shown once:\n  whsec_SB7kGQHAUtCyik9Q/i4DSjrBvGc8=\n{said}");
        assert_eq!(find(&signed).as_deref(), Some("wk_Zm9vYmFyYmF6cXV4cXV1eA"));
        assert_eq!(find("there is no key\n"), None);
    }
}
