//! What the law asks for: whom to delete and whom not to take in. Ids are sealed while they are needed, and hashed after.

use model::time::Timestamp;

use super::driver::{Row, Step, Value};
use super::{Result, Store};

/// A request to delete or suppress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regulation {
    /// Its id.
    pub id: String,
    /// What is to be done.
    pub kind: String,
    /// Of what the subjects are ids.
    pub subject_type: String,
    /// The subjects, sealed; gone when it is done.
    pub subjects: Option<Vec<u8>>,
    /// How far it is.
    pub state: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was done.
    pub finished_at: Option<Timestamp>,
}

impl Store {
    /// Keeps a new request.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_regulation(&self, regulation: &Regulation) -> Result<()> {
        let sql = "INSERT INTO regulations (id, kind, subject_type, subjects, state, created_at, finished_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, NULL)";
        let args = vec![
            regulation.id.as_str().into(),
            regulation.kind.as_str().into(),
            regulation.subject_type.as_str().into(),
            Value::Blob(regulation.subjects.clone()),
            regulation.state.as_str().into(),
            regulation.created_at.into(),
        ];
        self.execute("keep a regulation", sql, args).await.map(|_| ())
    }

    /// One request.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn regulation(&self, id: &str) -> Result<Option<Regulation>> {
        let sql = "SELECT id, kind, subject_type, subjects, state, created_at, finished_at FROM regulations \
                   WHERE id = $1";
        self.fetch_one("read a regulation", sql, vec![id.into()]).await?.as_ref().map(regulation).transpose()
    }

    /// Requests, newest first, from place `skip`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn regulations(&self, skip: u32, limit: u32) -> Result<Vec<Regulation>> {
        let sql = "SELECT id, kind, subject_type, subjects, state, created_at, finished_at FROM regulations \
                   ORDER BY created_at DESC, id DESC LIMIT $1 OFFSET $2";
        let args = vec![i64::from(limit).into(), i64::from(skip).into()];
        self.fetch("read regulations", sql, args).await?.iter().map(regulation).collect()
    }

    /// Requests that are not done, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open_regulations(&self) -> Result<Vec<Regulation>> {
        let sql = "SELECT id, kind, subject_type, subjects, state, created_at, finished_at FROM regulations \
                   WHERE finished_at IS NULL ORDER BY created_at, id LIMIT 100";
        self.fetch("read open regulations", sql, vec![]).await?.iter().map(regulation).collect()
    }

    /// Notes how far a request is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn move_regulation(&self, id: &str, state: &str) -> Result<()> {
        let sql = "UPDATE regulations SET state = $2 WHERE id = $1 AND finished_at IS NULL";
        self.execute("move a regulation", sql, vec![id.into(), state.into()]).await.map(|_| ())
    }

    /// Ends a request: its subjects are erased.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn finish_regulation(&self, id: &str, state: &str, at: Timestamp) -> Result<()> {
        let sql = "UPDATE regulations SET state = $2, finished_at = $3, subjects = NULL WHERE id = $1";
        self.execute("finish a regulation", sql, vec![id.into(), state.into(), at.into()]).await.map(|_| ())
    }

    /// Deletes a request that is not being done right now. False when it is, or is not there.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn withdraw_regulation(&self, id: &str) -> Result<bool> {
        let sql = "DELETE FROM regulations WHERE id = $1 AND state <> 'RUNNING'";
        Ok(self.execute("withdraw a regulation", sql, vec![id.into()]).await? > 0)
    }

    /// Takes nothing in any more of these, by their hashes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn suppress(&self, hashes: &[String], at: Timestamp) -> Result<()> {
        let sql = "INSERT INTO suppressed (hash, at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        let step = |hash: &String| Step::Execute { sql, args: vec![hash.as_str().into(), at.into()] };
        self.transact("suppress", hashes.iter().map(step).collect()).await.map(|_| ())
    }

    /// Takes them in again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unsuppress(&self, hashes: &[String]) -> Result<()> {
        let sql = "DELETE FROM suppressed WHERE hash = $1";
        let step = |hash: &String| Step::Execute { sql, args: vec![hash.as_str().into()] };
        self.transact("unsuppress", hashes.iter().map(step).collect()).await.map(|_| ())
    }

    /// Whether nothing may be taken in of this hash.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_suppressed(&self, hash: &str) -> Result<bool> {
        let sql = "SELECT at FROM suppressed WHERE hash = $1";
        Ok(self.fetch_one("look for a suppression", sql, vec![hash.into()]).await?.is_some())
    }

    /// Who is suppressed, by hash, from place `skip`; and how many there are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn suppressed(&self, skip: u32, limit: u32) -> Result<(Vec<String>, u64)> {
        let sql = "SELECT hash FROM suppressed ORDER BY at DESC, hash LIMIT $1 OFFSET $2";
        let rows = self.fetch("read suppressions", sql, vec![i64::from(limit).into(), i64::from(skip).into()]).await?;
        let hashes = rows.iter().map(|row| row.text(0).map(str::to_owned)).collect::<Result<_>>()?;
        let count = self.fetch_one("count suppressions", "SELECT COUNT(*) FROM suppressed", vec![]).await?;
        Ok((hashes, count.map_or(Ok(0), |row| row.unsigned(0))?))
    }

    /// Makes what was deleted unreadable in the files too, as far as the database can.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn scrub(&self) -> Result<()> {
        self.driver.scrub().await.map_err(|source| super::Error::Query { doing: "scrub its files", source })
    }
}

fn regulation(row: &Row) -> Result<Regulation> {
    Ok(Regulation {
        id: row.text(0)?.to_owned(),
        kind: row.text(1)?.to_owned(),
        subject_type: row.text(2)?.to_owned(),
        subjects: if row.is_null(3) { None } else { Some(row.blob(3)?.to_vec()) },
        state: row.text(4)?.to_owned(),
        created_at: row.time(5)?,
        finished_at: row.opt_time(6)?,
    })
}
