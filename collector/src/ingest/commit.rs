//! The committer: one thread that owns the order of the log.

use super::machine::{Machine, Offer};
use super::roster::Teller;
use super::{Counts, hold};
use crate::store::{AcceptedFrame, Batch, Position, Store, StoreError};
use picket_event::wire::{Control, FrameKind, Header, Held, Refusal, RefusalCode};
use picket_event::{AgentId, Envelope, Event, Site, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// Frames and events of one commit at most: enough to share the flush, few enough to keep acknowledgements quick.
const COMMIT_FRAMES: usize = 256;
const COMMIT_EVENTS: usize = 20_000;
/// Wait between attempts while the store takes nothing.
const RETRY: Duration = Duration::from_millis(500);

/// The committer's side of a connection.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub(super) agent: AgentId,
    pub(super) site: Site,
    pub(super) epoch: u64,
    /// Which of the agent's connections this is; frames of an older one come too late.
    pub(super) connection: u64,
    /// The durable sequences, for the task that writes acknowledgements.
    pub(super) acknowledged: Arc<watch::Sender<Held>>,
    /// Other messages to the agent; a refusal ends the connection.
    pub(super) out: mpsc::UnboundedSender<Control>,
    /// The same for what the agent may ask for as often as it likes.
    pub(super) teller: Teller,
}

/// A checked frame.
pub(super) struct Arrival {
    pub(super) peer: Peer,
    pub(super) header: Header,
    pub(super) received: Timestamp,
    pub(super) bytes: Vec<u8>,
    pub(super) postings: Vec<crate::store::Posting>,
    pub(super) events: Vec<(u64, Event)>,
}

/// A hello waiting for its answer.
pub(super) struct Greeting {
    pub(super) agent: AgentId,
    pub(super) epoch: u64,
    pub(super) connection: u64,
    pub(super) answer: oneshot::Sender<Result<Held, StoreError>>,
}

/// What connections ask of the committer.
pub(super) enum Job {
    /// How far is this epoch durable?
    Hello(Greeting),
    /// A frame came.
    Frame(Box<Arrival>),
    /// The connection ended.
    Gone { agent: AgentId, epoch: u64, connection: u64 },
}

pub(super) struct Committer {
    pub(super) store: Arc<dyn Store>,
    pub(super) engine: SyncSender<Batch>,
    pub(super) counts: Arc<Counts>,
    pub(super) machine: Machine,
    /// The newest connection of each agent and epoch.
    pub(super) current: BTreeMap<(AgentId, u64), u64>,
}

/// What one commit holds.
#[derive(Default)]
struct Staged {
    frames: Vec<AcceptedFrame>,
    events: Vec<Vec<Envelope>>,
    /// Whom to acknowledge; also those whose frames had come before.
    peers: BTreeMap<(AgentId, u64), Peer>,
    /// Answered after the commit: the answer must count what an older connection brought just before.
    hellos: Vec<Greeting>,
    count: usize,
    touched: usize,
}

