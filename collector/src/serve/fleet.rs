//! The agents and their stored events, as the API sees them: the store behind an asynchronous face.

use crate::api::ApiError;
use crate::api::agents::{EnrolmentTokenView, NewEnrolmentToken};
use crate::api::policy::{PolicyAgent, PolicyView};
use crate::api::view::{AgentView, DoubleView, LedgerView};
use crate::identity::Rotation;
use crate::ingest::Live;
use crate::store::{Agent, AgentStatus, Double, EntityKey, Policy, Store, StoreError};
use axum::http::StatusCode;
use picket_event::wire::Control;
use picket_event::{AgentId, Ledger, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What lives beside the store: connections and the authority.
pub trait Doors: Send + Sync {
    /// Agents that are connected now.
    fn connected(&self) -> Vec<Live>;

    /// Ends the live connection of an agent that may not connect any more.
    fn put_out(&self, agent: &AgentId);

    /// Makes an enrolment token; its text is shown once.
    ///
    /// # Errors
    /// In words.
    fn create_token(&self, wanted: &NewEnrolmentToken) -> Result<String, String>;

    /// Tells the agents of a group its policy.
    fn tell_policy(&self, policy: &Policy);

    /// Tells an agent that it is of another group now, with that group's policy.
    fn change_group(&self, agent: &AgentId, policy: Policy);

    /// Tells an agent of a request for packets, or that one is over.
    fn tell_detail(&self, agent: &AgentId, message: Control);

    /// The authority's fingerprint, and the change of it that is under way.
    fn authority(&self) -> ([u8; 32], Option<Rotation>);

    /// Begins to change the authority for a new one, or for this certificate and key; it takes over after so many
    /// seconds.
    ///
    /// # Errors
    /// In words.
    fn rotate(&self, import: Option<(String, String)>, overlap: u64) -> Result<Rotation, String>;

    /// Ends the overlap; `false` when no change is under way.
    ///
    /// # Errors
    /// In words.
    fn finish_rotation(&self) -> Result<bool, String>;
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

    pub(super) async fn ask<T: Send + 'static>(
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
            let connected: BTreeMap<AgentId, Live> =
                doors.connected().into_iter().map(|live| (live.agent.clone(), live)).collect();
            let mut doubles: BTreeMap<AgentId, Vec<Double>> = BTreeMap::new();
            for (agent, double) in store.doubles()? {
                doubles.entry(agent).or_default().push(double);
            }
            let agents = store.agents()?.into_iter().map(|agent| {
                let (live, ledger) = (connected.get(&agent.id), books.get(&agent.id));
                let doubles = doubles.remove(&agent.id).unwrap_or_default();
                view(agent, live, ledger, doubles)
            });
            Ok((agents.collect(), books.into_values().collect()))
        })
        .await
    }

    /// Moves an agent to another status; `false` where there is no such agent in one of these. One that may not connect
    /// any more is put out.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn turn(&self, name: String, from: &'static [AgentStatus], to: AgentStatus) -> Result<bool, ApiError> {
        self.ask(move |store, doors| {
            let agent = AgentId::new(&name);
            let done = store.turn(&agent, from, to)?;
            if to != AgentStatus::Active {
                doors.put_out(&agent);
            }
            Ok(done)
        })
        .await
    }

    /// Ends the connections of an agent that left.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn put_out(&self, agent: AgentId) -> Result<(), ApiError> {
        self.ask(move |_, doors| {
            doors.put_out(&agent);
            Ok(())
        })
        .await
    }

    /// Puts an agent into another group, whose policy it gets; `false` where there is no such agent.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn set_group(&self, name: String, group: String) -> Result<bool, ApiError> {
        self.ask(move |store, doors| {
            let agent = AgentId::new(&name);
            let done = store.set_group(&agent, &group)?;
            let none = Policy { group, version: 0, text: String::new(), made_at: 0, made_by: String::new() };
            let policy = store.policy(&none.group)?.unwrap_or(none);
            doors.change_group(&agent, policy);
            Ok(done)
        })
        .await
    }

    /// Removes the notes that an identity was seen twice; `false` where there are none.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn settle(&self, name: String) -> Result<bool, ApiError> {
        self.ask(move |store, _| store.settle(&AgentId::new(&name))).await
    }

    /// Adds the next version of a group's policy, tells the group, and answers the version.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn put_policy(&self, group: String, text: String, by: String, at: i64) -> Result<u64, ApiError> {
        self.ask(move |store, doors| {
            let version = store.put_policy(&group, &text, &by, at)?;
            doors.tell_policy(&Policy { group, version, text, made_at: at, made_by: by });
            Ok(version)
        })
        .await
    }

    /// Every version of every group's policy with what the group's agents answered to the newest.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn policies(&self) -> Result<Vec<PolicyView>, ApiError> {
        self.ask(|store, _| {
            let agents = store.agents()?;
            // The newest version of each group comes first.
            let mut seen = None;
            let views = store.policies()?.into_iter().map(|policy| {
                let in_force = seen.replace(policy.group.clone()).as_ref() != Some(&policy.group);
                policy_view(policy, in_force, &agents)
            });
            Ok(views.collect())
        })
        .await
    }

    /// The authority's fingerprint, and the change of it that is under way.
    ///
    /// # Errors
    /// None of its own.
    pub async fn authority(&self) -> Result<([u8; 32], Option<Rotation>), ApiError> {
        self.ask(|_, doors| Ok(doors.authority())).await
    }

    /// Active agents whose certificate was signed before this time, seconds since 1970.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn waiting(&self, began: i64) -> Result<Vec<String>, ApiError> {
        let lifetime = i64::try_from(super::AGENT_CERTIFICATE.as_secs()).unwrap_or(i64::MAX);
        let first = began.saturating_add(lifetime).saturating_mul(1_000_000_000);
        self.ask(move |store, _| {
            let agents = store.agents()?.into_iter();
            let old = agents.filter(|a| a.status == AgentStatus::Active && a.certificate_until < first);
            Ok(old.map(|agent| agent.id.to_string()).collect())
        })
        .await
    }

    /// Begins to change the authority.
    ///
    /// # Errors
    /// 409 in words.
    pub async fn rotate(&self, import: Option<(String, String)>, overlap: u64) -> Result<Rotation, ApiError> {
        let done = self.ask(move |_, doors| Ok(doors.rotate(import, overlap))).await?;
        done.map_err(|why| ApiError::new(StatusCode::CONFLICT, &why))
    }

    /// Ends the overlap of a change; `false` when none is under way.
    ///
    /// # Errors
    /// 409 in words.
    pub async fn finish_rotation(&self) -> Result<bool, ApiError> {
        let done = self.ask(|_, doors| Ok(doors.finish_rotation())).await?;
        done.map_err(|why| ApiError::new(StatusCode::CONFLICT, &why))
    }

    /// Removes an enrolment token; `false` where there is none of this id.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn remove_token(&self, id: String) -> Result<bool, ApiError> {
        self.ask(move |store, _| store.remove_token(&id)).await
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
                group: token.group,
                by_person: token.by_person,
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
        let made = self.ask(move |_, doors| Ok(doors.create_token(&wanted))).await?;
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

