//! The agents and their stored events, as the API sees them: the store behind an asynchronous face.

use crate::api::ApiError;
use crate::api::agents::{EnrolmentTokenView, NewEnrolmentToken};
use crate::api::view::{AgentView, LedgerView};
use crate::store::{AgentStatus, EntityKey, Store, StoreError};
use axum::http::StatusCode;
use picket_event::{AgentId, Ledger, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What lives beside the store: connections and the authority.
pub trait Doors: Send + Sync {
    /// Agents that are connected now.
    fn connected(&self) -> Vec<AgentId>;

    /// Ends an agent's right to connect and its live connection; `false` where there is no such active agent.
    ///
    /// # Errors
    /// Those of the store.
    fn revoke(&self, agent: &AgentId) -> Result<bool, StoreError>;

    /// Makes an enrolment token; its text is shown once.
    ///
    /// # Errors
    /// In words.
    fn create_token(&self, site: &str, uses: u32, seconds: u64) -> Result<String, String>;
}

/// The agents. Cheap to clone.
#[derive(Clone)]
pub struct Fleet {
    store: Arc<dyn Store>,
    doors: Arc<dyn Doors>,
}

/// Addresses of one entity looked up at most.
const MAX_NAMES: usize = 16;

impl Fleet {
    /// Over a store and what lives beside it.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, doors: Arc<dyn Doors>) -> Self {
        Self { store, doors }
    }

    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Store, &dyn Doors) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let (store, doors) = (Arc::clone(&self.store), Arc::clone(&self.doors));
        let task = tokio::task::spawn_blocking(move || work(store.as_ref(), doors.as_ref()));
        task.await.map_err(ApiError::internal)?.map_err(|error| {
            if error.is_passing() {
                ApiError::new(StatusCode::SERVICE_UNAVAILABLE, &error.to_string())
            } else {
                ApiError::internal(error)
            }
        })
    }

    /// Every agent, by name.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn agents(&self) -> Result<Vec<AgentView>, ApiError> {
        self.agents_and_books().await.map(|(agents, _)| agents)
    }

    /// Every agent, and the books of those that told theirs.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn agents_and_books(&self) -> Result<(Vec<AgentView>, Vec<Ledger>), ApiError> {
        self.ask(|store, doors| {
            let books: BTreeMap<AgentId, Ledger> =
                store.ledgers()?.into_iter().map(|(id, _, ledger)| (id, ledger)).collect();
            let connected = doors.connected();
            let agents = store.agents()?.into_iter().map(|agent| {
                let ledger = books.get(&agent.id);
                AgentView {
                    name: agent.id.to_string(),
                    site: agent.site.to_string(),
                    status: if agent.status == AgentStatus::Active { "active" } else { "revoked" }.to_owned(),
                    connected: connected.contains(&agent.id),
                    address: agent.address,
                    release: agent.release,
                    bundle: agent.bundle,
                    certificate_until: Timestamp::from_nanos(agent.certificate_until).to_string(),
                    last_seen: (agent.seen_at > 0).then(|| Timestamp::from_nanos(agent.seen_at).to_string()),
                    events: agent.events,
                    wire_bytes: ledger.map_or(agent.bytes, |books| books.wire_bytes.max(agent.bytes)),
                    ledger: ledger.map(LedgerView::from),
                }
            });
            Ok((agents.collect(), books.into_values().collect()))
        })
        .await
    }

    /// Shuts an agent out; `false` where there is no such active agent.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn revoke(&self, name: String) -> Result<bool, ApiError> {
        self.ask(move |_, doors| doors.revoke(&AgentId::new(&name))).await
    }

    /// Every enrolment token in force.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn enrolment_tokens(&self) -> Result<Vec<EnrolmentTokenView>, ApiError> {
        self.ask(|store, _| {
            let view = store.tokens()?.into_iter().map(|token| EnrolmentTokenView {
                id: token.id,
                site: token.site.to_string(),
                uses_left: token.uses_left,
                expires_at: Timestamp::from_nanos(token.expires_at).to_string(),
            });
            Ok(view.collect())
        })
        .await
    }

    /// Makes an enrolment token and answers its text.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn create_enrolment_token(&self, wanted: NewEnrolmentToken) -> Result<String, ApiError> {
        let (uses, seconds) = (wanted.uses.unwrap_or(1), wanted.seconds.unwrap_or(3600));
        let made = self.ask(move |_, doors| Ok(doors.create_token(&wanted.site, uses, seconds))).await?;
        made.map_err(ApiError::internal)
    }

    /// Stored events of any of the names, latest first, as EVE.
    ///
    /// # Errors
    /// Those of the store; 400 when no name is an address.
    pub async fn events(
        &self,
        names: &[String],
        (from, to): (Timestamp, Timestamp),
        limit: usize,
    ) -> Result<Vec<serde_json::Value>, ApiError> {
        let keys: Vec<EntityKey> = names.iter().filter_map(|name| name.parse().ok()).take(MAX_NAMES).collect();
        self.ask(move |store, _| {
            let mut events = Vec::new();
            for key in keys {
                events.extend(store.events(key, from, to, limit)?);
            }
            events.sort_by_key(|e| std::cmp::Reverse((e.event.time, e.sequence)));
            // Both ends of a conversation may be names of one entity.
            events.dedup_by(|a, b| (&a.agent, a.epoch, a.sequence) == (&b.agent, b.epoch, b.sequence));
            events.truncate(limit);
            Ok(events.iter().map(eve).collect())
        })
        .await
    }
}

fn eve(envelope: &picket_event::Envelope) -> serde_json::Value {
    let mut line = Vec::new();
    picket_event::eve::write_line(&mut line, &envelope.event, Some(&envelope.agent), Some(&envelope.site));
    serde_json::from_slice(&line).unwrap_or_default()
}
