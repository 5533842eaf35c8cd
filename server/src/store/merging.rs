//! Two customers made one and parted again: every row that carries the name moves in the same commit.

use model::consent::ConsentRecord;
use model::ids::{CustomerId, DeviceId, OfferId, StoreId};
use model::offer::Lever;
use model::time::Timestamp;

use super::driver::{Step, to_json};
use super::{Result, Store};

/// Two customers that become one, with what is needed to part them again.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Merged {
    /// Its id, which follows from the two and the time.
    pub(crate) id: String,
    /// Who is no more.
    pub(crate) from: CustomerId,
    /// Who stays.
    pub(crate) into: CustomerId,
    pub(crate) at: Timestamp,
    /// What `from` allowed.
    pub(crate) consent: ConsentRecord,
    /// The devices that were theirs.
    pub(crate) devices: Vec<DeviceId>,
    /// The other names that were theirs, as kind and value.
    pub(crate) aliases: Vec<(String, String)>,
    /// What was known of them.
    pub(crate) state: Option<String>,
}

/// What a person said about an offer, with who and when.
#[derive(Debug, Clone, PartialEq)]
pub struct LeverRow {
    /// In which store.
    pub store: StoreId,
    /// About which offer.
    pub offer: OfferId,
    /// What.
    pub lever: Lever,
    /// Who said it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

impl Merged {
    /// The steps that make them one.
    pub(super) fn steps(&self, steps: &mut Vec<Step>) {
        let sql = "INSERT INTO merges (id, from_customer, into_customer, at, consent, devices, aliases, state, undone) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL) ON CONFLICT DO NOTHING";
        let args = vec![
            self.id.as_str().into(),
            self.from.as_str().into(),
            self.into.as_str().into(),
            self.at.into(),
            to_json(&self.consent).into(),
            to_json(&self.devices).into(),
            to_json(&self.aliases).into(),
            self.state.clone().into(),
        ];
        steps.push(Step::Execute { sql, args });
        for sql in [
            "UPDATE devices SET customer = $2 WHERE customer = $1",
            "UPDATE aliases SET customer = $2 WHERE customer = $1",
            "UPDATE consents SET customer = $2 WHERE customer = $1",
            "UPDATE decisions SET customer = $2 WHERE customer = $1",
            "UPDATE reservations SET customer = $2 WHERE customer = $1",
            "UPDATE purchases SET customer = $2 WHERE customer = $1",
            "UPDATE inputs SET customer = $2 WHERE customer = $1",
            "UPDATE merges SET into_customer = $2 WHERE into_customer = $1",
        ] {
            steps.push(Step::Execute { sql, args: vec![self.from.as_str().into(), self.into.as_str().into()] });
        }
        // What is still on its way was addressed to a name that is no more.
        super::reservations::release_pending_of(steps, &self.from);
        for sql in ["DELETE FROM deliveries WHERE customer = $1", "DELETE FROM customers WHERE id = $1"] {
            steps.push(Step::Execute { sql, args: vec![self.from.as_str().into()] });
        }
    }

    /// The steps that part them again at `at`; the customer's row, with what was known, is there already.
    pub(super) fn undo_steps(&self, steps: &mut Vec<Step>, at: Timestamp) {
        let sql = "UPDATE merges SET undone = $2, state = NULL WHERE id = $1 AND undone IS NULL";
        steps.push(Step::Execute { sql, args: vec![self.id.as_str().into(), at.into()] });
        for device in &self.devices {
            let sql = "UPDATE devices SET customer = $2 WHERE id = $1 AND customer = $3";
            let args = vec![device.to_string().into(), self.from.as_str().into(), self.into.as_str().into()];
            steps.push(Step::Execute { sql, args });
        }
        for (kind, value) in &self.aliases {
            let sql = "UPDATE aliases SET customer = $3 WHERE kind = $1 AND value = $2 AND customer = $4";
            let args =
                vec![kind.as_str().into(), value.as_str().into(), self.from.as_str().into(), self.into.as_str().into()];
            steps.push(Step::Execute { sql, args });
        }
    }
}

impl LeverRow {
    pub(super) fn step(&self) -> Step {
        let sql = "INSERT INTO levers (store, offer, weight, pin, ban, approved, said_by, at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let Lever { weight, pin, ban, approved } = self.lever;
        let args = vec![
            self.store.as_str().into(),
            self.offer.as_str().into(),
            weight.into(),
            pin.into(),
            ban.into(),
            approved.into(),
            self.by.as_str().into(),
            self.at.into(),
        ];
        Step::Execute { sql, args }
    }
}

impl Store {
    /// The newest merge of `from` into `into` that was not undone.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn merged(&self, from: &CustomerId, into: &CustomerId) -> Result<Option<Merged>> {
        let sql = "SELECT id, at, consent, devices, aliases, state FROM merges \
                   WHERE from_customer = $1 AND into_customer = $2 AND undone IS NULL ORDER BY at DESC LIMIT 1";
        let args = vec![from.as_str().into(), into.as_str().into()];
        let Some(row) = self.fetch_one("read a merge", sql, args).await? else { return Ok(None) };
        Ok(Some(Merged {
            id: row.text(0)?.to_owned(),
            from: from.clone(),
            into: into.clone(),
            at: row.time(1)?,
            consent: row.json(2, "merge")?,
            devices: row.json(3, "merge")?,
            aliases: row.json(4, "merge")?,
            state: row.opt_text(5)?.map(str::to_owned),
        }))
    }

    /// The other names of a customer, as kind and value.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn names_to_move(&self, customer: &CustomerId) -> Result<Vec<(String, String)>> {
        let sql = "SELECT kind, value FROM aliases WHERE customer = $1 ORDER BY kind, value";
        let rows = self.fetch("read a customer's names", sql, vec![customer.as_str().into()]).await?;
        rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()))).collect()
    }

    /// What people said about offers: of each the last word.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn levers(&self) -> Result<Vec<LeverRow>> {
        let sql = "SELECT store, offer, weight, pin, ban, approved, said_by, at FROM levers l WHERE seq = \
                   (SELECT MAX(seq) FROM levers o WHERE o.store = l.store AND o.offer = l.offer) ORDER BY store, offer";
        self.fetch("read the levers", sql, vec![]).await?.iter().map(lever).collect()
    }

    /// Everything that people said about an offer, newest first; at most `limit`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn levers_of(&self, store: &StoreId, offer: &OfferId, limit: u32) -> Result<Vec<LeverRow>> {
        let sql = "SELECT store, offer, weight, pin, ban, approved, said_by, at FROM levers \
                   WHERE store = $1 AND offer = $2 ORDER BY seq DESC LIMIT $3";
        let args = vec![store.as_str().into(), offer.as_str().into(), i64::from(limit).into()];
        self.fetch("read an offer's levers", sql, args).await?.iter().map(lever).collect()
    }
}

fn lever(row: &super::driver::Row) -> Result<LeverRow> {
    Ok(LeverRow {
        store: row.id(0, "store")?,
        offer: row.id(1, "offer")?,
        lever: Lever { weight: row.real(2)?, pin: row.flag(3)?, ban: row.flag(4)?, approved: row.flag(5)? },
        by: row.text(6)?.to_owned(),
        at: row.time(7)?,
    })
}
