//! Those who do not want to be heard: taken over HTTP as an address, kept as part of a keyed hash, told to the boxes of the store.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use bytes::Bytes;
use model::ids::StoreId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::ble::address::{Address, AddressKind};
use wire::objections::{self, ENTRIES_MAX, Objections};
use wire::topics;

use crate::api::Api;
use crate::api::json::Body;
use crate::api::office::session::Peer;
use crate::api::problem::Problem;
use crate::secret::ServerSecret;
use crate::store::{Objected, Store};

/// A connected box obeys within this time, in seconds.
const OBEYED_WITHIN_S: u32 = 60;

/// What somebody says who does not want to be heard.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ObjectionBody {
    /// In which store.
    store: String,
    /// The Bluetooth address of the device, such as `C0:FF:EE:12:34:56`. It is not kept.
    address: String,
}

/// It was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectionTaken {
    /// Within so many seconds every connected box leaves the device out. One that was away asks for the list when it connects, and
    /// sends nothing of what it heard until the list came, or 60 seconds passed (5 if it never had one).
    obeyed_within_s: u32,
}

/// Takes an objection: the boxes of the store leave the device out from then on. Nobody needs to log in for that.
///
/// # Errors
/// 400 naming the field, 404 for a store that is not known, 429 when too many come from one place, 503 when the list is full.
#[utoipa::path(post, path = "/v1/objections", tag = "app", request_body = ObjectionBody,
    responses((status = 202, body = ObjectionTaken), (status = 400, body = Problem), (status = 404, body = Problem),
        (status = 429, body = Problem), (status = 503, body = Problem)))]
pub async fn post(
    State(api): State<Api>,
    peer: Peer,
    Body(body): Body<ObjectionBody>,
) -> Result<(StatusCode, Json<ObjectionTaken>), Problem> {
    api.slow_down_objections(peer)?;
    let app = &api.app;
    let store = StoreId::new(&body.store).map_err(|_| Problem::not_found("store"))?;
    if !app.store.shop_versions().await?.iter().any(|(known, _)| *known == store) {
        return Err(Problem::not_found("store"));
    }
    let fix = "send six bytes such as C0:FF:EE:12:34:56; most devices show it in their settings, under About";
    let address = Address::parse(body.address.trim(), AddressKind::Unknown);
    let address = address.ok_or_else(|| Problem::invalid("address", "it is no Bluetooth address", fix))?;
    let hash = objections::hash(&key(&app.secret, &store), address.bytes);
    match app.store.object(&store, hash, app.clock.now()).await? {
        Objected::Taken | Objected::Known => {
            metrics::counter!("objections_taken_total", "store" => store.to_string()).increment(1);
            Ok((StatusCode::ACCEPTED, Json(ObjectionTaken { obeyed_within_s: OBEYED_WITHIN_S })))
        }
        Objected::Full => {
            tracing::error!(%store, "the list of objections of {store} is full: a person should look who filled it");
            Err(Problem::unavailable(format!("the list of objections has {ENTRIES_MAX} entries and takes no more")))
        }
    }
}

/// The key under which a store's list is made.
fn key(secret: &ServerSecret, store: &StoreId) -> [u8; 16] {
    let code = secret.code("objections", store.as_str().as_bytes());
    let mut key = [0; 16];
    key.copy_from_slice(&code[..16]);
    key
}

/// What tells one state of a list from another: its version, and how many are on it. Whoever objects at the same moment
/// as somebody else may be written later under a lower version, and makes it one longer all the same.
type Mark = (u64, usize);

/// A list that is to be told.
#[derive(Debug)]
pub(crate) struct Due {
    store: StoreId,
    mark: Mark,
    /// Where it goes.
    pub(crate) topic: String,
    /// The list itself.
    pub(crate) list: Bytes,
}

/// What every store's boxes were told.
#[derive(Debug, Default)]
pub(crate) struct Board {
    told: BTreeMap<StoreId, Mark>,
}

impl Board {
    /// The lists that are to be told, because they changed or were not told yet. A store without objections has an empty
    /// one: its boxes wait for a list before they send anything. One that can't be read holds up no other.
    pub(crate) async fn due(&self, store: &Store, secret: &ServerSecret) -> crate::store::Result<Vec<Due>> {
        let mut marks = BTreeMap::new();
        for (id, version, count) in store.objection_lists().await? {
            metrics::gauge!("objections", "store" => id.to_string())
                .set(f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
            marks.insert(id, (version, usize::try_from(count).unwrap_or(usize::MAX)));
        }
        let mut due = Vec::new();
        for (id, _) in store.shop_versions().await? {
            if self.told.get(&id) == Some(marks.get(&id).unwrap_or(&(0, 0))) {
                continue;
            }
            match store.objections(&id).await {
                Ok((version, hashes)) => {
                    let mark = (version, hashes.len());
                    let list = Objections::new(version, key(secret, &id), hashes).encode();
                    due.push(Due { topic: topics::objections(id.as_str()), list, mark, store: id });
                }
                Err(cause) => tracing::warn!(store = %id, %cause, "could not read who objected in {id}; trying again"),
            }
        }
        Ok(due)
    }

    /// A list was handed to the broker.
    pub(crate) fn told(&mut self, due: Due) {
        self.told.insert(due.store, due.mark);
    }

    /// Everything is told again.
    pub(crate) fn forget(&mut self) {
        self.told.clear();
    }
}

#[cfg(test)]
mod tests;
