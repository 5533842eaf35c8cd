//! The store on SQLite: WAL, one writing connection that fsyncs each commit, a few reading ones.

use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, Column as _, Connection as _, Row as _, Sqlite as Db, TypeInfo as _, ValueRef as _};

use super::driver::{Cell, Done, Driver, Row, Step, Table, Value};
use super::{Error, Result};

/// SQLite's own limit of bound values in one statement.
const VALUES_MAX: usize = 32_766;
/// Connections that read; a commit never waits for one of them.
const READERS: u32 = 4;
/// How long to wait for another process that writes, such as `apply`.
const BUSY: Duration = Duration::from_secs(5);

/// A SQLite file.
pub(super) struct Sqlite {
    readers: SqlitePool,
    writer: SqlitePool,
}

impl Sqlite {
    /// Opens or creates the file and brings its tables up to date.
    pub(super) async fn open(url: &str) -> Result<Self> {
        let options = SqliteConnectOptions::from_str(url)
            .map_err(Error::Open)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY)
            .foreign_keys(true)
            .pragma("temp_store", "memory")
            .pragma("secure_delete", "on");
        let pool = |max| SqlitePoolOptions::new().max_connections(max).min_connections(1).idle_timeout(None);
        let writer = pool(1).connect_with(options.clone()).await.map_err(Error::Open)?;
        sqlx::migrate!("migrations/sqlite").run(&writer).await.map_err(Error::Migrate)?;
        let readers = pool(READERS).connect_with(options).await.map_err(Error::Open)?;
        Ok(Self { readers, writer })
    }
}

#[async_trait]
impl Driver for Sqlite {
    async fn fetch(&self, sql: &'static str, args: Vec<Value>) -> std::result::Result<Vec<Row>, sqlx::Error> {
        let rows = sqlx::query_with(sql, arguments(args)?).fetch_all(&self.readers).await?;
        rows.iter().map(row).collect()
    }

    async fn transact(&self, steps: Vec<Step>) -> std::result::Result<Vec<Done>, sqlx::Error> {
        let mut connection = self.writer.acquire().await?;
        let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
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

    /// The write-ahead log holds old pages until it is cut; the pages themselves are overwritten (`secure_delete`).
    async fn scrub(&self) -> std::result::Result<(), sqlx::Error> {
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_all(&self.writer).await.map(|_| ())
    }

    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

async fn execute(
    connection: &mut sqlx::SqliteConnection,
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
    connection: &mut sqlx::SqliteConnection,
    table: &Table,
    rows: Vec<Vec<Value>>,
) -> std::result::Result<Done, sqlx::Error> {
    let chunk = VALUES_MAX / table.columns.len();
    let mut affected = 0;
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let part: Vec<Vec<Value>> = rows.by_ref().take(chunk).collect();
        let sql = insert_sql(table, part.len());
        let args = arguments(part.into_iter().flatten().collect())?;
        let query = sqlx::query_with(AssertSqlSafe(sql), args).persistent(false);
        affected += query.execute(&mut *connection).await?.rows_affected();
    }
    Ok(Done { affected, rows: vec![] })
}

/// One statement with many rows; made of constants only.
fn insert_sql(table: &Table, rows: usize) -> String {
    let width = table.columns.len();
    let names: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
    let tuples: Vec<String> = (0..rows)
        .map(|row| {
            let marks: Vec<String> = (1..=width).map(|column| format!("${}", row * width + column)).collect();
            format!("({})", marks.join(","))
        })
        .collect();
    format!("INSERT INTO {} ({}) VALUES {} {}", table.name, names.join(","), tuples.join(","), table.conflict)
}

fn arguments(values: Vec<Value>) -> std::result::Result<SqliteArguments, sqlx::Error> {
    use sqlx::Arguments as _;
    let mut arguments = SqliteArguments::default();
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

fn row(row: &SqliteRow) -> std::result::Result<Row, sqlx::Error> {
    (0..row.columns().len()).map(|at| cell(row, at)).collect::<std::result::Result<_, _>>().map(Row)
}

fn cell(row: &SqliteRow, at: usize) -> std::result::Result<Cell, sqlx::Error> {
    let value = row.try_get_raw(at)?;
    if value.is_null() {
        return Ok(Cell::Null);
    }
    let decode = |source| sqlx::Error::ColumnDecode { index: row.column(at).name().to_owned(), source };
    let kind = value.type_info().name().to_owned();
    let cell = match kind.as_str() {
        "TEXT" => <String as sqlx::Decode<Db>>::decode(value).map(Cell::Text),
        "REAL" => <f64 as sqlx::Decode<Db>>::decode(value).map(Cell::Real),
        "BLOB" => <Vec<u8> as sqlx::Decode<Db>>::decode(value).map(Cell::Blob),
        _ => <i64 as sqlx::Decode<Db>>::decode(value).map(Cell::Int),
    };
    cell.map_err(decode)
}
