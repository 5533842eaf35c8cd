use serde_json::json;

use super::table::{events, orders};
use super::*;
use crate::testing::{Site, WRITE_KEY};

#[test]
fn lines_of_one_receipt_are_one_order_and_bad_ones_are_named() {
    let table = orders(
        b"\xef\xbb\xbfreceipt,at,customer,card,product,quantity,price\n\
          R-1,2026-11-20T10:00:00Z,u-1,,507f1,2,18.99\n\
          R-2,,,4711,=1+1,,\n\
          R-1,2026-11-20T10:00:00Z,u-1,,p-2,,4.10\n\
          R-3,,,,p-1,1,1\n\
          R-4,,u-1,,p-1,-1,1\n\
          R-5,,u-1,,p-1,1,=SUM(A1)\n\
          R-6,yesterday,u-1,,p-1,1,1\n\
          R-7,u-1\n",
        Some("milano"),
    )
    .expect("a table");
    let expect = json!([
        {"store": "milano", "receipt": "R-1", "kind": "sale", "customer": "u-1", "at": "2026-11-20T10:00:00Z", "lines": [
            {"product": "507f1", "quantity": 2, "price": 18.99}, {"product": "p-2", "quantity": 1, "price": 4.1}]},
        {"store": "milano", "receipt": "R-2", "kind": "sale", "card": "4711", "lines": [
            {"product": "=1+1", "quantity": 1, "price": null}]},
    ]);
    assert_eq!(Value::from_iter(table.rows.iter().map(|(_, row)| row.clone())), expect, "a formula is a text");
    let bad: Vec<_> = table.bad.iter().map(|bad| (bad.line, bad.problem.split(':').next().expect("a field"))).collect();
    assert_eq!(bad[..4], [(5, "customer"), (6, "quantity"), (7, "price"), (8, "at")]);
    assert_eq!(bad[4].0, 9);
}

#[test]
fn events_are_calls_whose_ids_survive_a_second_import() {
    let text = "event,user_id,timestamp,product_id,category\n\
                Product Viewed,u-1,2026-11-20T10:00:00Z,507f1,Games\n\
                Product Viewed,u-1,2026-11-20T10:00:00Z,507f1,Games\n\
                ,u-1,,,\n";
    let (table, more) = (events(text.as_bytes()), events(format!("{text}Cart Viewed,u-2,,,\n").as_bytes()));
    let (table, more) = (table.expect("a table"), more.expect("a table"));
    assert_eq!(table.rows[0].1["properties"], json!({"product_id": "507f1", "category": "Games"}));
    assert_ne!(table.rows[0].1["messageId"], table.rows[1].1["messageId"], "two equal lines are two events");
    assert_eq!(table.rows[..], more.rows[..2]);
    assert_eq!(table.bad.len(), 1);
}

#[test]
fn what_is_no_such_table_says_what_is_missing() {
    assert!(orders(b"a,b\n1,2\n", None).expect_err("no table").contains("receipt"));
    assert!(events(b"").is_err_and(|problem| problem.contains("event")));
}

#[tokio::test]
async fn a_table_of_orders_is_taken_once_by_the_running_server() {
    let site = Site::open().await;
    site.device("u-1", None).await;
    let server = Server { http: site.http.clone(), url: site.url.clone(), key: WRITE_KEY.into() };
    let text = "receipt,customer,product,quantity,price\nR-1,u-1,507f1,2,18.99\nR-2,stranger,507f1,1,1\n";
    let read = || orders(text.as_bytes(), Some("milano")).expect("a table");
    let first = server.orders(read()).await.expect("a server");
    assert_eq!((first.sent, first.stored, first.duplicate), (2, 1, 0), "the stranger allows nothing");
    let again = server.orders(read()).await.expect("a server");
    assert_eq!((again.stored, again.duplicate), (0, 1));
    let elsewhere = orders(text.as_bytes(), Some("nowhere")).expect("a table");
    let refused = server.orders(elsewhere).await.expect("a server");
    assert_eq!(refused.bad.len(), 2);
    assert!(refused.to_string().contains("line 2: store"), "{refused}");
    let text = "event,user_id,product_id,message_id\nProduct Viewed,u-1,507f1,m-1\nProduct Viewed,null,1,m-2\n";
    let report = server.events(events(text.as_bytes()).expect("a table")).await.expect("a server");
    assert_eq!((report.sent, report.bad), (1, vec![Bad { line: 3, problem: "blocked-identity".into() }]));
}
