//! The page inside the binary: embedded files with strong caching, and a strict policy about what a page may load.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::api::problem::Problem;

/// The built page; empty when it was not built.
#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Dist;

/// What a page of ours may load: nothing from anywhere else.
const POLICY: &str =
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Attimo</title></head><body>\
<h1>Attimo is running, without its page</h1>\
<p>This binary was built on a machine without Node.js. To add the page, install Node.js 20 or newer and run:</p>\
<pre>make web &amp;&amp; cargo build --release</pre>\
<p>Everything else works: see <a href=\"/api/openapi.json\">/api/openapi.json</a>.</p></body></html>";

/// Answers with an embedded file. Pages have no ending in their address: `/phone` is `phone.html`.
pub async fn serve(request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Problem::new(StatusCode::NOT_FOUND, "not-found", "There is no such thing", "there is no such address")
            .into_response();
    }
    let path = request.uri().path().trim_start_matches('/');
    match find(path) {
        Some((name, file)) => answer(&name, &file, request.headers()),
        None if path.is_empty() || path == "phone" => Html(NOT_BUILT).into_response(),
        None => Problem::not_found("page").into_response(),
    }
}

/// Whether the page was built into this binary.
#[must_use]
pub fn is_built() -> bool {
    Dist::get("index.html").is_some()
}

fn find(path: &str) -> Option<(String, EmbeddedFile)> {
    if path.split('/').any(|part| part == ".." || part.starts_with('.')) {
        return None;
    }
    let name = if path.is_empty() { "index.html" } else { path };
    let names = [name.to_owned(), format!("{name}.html"), format!("{}/index.html", name.trim_end_matches('/'))];
    names.into_iter().find_map(|name| Dist::get(&name).map(|file| (name, file)))
}

fn answer(name: &str, file: &EmbeddedFile, headers: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", hex::encode(&file.metadata.sha256_hash()[..16]));
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let same = known.is_some_and(|known| known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag));
    let cache = if is_hashed(name) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = if same {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, file.metadata.mimetype().to_owned())], file.data.to_vec()).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// Whether the name holds a hash of the content, as the bundler writes them: `assets/index-B3xQ9f2a.js`.
fn is_hashed(name: &str) -> bool {
    let stem = name.strip_prefix("assets/").and_then(|file| file.rsplit_once('.')).map(|(stem, _)| stem);
    stem.and_then(|stem| stem.get(stem.len().checked_sub(9)?..)).is_some_and(|end| {
        end.starts_with('-') && end[1..].bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    })
}

/// Headers that every answer carries.
pub async fn protect(request: Request, next: axum::middleware::Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if !headers.contains_key(header::CACHE_CONTROL) {
        // Everything that is not a file is somebody's own.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_with_a_hash_are_kept_for_ever() {
        assert!(is_hashed("assets/index-B3xQ9f2a.js"));
        assert!(is_hashed("assets/style-_3xQ-f2a.css"));
        for name in ["index.html", "phone-sw.js", "assets/logo.svg", "index-B3xQ9f2a.js", "assets/a.js"] {
            assert!(!is_hashed(name), "{name}");
        }
    }

    #[test]
    fn addresses_do_not_climb() {
        for path in ["../Cargo.toml", "assets/../../x", ".hidden", "a/.git/config"] {
            assert!(find(path).is_none(), "{path}");
        }
    }
}
