//! What the API answers when it cannot do what was asked.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

/// The body of every answer that is no success.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Problem {
    /// What went wrong and what to do, in one sentence.
    pub error: String,
}

/// A refusal or failure with its status.
#[derive(Debug)]
pub struct ApiError {
    /// The status.
    pub status: StatusCode,
    /// The sentence.
    pub message: String,
}

impl ApiError {
    /// A refusal with its sentence.
    #[must_use]
    pub fn new(status: StatusCode, message: &str) -> Self {
        Self { status, message: message.to_owned() }
    }

    /// 400.
    #[must_use]
    pub fn bad(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 401.
    #[must_use]
    pub fn unknown_caller() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "no valid token: send `Authorization: Bearer TOKEN`")
    }

    /// 403.
    #[must_use]
    pub fn forbidden(role: &str) -> Self {
        Self { status: StatusCode::FORBIDDEN, message: format!("the role {role} may not do this") }
    }

    /// 404.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self { status: StatusCode::NOT_FOUND, message: format!("no such {what}") }
    }

    /// 409.
    #[must_use]
    pub fn conflict(message: &str) -> Self {
        Self::new(StatusCode::CONFLICT, message)
    }

    /// 500; the cause goes to the log, not to the caller.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(%cause, "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the collector could not do this; its log says why")
    }
}

impl From<rusqlite::Error> for ApiError {
    fn from(error: rusqlite::Error) -> Self {
        Self::internal(error)
    }
}

impl From<super::secret::NoRandomness> for ApiError {
    fn from(error: super::secret::NoRandomness) -> Self {
        Self::internal(error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(Problem { error: self.message })).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(
                axum::http::header::WWW_AUTHENTICATE,
                axum::http::HeaderValue::from_static("Bearer realm=\"picket\""),
            );
        }
        response
    }
}
