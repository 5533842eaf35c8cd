//! The floor as it was: frames of the last hours, without anybody's identity.

use axum::Json;
use axum::extract::{Path, Query, State};
use model::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::stores;
use crate::api::Api;
use crate::api::access::Staff;
use crate::api::json::{Moment, moment};
use crate::api::problem::Problem;
use crate::live::PEOPLE_MIN;
use crate::record::FRAME_EVERY;
use crate::store::{Chunk, Frame, Mark};

/// Frames in one answer.
const FRAMES_MAX: usize = 900;
/// Chunks read from the database at once.
const CHUNKS: u32 = 60;
/// The longest step, in seconds.
const STEP_MAX_S: u32 = 3_600;

/// Which frames.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Frames of then or later, RFC 3339; when it is left out, no frames are sent, only from when to when there are any.
    from: Option<String>,
    /// Frames before that, RFC 3339; now when left out.
    to: Option<String>,
    /// At most one frame in so many seconds; every one (2 s) when left out, 3600 at most.
    step: Option<String>,
}

/// The floor as it was.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReplayView {
    /// The first moment that is kept; null when there is none.
    oldest: Option<Moment>,
    /// The last one.
    newest: Option<Moment>,
    /// Seconds between two frames as they are kept.
    every: u64,
    /// A floor with fewer people than this keeps none of their places.
    people_min: usize,
    floors: Vec<String>,
    zones: Vec<String>,
    /// Oldest first, at most 900: ask again from the last one's `at` when there are that many.
    frames: Vec<FrameView>,
}

/// The floor at one moment.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FrameView {
    at: Moment,
    /// Customers, tags, and people nobody knows.
    people: [u32; 3],
    /// Index into `zones`, and people there; zones without people are left out.
    zones: Vec<(usize, u32)>,
    /// Index into `floors`; 0 customer, 1 tag, 2 unknown; x and y in metres; standard deviations along the belief's
    /// longer and shorter axis in metres; angle of the longer one in degrees.
    dots: Vec<(usize, u8, f64, f64, f64, f64, u8)>,
    /// Floors, by their index, with too few people to keep their places.
    thin: Vec<usize>,
}

/// Frames of the floor between two moments.
///
/// # Errors
/// 401 without a session or key, 404 for a store that is not known, 400 naming the field.
#[utoipa::path(get, path = "/api/v1/stores/{store}/replay", tag = "office", security(("session" = []), ("apiKey" = [])),
    params(("store" = String, Path), Which),
    responses((status = 200, body = ReplayView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem)))]
pub async fn get(
    State(api): State<Api>,
    _: Staff,
    Path(store): Path<String>,
    Query(which): Query<Which>,
) -> Result<Json<ReplayView>, Problem> {
    let plan = stores::find(&api, &store)?;
    let id = &plan.store.id;
    let now = api.app.clock.now();
    // The writer deletes a moment later what is too old; nobody sees it even so.
    let kept_from = now - Millis::hours(api.app.config.replay.hours.into());
    let span = api.app.store.frames_span(id).await?.filter(|(_, newest)| *newest >= kept_from);
    let mut view = ReplayView {
        oldest: span.map(|(oldest, _)| Moment(oldest.max(kept_from))),
        newest: span.map(|(_, newest)| Moment(newest)),
        every: FRAME_EVERY.as_secs(),
        people_min: PEOPLE_MIN,
        ..ReplayView::default()
    };
    let to = moment("to", which.to.as_deref())?.unwrap_or(now);
    let step = Millis::seconds(read_step(which.step.as_deref())?.into());
    let Some(from) = moment("from", which.from.as_deref())?.map(|from| from.max(kept_from)) else {
        return Ok(Json(view));
    };
    let (mut next, mut cursor) = (from, from);
    while view.frames.len() < FRAMES_MAX && cursor < to {
        let chunks = api.app.store.frames(id, cursor, to, CHUNKS).await?;
        let Some(last) = chunks.iter().filter_map(|chunk| chunk.frames.last()).map(|frame| frame.at).max() else {
            break;
        };
        for chunk in &chunks {
            view.add(chunk, &mut next, to, step);
        }
        cursor = (last + Millis(1)).max(next);
    }
    Ok(Json(view))
}

fn read_step(text: Option<&str>) -> Result<u32, Problem> {
    let wrong = || Problem::invalid("step", "it is not a number of seconds from 1 to 3600", "send seconds, such as 10");
    let Some(text) = text else { return Ok(1) };
    text.parse().ok().filter(|step| (1..=STEP_MAX_S).contains(step)).ok_or_else(wrong)
}

impl ReplayView {
    /// Adds the chunk's frames that are due, and says when the next one is.
    fn add(&mut self, chunk: &Chunk, next: &mut Timestamp, to: Timestamp, step: Millis) {
        let floors: Vec<usize> = chunk.floors.iter().map(|floor| index(&mut self.floors, floor.as_str())).collect();
        let zones: Vec<usize> = chunk.zones.iter().map(|zone| index(&mut self.zones, zone.as_str())).collect();
        for frame in chunk.frames.iter().filter(|frame| frame.at < to) {
            if frame.at >= *next && self.frames.len() < FRAMES_MAX {
                *next = frame.at + step;
                self.frames.push(view(frame, &floors, &zones));
            }
        }
    }
}

/// The place of a name in a list; at its end when it is new.
fn index(names: &mut Vec<String>, name: &str) -> usize {
    names.iter().position(|known| known == name).unwrap_or_else(|| {
        names.push(name.to_owned());
        names.len() - 1
    })
}

fn view(frame: &Frame, floors: &[usize], zones: &[usize]) -> FrameView {
    let place = |names: &[usize], index: u16| names.get(usize::from(index)).copied();
    let metres = |tenths: u8| f64::from(tenths) / 10.0;
    let dot = |mark: &Mark| {
        let floor = place(floors, mark.floor)?;
        let (x, y) = (f64::from(mark.x) / 10.0, f64::from(mark.y) / 10.0);
        Some((floor, mark.kind, x, y, metres(mark.major), metres(mark.minor), mark.angle))
    };
    FrameView {
        at: Moment(frame.at),
        people: frame.people,
        zones: frame.zones.iter().filter_map(|(zone, n)| Some((place(zones, *zone)?, *n))).collect(),
        dots: frame.marks.iter().filter_map(dot).collect(),
        thin: frame.thin.iter().filter_map(|floor| place(floors, *floor)).collect(),
    }
}
