//! What is kept of the edge boxes: which there are, what of their spools is committed, their one-time tokens and
//! their certificates.

use std::collections::{BTreeMap, BTreeSet};

use model::ids::GatewayId;
use model::time::Timestamp;

use super::driver::{Step, Value};
use super::{Error, Result, Store};
use crate::fleet::authority::{Issued, to_serial};
use crate::ingest::marks::Marks;

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

/// Why a token lets nobody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenRefused {
    /// It was never made, or for another gateway.
    Unknown,
    /// It was used.
    Used,
    /// It came too late.
    Expired,
}

impl TokenRefused {
    /// The stable code.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Unknown => "token-unknown",
            Self::Used => "token-used",
            Self::Expired => "token-expired",
        }
    }

    /// The same in words.
    pub(crate) const fn sentence(self) -> &'static str {
        match self {
            Self::Unknown => "this token was never made, or for another gateway",
            Self::Used => "this token was used already",
            Self::Expired => "this token has expired",
        }
    }
}

/// A certificate that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GatewayCertificate {
    pub(crate) gateway: GatewayId,
    pub(crate) serial: String,
    pub(crate) expires_at: Timestamp,
    pub(crate) revoked_at: Option<Timestamp>,
}

fn certificate(gateway: &GatewayId, issued: &Issued, now: Timestamp) -> Vec<Value> {
    vec![issued.serial.as_str().into(), gateway.as_str().into(), now.into(), issued.expires_at.into()]
}

impl Store {
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

