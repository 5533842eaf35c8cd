//! The description of the API, made from the handlers.

use axum::Json;
use utoipa::openapi::OpenApi as Description;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::access::COOKIE;
use super::{app, health, office};
use crate::intake;

#[derive(OpenApi)]
#[openapi(
    info(title = "Attimo", description = "The right word at the right shelf: intake, app and back office."),
    paths(
        intake::http::post, intake::http::settings,
        app::devices::register, app::devices::update, app::devices::consent, app::devices::delete,
        app::decide::decide, app::decide::outcome, app::contacts::contact, app::contacts::preferences,
        intake::webhook::post, intake::pos::post,
        crate::objections::post,
        app::offers::list, app::offers::outcome, app::stream::open, app::sightings::post, health::push_key,
        office::session::setup, office::session::make, office::session::show, office::session::login,
        office::session::logout, office::stores::list, office::stores::plan, office::now::get, office::live::open,
        office::heat::get, office::heat::csv, office::replay::get, office::today::get, office::today::definitions, office::decisions::list, office::decisions::get,
        office::offers::list, office::lift::of_store, office::lift::of_offer, office::levers::get, office::levers::put,
        office::fleet::get, office::fleet::config, office::fleet::put, crate::fleet::http::enrol,
        office::customers::show, office::customers::split,
        office::regulations::create, office::regulations::show, office::regulations::withdraw,
        office::regulations::list, office::regulations::suppressions,
        health::healthz, health::readyz, health::metrics,
    ),
    tags(
        (name = "intake", description = "Events of apps and shop systems, as Segment's and RudderStack's clients send them"),
        (name = "app", description = "Phones and pages of customers"),
        (name = "gateway", description = "Edge boxes, before they have a certificate"),
        (name = "office", description = "The dashboard, and programs with an API key"),
        (name = "health", description = "For whoever runs it"),
    ),
    modifiers(&Proofs)
)]
struct Api;

/// The ways to prove who asks.
struct Proofs;

impl Modify for Proofs {
    fn modify(&self, description: &mut Description) {
        let proofs = description.components.get_or_insert_default();
        let bearer = || SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        proofs.add_security_scheme("writeKey", SecurityScheme::Http(Http::new(HttpAuthScheme::Basic)));
        let signature =
            "`v1,<base64>` of HMAC-SHA-256 over `webhook-id.webhook-timestamp.body`, as in Standard Webhooks";
        let signature = ApiKeyValue::with_description("webhook-signature", signature);
        proofs.add_security_scheme("webhook", SecurityScheme::ApiKey(ApiKey::Header(signature)));
        proofs.add_security_scheme("device", bearer());
        proofs.add_security_scheme("apiKey", bearer());
        let receipt = ApiKeyValue::with_description("Authorization", "`Receipt <token>` from a push message");
        proofs.add_security_scheme("receipt", SecurityScheme::ApiKey(ApiKey::Header(receipt)));
        proofs.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(COOKIE))));
    }
}

/// The description of the API.
#[must_use]
pub fn describe() -> Description {
    Api::openapi()
}

/// Answers with the description of the API.
pub async fn serve() -> Json<Description> {
    Json(describe())
}
