//! How far the clocks of gateways are off, run by run.

use model::ids::{BootId, GatewayId};
use model::time::{Millis, Timestamp};
use wire::uplink::clock::Belief;

use super::driver::{Step, Value};
use super::{Error, Result, Store};
use crate::ingest::clocks::{RUNS_MAX, Standing};

impl Store {
    /// What is known of the clocks, each gateway's oldest run first.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn clocks(&self) -> Result<Vec<(GatewayId, BootId, Standing)>> {
        let sql = "SELECT gateway, boot, offset_ms, drift_ms, sure, belief FROM gateway_clocks ORDER BY gateway, at";
        let rows = self.fetch("read the gateways' clocks", sql, vec![]).await?;
        rows.iter()
            .map(|row| {
                let corrupt = |what| Error::Corrupt { what, problem: "it can't be one".into() };
                let boot = row.blob(1)?.try_into().map_err(|_| corrupt("run of a gateway"))?;
                let code = row.text(5)?;
                let belief = Belief::ALL.into_iter().find(|belief| belief.code() == code);
                let standing = Standing {
                    offset: Millis(row.int(2)?),
                    drift: Millis(row.int(3)?),
                    is_sure: row.int(4)? != 0,
                    belief: belief.ok_or_else(|| corrupt("belief of a gateway"))?,
                };
                Ok((row.id(0, "gateway")?, BootId(u128::from_be_bytes(boot)), standing))
            })
            .collect()
    }

    /// Keeps what is known of the clock of a run, and lets the oldest runs of the gateway go.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn put_clock(
        &self,
        gateway: &GatewayId,
        boot: BootId,
        standing: Standing,
        at: Timestamp,
    ) -> Result<()> {
        let keep = "INSERT INTO gateway_clocks (gateway, boot, offset_ms, drift_ms, sure, belief, at) \
                    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (gateway, boot) DO UPDATE SET \
                    offset_ms = excluded.offset_ms, drift_ms = excluded.drift_ms, sure = excluded.sure, \
                    belief = excluded.belief";
        let args = vec![
            gateway.as_str().into(),
            Value::Blob(Some(boot.0.to_be_bytes().to_vec())),
            standing.offset.0.into(),
            standing.drift.0.into(),
            i64::from(standing.is_sure).into(),
            standing.belief.code().into(),
            at.into(),
        ];
        let clear = "DELETE FROM gateway_clocks WHERE gateway = $1 AND boot NOT IN \
                     (SELECT boot FROM gateway_clocks WHERE gateway = $1 ORDER BY at DESC LIMIT $2)";
        let most = i64::try_from(RUNS_MAX).unwrap_or(i64::MAX);
        let steps = vec![
            Step::Execute { sql: keep, args },
            Step::Execute { sql: clear, args: vec![gateway.as_str().into(), most.into()] },
        ];
        self.transact("keep a gateway's clock", steps).await.map(|_| ())
    }
}
