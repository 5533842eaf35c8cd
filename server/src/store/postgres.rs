//! The store on PostgreSQL: one transaction at a time for what the owner task learns, UNNEST for bulk inserts.

use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use sqlx::{
    Arguments as _, AssertSqlSafe, Column as _, Connection as _, Postgres as Db, Row as _, TypeInfo as _, ValueRef as _,
};

use super::driver::{Cell, Done, Driver, Kind, Row, Step, Table, Value};
use super::{Error, Result};

/// Connections; one is enough to write, the others read.
const CONNECTIONS: u32 = 8;
/// How long to wait for a connection before the caller hears that the database is away.
const PATIENCE: Duration = Duration::from_secs(5);

/// A PostgreSQL database.
pub(super) struct Postgres {
    pool: PgPool,
}

impl Postgres {
    /// Connects and brings the tables up to date.
    pub(super) async fn open(url: &str) -> Result<Self> {
        let options = PgConnectOptions::from_str(url).map_err(Error::Open)?.application_name("attimo-server");
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .connect_with(options)
            .await
            .map_err(Error::Open)?;
        sqlx::migrate!("migrations/postgres").run(&pool).await.map_err(Error::Migrate)?;
        Ok(Self { pool })
    }
}

#[async_trait]
impl Driver for Postgres {
    async fn fetch(&self, sql: &'static str, args: Vec<Value>) -> std::result::Result<Vec<Row>, sqlx::Error> {
        let rows = sqlx::query_with(sql, arguments(args)?).fetch_all(&self.pool).await?;
        rows.iter().map(row).collect()
    }

    async fn transact(&self, steps: Vec<Step>) -> std::result::Result<Vec<Done>, sqlx::Error> {
        let mut connection = self.pool.acquire().await?;
        let mut tx = connection.begin().await?;
        // A commit that was answered must be on disk, whatever the cluster's default says.
        sqlx::query("SET LOCAL synchronous_commit = on").execute(&mut *tx).await?;
        let mut done = Vec::with_capacity(steps.len());
        for step in steps {
            done.push(match step {
                Step::Execute { sql, args } => execute(&mut tx, sql, args).await?,
                Step::Insert { table, rows } => insert(&mut tx, table, rows).await?,
            });
        }
        tx.commit().await?;
        Ok(done)
    }

    /// Vacuuming frees the rows that were deleted; how soon their bytes are written over is the cluster's business.
    async fn scrub(&self) -> std::result::Result<(), sqlx::Error> {
        let sql = "VACUUM customers, consents, devices, aliases, meetings, merges, regulations, decisions, deliveries, \
                   reservations, purchases, inputs, visits, presence";
        sqlx::query(sql).execute(&self.pool).await.map(|_| ())
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}

async fn execute(
    connection: &mut sqlx::PgConnection,
    sql: &'static str,
    args: Vec<Value>,
) -> std::result::Result<Done, sqlx::Error> {
    use futures::TryStreamExt as _;
    use sqlx::Executor as _;
    let mut done = Done::default();
    let mut answers = connection.fetch_many(sqlx::query_with(sql, arguments(args)?));
    while let Some(answer) = answers.try_next().await? {
        match answer {
            sqlx::Either::Left(result) => done.affected += result.rows_affected(),
            sqlx::Either::Right(found) => done.rows.push(row(&found)?),
        }
    }
    Ok(done)
}

async fn insert(
    connection: &mut sqlx::PgConnection,
    table: &Table,
    rows: Vec<Vec<Value>>,
) -> std::result::Result<Done, sqlx::Error> {
    let mut arguments = PgArguments::default();
    let mut columns: Vec<Vec<Value>> = table.columns.iter().map(|_| Vec::with_capacity(rows.len())).collect();
    for row in rows {
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    for (values, (_, kind)) in columns.into_iter().zip(table.columns) {
        add_column(&mut arguments, values, *kind).map_err(sqlx::Error::Encode)?;
    }
    let query = sqlx::query_with(AssertSqlSafe(insert_sql(table)), arguments);
    Ok(Done { affected: query.execute(connection).await?.rows_affected(), rows: vec![] })
}

/// One statement that takes a column as an array; made of constants only, and the same for any number of rows.
fn insert_sql(table: &Table) -> String {
    let names: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
    let arrays: Vec<String> = table
        .columns
        .iter()
        .enumerate()
        .map(|(at, (_, kind))| {
            let array = match kind {
                Kind::Text => "TEXT[]",
                Kind::Int => "BIGINT[]",
                Kind::Real => "DOUBLE PRECISION[]",
                Kind::Blob => "BYTEA[]",
            };
            format!("${}::{array}", at + 1)
        })
        .collect();
    format!(
        "INSERT INTO {} ({}) SELECT * FROM UNNEST({}) {}",
        table.name,
        names.join(","),
        arrays.join(","),
        table.conflict
    )
}

fn add_column(
    arguments: &mut PgArguments,
    values: Vec<Value>,
    kind: Kind,
) -> std::result::Result<(), sqlx::error::BoxDynError> {
    match kind {
        Kind::Text => arguments.add(
            values.into_iter().map(|v| if let Value::Text(v) = v { v } else { None }).collect::<Vec<Option<String>>>(),
        ),
        Kind::Int => arguments.add(
            values.into_iter().map(|v| if let Value::Int(v) = v { v } else { None }).collect::<Vec<Option<i64>>>(),
        ),
        Kind::Real => arguments.add(
            values.into_iter().map(|v| if let Value::Real(v) = v { v } else { None }).collect::<Vec<Option<f64>>>(),
        ),
        Kind::Blob => arguments.add(
            values.into_iter().map(|v| if let Value::Blob(v) = v { v } else { None }).collect::<Vec<Option<Vec<u8>>>>(),
        ),
    }
}

fn arguments(values: Vec<Value>) -> std::result::Result<PgArguments, sqlx::Error> {
    let mut arguments = PgArguments::default();
    for value in values {
        match value {
            Value::Text(v) => arguments.add(v),
            Value::Int(v) => arguments.add(v),
            Value::Real(v) => arguments.add(v),
            Value::Blob(v) => arguments.add(v),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

fn row(row: &PgRow) -> std::result::Result<Row, sqlx::Error> {
    (0..row.columns().len()).map(|at| cell(row, at)).collect::<std::result::Result<_, _>>().map(Row)
}

fn cell(row: &PgRow, at: usize) -> std::result::Result<Cell, sqlx::Error> {
    let value = row.try_get_raw(at)?;
    if value.is_null() {
        return Ok(Cell::Null);
    }
    let decode = |source| sqlx::Error::ColumnDecode { index: row.column(at).name().to_owned(), source };
    let kind = value.type_info().name().to_owned();
    let cell = match kind.as_str() {
        "FLOAT8" => <f64 as sqlx::Decode<Db>>::decode(value).map(Cell::Real),
        "BYTEA" => <Vec<u8> as sqlx::Decode<Db>>::decode(value).map(Cell::Blob),
        "INT8" => <i64 as sqlx::Decode<Db>>::decode(value).map(Cell::Int),
        _ => <String as sqlx::Decode<Db>>::decode(value).map(Cell::Text),
    };
    cell.map_err(decode)
}
