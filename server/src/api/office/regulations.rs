//! Deletion and suppression in the wire format of Segment's public API, under `/v1` and without it.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::Api;
use crate::api::access::Staff;
use crate::api::json::{Body, Moment};
use crate::api::problem::Problem;
use crate::regulate::{Kind, SubjectType, seal};
use crate::secret::random_bytes;
use crate::store::Regulation;

/// Most persons in one request.
const SUBJECTS_MAX: usize = 5_000;
/// Longest id of a person.
const SUBJECT_LEN_MAX: usize = 256;
/// Entries on one page.
const PAGE_MAX: u32 = 200;
/// The one workspace that a server is.
const WORKSPACE: &str = "attimo";

/// What is asked for.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegulationBody {
    /// `SUPPRESS_WITH_DELETE`, `DELETE_ONLY`, `DELETE_INTERNAL`, `SUPPRESS_ONLY` or `UNSUPPRESS`.
    regulation_type: String,
    /// `USER_ID` or `ANONYMOUS_ID`.
    subject_type: String,
    /// At most 5,000 ids.
    subject_ids: Vec<String>,
}

/// The envelope of every answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Data<T: ToSchema> {
    data: T,
}

/// A request was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Created {
    regulate_id: String,
}

/// How far a request is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegulationView {
    id: String,
    workspace_id: &'static str,
    /// `INITIALIZED`, `RUNNING`, `FINISHED`, `PARTIAL_SUCCESS`, `FAILED` or `INVALID`.
    overall_status: String,
    created_at: Moment,
    finished_at: Option<Moment>,
    /// Always empty: nothing is passed on to other systems.
    stream_status: Vec<String>,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct One {
    regulation: RegulationView,
}

/// Where a page stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pagination {
    current: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_entries: Option<u64>,
}

/// Requests, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Listed {
    regulations: Vec<RegulationView>,
    pagination: Pagination,
}

/// Persons of whom nothing is taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SuppressedView {
    subject_type: &'static str,
    /// Keyed hashes: their ids are not kept.
    subject_ids: Vec<String>,
}

/// Suppressions, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Suppressions {
    suppressed: Vec<SuppressedView>,
    pagination: Pagination,
}

/// It was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Done {
    status: &'static str,
}

/// Asks to delete or suppress persons. It is done in the background; `GET /v1/regulations/{id}` tells when.
///
/// # Errors
/// 401 without an API key, 400 naming the field.
#[utoipa::path(post, path = "/v1/regulations", tag = "office", request_body = RegulationBody,
    security(("session" = []), ("apiKey" = [])),
    responses((status = 200, body = Data<Created>), (status = 400, body = Problem), (status = 401, body = Problem)))]
pub async fn create(
    State(api): State<Api>,
    _: Staff,
    Body(body): Body<RegulationBody>,
) -> Result<Json<Data<Created>>, Problem> {
    let regulation = checked(&api, body)?;
    let regulate_id = regulation.id.clone();
    api.app.store.put_regulation(&regulation).await?;
    api.regulator.wake();
    Ok(Json(Data { data: Created { regulate_id } }))
}

/// The same for one source: every source is the same here.
///
/// # Errors
/// As [`create`].
pub async fn create_for_source(
    state: State<Api>,
    staff: Staff,
    Path(_source): Path<String>,
    body: Body<RegulationBody>,
) -> Result<Json<Data<Created>>, Problem> {
    create(state, staff, body).await
}

fn checked(api: &Api, body: RegulationBody) -> Result<Regulation, Problem> {
    if Kind::from_name(&body.regulation_type).is_none() {
        let fix = "send SUPPRESS_WITH_DELETE, DELETE_ONLY, DELETE_INTERNAL, SUPPRESS_ONLY or UNSUPPRESS";
        return Err(Problem::invalid("regulationType", "the type is not known", fix));
    }
    let Some(subject) = SubjectType::from_name(&body.subject_type) else {
        return Err(Problem::invalid("subjectType", "the type is not known", "send USER_ID or ANONYMOUS_ID"));
    };
    let fix = "send 1 to 5000 ids of 1 to 256 bytes";
    if body.subject_ids.is_empty() || body.subject_ids.len() > SUBJECTS_MAX {
        return Err(Problem::invalid("subjectIds", format!("there are {} ids", body.subject_ids.len()), fix));
    }
    let is_wrong = |id: &String| id.trim().is_empty() || id.len() > SUBJECT_LEN_MAX;
    if let Some(at) = body.subject_ids.iter().position(is_wrong) {
        return Err(Problem::invalid(format!("subjectIds[{at}]"), "it is not an id", fix));
    }
    Ok(Regulation {
        id: hex::encode(&random_bytes()[..16]),
        kind: body.regulation_type,
        subject_type: subject.name().to_owned(),
        subjects: Some(seal(&api.app.secret, &body.subject_ids)),
        state: "INITIALIZED".to_owned(),
        created_at: api.app.clock.now(),
        finished_at: None,
    })
}