fn view(agent: Agent, live: Option<&Live>, ledger: Option<&Ledger>, doubles: Vec<Double>) -> AgentView {
    AgentView {
        name: agent.id.to_string(),
        site: agent.site.to_string(),
        group: agent.group,
        status: agent.status.name().to_owned(),
        connected: live.is_some(),
        transport: live.map_or(agent.transport, |live| live.transport.to_owned()),
        address: agent.address,
        host: agent.host.name,
        machine: agent.host.machine,
        boot: agent.host.boot,
        key: agent.key.iter().map(|byte| format!("{byte:02x}")).collect(),
        clock_offset: agent.clock_offset as f64 / 1e9,
        enrolled: Timestamp::from_nanos(agent.enrolled_at).to_string(),
        release: agent.release,
        bundle: agent.bundle,
        certificate_until: Timestamp::from_nanos(agent.certificate_until).to_string(),
        last_seen: (agent.seen_at > 0).then(|| Timestamp::from_nanos(agent.seen_at).to_string()),
        policy_version: agent.policy_version,
        policy_state: agent.policy_state,
        doubles: doubles.into_iter().map(double_view).collect(),
        events: agent.events,
        wire_bytes: ledger.map_or(agent.bytes, |books| books.wire_bytes.max(agent.bytes)),
        ledger: ledger.map(LedgerView::from),
    }
}

fn double_view(double: Double) -> DoubleView {
    DoubleView {
        kind: double.kind,
        first_seen: Timestamp::from_nanos(double.first_at).to_string(),
        last_seen: Timestamp::from_nanos(double.last_at).to_string(),
        count: double.count,
        one: double.one,
        other: double.other,
    }
}

fn policy_view(policy: Policy, in_force: bool, agents: &[Agent]) -> PolicyView {
    let answered = |agent: &Agent| PolicyAgent {
        agent: agent.id.to_string(),
        version: agent.policy_version,
        state: agent.policy_state.clone(),
    };
    let of_group = |agent: &&Agent| in_force && agent.status == AgentStatus::Active && agent.group == policy.group;
    PolicyView {
        agents: agents.iter().filter(of_group).map(answered).collect(),
        in_force,
        version: policy.version,
        text: policy.text,
        made_at: Timestamp::from_nanos(policy.made_at).to_string(),
        made_by: policy.made_by,
        group: policy.group,
    }
}
