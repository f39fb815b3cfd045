//! The pages: rendered here, without script, from one style sheet of our own.
//!
//! A session is a cookie that only this origin sends (`SameSite=Strict`), and every change must say
//! that it comes from this origin. Whatever came from the network is escaped by the templates, and
//! control characters are shown instead of sent.

mod agents;
mod details;
mod filters;
mod heatmap;
mod login;
mod pager;
mod views;

pub use filters::{encoded, human_bytes};

use crate::api::auth::{self, Caller, Need, Role};
use crate::api::{ApiError, App};
use askama::Template;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};

/// What stands round every page.
#[derive(Debug, Default)]
pub struct Frame {
    /// Who looks at it, if logged in.
    pub caller: Option<Who>,
    /// Which tab is lit.
    pub tab: &'static str,
    /// Alerts nobody acknowledged.
    pub open_alerts: u64,
    /// What is wrong with the collector.
    pub problems: Vec<String>,
}

/// Who looks at a page.
#[derive(Clone, Debug)]
pub struct Who {
    /// The name.
    pub name: String,
    /// The role, in words.
    pub role: String,
    /// Whether to offer the judging of alerts.
    pub can_triage: bool,
    /// Whether to offer letting agents in and shutting them out.
    pub can_administer: bool,
}

impl Who {
    fn of(caller: &Caller) -> Self {
        let role = caller.role.name().replace('_', " ");
        let covers = |need| caller.role.covers(need);
        let (can_triage, can_administer) = (covers(Need::Triage), covers(Need::Administer));
        Self { name: caller.name.clone(), role, can_triage, can_administer }
    }
}

/// A failure as a page.
pub struct PageError(ApiError);

impl From<ApiError> for PageError {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    frame: Frame,
    status: StatusCode,
    message: String,
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let ApiError { status, message } = self.0;
        (status, render(&ErrorPage { frame: Frame::default(), status, message })).into_response()
    }
}

/// Renders a template; see [`filters::visible`].
fn render(page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => Html(filters::visible(&text)).into_response(),
        Err(error) => ApiError::internal(error).into_response(),
    }
}

async fn style() -> Response {
    static_file("text/css; charset=utf-8", include_str!("../../templates/style.css"))
}

async fn icon() -> Response {
    static_file("image/svg+xml", include_str!("../../templates/icon.svg"))
}

fn static_file(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=3600")], text).into_response()
}

/// The router of the pages.
pub fn router(app: &App) -> Router {
    let inside = Router::new()
        .route("/", get(views::fleet))
        .route("/entities", get(views::entities))
        .route("/entities/{entity}", get(views::entity))
        .route("/alerts", get(views::alerts))
        .route("/findings/{id}", get(views::finding))
        .route("/details", get(details::details))
        .route("/details/{id}/packets", get(details::packets))
        .route("/details/{id}/{verdict}", post(details::decide))
        .route("/alerts/{id}/acknowledge", post(views::acknowledge))
        .route("/alerts/{id}/mute", post(views::mute))
        .route("/agents", get(agents::list))
        .route("/agents/{name}/{verdict}", post(agents::decide))
        .route("/logout", post(login::logout))
        .layer(from_fn_with_state(app.clone(), logged_in));
    let outside = Router::new()
        .route("/login", get(login::form).post(login::enter))
        .route("/setup", get(login::setup_form).post(login::setup));
    inside
        .merge(outside)
        .layer(axum::middleware::from_fn(same_origin))
        .route("/style.css", get(style))
        .route("/icon.svg", get(icon))
        .fallback(|| async { PageError(ApiError::not_found("page")) })
        .with_state(app.clone())
}

/// Lets logged-in people through; the others are led to the log-in.
async fn logged_in(State(app): State<App>, mut request: Request, next: Next) -> Response {
    match auth::by_session(&app, request.headers()).await {
        Ok(Some(caller)) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Ok(None) if request.method() == Method::GET => Redirect::to("/login").into_response(),
        Ok(None) => PageError(ApiError::new(StatusCode::UNAUTHORIZED, "log in first")).into_response(),
        Err(error) => PageError(error).into_response(),
    }
}

/// Refuses changes that another origin sent (the cookie is not sent then either; this is the second lock).
async fn same_origin(request: Request, next: Next) -> Response {
    if request.method() == Method::GET
        || request.method() == Method::HEAD
        || is_same_origin(request.headers(), &request)
    {
        return next.run(request).await;
    }
    PageError(ApiError::new(StatusCode::FORBIDDEN, "this form was sent by another site")).into_response()
}

fn is_same_origin(headers: &HeaderMap, request: &Request) -> bool {
    let text = |name| headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok());
    // HTTP/2 carries the host in the request's own authority.
    let host = text(header::HOST).or_else(|| request.uri().authority().map(|authority| authority.as_str()));
    match (text(header::ORIGIN), host) {
        (Some(origin), Some(host)) => {
            origin.strip_prefix("https://").is_some_and(|rest| rest.eq_ignore_ascii_case(host))
        }
        _ => false,
    }
}

/// Whether a caller's role covers what is to be done.
fn may(caller: &Caller, need: Need) -> Result<(), ApiError> {
    if caller.role.covers(need) { Ok(()) } else { Err(ApiError::forbidden(Role::name(caller.role))) }
}
