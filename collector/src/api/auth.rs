//! Who calls, and what that caller may do.

use super::error::ApiError;
use super::{App, secret};
use crate::desk::users;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a person or token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    SecurityAdmin,
    /// Reads, judges alerts.
    SecurityAnalyst,
    /// Reads, judges alerts.
    IncidentResponder,
    /// Reads.
    Viewer,
}

impl Role {
    /// The name, as stored.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SecurityAdmin => "security_admin",
            Self::SecurityAnalyst => "security_analyst",
            Self::IncidentResponder => "incident_responder",
            Self::Viewer => "viewer",
        }
    }

    /// The role of a stored name; a name nobody knows may only read.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        [Self::SecurityAdmin, Self::SecurityAnalyst, Self::IncidentResponder]
            .into_iter()
            .find(|role| role.name() == name)
            .unwrap_or(Self::Viewer)
    }

    /// Whether the role covers a need.
    #[must_use]
    pub const fn covers(self, need: Need) -> bool {
        match need {
            Need::Nothing | Need::Read => true,
            Need::Triage => !matches!(self, Self::Viewer),
            Need::Administer => matches!(self, Self::SecurityAdmin),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a route asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Open to anyone who reaches the port.
    Nothing,
    /// To see.
    Read,
    /// To judge alerts.
    Triage,
    /// To change who and what belongs to the fleet.
    Administer,
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// For the audit log.
    pub name: String,
    /// What the caller may do.
    pub role: Role,
}

impl Caller {
    /// Whoever reaches the admin socket, which only the collector's own account can.
    #[must_use]
    pub fn local() -> Self {
        Self { name: "local administrator".to_owned(), role: Role::SecurityAdmin }
    }
}

/// The route's need and the program, as the guard sees them.
#[derive(Clone)]
pub struct Guard {
    /// The program.
    pub app: App,
    /// The route's need.
    pub need: Need,
}

/// Lets a request through when its caller covers the route's need. Callers of the admin socket are known already.
pub async fn guard(State(Guard { app, need }): State<Guard>, mut request: Request, next: Next) -> Response {
    if need == Need::Nothing {
        return next.run(request).await;
    }
    let local = request.extensions().get::<Caller>().cloned();
    let caller = match local {
        Some(caller) => Ok(Some(caller)),
        None => by_token(&app, request.headers()).await,
    };
    match caller {
        Err(error) => error.into_response(),
        Ok(None) => ApiError::unknown_caller().into_response(),
        Ok(Some(caller)) if !caller.role.covers(need) => ApiError::forbidden(caller.role.name()).into_response(),
        Ok(Some(caller)) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
    }
}

async fn by_token(app: &App, headers: &HeaderMap) -> Result<Option<Caller>, ApiError> {
    let presented =
        headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).and_then(|v| v.strip_prefix("Bearer "));
    let Some(presented) = presented.filter(|text| text.len() < 256).map(str::to_owned) else { return Ok(None) };
    let now = app.now();
    app.desk
        .run(move |db| {
            let Some(id) = secret::token_id(&presented) else { return Ok(None) };
            let Some(token) = users::token(db, id)? else {
                // The comparison is made all the same, so that a guessed id takes as long as a wrong secret.
                let _ = secret::matches(&presented, &[0; 32]);
                return Ok(None);
            };
            let in_force = token.row.revoked_at.is_none() && token.row.expires_at > now;
            let right = secret::matches(&presented, &token.digest);
            Ok((right && in_force).then(|| Caller {
                name: format!("token {} ({})", token.row.id, token.row.label),
                role: Role::from_name(&token.row.role),
            }))
        })
        .await
}

/// The caller of a page: by its session cookie.
///
/// # Errors
/// Those of the database.
pub async fn by_session(app: &App, headers: &HeaderMap) -> Result<Option<Caller>, ApiError> {
    let Some(cookie) = session_cookie(headers) else { return Ok(None) };
    let (digest, now) = (secret::digest(cookie), app.now());
    let found = app.desk.run(move |db| Ok(users::session(db, &digest, now)?)).await?;
    Ok(found.map(|(name, role)| Caller { name, role: Role::from_name(&role) }))
}

/// The cookie's name; the prefix makes browsers insist on Secure, Path=/ and no Domain (RFC 6265bis section 4.1.3).
pub const COOKIE: &str = "__Host-picket";

/// The session's secret, where the request carries one.
#[must_use]
pub fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, value)| *name == COOKIE && value.len() < 128)
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_cover_what_they_should() {
        use Need::{Administer, Read, Triage};
        let covered = |role: Role| [Read, Triage, Administer].map(|need| role.covers(need));
        assert_eq!(covered(Role::SecurityAdmin), [true, true, true]);
        assert_eq!(covered(Role::SecurityAnalyst), [true, true, false]);
        assert_eq!(covered(Role::IncidentResponder), [true, true, false]);
        assert_eq!(covered(Role::Viewer), [true, false, false]);
        assert_eq!(Role::from_name("root"), Role::Viewer);
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, "a=b; __Host-picket=secret; c=d".parse().unwrap());
        assert_eq!(session_cookie(&headers), Some("secret"));
        headers.insert(header::COOKIE, "picket=secret".parse().unwrap());
        assert_eq!(session_cookie(&headers), None);
    }
}
