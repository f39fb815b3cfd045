//! What every answer carries, and the bounds every request keeps.

use crate::config::Limits;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use picket_score::bundle::MAX_BYTES;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

/// No script at all, no foreign origin, no frame, forms only to ourselves. Styles come from one file of our own;
/// attributes of SVG colour the heat maps.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
     base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(&str, &str); 7] = [
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    // Not `no-referrer`: browsers then send no origin with our own forms (Fetch, section 3.1).
    ("referrer-policy", "same-origin"),
    ("strict-transport-security", "max-age=31536000"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// Bounds the requests of a router and adds the security headers to its answers.
pub fn protect(router: Router, limits: &Limits) -> Router {
    let body = usize::try_from(limits.request_body.0).unwrap_or(usize::MAX);
    // A route of its own limit has it below this one; nothing gets more than the largest of them.
    let mut router = router
        .layer(DefaultBodyLimit::max(body))
        .layer(RequestBodyLimitLayer::new(body.max(MAX_BYTES)))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, limits.request_time.0));
    for (name, value) in HEADERS {
        router = router
            .layer(SetResponseHeaderLayer::overriding(HeaderName::from_static(name), HeaderValue::from_static(value)));
    }
    router.layer(SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
}
