//! The names of customers, who was met under one name, and who went into whom.

use model::ids::{AnonymousId, CustomerId};
use model::time::Timestamp;

use super::driver::{Row, Step};
use super::{Result, Store};
use crate::identity::{Kind, Name};

/// Somebody who went into a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeRow {
    /// Who was no more.
    pub from: CustomerId,
    /// When.
    pub at: Timestamp,
}

impl Store {
    /// Whose name it is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn owner_of(&self, name: &Name) -> Result<Option<CustomerId>> {
        let sql = "SELECT customer FROM aliases WHERE kind = $1 AND value = $2";
        let args = vec![name.kind.name().into(), name.value.as_str().into()];
        let row = self.fetch_one("read a name", sql, args).await?;
        row.map(|row| row.id(0, "customer")).transpose()
    }

    /// Whose browser or app it is, by the visitor's id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn owner_of_visitor(&self, visitor: &AnonymousId) -> Result<Option<CustomerId>> {
        let Some(name) = Name::new(Kind::AnonymousId, visitor.as_str()) else { return Ok(None) };
        self.owner_of(&name).await
    }

    /// The names of a customer, in the order of trust.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn aliases_of(&self, customer: &CustomerId) -> Result<Vec<(Name, Timestamp)>> {
        let sql = "SELECT kind, value, at FROM aliases WHERE customer = $1";
        let rows = self.fetch("read a customer's names", sql, vec![customer.as_str().into()]).await?;
        let mut names = rows.iter().filter_map(|row| name(row).transpose()).collect::<Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    }

    /// Gives a customer a name, or moves it to them; nothing happens while nothing is kept of the customer.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_name(&self, name: &Name, customer: &CustomerId, at: Timestamp) -> Result<bool> {
        let sql = "INSERT INTO aliases (kind, value, customer, at) SELECT $1, $2, id, $4 FROM customers WHERE id = $3 \
                   ON CONFLICT (kind, value) DO UPDATE SET customer = excluded.customer, at = excluded.at";
        let args = vec![name.kind.name().into(), name.value.as_str().into(), customer.as_str().into(), at.into()];
        Ok(self.execute("keep a name", sql, args).await? > 0)
    }

    /// How many names of a kind a customer has.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn names_held(&self, customer: &CustomerId, kind: Kind) -> Result<u64> {
        let sql = "SELECT COUNT(*) FROM aliases WHERE customer = $1 AND kind = $2";
        let args = vec![customer.as_str().into(), kind.name().into()];
        self.fetch_one("count names", sql, args).await?.map_or(Ok(0), |row| row.unsigned(0))
    }

    /// Notes that a customer was met under a name (by its keyed hash), and answers how many were since a moment.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn meet(&self, hash: &str, customer: &CustomerId, at: Timestamp, since: Timestamp) -> Result<u64> {
        let note = "INSERT INTO meetings (name, customer, at) SELECT $1, id, $3 FROM customers WHERE id = $2 \
                    ON CONFLICT (name, customer) DO UPDATE SET at = excluded.at";
        let forget = "DELETE FROM meetings WHERE name = $1 AND at < $2";
        let steps = vec![
            Step::Execute { sql: note, args: vec![hash.into(), customer.as_str().into(), at.into()] },
            Step::Execute { sql: forget, args: vec![hash.into(), since.into()] },
        ];
        self.transact("note who was met", steps).await?;
        let count = "SELECT COUNT(*) FROM meetings WHERE name = $1";
        self.fetch_one("count who was met", count, vec![hash.into()]).await?.map_or(Ok(0), |row| row.unsigned(0))
    }

    /// Whether a name was found to be shared.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_shared(&self, hash: &str) -> Result<bool> {
        let sql = "SELECT at FROM shared_names WHERE name = $1";
        Ok(self.fetch_one("look for a shared name", sql, vec![hash.into()]).await?.is_some())
    }

    /// Makes a name nobody's for good.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn share(&self, name: &Name, hash: &str, at: Timestamp) -> Result<()> {
        let keep = "INSERT INTO shared_names (name, at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        let drop_alias = "DELETE FROM aliases WHERE kind = $1 AND value = $2";
        let steps = vec![
            Step::Execute { sql: keep, args: vec![hash.into(), at.into()] },
            Step::Execute { sql: drop_alias, args: vec![name.kind.name().into(), name.value.as_str().into()] },
            Step::Execute { sql: "DELETE FROM meetings WHERE name = $1", args: vec![hash.into()] },
        ];
        self.transact("keep a shared name", steps).await.map(|_| ())
    }

    /// What went into a customer and was not parted again, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn merges_into(&self, customer: &CustomerId) -> Result<Vec<MergeRow>> {
        let sql = "SELECT from_customer, at FROM merges \
                   WHERE into_customer = $1 AND undone IS NULL ORDER BY at DESC, id DESC";
        let rows = self.fetch("read merges", sql, vec![customer.as_str().into()]).await?;
        rows.iter().map(merge).collect()
    }
}

fn name(row: &Row) -> Result<Option<(Name, Timestamp)>> {
    // A kind of a later version is left alone.
    let Some(kind) = Kind::from_name(row.text(0)?) else { return Ok(None) };
    Ok(Some((Name { kind, value: row.text(1)?.to_owned() }, row.time(2)?)))
}

fn merge(row: &Row) -> Result<MergeRow> {
    Ok(MergeRow { from: row.id(0, "customer")?, at: row.time(1)? })
}