    /// What is committed of every gateway's spool folder.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn marks(&self) -> Result<BTreeMap<(GatewayId, [u8; 16]), Marks>> {
        let sql = "SELECT w.gateway, w.spool, w.seq, g.gaps FROM watermarks w \
                   LEFT JOIN watermark_gaps g ON g.gateway = w.gateway AND g.spool = w.spool";
        let rows = self.fetch("read the watermarks", sql, vec![]).await?;
        rows.iter()
            .map(|row| {
                let wrong = |_| Error::Corrupt { what: "spool", problem: "it has not 16 bytes".into() };
                let gaps = row.opt_text(3)?.unwrap_or_default();
                let bad = || Error::Corrupt { what: "gaps of a spool", problem: format!("{gaps:?} are none") };
                let marks = Marks::new(row.unsigned(2)?, gaps).ok_or_else(bad)?;
                Ok(((row.id(0, "gateway")?, row.blob(1)?.try_into().map_err(wrong)?), marks))
            })
            .collect()
    }

    /// Keeps the hash of a one-time token.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn put_gateway_token(
        &self,
        hash: &[u8],
        gateway: &GatewayId,
        expires_at: Timestamp,
    ) -> Result<()> {
        let sql = "INSERT INTO gateway_tokens (hash, gateway, expires_at) VALUES ($1, $2, $3)";
        let args = vec![hash.into(), gateway.as_str().into(), expires_at.into()];
        self.execute("keep a gateway's token", sql, args).await.map(|_| ())
    }

    /// Uses a token up and keeps the certificate that it gave; or says why not, and nothing changes.
    /// Of two who come with the same token at once, one gets in.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn use_gateway_token(
        &self,
        hash: &[u8],
        gateway: &GatewayId,
        issued: &Issued,
        now: Timestamp,
    ) -> Result<Option<TokenRefused>> {
        let sql = "UPDATE gateway_tokens SET used_at = $1 \
                   WHERE hash = $2 AND gateway = $3 AND used_at IS NULL AND expires_at > $1";
        let used = Step::Execute { sql, args: vec![now.into(), hash.into(), gateway.as_str().into()] };
        let sql = "INSERT INTO gateway_certificates (serial, gateway, issued_at, expires_at) SELECT $1, $2, $3, $4 \
                   WHERE EXISTS (SELECT 1 FROM gateway_tokens WHERE hash = $5 AND gateway = $2 AND used_at = $3)";
        let mut args = certificate(gateway, issued, now);
        args.push(hash.into());
        let sql_in = "DELETE FROM gateway_revocations WHERE gateway = $1 \
                      AND EXISTS (SELECT 1 FROM gateway_tokens WHERE hash = $2 AND gateway = $1 AND used_at = $3)";
        let is_in = Step::Execute { sql: sql_in, args: vec![gateway.as_str().into(), hash.into(), now.into()] };
        let done = self.transact("let a gateway in", vec![used, Step::Execute { sql, args }, is_in]).await?;
        if done.first().is_some_and(|used| used.affected == 1) {
            return Ok(None);
        }
        let sql = "SELECT used_at FROM gateway_tokens WHERE hash = $1 AND gateway = $2";
        let row = self.fetch_one("read a gateway's token", sql, vec![hash.into(), gateway.as_str().into()]).await?;
        Ok(Some(match row {
            None => TokenRefused::Unknown,
            Some(row) if row.opt_time(0)?.is_some() => TokenRefused::Used,
            Some(_) => TokenRefused::Expired,
        }))
    }

    /// Keeps the next certificate of a gateway, if it is let in at this moment; says whether it is.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn renew_gateway_certificate(
        &self,
        gateway: &GatewayId,
        issued: &Issued,
        now: Timestamp,
    ) -> Result<bool> {
        // Locks the one that counts, so that throwing the gateway out comes before this or takes this one, too.
        let sql = "UPDATE gateway_certificates SET gateway = $1 \
                   WHERE gateway = $1 AND revoked_at IS NULL AND expires_at > $2";
        let lock = Step::Execute { sql, args: vec![gateway.as_str().into(), now.into()] };
        let sql = "INSERT INTO gateway_certificates (serial, gateway, issued_at, expires_at) SELECT $1, $2, $3, $4 \
                   WHERE EXISTS (SELECT 1 FROM gateway_certificates \
                   WHERE gateway = $2 AND revoked_at IS NULL AND expires_at > $3)";
        let keep = Step::Execute { sql, args: certificate(gateway, issued, now) };
        let done = self.transact("renew a gateway's certificate", vec![lock, keep]).await?;
        Ok(done.last().is_some_and(|kept| kept.affected == 1))
    }

    /// Whether a certificate is one that this server gave to this gateway and did not take back.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn gateway_has(&self, gateway: &str, serial: &str) -> Result<bool> {
        let sql = "SELECT 1 FROM gateway_certificates WHERE serial = $1 AND gateway = $2 AND revoked_at IS NULL";
        let args = vec![to_serial(serial).into(), gateway.into()];
        Ok(self.fetch_one("look for a certificate", sql, args).await?.is_some())
    }

    /// Whether a gateway has any certificate that counts now.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn gateway_is_in(&self, gateway: &GatewayId, now: Timestamp) -> Result<bool> {
        let sql = "SELECT 1 FROM gateway_certificates WHERE gateway = $1 AND revoked_at IS NULL AND expires_at > $2";
        Ok(self.fetch_one("look for a gateway", sql, vec![gateway.as_str().into(), now.into()]).await?.is_some())
    }

    /// Throws a gateway out; how many certificates, tokens and passwords that took.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn revoke_gateway(&self, gateway: &GatewayId, now: Timestamp) -> Result<u64> {
        let name = || gateway.as_str().into();
        let steps = vec![
            Step::Execute {
                sql: "INSERT INTO gateway_revocations (gateway, at) SELECT $1, $2 WHERE EXISTS \
                      (SELECT 1 FROM gateway_certificates WHERE gateway = $1 AND revoked_at IS NULL) OR EXISTS \
                      (SELECT 1 FROM gateway_tokens WHERE gateway = $1 AND used_at IS NULL) OR EXISTS \
                      (SELECT 1 FROM broker_users WHERE name = $1 AND role = 'gateway') \
                      ON CONFLICT (gateway) DO UPDATE SET at = excluded.at",
                args: vec![name(), now.into()],
            },
            Step::Execute {
                sql: "UPDATE gateway_certificates SET revoked_at = $1 WHERE gateway = $2 AND revoked_at IS NULL",
                args: vec![now.into(), name()],
            },
            Step::Execute {
                sql: "DELETE FROM gateway_tokens WHERE gateway = $1 AND used_at IS NULL",
                args: vec![name()],
            },
            Step::Execute { sql: "DELETE FROM broker_users WHERE name = $1 AND role = 'gateway'", args: vec![name()] },
        ];
        let done = self.transact("throw a gateway out", steps).await?;
        Ok(done.iter().skip(1).map(|done| done.affected).sum())
    }

    /// The serials of all certificates that were not taken back.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn counting_certificates(&self) -> Result<BTreeSet<String>> {
        let sql = "SELECT serial FROM gateway_certificates WHERE revoked_at IS NULL";
        let rows = self.fetch("look for thrown-out gateways", sql, vec![]).await?;
        rows.iter().map(|row| Ok(row.text(0)?.to_owned())).collect()
    }

    /// Every certificate that was given, by gateway.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn gateway_certificates(&self) -> Result<Vec<GatewayCertificate>> {
        let sql =
            "SELECT gateway, serial, expires_at, revoked_at FROM gateway_certificates ORDER BY gateway, issued_at";
        let rows = self.fetch("read the certificates of gateways", sql, vec![]).await?;
        rows.iter()
            .map(|row| {
                Ok(GatewayCertificate {
                    gateway: row.id(0, "gateway")?,
                    serial: row.text(1)?.to_owned(),
                    expires_at: row.time(2)?,
                    revoked_at: row.opt_time(3)?,
                })
            })
            .collect()
    }
}
