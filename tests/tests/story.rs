//! Stories: real programs, a real broker, real databases; each told once and run on every database.

#![expect(clippy::print_stdout, reason = "a test says what it counted")]

#[path = "story/app.rs"]
mod app;
#[path = "story/clock.rs"]
mod clock;
#[path = "story/config.rs"]
mod config;
#[path = "story/consent.rs"]
mod consent;
#[path = "story/enrol.rs"]
mod enrol;
#[path = "story/export.rs"]
mod export;
#[path = "story/garbage.rs"]
mod garbage;
#[path = "story/kill.rs"]
mod kill;
#[path = "story/objection.rs"]
mod objection;
#[path = "story/offer.rs"]
mod offer;
#[path = "story/regulation.rs"]
mod regulation;
#[path = "story/settings.rs"]
mod settings;

use tests::house::Database;
use tests::postgres::Postgres;

/// Makes two tests of a story: one on SQLite, one on a PostgreSQL of its own.
macro_rules! on_both_databases {
    ($story:ident) => {
        mod $story {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() -> anyhow::Result<()> {
                super::$story(tests::house::Database::Sqlite).await
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() -> anyhow::Result<()> {
                match crate::postgres()? {
                    Some(database) => super::$story(database).await,
                    None => Ok(()),
                }
            }
        }
    };
}
pub(crate) use on_both_databases;

/// A PostgreSQL for one story; none where it is not installed and the test may be left out.
fn postgres() -> anyhow::Result<Option<Database>> {
    let fix = "apt-get install postgresql";
    let started = tests::need::or_leave_out(Postgres::start()?, "PostgreSQL is not installed", fix)?;
    Ok(started.map(Database::Postgres))
}
