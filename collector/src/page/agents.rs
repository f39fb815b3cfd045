//! The agents: those that want a person first, so that they are seen among hundreds; a filter, and pages.

use super::pager::{Pager, ROWS};
use super::views::frame;
use super::{Frame, PageError, Who, filters, may, render};
use crate::api::agents::{self, Verdict};
use crate::api::view::AgentView;
use crate::api::{ApiError, App, Caller, Need};
use askama::Template;
use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// Rows shown beside other things.
const FEW: usize = 10;

/// What is asked of the page.
#[derive(Debug, Deserialize)]
pub struct Asked {
    /// Part of a name, site, group, host, address or state; upper and lower case are equal.
    #[serde(default)]
    q: String,
    /// Rows to leave out at the start.
    #[serde(default)]
    offset: usize,
}

#[derive(Template)]
#[template(path = "agents.html")]
struct AgentsPage {
    frame: Frame,
    who: Who,
    agents: Vec<AgentView>,
    pager: Pager,
    q: String,
}

/// How much an agent wants a person; the least is the most urgent.
fn urgency(agent: &AgentView) -> u8 {
    let is_out = matches!(agent.status.as_str(), "revoked" | "rejected" | "left");
    match agent.ledger.as_ref() {
        _ if agent.is_odd() => 0,
        _ if agent.is_pending() => 1,
        _ if is_out => 5,
        Some(ledger) if !ledger.balanced => 2,
        _ if !agent.connected => 3,
        _ => 4,
    }
}

/// Puts those that want a person first, by name among equals.
fn by_urgency(agents: &mut [AgentView]) {
    agents.sort_by(|a, b| urgency(a).cmp(&urgency(b)).then_with(|| a.name.cmp(&b.name)));
}

fn passes(agent: &AgentView, words: &str) -> bool {
    let state = agent.state();
    let texts = [&agent.name, &agent.site, &agent.group, &agent.host, &agent.address, &state];
    texts.iter().any(|text| text.to_lowercase().contains(words))
}

/// The few that want a person most, and how many there are.
pub(super) async fn first(app: &App) -> Result<(Vec<AgentView>, usize), ApiError> {
    let mut agents = app.fleet.agents().await?;
    by_urgency(&mut agents);
    let total = agents.len();
    agents.truncate(FEW);
    Ok((agents, total))
}

/// `GET /agents`
pub async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Query(Asked { q, offset }): Query<Asked>,
) -> Result<Response, PageError> {
    let (frame, who) = frame(&app, &caller, "agents").await?;
    let mut agents = app.fleet.agents().await?;
    let words = q.to_lowercase();
    agents.retain(|agent| passes(agent, &words));
    by_urgency(&mut agents);
    let total = agents.len();
    let agents: Vec<AgentView> = agents.into_iter().skip(offset).take(ROWS).collect();
    let pager = Pager::new("/agents", &q, offset, agents.len(), total);
    Ok(render(&AgentsPage { frame, who, agents, pager, q }))
}

/// `POST /agents/{name}/approve`, and the other verdicts.
pub async fn decide(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((name, verdict)): Path<(String, String)>,
) -> Result<Response, PageError> {
    may(&caller, Need::Administer)?;
    let verdict = match verdict.as_str() {
        "approve" => Verdict::Approve,
        "reject" => Verdict::Reject,
        "revoke" => Verdict::Revoke,
        "settle" => Verdict::Settle,
        _ => return Err(ApiError::not_found("page").into()),
    };
    agents::decide(&app, caller, verdict, name).await?;
    Ok(Redirect::to("/agents").into_response())
}
