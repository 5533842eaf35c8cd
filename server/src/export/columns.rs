//! The Parquet table: one column for each field of a row, so that pandas opens it without help.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::{Error, Row};

/// Rows of one group.
const GROUP: usize = 50_000;

const SCHEMA: &str = "message decisions {
  required binary decision_id (STRING);
  required int64 timestamp (TIMESTAMP(MILLIS,true));
  required binary store (STRING);
  required binary customer_hash (STRING);
  required binary zone (STRING);
  required binary action (STRING);
  required int64 item_id;
  required int64 position;
  required double pscore;
  optional double reward;
  required double value;
  required boolean holdout;
  required boolean control;
  required boolean shadow;
  required binary policy (STRING);
  required int64 model_version;
  required int64 epoch;
  optional binary code (STRING);
  optional binary delivery (STRING);
  required binary outcomes (STRING);
  required double reserve;
  required binary candidates (STRING);
  required binary features (STRING);
}";

/// One column's values; an optional one with what says which rows have one.
enum Column {
    Text(Vec<ByteArray>, Option<Vec<i16>>),
    Whole(Vec<i64>),
    Real(Vec<f64>, Option<Vec<i16>>),
    Flag(Vec<bool>),
}

/// Writes the table.
pub(super) fn write(path: &Path, rows: &[Row]) -> Result<PathBuf, Error> {
    let file = std::fs::File::create(path).map_err(|source| Error::File { path: path.to_owned(), source })?;
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut table = SerializedFileWriter::new(file, schema, Arc::new(properties))?;
    for group in rows.chunks(GROUP) {
        let mut writer = table.next_row_group()?;
        for column in columns(group) {
            let Some(mut place) = writer.next_column()? else { break };
            match column {
                Column::Text(values, levels) => {
                    place.typed::<ByteArrayType>().write_batch(&values, levels.as_deref(), None)?
                }
                Column::Whole(values) => place.typed::<Int64Type>().write_batch(&values, None, None)?,
                Column::Real(values, levels) => {
                    place.typed::<DoubleType>().write_batch(&values, levels.as_deref(), None)?
                }
                Column::Flag(values) => place.typed::<BoolType>().write_batch(&values, None, None)?,
            };
            place.close()?;
        }
        writer.close()?;
    }
    table.close()?;
    Ok(path.to_owned())
}

/// The columns in the order of the schema.
fn columns(rows: &[Row]) -> Vec<Column> {
    let text = |of: fn(&Row) -> &str| Column::Text(rows.iter().map(|row| ByteArray::from(of(row))).collect(), None);
    let whole = |of: fn(&Row) -> i64| Column::Whole(rows.iter().map(of).collect());
    let real = |of: fn(&Row) -> f64| Column::Real(rows.iter().map(of).collect(), None);
    let flag = |of: fn(&Row) -> bool| Column::Flag(rows.iter().map(of).collect());
    let word = |of: fn(&Row) -> Option<&str>| {
        let levels = rows.iter().map(|row| i16::from(of(row).is_some())).collect();
        Column::Text(rows.iter().filter_map(of).map(ByteArray::from).collect(), Some(levels))
    };
    let rewards = rows.iter().filter_map(|row| row.reward).collect();
    let rewarded = rows.iter().map(|row| i16::from(row.reward.is_some())).collect();
    vec![
        text(|row| &row.decision_id),
        whole(|row| row.timestamp),
        text(|row| &row.store),
        text(|row| &row.customer_hash),
        text(|row| &row.zone),
        text(|row| &row.action),
        whole(|row| row.item_id),
        whole(|row| row.position),
        real(|row| row.pscore),
        Column::Real(rewards, Some(rewarded)),
        real(|row| row.value),
        flag(|row| row.holdout),
        flag(|row| row.control),
        flag(|row| row.shadow),
        text(|row| &row.policy),
        whole(|row| row.model_version),
        whole(|row| row.epoch),
        word(|row| row.code.as_deref()),
        word(|row| row.delivery.as_deref()),
        text(|row| &row.outcomes),
        real(|row| row.reserve),
        text(|row| &row.candidates),
        text(|row| &row.features),
    ]
}
