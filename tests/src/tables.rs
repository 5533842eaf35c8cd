//! Looks through every column of every table, whatever they are called: for what must not be there.

use anyhow::Context;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, SqliteConnection};

/// Where a text stands: `table.column` for each column of each table that holds it.
///
/// # Errors
/// When the database does not answer.
pub async fn places_of(url: &str, needle: &str) -> anyhow::Result<Vec<String>> {
    if url.starts_with("postgres") { in_postgres(url, needle).await } else { in_sqlite(url, needle).await }
}

/// The number that a query gives.
///
/// # Errors
/// When the database does not answer.
pub async fn count(url: &str, query: &str) -> anyhow::Result<i64> {
    if url.starts_with("postgres") {
        let mut connection = PgConnection::connect(url).await?;
        Ok(sqlx::query(AssertSqlSafe(query.to_owned())).fetch_one(&mut connection).await?.try_get(0)?)
    } else {
        let mut connection = SqliteConnection::connect(url).await?;
        Ok(sqlx::query(AssertSqlSafe(query.to_owned())).fetch_one(&mut connection).await?.try_get(0)?)
    }
}

/// Changes rows behind the programs' backs; how many.
///
/// # Errors
/// When the database does not answer.
pub async fn change(url: &str, statement: &str) -> anyhow::Result<u64> {
    if url.starts_with("postgres") {
        let mut connection = PgConnection::connect(url).await?;
        Ok(sqlx::query(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await?.rows_affected())
    } else {
        let mut connection = SqliteConnection::connect(url).await?;
        Ok(sqlx::query(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await?.rows_affected())
    }
}

async fn in_sqlite(url: &str, needle: &str) -> anyhow::Result<Vec<String>> {
    let mut connection = SqliteConnection::connect(url).await.context("open the SQLite file")?;
    let columns = sqlx::query(
        "SELECT m.name, p.name FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table'",
    )
    .fetch_all(&mut connection)
    .await?;
    anyhow::ensure!(columns.len() > 20, "the tables were found");
    let mut found = Vec::new();
    for row in columns {
        let (table, column): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        // Blobs are compared as they are and as hexadecimal text.
        let query = format!(
            "SELECT count(*) FROM \"{table}\" WHERE instr(CAST(\"{column}\" AS TEXT), $1) > 0 OR instr(lower(hex(\"{column}\")), lower($1)) > 0"
        );
        let hits: i64 = sqlx::query(AssertSqlSafe(query)).bind(needle).fetch_one(&mut connection).await?.try_get(0)?;
        if hits > 0 {
            found.push(format!("{table}.{column}"));
        }
    }
    Ok(found)
}

async fn in_postgres(url: &str, needle: &str) -> anyhow::Result<Vec<String>> {
    let mut connection = PgConnection::connect(url).await.context("open PostgreSQL")?;
    let columns = sqlx::query(
        "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema NOT IN ('pg_catalog', 'information_schema')",
    )
    .fetch_all(&mut connection)
    .await?;
    anyhow::ensure!(columns.len() > 20, "the tables were found");
    let mut found = Vec::new();
    for row in columns {
        let (table, column): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        // A bytea as text is hexadecimal already.
        let query = format!("SELECT count(*) FROM \"{table}\" WHERE position($1 in \"{column}\"::text) > 0");
        let hits: i64 = sqlx::query(AssertSqlSafe(query)).bind(needle).fetch_one(&mut connection).await?.try_get(0)?;
        if hits > 0 {
            found.push(format!("{table}.{column}"));
        }
    }
    Ok(found)
}