/// Says how far a request is.
///
/// # Errors
/// 401 without an API key, 404 for one that is not known.
#[utoipa::path(get, path = "/v1/regulations/{id}", tag = "office", params(("id" = String, Path)),
    security(("session" = []), ("apiKey" = [])),
    responses((status = 200, body = Data<One>), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn show(State(api): State<Api>, _: Staff, Path(id): Path<String>) -> Result<Json<Data<One>>, Problem> {
    let known = api.app.store.regulation(&id).await?.ok_or_else(|| Problem::not_found("regulation"))?;
    Ok(Json(Data { data: One { regulation: view(known) } }))
}

/// Takes a request back that was not started on, or forgets one that is done.
///
/// # Errors
/// 401 without an API key, 404 for one that is not known, 409 while it is being done.
#[utoipa::path(delete, path = "/v1/regulations/{id}", tag = "office", params(("id" = String, Path)),
    security(("session" = []), ("apiKey" = [])),
    responses((status = 200, body = Data<Done>), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem)))]
pub async fn withdraw(State(api): State<Api>, _: Staff, Path(id): Path<String>) -> Result<Json<Data<Done>>, Problem> {
    if api.app.store.withdraw_regulation(&id).await? {
        return Ok(Json(Data { data: Done { status: "SUCCESS" } }));
    }
    api.app.store.regulation(&id).await?.ok_or_else(|| Problem::not_found("regulation"))?;
    let detail = "the regulation is being done and can't be taken back";
    Err(Problem::new(StatusCode::CONFLICT, "running", "It is too late", detail).fix("wait until it is finished"))
}

/// Lists requests, newest first.
///
/// # Errors
/// 401 without an API key, 400 naming the field.
#[utoipa::path(get, path = "/v1/regulations", tag = "office",
    params(("status" = Option<String>, Query), ("pagination[count]" = Option<u32>, Query),
        ("pagination[cursor]" = Option<String>, Query), ("regulationTypes[0]" = Option<String>, Query)),
    security(("session" = []), ("apiKey" = [])),
    responses((status = 200, body = Data<Listed>), (status = 400, body = Problem), (status = 401, body = Problem)))]
pub async fn list(
    State(api): State<Api>,
    _: Staff,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Json<Data<Listed>>, Problem> {
    let page = Page::read(&query)?;
    let all = |key: &str| -> Vec<&str> {
        query.iter().filter(|(name, _)| name.split('[').next() == Some(key)).map(|(_, value)| value.as_str()).collect()
    };
    let (states, kinds) = (all("status"), all("regulationTypes"));
    let fits = |known: &Regulation| {
        (states.is_empty() || states.contains(&known.state.as_str()))
            && (kinds.is_empty() || kinds.contains(&known.kind.as_str()))
    };
    let rows = api.app.store.regulations(page.skip, page.count).await?;
    let next = page.next(rows.len());
    let regulations = rows.into_iter().filter(fits).map(view).collect();
    let pagination = Pagination { current: page.cursor(), next, total_entries: None };
    Ok(Json(Data { data: Listed { regulations, pagination } }))
}

/// Lists of whom nothing is taken in, by hash: their ids are not kept.
///
/// # Errors
/// 401 without an API key, 400 naming the field.
#[utoipa::path(get, path = "/v1/suppressions", tag = "office",
    params(("pagination[count]" = Option<u32>, Query), ("pagination[cursor]" = Option<String>, Query)),
    security(("session" = []), ("apiKey" = [])),
    responses((status = 200, body = Data<Suppressions>), (status = 400, body = Problem), (status = 401, body = Problem)))]
pub async fn suppressions(
    State(api): State<Api>,
    _: Staff,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Json<Data<Suppressions>>, Problem> {
    let page = Page::read(&query)?;
    let (hashes, total) = api.app.store.suppressed(page.skip, page.count).await?;
    let next = page.next(hashes.len());
    let one = |hash| SuppressedView { subject_type: "HASH", subject_ids: vec![hash] };
    let pagination = Pagination { current: page.cursor(), next, total_entries: Some(total) };
    Ok(Json(Data { data: Suppressions { suppressed: hashes.into_iter().map(one).collect(), pagination } }))
}

fn view(known: Regulation) -> RegulationView {
    RegulationView {
        id: known.id,
        workspace_id: WORKSPACE,
        overall_status: known.state,
        created_at: Moment(known.created_at),
        finished_at: known.finished_at.map(Moment),
        stream_status: Vec::new(),
    }
}

/// Which part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Page {
    skip: u32,
    count: u32,
}

impl Page {
    fn read(query: &[(String, String)]) -> Result<Self, Problem> {
        let find = |key: &str| query.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
        let wrong = || Problem::invalid("pagination[count]", "it is not a number of 1 to 200", "send 1 to 200");
        let count = find("pagination[count]").map_or(Ok(PAGE_MAX), str::parse).map_err(|_| wrong())?;
        if !(1..=PAGE_MAX).contains(&count) {
            return Err(wrong());
        }
        let skip = match find("pagination[cursor]") {
            None | Some("") => 0,
            Some(cursor) => read_cursor(cursor).ok_or_else(|| {
                Problem::invalid("pagination[cursor]", "it is no cursor", "send `pagination.next` of the page before")
            })?,
        };
        Ok(Self { skip, count })
    }

    fn cursor(self) -> String {
        URL_SAFE_NO_PAD.encode(self.skip.to_string())
    }

    fn next(self, found: usize) -> Option<String> {
        let is_full = found >= self.count as usize;
        is_full.then(|| Self { skip: self.skip.saturating_add(self.count), ..self }.cursor())
    }
}

fn read_cursor(cursor: &str) -> Option<u32> {
    let bytes = URL_SAFE_NO_PAD.decode(Some(cursor).filter(|c| c.len() <= 32)?).ok()?;
    String::from_utf8(bytes).ok()?.parse().ok()
}
