//! Looks into the tables that only tests take.

use model::ids::{CustomerId, DecisionId, OfferId, ProductId, StoreId};

use crate::store::driver::{Step, Value};
use crate::store::{Result, Store};

impl Store {
    /// How many rows there are of a customer; `sql` counts them.
    pub(crate) async fn count_of(&self, sql: &'static str, customer: &CustomerId) -> Result<u64> {
        self.number(sql, vec![customer.as_str().into()]).await
    }

    /// How many decisions hold a unit of a customer's caps.
    pub(crate) async fn reserved(&self, customer: &CustomerId) -> Result<u64> {
        self.count_of("SELECT COUNT(*) FROM reservations WHERE customer = $1 AND counted = 1", customer).await
    }

    /// Saves a customer's state as it was saved before states were packed.
    pub(crate) async fn put_text(&self, customer: &CustomerId, text: &str) -> Result<()> {
        let sql = "UPDATE customers SET snapshot = $1, profile = NULL WHERE id = $2";
        let args = vec![text.into(), customer.as_str().into()];
        self.transact("save a state as text", vec![Step::Execute { sql, args }]).await.map(|_| ())
    }

    /// How many inputs are noted of a customer.
    pub(crate) async fn inputs_of(&self, customer: &CustomerId) -> Result<u64> {
        self.count_of("SELECT COUNT(*) FROM inputs WHERE customer = $1", customer).await
    }

    /// How many lines of orders are noted of a customer.
    pub(crate) async fn purchases_of(&self, customer: &CustomerId) -> Result<u64> {
        self.count_of("SELECT COUNT(*) FROM purchases WHERE customer = $1", customer).await
    }

    /// How much of an offer's budget decisions took.
    pub(crate) async fn granted(&self, store: &StoreId, offer: &OfferId) -> Result<u64> {
        let sql = "SELECT granted FROM budgets WHERE store = $1 AND offer = $2";
        self.number(sql, vec![store.as_str().into(), offer.as_str().into()]).await
    }

    /// The lines of orders that are put down to a decision: order, product, and what the shop earned in cents.
    pub(crate) async fn credits_of(&self, decision: DecisionId) -> Result<Vec<(String, ProductId, i64)>> {
        let sql = "SELECT order_id, product, margin FROM purchases WHERE decision = $1 ORDER BY order_id, product";
        let rows = self.fetch("read credits", sql, vec![decision.to_string().into()]).await?;
        rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.id(1, "product")?, row.int(2)?))).collect()
    }

    async fn number(&self, sql: &'static str, args: Vec<Value>) -> Result<u64> {
        self.fetch_one("count", sql, args).await?.map_or(Ok(0), |row| row.unsigned(0))
    }
}
