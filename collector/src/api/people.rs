//! Users, API tokens, setup link and audit log.

use super::{ApiError, App, Caller, Problem, Role, secret};
use crate::desk::audit::{self, AuditRow};
use crate::desk::users::{self, TokenRow, TokenSecret, User};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A user to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// 1 to 64 characters: letters, digits, `.`, `_`, `-`, `@`.
    pub name: String,
    /// At least 12 characters.
    pub password: String,
    /// The role.
    pub role: Role,
}

/// Whether a name may be a user's.
///
/// # Errors
/// 400 when it may not.
pub fn checked_name(name: &str) -> Result<(), ApiError> {
    let fits =
        (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-@".contains(&b));
    fits.then_some(()).ok_or_else(|| ApiError::bad("a user's name is 1 to 64 letters, digits, `.`, `_`, `-` or `@`"))
}

/// Hashes a password off the event loop, a bounded number at once.
///
/// # Errors
/// 400 for a password that is too short or too long.
pub async fn hash(app: &App, password: String) -> Result<String, ApiError> {
    if password.chars().count() < secret::MIN_PASSWORD {
        return Err(ApiError::bad("a password has at least 12 characters"));
    }
    if password.len() > secret::MAX_PASSWORD {
        return Err(ApiError::bad("a password has at most 1024 bytes"));
    }
    let _slot = app.hashing.acquire().await.map_err(ApiError::internal)?;
    let hashed = tokio::task::spawn_blocking(move || secret::hash_password(&password)).await;
    Ok(hashed.map_err(ApiError::internal)??)
}

/// Every user.
#[utoipa::path(get, path = "/api/v1/users", tag = "people",
    responses((status = 200, body = Vec<User>), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn users(State(app): State<App>) -> Result<Json<Vec<User>>, ApiError> {
    app.desk.run(|db| Ok(users::users(db)?)).await.map(Json)
}

/// Adds a user.
#[utoipa::path(post, path = "/api/v1/users", tag = "people", request_body = NewUser,
    responses((status = 201, body = User), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 409, body = Problem)))]
pub async fn add_user(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Json(body): Json<NewUser>,
) -> Result<(StatusCode, Json<User>), ApiError> {
    checked_name(&body.name)?;
    let hashed = hash(&app, body.password).await?;
    let user = User { name: body.name, role: body.role.name().to_owned(), created_at: app.now() };
    let row = user.clone();
    let added = app.desk.change(move |db| Ok(users::add_user(db, &row, &hashed, &caller.name)?)).await?;
    if added { Ok((StatusCode::CREATED, Json(user))) } else { Err(ApiError::conflict("a user of that name exists")) }
}

/// What changes of a user.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    /// A new password.
    pub password: Option<String>,
    /// A new role.
    pub role: Option<Role>,
}

const LAST_ADMIN: &str = "this is the last security_admin: make another one first";

/// Changes a user's password or role; the user's sessions end.
#[utoipa::path(post, path = "/api/v1/users/{name}", tag = "people", params(("name" = String, Path)), request_body = UserChange,
    responses((status = 204), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn change_user(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    Json(body): Json<UserChange>,
) -> Result<StatusCode, ApiError> {
    let hashed = match body.password {
        Some(password) => Some(hash(&app, password).await?),
        None => None,
    };
    let now = app.now();
    let changed = app.desk.change(move |db| {
        let demoted = body.role.is_some_and(|role| role != Role::SecurityAdmin);
        if demoted && is_last_admin(db, &name)? {
            return Err(ApiError::conflict(LAST_ADMIN));
        }
        let role = body.role.map(Role::name);
        Ok(users::change_user(db, &name, hashed.as_deref(), role, &caller.name, now)?)
    });
    if changed.await? { Ok(StatusCode::NO_CONTENT) } else { Err(ApiError::not_found("user")) }
}

fn is_last_admin(db: &rusqlite::Connection, name: &str) -> rusqlite::Result<bool> {
    let admin = Role::SecurityAdmin.name();
    let is_admin = users::credentials(db, name)?.is_some_and(|(_, role)| role == admin);
    Ok(is_admin && users::count_role(db, admin)? == 1)
}

/// Removes a user; the user's sessions end.
#[utoipa::path(delete, path = "/api/v1/users/{name}", tag = "people", params(("name" = String, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem)))]
pub async fn remove_user(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiError> {
    let now = app.now();
    let removed = app.desk.change(move |db| {
        if is_last_admin(db, &name)? {
            return Err(ApiError::conflict(LAST_ADMIN));
        }
        Ok(users::remove_user(db, &name, &caller.name, now)?)
    });
    if removed.await? { Ok(StatusCode::NO_CONTENT) } else { Err(ApiError::not_found("user")) }
}

/// An API token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiToken {
    /// What it is for, up to 64 characters.
    pub label: String,
    /// The role.
    pub role: Role,
    /// How long it works, in seconds; the configuration's `access.api_token` where it is left out.
    pub seconds: Option<u64>,
}

/// A token that was made; its text is shown this once.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct MadeToken {
    /// Its public id.
    pub id: String,
    /// The token: keep it as you would a password.
    pub token: String,
}

