//! Log-in, log-out and the first administrator.

use super::{Frame, PageError, render};
use crate::api::auth::{COOKIE, session_cookie};
use crate::api::{ApiError, App, Role, people, secret};
use crate::desk::users::{self, User};
use crate::serve::Peer;
use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    frame: Frame,
    wrong: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "setup.html")]
struct SetupPage {
    frame: Frame,
    key: String,
    wrong: Option<String>,
}

#[derive(Template)]
#[template(path = "made.html")]
struct MadePage {
    frame: Frame,
    name: String,
    token: String,
}

/// Name and password.
#[derive(Deserialize)]
pub struct Credentials {
    name: String,
    password: String,
}

/// `GET /login`
pub async fn form() -> Response {
    render(&LoginPage { frame: Frame::default(), wrong: None })
}

/// `POST /login`
pub async fn enter(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    Form(given): Form<Credentials>,
) -> Result<Response, PageError> {
    let name: String = given.name.chars().take(64).collect();
    // Both are counted, so that neither one account nor one address can try without end.
    let by_account = app.attempt(&format!("account {name}"));
    let by_address = app.attempt(&format!("address {}", peer.0));
    if !by_account || !by_address || given.password.len() > secret::MAX_PASSWORD {
        let page = LoginPage { frame: Frame::default(), wrong: Some("Too many attempts. Wait a minute.") };
        return Ok((StatusCode::TOO_MANY_REQUESTS, render(&page)).into_response());
    }
    let asked = name.clone();
    let known = app.desk.run(move |db| Ok(users::credentials(db, &asked)?)).await?;
    let hash = known.map(|(hash, _)| hash);
    let _slot = app.hashing.acquire().await.map_err(ApiError::internal)?;
    let check = tokio::task::spawn_blocking(move || secret::password_matches(&given.password, hash.as_deref()));
    if !check.await.map_err(ApiError::internal)? {
        tracing::warn!(%name, address = %peer.0, "log-in refused");
        let page = LoginPage { frame: Frame::default(), wrong: Some("Name or password is wrong.") };
        return Ok((StatusCode::UNAUTHORIZED, render(&page)).into_response());
    }
    let session = secret::random_text(32).map_err(ApiError::from)?;
    let (digest, now) = (secret::digest(&session), app.now());
    let span = app.config.access.session.0;
    let expires = now.saturating_add(i64::try_from(span.as_nanos()).unwrap_or(i64::MAX));
    app.desk.change(move |db| Ok(users::add_session(db, &digest, &name, expires, now)?)).await?;
    let cookie = format!("{COOKIE}={session}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={}", span.as_secs());
    Ok(with_cookie(Redirect::to("/"), &cookie))
}

fn with_cookie(answer: impl IntoResponse, cookie: &str) -> Response {
    let mut response = answer.into_response();
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}

/// `POST /logout`
pub async fn logout(State(app): State<App>, headers: HeaderMap) -> Result<Response, PageError> {
    if let Some(session) = session_cookie(&headers) {
        let digest = secret::digest(session);
        app.desk.change(move |db| Ok(users::end_session(db, &digest)?)).await?;
    }
    let cookie = format!("{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
    Ok(with_cookie(Redirect::to("/login"), &cookie))
}

/// The setup link's secret.
#[derive(Deserialize)]
pub struct SetupKey {
    #[serde(default)]
    key: String,
}

const USED: &str = "This link is used up, ran out, or never was. On the collector's host, `picket-collector user setup-link` makes a new one.";

/// `GET /setup?key=...`
pub async fn setup_form(
    State(app): State<App>,
    Query(SetupKey { key }): Query<SetupKey>,
) -> Result<Response, PageError> {
    let (digest, now) = (secret::digest(&key), app.now());
    if !app.desk.run(move |db| Ok(users::setup_link_works(db, &digest, now)?)).await? {
        return Err(ApiError::new(StatusCode::GONE, USED).into());
    }
    Ok(render(&SetupPage { frame: Frame::default(), key, wrong: None }))
}

/// What the setup form sends.
#[derive(Deserialize)]
pub struct Setup {
    key: String,
    name: String,
    password: String,
}

/// `POST /setup`: in one transaction the link is used up, the administrator and the first token are made.
pub async fn setup(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    Form(given): Form<Setup>,
) -> Result<Response, PageError> {
    if !app.attempt(&format!("address {}", peer.0)) {
        return Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, "Too many attempts. Wait a minute.").into());
    }
    let (digest, now) = (secret::digest(&given.key), app.now());
    let works = digest.clone();
    // Looked at before the password is hashed, so that nobody without a link costs us an Argon2.
    if !app.desk.run(move |db| Ok(users::setup_link_works(db, &works, now)?)).await? {
        return Err(ApiError::new(StatusCode::GONE, USED).into());
    }
    let again = |wrong: ApiError| {
        render(&SetupPage { frame: Frame::default(), key: given.key.clone(), wrong: Some(wrong.message) })
    };
    if let Err(wrong) = people::checked_name(&given.name) {
        return Ok(again(wrong));
    }
    let hash = match people::hash(&app, given.password.clone()).await {
        Ok(hash) => hash,
        Err(wrong) if wrong.status == StatusCode::BAD_REQUEST => return Ok(again(wrong)),
        Err(error) => return Err(error.into()),
    };
    let (made, token) = people::make_token(&app, "first token", Role::SecurityAdmin, &given.name, None)?;
    let user = User { name: given.name.clone(), role: Role::SecurityAdmin.name().to_owned(), created_at: now };
    let done = app.desk.change(move |db| {
        if !users::use_setup_link(db, &digest, now)? {
            return Ok(false);
        }
        if !users::add_user(db, &user, &hash, "setup link")? {
            return Err(ApiError::conflict("a user of that name exists: choose another name"));
        }
        Ok(users::add_token(db, &token)?)
    });
    match done.await {
        Ok(true) => Ok(render(&MadePage { frame: Frame::default(), name: given.name, token: made.token })),
        Ok(false) => Err(ApiError::new(StatusCode::GONE, USED).into()),
        Err(wrong) if wrong.status == StatusCode::CONFLICT => Ok(again(wrong)),
        Err(error) => Err(error.into()),
    }
}
