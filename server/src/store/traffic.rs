//! What happened on the floor: visits, presences, readings and counts.

use model::ids::StoreId;
use model::presence::{Presence, Visit};
use model::reading::{Reading, ReadingKind};
use model::subject::Subject;
use model::time::Timestamp;
use model::units::Probability;
use serde::{Deserialize, Serialize};

use super::driver::{Row, from_name};
use super::rows::{Count, CountKind, PresenceRow};
use super::{Error, Result, Store};

/// A reading's column: sensor and time have columns of their own.
#[derive(Serialize, Deserialize)]
pub(super) struct ReadingBody(pub(super) ReadingKind);

/// The text of a subject; none for people without a name, who have no row.
pub(super) fn subject_text(subject: &Subject) -> Option<String> {
    match subject {
        Subject::Device(device) => Some(format!("device:{device}")),
        Subject::Tag(tag) => Some(format!("tag:{tag}")),
        Subject::Anonymous(_) => None,
    }
}

fn subject(text: &str) -> Result<Subject> {
    let wrong = |problem: String| Error::Corrupt { what: "subject", problem };
    match text.split_once(':') {
        Some(("device", id)) => id.parse().map(Subject::Device).map_err(|e| wrong(format!("{e}"))),
        Some(("tag", id)) => id.parse().map(Subject::Tag).map_err(|e| wrong(format!("{e}"))),
        Some(_) | None => Err(wrong("its kind is not known".into())),
    }
}

fn opt_subject(row: &Row, at: usize) -> Result<Option<Subject>> {
    row.opt_text(at)?.map(subject).transpose()
}

impl Store {
    /// Visits of a store that began in `[from, to)`, oldest first; the subject is none when erased.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn visits(
        &self,
        store: &StoreId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<(Option<Subject>, Visit)>> {
        let sql = "SELECT id, store, subject, started, last_heard, ended, sightings FROM visits \
                   WHERE store = $1 AND started >= $2 AND started < $3 ORDER BY started, id";
        let rows = self.fetch("read visits", sql, vec![store.as_str().into(), from.into(), to.into()]).await?;
        rows.iter().map(|row| Ok((opt_subject(row, 2)?, visit(row)?))).collect()
    }

    /// Stays in zones of a store that began in `[from, to)`, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn presences(&self, store: &StoreId, from: Timestamp, to: Timestamp) -> Result<Vec<PresenceRow>> {
        let sql = "SELECT store, subject, zone, visit, since, dwelling_at, left_at, kind, at FROM presence \
                   WHERE store = $1 AND since >= $2 AND since < $3 ORDER BY since, visit, zone";
        let rows = self.fetch("read presences", sql, vec![store.as_str().into(), from.into(), to.into()]).await?;
        rows.iter().map(presence_row).collect()
    }

    /// Visits that last, for a restart.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open_visits(&self, store: &StoreId) -> Result<Vec<Visit>> {
        let sql = "SELECT id, store, subject, started, last_heard, ended, sightings FROM visits \
                   WHERE store = $1 AND ended IS NULL AND subject IS NOT NULL ORDER BY started, id";
        let rows = self.fetch("read open visits", sql, vec![store.as_str().into()]).await?;
        rows.iter().map(visit).collect()
    }

    /// Stays that last, for a restart.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open_presences(&self, store: &StoreId) -> Result<Vec<Presence>> {
        let sql = "SELECT store, subject, zone, kind, at, since, probability, visit, reason FROM presence \
                   WHERE store = $1 AND left_at IS NULL AND subject IS NOT NULL ORDER BY since, visit, zone";
        let rows = self.fetch("read open presences", sql, vec![store.as_str().into()]).await?;
        rows.iter().map(open_presence).collect()
    }

    /// Readings of a store's sensors in `[from, to)`, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn readings(&self, store: &StoreId, from: Timestamp, to: Timestamp) -> Result<Vec<Reading>> {
        let sql =
            "SELECT sensor, at, reading FROM readings WHERE store = $1 AND at >= $2 AND at < $3 ORDER BY at, sensor";
        let rows = self.fetch("read readings", sql, vec![store.as_str().into(), from.into(), to.into()]).await?;
        rows.iter()
            .map(|row| {
                let ReadingBody(kind) = row.json(2, "reading")?;
                Ok(Reading { sensor: row.id(0, "sensor")?, at: row.time(1)?, kind })
            })
            .collect()
    }

    /// How many people without a name did what, per quarter of an hour in `[from, to)`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn counts(&self, store: &StoreId, from: Timestamp, to: Timestamp) -> Result<Vec<Count>> {
        let sql = "SELECT quarter, zone, kind, n FROM counts WHERE store = $1 AND quarter >= $2 AND quarter < $3 \
                   ORDER BY quarter, zone, kind";
        let rows = self.fetch("read counts", sql, vec![store.as_str().into(), from.into(), to.into()]).await?;
        rows.iter().map(count).collect()
    }
}

fn visit(row: &Row) -> Result<Visit> {
    // An erased subject is told apart by the caller; the visit itself needs some subject, and this one means nobody.
    let nobody = Subject::Anonymous(model::subject::Pseudonym(0));
    Ok(Visit {
        id: row.id(0, "visit")?,
        store: row.id(1, "store")?,
        subject: opt_subject(row, 2)?.unwrap_or(nobody),
        started: row.time(3)?,
        last_heard: row.time(4)?,
        ended: row.opt_time(5)?,
        sightings: u32::try_from(row.unsigned(6)?).unwrap_or(u32::MAX),
    })
}

fn presence_row(row: &Row) -> Result<PresenceRow> {
    Ok(PresenceRow {
        store: row.id(0, "store")?,
        subject: opt_subject(row, 1)?,
        zone: row.id(2, "zone")?,
        visit: row.id(3, "visit")?,
        since: row.time(4)?,
        dwelling_at: row.opt_time(5)?,
        left_at: row.opt_time(6)?,
        kind: from_name(row.text(7)?, "presence kind")?,
        at: row.time(8)?,
    })
}

fn open_presence(row: &Row) -> Result<Presence> {
    Ok(Presence {
        store: row.id(0, "store")?,
        subject: subject(row.text(1)?)?,
        zone: row.id(2, "zone")?,
        kind: from_name(row.text(3)?, "presence kind")?,
        at: row.time(4)?,
        since: row.time(5)?,
        probability: Probability::clamped(row.real(6)?),
        visit: row.id(7, "visit")?,
        reason: row.json(8, "reason")?,
    })
}

fn count(row: &Row) -> Result<Count> {
    let unknown = Error::Corrupt { what: "count", problem: "its kind is not known".into() };
    Ok(Count {
        quarter: row.time(0)?,
        zone: if row.text(1)?.is_empty() { None } else { Some(row.id(1, "zone")?) },
        kind: CountKind::from_name(row.text(2)?).ok_or(unknown)?,
        n: row.unsigned(3)?,
    })
}