/// Builds a token and its row.
///
/// # Errors
/// [`ApiError`] when the system gives no random bytes.
pub fn make_token(
    app: &App,
    label: &str,
    role: Role,
    by: &str,
    seconds: Option<u64>,
) -> Result<(MadeToken, TokenSecret), ApiError> {
    let now = app.now();
    let span = seconds.map_or(app.config.access.api_token.0, std::time::Duration::from_secs);
    let expires_at = now.saturating_add(i64::try_from(span.as_nanos()).unwrap_or(i64::MAX));
    let made = secret::new_token()?;
    let row = TokenRow {
        id: made.id.clone(),
        label: label.chars().take(64).collect(),
        role: role.name().to_owned(),
        created_by: by.to_owned(),
        created_at: now,
        expires_at,
        revoked_at: None,
    };
    Ok((MadeToken { id: made.id, token: made.text.clone() }, TokenSecret { digest: secret::digest(&made.text), row }))
}

/// Every API token, without its secret.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "people",
    responses((status = 200, body = Vec<TokenRow>), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn tokens(State(app): State<App>) -> Result<Json<Vec<TokenRow>>, ApiError> {
    app.desk.run(|db| Ok(users::tokens(db)?)).await.map(Json)
}

/// Makes an API token.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "people", request_body = NewApiToken,
    responses((status = 201, body = MadeToken), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn add_token(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Json(body): Json<NewApiToken>,
) -> Result<(StatusCode, Json<MadeToken>), ApiError> {
    let (made, row) = make_token(&app, &body.label, body.role, &caller.name, body.seconds)?;
    let added = app.desk.change(move |db| Ok(users::add_token(db, &row)?)).await?;
    if added { Ok((StatusCode::CREATED, Json(made))) } else { Err(ApiError::conflict("too many tokens: revoke some")) }
}

/// Revokes an API token.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "people", params(("id" = String, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn revoke_token(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let now = app.now();
    let done = app.desk.change(move |db| Ok(users::revoke_token(db, &id, &caller.name, now)?)).await?;
    if done { Ok(StatusCode::NO_CONTENT) } else { Err(ApiError::not_found("token in force")) }
}

/// How many rows of the audit log.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Rows at most, 1 to 1000 (default 100).
    pub limit: Option<u32>,
}

/// The audit log and whether its chain holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditPage {
    /// The first row that does not fit the chain of hashes, if any.
    pub broken_at: Option<i64>,
    /// The latest rows, newest first.
    pub rows: Vec<AuditRow>,
}

/// The audit log, newest first, with its chain checked.
#[utoipa::path(get, path = "/api/v1/audit", tag = "people", params(AuditQuery),
    responses((status = 200, body = AuditPage), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn audit(State(app): State<App>, Query(query): Query<AuditQuery>) -> Result<Json<AuditPage>, ApiError> {
    let limit = query.limit.unwrap_or(super::alerts::PAGE).clamp(1, super::alerts::MAX_PAGE);
    let page = app.desk.run(move |db| Ok(AuditPage { broken_at: audit::verify(db)?, rows: audit::latest(db, limit)? }));
    page.await.map(Json)
}

/// A link that makes an administrator.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SetupLink {
    /// Path and query below the collector's address; works once.
    pub path: String,
}

/// Makes a new setup link, for the case that the first one ran out or every administrator is gone. Earlier ones end.
#[utoipa::path(post, path = "/api/v1/setup-link", tag = "people",
    responses((status = 201, body = SetupLink), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn setup_link(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Result<(StatusCode, Json<SetupLink>), ApiError> {
    let path = new_setup_link(&app, &caller.name).await?;
    Ok((StatusCode::CREATED, Json(SetupLink { path })))
}

/// Makes a setup link; answers path and query.
///
/// # Errors
/// Those of the store.
pub async fn new_setup_link(app: &App, by: &str) -> Result<String, ApiError> {
    let text = secret::random_text(32)?;
    let (digest, now, by) = (secret::digest(&text), app.now(), by.to_owned());
    let span = i64::try_from(app.config.access.setup_link.0.as_nanos()).unwrap_or(i64::MAX);
    app.desk
        .change(move |db| {
            users::add_setup_link(db, &digest, now.saturating_add(span))?;
            audit::append(
                db,
                &audit::Change { time: now, actor: &by, action: "setup_link.add", subject: "", detail: "" },
            )?;
            Ok(())
        })
        .await?;
    Ok(format!("/setup?key={text}"))
}
