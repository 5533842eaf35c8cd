//! Orders and returns: what they say of the customer, and the decision that a purchase is put down to.

use std::collections::{BTreeMap, BTreeSet};

use model::event::OrderLine;
use model::ids::{DecisionId, MessageId, OrderId, ProductId, StoreId};
use model::time::Timestamp;
use model::units::Cents;
use serde::{Deserialize, Serialize};

use super::{Command, LINES_MAX, Shopper};

/// One line of an order, and the decision that it is put down to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purchase {
    /// The order's number, or the id of the message that told of it.
    pub order: OrderId,
    /// What.
    pub product: ProductId,
    /// In which store, as far as is known.
    pub store: Option<StoreId>,
    /// To which decision it is put down.
    pub decision: Option<DecisionId>,
    /// What was paid.
    pub amount: Cents,
    /// What the shop earns, after the discount.
    pub margin: Cents,
    /// When.
    pub at: Timestamp,
}

impl Shopper {
    pub(super) fn bought(&mut self, message: &MessageId, order: Option<&str>, lines: &[OrderLine], at: Timestamp) {
        let lines = &lines[..lines.len().min(LINES_MAX)];
        let id = order.unwrap_or(message.as_str());
        let told_before = self.state.orders.iter().find(|known| known.order == id);
        let known: BTreeSet<ProductId> =
            told_before.map(|order| order.products.iter().cloned().collect()).unwrap_or_default();
        let mut sums: BTreeMap<&ProductId, (u32, Option<i64>)> = BTreeMap::new();
        for line in lines.iter().filter(|line| !known.contains(&line.product)) {
            let (quantity, paid) = sums.entry(&line.product).or_default();
            *quantity = quantity.saturating_add(line.quantity);
            let amount = line.price.map(|price| price.0.saturating_mul(i64::from(line.quantity)));
            *paid = amount.map(|amount| amount.saturating_add(paid.unwrap_or(0))).or(*paid);
        }
        for (product, (quantity, paid)) in sums {
            self.bought_line(id, product, quantity, paid, at);
        }
        if order.is_some() {
            self.state.note_order(id, lines);
        }
    }

    /// One product of an order: it ends the want, and is put down to the offer that spoke of it.
    fn bought_line(&mut self, order: &str, product: &ProductId, quantity: u32, paid: Option<i64>, at: Timestamp) {
        let category = self.category_of(product);
        self.state.history.buy(product, category.as_ref(), at);
        self.state.intent.buy(product, category.as_ref(), at);
        self.state.journal.bought(product);
        let known =
            self.policies.values().find_map(|plan| Some((plan.store.id.clone(), plan.product(product)?.clone())));
        let count = i64::from(quantity.max(1));
        let price = known.as_ref().map_or(0, |(_, known)| known.price.0);
        let amount = paid.unwrap_or_else(|| price.saturating_mul(count));
        #[expect(clippy::cast_precision_loss, reason = "amounts of money are far below 2^53 cents")]
        self.state.person.buy(product, amount as f64, at);
        let credited = self.find_purchase(product, at);
        let discount = credited.as_ref().map_or(0, |(_, _, discount)| discount.0);
        let margin =
            known.as_ref().map_or(0, |(_, known)| known.margin.0.saturating_mul(count)).saturating_sub(discount);
        self.cancel(|open| open.products.contains(product));
        let (decision, store) = match credited {
            Some((decision, store, _)) => (Some(decision), Some(store)),
            None => (None, known.map(|(store, _)| store)),
        };
        let Ok(order) = OrderId::new(order) else { return };
        self.commands.push_back(Command::Bought(Purchase {
            order,
            product: product.clone(),
            store,
            decision,
            amount: Cents(amount),
            margin: Cents(margin),
            at,
        }));
    }

    pub(super) fn returned(&mut self, order: Option<&str>, lines: &[OrderLine]) {
        let whole = self.state.orders.iter().find(|known| lines.is_empty() && Some(known.order.as_str()) == order);
        let products: Vec<ProductId> = match whole {
            Some(order) => order.products.clone(),
            None => lines.iter().take(LINES_MAX).map(|line| line.product.clone()).collect(),
        };
        for product in &products {
            self.state.history.give_back(product);
            self.state.intent.give_back(product);
        }
        self.state.person.give_back();
    }
}
