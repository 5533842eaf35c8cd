//! Statements by hand: for tests that need a database which fails, or which another connection has written to.

use std::path::Path;

use sqlx::Connection as _;

use crate::store::Store;

/// Does a statement on the database of a data folder.
pub(crate) async fn execute(data_dir: &Path, sql: &str) {
    let mut connection = sqlx::SqliteConnection::connect(&Store::file_url(data_dir)).await.expect("a database");
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.expect("done");
    connection.close().await.expect("closed");
}
