//! Who may come in: accounts, sessions, keys, broker users, and the server's own secrets.

use std::collections::BTreeMap;

use model::time::Timestamp;

use super::driver::{Row, Step, Value};
use super::rows::{AccessKey, Account, BrokerUser, KeyKind, Role};
use super::{Error, Result, Store};

impl Store {
    /// A secret by its name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn secret(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let row =
            self.fetch_one("read a secret", "SELECT value FROM secrets WHERE name = $1", vec![name.into()]).await?;
        row.map(|row| row.blob(0).map(<[u8]>::to_vec)).transpose()
    }

    /// Keeps a secret unless one of that name is there, and answers the one that is there now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn secret_or_insert(&self, name: &str, value: &[u8]) -> Result<Vec<u8>> {
        let sql = "INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        self.execute("keep a secret", sql, vec![name.into(), value.into()]).await?;
        let missing = Error::Corrupt { what: "secret", problem: format!("{name} was kept and is not there") };
        self.secret(name).await?.ok_or(missing)
    }

    /// How many accounts there are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn account_count(&self) -> Result<u64> {
        let row = self.fetch_one("count accounts", "SELECT COUNT(*) FROM accounts", vec![]).await?;
        row.map_or(Ok(0), |row| row.unsigned(0))
    }

    /// Makes the first account; false when there is one already, also when two try at once.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn create_first_account(&self, account: &Account, at: Timestamp) -> Result<bool> {
        let sql = "INSERT INTO accounts (name, password_hash, created_at) \
                   SELECT $1, $2, $3 WHERE NOT EXISTS (SELECT 1 FROM accounts)";
        let args = vec![account.name.as_str().into(), account.password_hash.as_str().into(), at.into()];
        Ok(self.execute("make the account", sql, args).await? == 1)
    }

    /// An account by its name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn account(&self, name: &str) -> Result<Option<Account>> {
        let sql = "SELECT name, password_hash FROM accounts WHERE name = $1";
        let row = self.fetch_one("read an account", sql, vec![name.into()]).await?;
        row.map(|row| Ok(Account { name: row.text(0)?.to_owned(), password_hash: row.text(1)?.to_owned() })).transpose()
    }

    /// Opens a session, by the hash of its cookie.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn create_session(&self, hash: &[u8], account: &str, expires_at: Timestamp) -> Result<()> {
        let sql = "INSERT INTO sessions (hash, account, expires_at) VALUES ($1, $2, $3)";
        self.execute("open a session", sql, vec![hash.into(), account.into(), expires_at.into()]).await.map(|_| ())
    }

    /// Whose session it is, if it has not run out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn session(&self, hash: &[u8], now: Timestamp) -> Result<Option<String>> {
        let sql = "SELECT account FROM sessions WHERE hash = $1 AND expires_at > $2";
        let row = self.fetch_one("read a session", sql, vec![hash.into(), now.into()]).await?;
        row.map(|row| row.text(0).map(str::to_owned)).transpose()
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete_session(&self, hash: &[u8]) -> Result<()> {
        self.execute("end a session", "DELETE FROM sessions WHERE hash = $1", vec![hash.into()]).await.map(|_| ())
    }

    /// Keeps the hash of a new key; the same name of the same kind replaces the old one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_key(&self, kind: KeyKind, name: &str, hash: &[u8], at: Timestamp) -> Result<()> {
        let steps = vec![
            Step::Execute {
                sql: "DELETE FROM access_keys WHERE kind = $1 AND name = $2",
                args: vec![kind.name().into(), name.into()],
            },
            Step::Execute {
                sql: "INSERT INTO access_keys (hash, kind, name, created_at) VALUES ($1, $2, $3, $4)",
                args: vec![hash.into(), kind.name().into(), name.into(), at.into()],
            },
        ];
        self.transact("keep a key", steps).await.map(|_| ())
    }

    /// The key of this hash, if it is of this kind.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn key(&self, kind: KeyKind, hash: &[u8]) -> Result<Option<AccessKey>> {
        let sql = "SELECT name, created_at FROM access_keys WHERE kind = $1 AND hash = $2";
        let row = self.fetch_one("read a key", sql, vec![kind.name().into(), hash.into()]).await?;
        row.map(|row| Ok(AccessKey { kind, name: row.text(0)?.to_owned(), created_at: row.time(1)? })).transpose()
    }

    /// The hash of the key of this name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn key_hash(&self, kind: KeyKind, name: &str) -> Result<Option<Vec<u8>>> {
        let sql = "SELECT hash FROM access_keys WHERE kind = $1 AND name = $2";
        let row = self.fetch_one("read a key", sql, vec![kind.name().into(), name.into()]).await?;
        row.map(|row| row.blob(0).map(<[u8]>::to_vec)).transpose()
    }

    /// Keeps a broker user; the same name replaces the old one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_broker_user(&self, user: &BrokerUser, at: Timestamp) -> Result<()> {
        let sql = "INSERT INTO broker_users (name, role, password_hash, created_at) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (name) DO UPDATE SET role = excluded.role, password_hash = excluded.password_hash, \
                   created_at = excluded.created_at";
        let hash: Value = user.password_hash.as_slice().into();
        let args = vec![user.name.as_str().into(), user.role.name().into(), hash, at.into()];
        // Who gets a new password is in again.
        let is_in = "DELETE FROM gateway_revocations WHERE gateway = $1";
        let steps =
            vec![Step::Execute { sql, args }, Step::Execute { sql: is_in, args: vec![user.name.as_str().into()] }];
        self.transact("keep a broker user", steps).await.map(|_| ())
    }

    /// A broker user by its name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn broker_user(&self, name: &str) -> Result<Option<BrokerUser>> {
        let sql = "SELECT name, role, password_hash FROM broker_users WHERE name = $1";
        let row = self.fetch_one("read a broker user", sql, vec![name.into()]).await?;
        row.as_ref().map(broker_user).transpose()
    }

    /// The hash of every log-in's password, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn broker_passwords(&self) -> Result<BTreeMap<String, Vec<u8>>> {
        let sql = "SELECT name, password_hash FROM broker_users";
        let rows = self.fetch("look for log-ins that were taken back", sql, vec![]).await?;
        rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.blob(1)?.to_vec()))).collect()
    }
}

fn broker_user(row: &Row) -> Result<BrokerUser> {
    let role = match row.text(1)? {
        "gateway" => Role::Gateway,
        "receiver" => Role::Receiver,
        other => return Err(Error::Corrupt { what: "role", problem: format!("{other:?} is no role") }),
    };
    Ok(BrokerUser { name: row.text(0)?.to_owned(), role, password_hash: row.blob(2)?.to_vec() })
}
