//! Settings from afar, and which edge boxes there are at all.

use std::collections::BTreeMap;

use model::ids::GatewayId;
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

/// What is kept of a gateway.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct KnownGateway {
    /// The validity of its newest certificate that is not taken back: from, until.
    pub(crate) certificate: Option<(Timestamp, Timestamp)>,
    /// When it was thrown out.
    pub(crate) revoked_at: Option<Timestamp>,
    /// When something durable of it was last committed.
    pub(crate) committed_at: Option<Timestamp>,
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

    /// Every gateway that was ever let in, invited, or thrown out.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn known_gateways(&self) -> Result<BTreeMap<GatewayId, KnownGateway>> {
        let mut known: BTreeMap<GatewayId, KnownGateway> = BTreeMap::new();
        let sql = "SELECT name FROM broker_users WHERE role = 'gateway' UNION SELECT gateway FROM gateway_tokens \
                   UNION SELECT gateway FROM gateway_certificates";
        for row in self.fetch("read the gateways", sql, vec![]).await? {
            known.entry(row.id(0, "gateway")?).or_default();
        }
        let sql = "SELECT gateway, issued_at, expires_at FROM gateway_certificates WHERE revoked_at IS NULL \
                   ORDER BY expires_at";
        for row in self.fetch("read the gateways' certificates", sql, vec![]).await? {
            known.entry(row.id(0, "gateway")?).or_default().certificate = Some((row.time(1)?, row.time(2)?));
        }
        for row in self.fetch("read who was thrown out", "SELECT gateway, at FROM gateway_revocations", vec![]).await? {
            known.entry(row.id(0, "gateway")?).or_default().revoked_at = row.opt_time(1)?;
        }
        let sql = "SELECT gateway, MAX(at) FROM watermarks GROUP BY gateway";
        for row in self.fetch("read when gateways were heard", sql, vec![]).await? {
            known.entry(row.id(0, "gateway")?).or_default().committed_at = row.opt_time(1)?;
        }
        Ok(known)
    }

    /// How many certificates a gateway was given since a moment.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn certificates_since(&self, gateway: &GatewayId, since: Timestamp) -> Result<u64> {
        let sql = "SELECT COUNT(*) FROM gateway_certificates WHERE gateway = $1 AND issued_at > $2";
        let row = self.fetch_one("count certificates", sql, vec![gateway.as_str().into(), since.into()]).await?;
        row.map_or(Ok(0), |row| row.unsigned(0))
    }

    /// The hash of every log-in's password, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn broker_passwords(&self) -> Result<BTreeMap<String, Vec<u8>>> {
        let sql = "SELECT name, password_hash FROM broker_users";
        let rows = self.fetch("look for log-ins that were taken back", sql, vec![]).await?;
        rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.blob(1)?.to_vec()))).collect()
    }
}
