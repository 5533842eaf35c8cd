//! How long people stood where: one row per floor and hour, with the seconds of each square metre.

use std::collections::BTreeMap;

use model::ids::{FloorId, StoreId};
use model::time::Timestamp;

use super::driver::{Kind, Row, Step, Table};
use super::{Error, Result, Store};

/// Side of a cell, in metres.
pub const HEAT_SIDE_M: f64 = 1.0;
/// Fewer people than this in an hour, and the hour is not shown: they could be told apart.
pub const HEAT_PEOPLE_MIN: u32 = 5;
/// Bytes of one cell: column, row, seconds.
const CELL_LEN: usize = 8;

static HEAT: Table = Table {
    name: "heat",
    columns: &[
        ("store", Kind::Text),
        ("floor", Kind::Text),
        ("hour", Kind::Int),
        ("people", Kind::Int),
        ("cells", Kind::Blob),
    ],
    conflict: "ON CONFLICT (store, floor, hour) DO UPDATE SET people = excluded.people, cells = excluded.cells",
};

/// A square of the floor, by column and row from the plan's origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    column: i16,
    row: i16,
}

impl Cell {
    /// The cell in which a point lies.
    #[must_use]
    pub fn at(x: f64, y: f64) -> Self {
        Self { column: (x / HEAT_SIDE_M).floor() as i16, row: (y / HEAT_SIDE_M).floor() as i16 }
    }

    /// The middle of the cell, in metres.
    #[must_use]
    pub fn centre(self) -> (f64, f64) {
        ((f64::from(self.column) + 0.5) * HEAT_SIDE_M, (f64::from(self.row) + 0.5) * HEAT_SIDE_M)
    }
}

/// How long people stood where on one floor during one hour.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatHour {
    /// Which floor.
    pub floor: FloorId,
    /// When the hour began, by the store's clock.
    pub hour: Timestamp,
    /// At least so many people were there.
    pub people: u32,
    /// Seconds per cell.
    pub cells: BTreeMap<Cell, f64>,
}

impl Store {
    /// Adds to what is there: the seconds of each cell; of the numbers of people the larger one is kept.
    /// Only one task may do this, as it reads before it writes.
    ///
    /// # Errors
    /// When the database fails; nothing was added then.
    pub async fn add_heat(&self, store: &StoreId, hours: &[HeatHour]) -> Result<()> {
        let mut rows = Vec::with_capacity(hours.len());
        for hour in hours {
            let sql = "SELECT floor, hour, people, cells FROM heat WHERE store = $1 AND floor = $2 AND hour = $3";
            let key = vec![store.as_str().into(), hour.floor.as_str().into(), hour.hour.into()];
            let mut sum = match self.fetch_one("read the heat of an hour", sql, key).await? {
                Some(row) => heat_hour(&row)?,
                None => HeatHour { cells: BTreeMap::new(), ..hour.clone() },
            };
            sum.people = sum.people.max(hour.people);
            for (cell, seconds) in &hour.cells {
                *sum.cells.entry(*cell).or_default() += seconds;
            }
            let cells = encode(&sum.cells);
            rows.push(vec![
                store.as_str().into(),
                sum.floor.as_str().into(),
                sum.hour.into(),
                i64::from(sum.people).into(),
                cells.as_slice().into(),
            ]);
        }
        if rows.is_empty() {
            return Ok(());
        }
        self.transact("keep the heat of an hour", vec![Step::Insert { table: &HEAT, rows }]).await.map(|_| ())
    }

    /// The hours of a floor that began in `[from, to)`, oldest first, thin ones too.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn heat(
        &self,
        store: &StoreId,
        floor: &FloorId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<HeatHour>> {
        let sql = "SELECT floor, hour, people, cells FROM heat \
                   WHERE store = $1 AND floor = $2 AND hour >= $3 AND hour < $4 ORDER BY hour";
        let args = vec![store.as_str().into(), floor.as_str().into(), from.into(), to.into()];
        self.fetch("read the heat", sql, args).await?.iter().map(heat_hour).collect()
    }
}

fn heat_hour(row: &Row) -> Result<HeatHour> {
    Ok(HeatHour {
        floor: row.id(0, "floor")?,
        hour: row.time(1)?,
        people: u32::try_from(row.unsigned(2)?).unwrap_or(u32::MAX),
        cells: decode(row.blob(3)?)?,
    })
}

fn encode(cells: &BTreeMap<Cell, f64>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(cells.len() * CELL_LEN);
    for (cell, seconds) in cells {
        bytes.extend(cell.column.to_le_bytes());
        bytes.extend(cell.row.to_le_bytes());
        bytes.extend((*seconds as f32).to_le_bytes());
    }
    bytes
}

fn decode(bytes: &[u8]) -> Result<BTreeMap<Cell, f64>> {
    let (cells, []) = bytes.as_chunks::<CELL_LEN>() else {
        return Err(Error::Corrupt { what: "heat", problem: format!("{} bytes are no whole cells", bytes.len()) });
    };
    let cell = |[a, b, c, d, e, f, g, h]: &[u8; CELL_LEN]| {
        let cell = Cell { column: i16::from_le_bytes([*a, *b]), row: i16::from_le_bytes([*c, *d]) };
        (cell, f64::from(f32::from_le_bytes([*e, *f, *g, *h])))
    };
    Ok(cells.iter().map(cell).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_read_as_they_were_written() {
        let cells = BTreeMap::from([(Cell::at(-0.5, 3.0), 1.5), (Cell::at(31.9, 0.0), 3_600.25)]);
        assert_eq!(decode(&encode(&cells)).expect("cells"), cells);
        assert_eq!(Cell::at(-0.5, 3.0).centre(), (-0.5, 3.5));
        assert!(decode(&[1, 2, 3]).is_err());
    }
}