impl Committer {
    /// Runs until every connection and the ingest itself have let go of the queue.
    pub(super) fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(job) = jobs.blocking_recv() {
            let mut staged = Staged::default();
            self.take(job, &mut staged);
            while staged.touched < COMMIT_FRAMES && staged.count < COMMIT_EVENTS {
                match jobs.try_recv() {
                    Ok(job) => self.take(job, &mut staged),
                    Err(_) => break,
                }
            }
            let hellos = std::mem::take(&mut staged.hellos);
            self.commit(staged);
            hellos.into_iter().for_each(|hello| self.greet(hello));
        }
    }

    fn greet(&mut self, hello: Greeting) {
        let Greeting { agent, epoch, answer, .. } = hello;
        let durable = match self.machine.durable(&agent, epoch) {
            Some(durable) => Ok(durable.clone()),
            None => self.store.held(&agent, epoch),
        };
        if let Ok(durable) = &durable {
            self.machine.load(&agent, epoch, durable);
        }
        // A connection that ended meanwhile needs no answer.
        let _ = answer.send(durable);
    }

    fn take(&mut self, job: Job, staged: &mut Staged) {
        match job {
            Job::Hello(hello) => {
                // From here on, what still comes over an older connection of this agent is left out: the agent may
                // say otherwise over the new one, once it is answered.
                self.current.insert((hello.agent.clone(), hello.epoch), hello.connection);
                staged.hellos.push(hello);
            }
            Job::Gone { agent, epoch, connection } => {
                let key = (agent, epoch);
                if self.current.get(&key) == Some(&connection) {
                    self.current.remove(&key);
                    self.machine.forget(&key.0, epoch);
                }
            }
            Job::Frame(arrival) => self.offer(*arrival, staged),
        }
    }

    fn offer(&mut self, arrival: Arrival, staged: &mut Staged) {
        let Arrival { peer, header, received, bytes, postings, events } = arrival;
        staged.touched += 1;
        if self.current.get(&(peer.agent.clone(), peer.epoch)) != Some(&peer.connection) {
            return;
        }
        match self.machine.offer(&peer.agent, peer.epoch, &header) {
            Offer::Take if header.kind == FrameKind::Gap => {
                self.counts.add(|health| health.gaps += u64::from(header.count));
            }
            Offer::Take => {
                staged.count += events.len();
                let (agent, site, epoch) = (&peer.agent, &peer.site, peer.epoch);
                let envelope =
                    |(sequence, event)| Envelope { agent: agent.clone(), site: site.clone(), epoch, sequence, event };
                staged.events.push(events.into_iter().map(envelope).collect());
                let (first, count, class) = (header.first, header.count, header.class);
                let agent = agent.clone();
                staged.frames.push(AcceptedFrame { agent, epoch, first, count, class, received, bytes, postings });
            }
            Offer::Duplicate => self.counts.add(|health| health.duplicates += 1),
            Offer::OutOfOrder { expected } => {
                let reason = format!("sequence {expected} should have come, {} did", header.first);
                let refusal = Refusal { code: RefusalCode::Sequence, reason, sequence: 0 };
                // A connection that ended meanwhile needs no refusal.
                let _ = peer.out.send(Control::Refusal(refusal));
                return;
            }
        }
        staged.peers.insert((peer.agent.clone(), peer.epoch), peer);
    }

    fn commit(&mut self, staged: Staged) {
        if staged.peers.is_empty() {
            return;
        }
        let positions: Vec<Position> = self.machine.staged();
        let rows = if positions.is_empty() { Some(Vec::new()) } else { self.store_all(&staged.frames, &positions) };
        // Stopped before the store took them: nothing is acknowledged, the agents still have them.
        let Some(rows) = rows else { return self.machine.aborted() };
        self.machine.committed();
        self.counts.add(|health| {
            health.commits += 1;
            health.frames += staged.frames.len() as u64;
            health.events += staged.count as u64;
            health.bytes += staged.frames.iter().map(|frame| frame.bytes.len() as u64).sum::<u64>();
        });
        for ((agent, epoch), peer) in &staged.peers {
            if let Some(durable) = self.machine.durable(agent, *epoch) {
                peer.acknowledged.send_replace(durable.clone());
            }
        }
        for ((row, frame), events) in rows.into_iter().zip(&staged.frames).zip(staged.events) {
            // An engine that is gone means that the collector is ending; the log has everything.
            let _ = self.engine.send(Batch { row, received: frame.received, events, unreadable: None });
        }
    }

    /// Stores, however long it takes: nothing is acknowledged meanwhile, and agents hold what they have.
    fn store_all(&self, frames: &[AcceptedFrame], positions: &[Position]) -> Option<Vec<i64>> {
        loop {
            match self.store.commit(frames, positions) {
                Ok(rows) => {
                    if hold(&self.counts.health).stalled.take().is_some() {
                        tracing::info!("the store takes events again");
                    }
                    return Some(rows);
                }
                Err(e) => {
                    let mut health = hold(&self.counts.health);
                    if health.stalled.is_none() {
                        tracing::error!("not acknowledging events: {e}");
                    }
                    health.stalled = Some(e.to_string());
                }
            }
            if self.counts.is_stopping() {
                return None;
            }
            std::thread::sleep(RETRY);
        }
    }
}
