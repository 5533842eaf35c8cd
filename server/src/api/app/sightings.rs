//! What a phone hears of the shop: beacons on shelves, posted by the app. Needs consent to being located.

use axum::Json;
use axum::extract::State;
use model::ids::{DeviceId, ReceiverId};
use model::sighting::{RssiSummary, Sighting, Transmitter};
use model::time::{Millis, Timestamp};
use model::units::Dbm;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::Api;
use crate::api::access::DeviceToken;
use crate::api::json::{Body, Moment};
use crate::api::problem::Problem;
use crate::run::Taken;

/// Sightings in one request.
const SIGHTINGS_MAX: usize = 500;
/// Older ones say nothing about now, and a visit is not rewritten from outside.
const AGE_MAX: Millis = Millis::minutes(10);
/// What a radio can measure, in dBm.
const RSSI: std::ops::RangeInclusive<f32> = -127.0..=20.0;

/// One beacon heard.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct Heard {
    /// The beacon by the id that the shop's file gives it; or else uuid, major and minor.
    beacon: Option<String>,
    /// Proximity UUID; then the shop's file names the beacon `UUID-MAJOR-MINOR`, without dashes in the UUID.
    uuid: Option<String>,
    major: Option<u16>,
    minor: Option<u16>,
    /// In dBm.
    rssi: f32,
    /// When, by the device's clock.
    at: Option<Moment>,
}

/// What was heard.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct SightingsBody {
    sightings: Vec<Heard>,
}

/// How many were taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Heeded {
    accepted: usize,
    rejected: Vec<Unheeded>,
}

/// One that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Unheeded {
    index: usize,
    code: &'static str,
}

/// Takes what a phone hears.
///
/// # Errors
/// 401 without a device's token, 403 without consent to being located, 400 naming the field.
#[utoipa::path(post, path = "/v1/sightings", tag = "app", request_body = SightingsBody, security(("device" = [])),
    responses((status = 200, body = Heeded), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem)))]
pub async fn post(
    State(api): State<Api>,
    DeviceToken(id): DeviceToken,
    Body(body): Body<SightingsBody>,
) -> Result<Json<Heeded>, Problem> {
    if body.sightings.len() > SIGHTINGS_MAX {
        return Err(Problem::too_large("there are more than 500 sightings", "send at most 500 at once"));
    }
    if !may_be_located(&api, id).await? {
        let fix = "ask for it with PUT /v1/devices/{id}/consent";
        return Err(Problem::forbidden("consent", "the customer does not allow being located", fix));
    }
    let now = api.app.clock.now();
    let (mut taken, mut places, mut rejected) = (Vec::new(), Vec::new(), Vec::new());
    for (index, heard) in body.sightings.iter().enumerate() {
        match sighting(&api, id, heard, now) {
            Ok(sighting) => {
                taken.push(sighting);
                places.push(index);
            }
            Err(code) => rejected.push(Unheeded { index, code }),
        }
    }
    let answers = api.app.run.sightings(taken).await?;
    for (index, answer) in places.into_iter().zip(answers) {
        match answer {
            Taken::Stored | Taken::Duplicate => {}
            Taken::NotAllowed => rejected.push(Unheeded { index, code: "not-allowed" }),
            Taken::Unknown => rejected.push(Unheeded { index, code: "unknown-beacon" }),
        }
    }
    Ok(Json(Heeded { accepted: body.sightings.len() - rejected.len(), rejected }))
}

async fn may_be_located(api: &Api, id: DeviceId) -> Result<bool, Problem> {
    let Some(device) = api.app.store.device(id).await? else { return Ok(false) };
    Ok(api.app.store.customer(&device.customer).await?.is_some_and(|customer| customer.allows().locating))
}

fn sighting(api: &Api, device: DeviceId, heard: &Heard, now: Timestamp) -> Result<Sighting, &'static str> {
    let receiver = beacon(heard)?;
    if !api.app.live.plans().iter().any(|plan| plan.beacons.iter().any(|beacon| beacon.id == receiver)) {
        return Err("unknown-beacon");
    }
    if !RSSI.contains(&heard.rssi) {
        return Err("out-of-range");
    }
    let at = heard.at.map_or(now, |Moment(at)| at.min(now));
    if now.since(at) > AGE_MAX {
        return Err("too-old");
    }
    let rssi = Dbm(heard.rssi);
    Ok(Sighting {
        receiver,
        transmitter: Transmitter::Device(device),
        at,
        window: Millis::seconds(1),
        count: 1,
        rssi: RssiSummary { mean: rssi, min: rssi, max: rssi, variance: None },
        power_at_1m: None,
    })
}

fn beacon(heard: &Heard) -> Result<ReceiverId, &'static str> {
    let id = match (&heard.beacon, &heard.uuid, heard.major, heard.minor) {
        (Some(beacon), _, _, _) => ReceiverId::new(beacon),
        (None, Some(uuid), Some(major), Some(minor)) => {
            let uuid: String = uuid.chars().filter(|c| *c != '-').take(33).collect();
            ReceiverId::new(&format!("{}-{major}-{minor}", uuid.to_ascii_lowercase()))
        }
        (None, _, _, _) => return Err("missing-field"),
    };
    id.map_err(|_| "bad-id")
}
