//! Policies: what the agents of a group put over their configuration.

use super::{ApiError, App, Caller, Problem};
use crate::desk::audit::{self, Change};
use axum::extract::{Path, State};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Bytes of a policy at most.
const MAX_TEXT: usize = 32 << 10;

/// One version of a group's policy.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PolicyView {
    /// The group.
    pub group: String,
    /// Its number, from 1.
    pub version: u64,
    /// Whether it is the newest, which agents get.
    pub in_force: bool,
    /// TOML, as in an agent's own file.
    pub text: String,
    /// When it was made, RFC 3339.
    pub made_at: String,
    /// By whom.
    pub made_by: String,
    /// The group's active agents, of the version in force.
    pub agents: Vec<PolicyAgent>,
}

/// How an agent stands to its policy.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PolicyAgent {
    /// The agent.
    pub agent: String,
    /// The version it answered last, 0 for none.
    pub version: u64,
    /// What it answered: `applied`, `partly: ...`, `refused: ...`, `rolled back: ...`.
    pub state: String,
}

/// A policy to be set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPolicy {
    /// TOML, as in an agent's own file; empty takes the policy away.
    pub text: String,
}

/// A policy that was set.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SetPolicy {
    /// Its version.
    pub version: u64,
}

/// Every version of every group's policy that is kept, newest first.
#[utoipa::path(get, path = "/api/v1/policies", tag = "agents",
    responses((status = 200, body = Vec<PolicyView>), (status = 401, body = Problem)))]
pub async fn list(State(app): State<App>) -> Result<Json<Vec<PolicyView>>, ApiError> {
    app.fleet.policies().await.map(Json)
}

/// Sets a group's policy. Its agents get it at once, or when they connect, and answer what could not be applied.
#[utoipa::path(post, path = "/api/v1/policies/{group}", tag = "agents", params(("group" = String, Path)),
    request_body = NewPolicy,
    responses((status = 200, body = SetPolicy), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem)))]
pub async fn set(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(group): Path<String>,
    Json(wanted): Json<NewPolicy>,
) -> Result<Json<SetPolicy>, ApiError> {
    if group.is_empty() || !super::agents::is_plain(&group) {
        return Err(ApiError::bad("a group is 1 to 64 letters, digits, `.`, `_` or `-`"));
    }
    if wanted.text.len() > MAX_TEXT {
        return Err(ApiError::bad("a policy is at most 32 KiB"));
    }
    // Whether the keys are known only an agent can say: releases differ.
    if let Err(error) = wanted.text.parse::<toml::Table>() {
        return Err(ApiError::bad(&format!("the policy is no TOML: {}", error.message())));
    }
    let time = app.now();
    let version = app.fleet.put_policy(group.clone(), wanted.text, caller.name.clone(), time).await?;
    let write = app.desk.change(move |db| {
        let detail = format!("version {version}");
        Ok(audit::append(
            db,
            &Change { time, actor: &caller.name, action: "policy.set", subject: &group, detail: &detail },
        )?)
    });
    write.await?;
    Ok(Json(SetPolicy { version }))
}
