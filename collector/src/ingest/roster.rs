//! Who is connected: entering, leaving, telling, and noticing identities that are used twice.

use super::connection::{ask, kept};
use super::link::Handle;
use super::{Live, Serving, hold, now};
use crate::identity::{Side, Twins};
use crate::store::{Agent, Double, Store};
use picket_event::AgentId;
use picket_event::wire::{Control, HostNote, Policy, Refusal, RefusalCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// Notices that wait at most; the notes in the store say the same.
const MAX_NOTICES: usize = 1_024;
/// Messages of the collector's own that may wait for one agent. Acknowledgements are not among them.
const MAX_TOLD: usize = 64;

/// A connected agent.
pub(super) struct Entry {
    live: Live,
    group: String,
    certificate: Vec<u8>,
    handle: Handle,
    teller: Teller,
}

/// Tells an agent what the collector wants of it. One that does not read gets no more than a few; what it missed it is told
/// when it connects again.
#[derive(Clone, Debug)]
pub(super) struct Teller {
    out: UnboundedSender<Control>,
    waiting: Arc<AtomicUsize>,
}

impl Teller {
    pub(super) fn new(out: UnboundedSender<Control>) -> Self {
        Self { out, waiting: Arc::default() }
    }

    pub(super) fn tell(&self, message: Control) {
        if self.waiting.load(Ordering::Relaxed) < MAX_TOLD {
            self.waiting.fetch_add(1, Ordering::Relaxed);
            // A connection that is ending learns it when it is back.
            let _ = self.out.send(message);
        }
    }

    /// A message is on its way to the agent.
    pub(super) fn sent(&self, message: &Control) {
        // All others come from the committer and from renewals, which the agent's own pace bounds.
        if !matches!(message, Control::Ack { .. } | Control::Beat | Control::Certificate { .. } | Control::Refusal(_)) {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// An identity that was seen twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Whose.
    pub agent: AgentId,
    /// Its site.
    pub site: String,
    /// What was seen.
    pub twins: Twins,
    /// The side that just connected.
    pub one: String,
    /// The other.
    pub other: String,
    /// When, nanoseconds since 1970.
    pub at: i64,
}

impl Serving {
    /// Enters a connection; one that the same agent had before ends, and both addresses are named.
    pub(super) async fn enter(
        self: &Arc<Self>,
        known: &Agent,
        handle: &Handle,
        host: Option<&HostNote>,
        teller: &Teller,
    ) {
        let agent = &known.id;
        let (address, transport) = (handle.address(), handle.transport());
        let entry = Entry {
            live: Live { agent: agent.clone(), address, transport, since: now().nanos() },
            group: known.group.clone(),
            certificate: handle.certificate().map(|der| der.to_vec()).unwrap_or_default(),
            handle: handle.clone(),
            teller: teller.clone(),
        };
        let before = hold(&self.live).insert(agent.clone(), entry);
        if let Some(old) = &before {
            let (from, to) = (old.live.address, address);
            tracing::info!(%agent, %from, %to, "the agent connected again; the older connection ends");
            old.handle.close(RefusalCode::Replaced, "the same agent connected again");
        }
        let side = Side {
            instance: host.map_or(0, |host| host.instance),
            address: Some(address.ip().to_canonical()),
            host: host.map(kept).unwrap_or_default(),
        };
        let at = Duration::from_nanos(now().nanos().max(0).cast_unsigned());
        let found = hold(&self.watch).connected(agent, &side, &known.host, before.is_some(), at);
        for (twins, other) in found {
            self.notice(known, twins, &side, &other).await;
        }
    }

    async fn notice(self: &Arc<Self>, known: &Agent, twins: Twins, side: &Side, other: &Side) {
        let (agent, at) = (known.id.clone(), now().nanos());
        let (one, other) = (side.to_string(), other.to_string());
        tracing::warn!(%agent, "{}: {one}; {other}", twins.name());
        let double = Double {
            kind: twins.name().to_owned(),
            first_at: at,
            last_at: at,
            count: 1,
            one: one.clone(),
            other: other.clone(),
        };
        let id = agent.clone();
        if let Err(refused) = ask(self, move |store: &dyn Store| store.note_double(&id, &double)).await {
            tracing::warn!(%agent, "note {}: {}", twins.name(), refused.reason);
        }
        let mut notices = hold(&self.notices);
        if notices.len() < MAX_NOTICES {
            notices.push(Notice { agent, site: known.site.as_str().to_owned(), twins, one, other, at });
        }
    }

    pub(super) fn leave(&self, agent: &AgentId, handle: &Handle) {
        let mut live = hold(&self.live);
        if live.get(agent).is_some_and(|entry| entry.handle.is(handle)) {
            live.remove(agent);
        }
    }

    pub(super) fn live(&self) -> Vec<Live> {
        hold(&self.live).values().map(|entry| entry.live.clone()).collect()
    }

    pub(super) fn put_out(&self, agent: &AgentId) {
        hold(&self.watch).forget(agent);
        if let Some(entry) = hold(&self.live).remove(agent) {
            entry.handle.close(RefusalCode::Revoked, "revoked");
        }
    }

    /// Tells every agent that the collector goes down.
    pub(super) async fn put_all_out(&self) {
        let entries = std::mem::take(&mut *hold(&self.live));
        let over_tcp = entries.values().any(|entry| matches!(entry.handle, Handle::Tcp(_)));
        for entry in entries.into_values() {
            entry.handle.close(RefusalCode::Stopping, "the collector is going down");
        }
        if over_tcp {
            // Over TCP the tasks of the connections say so.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn authorities(&self, certificate: &[u8]) -> Control {
        let certificates = self.authority.certificates().iter().map(|der| der.to_vec()).collect();
        Control::Authorities { certificates, renew: self.authority.is_ending(certificate) }
    }

    /// What an agent is told behind the answer to its hello.
    pub(super) async fn first_words(self: &Arc<Self>, handle: &Handle, known: &Agent) -> Result<Vec<Control>, Refusal> {
        let certificate = handle.certificate().map(|der| der.to_vec()).unwrap_or_default();
        let mut words = vec![self.authorities(&certificate)];
        let group = known.group.clone();
        let policy = ask(self, move |store| store.policy(&group)).await?;
        match policy {
            Some(policy) => {
                words.push(Control::Policy(Policy { group: policy.group, version: policy.version, text: policy.text }));
            }
            // Its group has none, or it changed its group: what it had is taken back.
            None if known.policy_version > 0 => {
                words.push(Control::Policy(Policy { group: known.group.clone(), ..Policy::default() }));
            }
            None => {}
        }
        let agent = known.id.clone();
        let open = ask(self, move |store| store.open_details(&agent)).await?;
        words.extend(open.iter().map(|detail| Control::DetailRequest(detail.request())));
        Ok(words)
    }

    pub(super) fn tell(&self, agent: &AgentId, message: Control) {
        if let Some(entry) = hold(&self.live).get_mut(agent) {
            entry.teller.tell(message);
        }
    }

    pub(super) fn tell_authorities(&self) {
        for entry in hold(&self.live).values_mut() {
            let words = self.authorities(&entry.certificate);
            entry.teller.tell(words);
        }
    }

    pub(super) fn change_group(&self, agent: &AgentId, policy: &Policy) {
        if let Some(entry) = hold(&self.live).get_mut(agent) {
            entry.group.clone_from(&policy.group);
            entry.teller.tell(Control::Policy(policy.clone()));
        }
    }

    pub(super) fn tell_policy(&self, policy: &Policy) {
        for entry in hold(&self.live).values_mut().filter(|entry| entry.group == policy.group) {
            entry.teller.tell(Control::Policy(policy.clone()));
        }
    }
}
