//! Settings from afar: for the fleet, a store and a box.

use std::collections::BTreeMap;

use model::time::Timestamp;
use wire::settings::{Scope, Settings};

use super::driver::{Step, to_json};
use super::{Result, Store};

/// What was set for a scope.
#[derive(Debug, Clone, PartialEq)]
pub struct SettingsRow {
    /// For whom.
    pub scope: Scope,
    /// Its number.
    pub version: u64,
    /// What.
    pub settings: Settings,
    /// Whether receivers may fall silent by it.
    pub may_lose_receivers: bool,
    /// Who said so.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

impl Store {
    /// Sets a scope's whole document; answers its version.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn put_gateway_settings(
        &self,
        scope: &Scope,
        settings: &Settings,
        may_lose_receivers: bool,
        by: &str,
        at: Timestamp,
    ) -> Result<u64> {
        let sql = "INSERT INTO gateway_settings (scope, version, document, may_lose_receivers, said_by, at) \
                   SELECT $1, COALESCE(MAX(version), 0) + 1, $2, $3, $4, $5 FROM gateway_settings WHERE true \
                   ON CONFLICT (scope) DO UPDATE SET version = excluded.version, document = excluded.document, \
                   may_lose_receivers = excluded.may_lose_receivers, said_by = excluded.said_by, at = excluded.at \
                   RETURNING version";
        let args = vec![
            scope.to_string().into(),
            to_json(settings).into(),
            may_lose_receivers.into(),
            by.to_owned().into(),
            at.into(),
        ];
        let done = self.transact("set the settings of gateways", vec![Step::Execute { sql, args }]).await?;
        done.first().and_then(|done| done.rows.first()).map_or(Ok(0), |row| row.unsigned(0))
    }

    /// Everything that is set, by scope.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn gateway_settings(&self) -> Result<BTreeMap<Scope, SettingsRow>> {
        let sql = "SELECT scope, version, document, may_lose_receivers, said_by, at FROM gateway_settings";
        let rows = self.fetch("read the settings of gateways", sql, vec![]).await?;
        rows.iter()
            .map(|row| {
                let scope: Scope = row.id(0, "scope")?;
                let known = SettingsRow {
                    scope: scope.clone(),
                    version: row.unsigned(1)?,
                    settings: row.json(2, "settings of gateways")?,
                    may_lose_receivers: row.flag(3)?,
                    by: row.text(4)?.to_owned(),
                    at: row.time(5)?,
                };
                Ok((scope, known))
            })
            .collect()
    }

    /// The highest version that was given; it changes with every change.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn gateway_settings_version(&self) -> Result<u64> {
        let sql = "SELECT COALESCE(MAX(version), 0) FROM gateway_settings";
        let row = self.fetch_one("look for new settings of gateways", sql, vec![]).await?;
        row.map_or(Ok(0), |row| row.unsigned(0))
    }
}
