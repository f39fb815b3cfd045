//! One agent's connection: who it is, its hello, its frames.

use super::commit::{Arrival, Greeting, Job, Peer};
use super::{Live, Serving, hold, now};
use crate::identity::agent_of;
use crate::store::{AgentStatus, Sighting, Store, StoreError, postings};
use picket_event::wire::{
    Control, Decoder, FrameKind, HEADER_BYTES, Hello, HelloAnswer, OLDEST_VERSION, Refusal, RefusalCode, VERSION,
    WireError, decode_control, encode_control, open, total_length,
};
use picket_event::{AgentId, Ledger, Timestamp};
use quinn::{Connection, RecvStream, SendStream};
use rustls::pki_types::CertificateDer;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// Longest time from the handshake to the hello.
const HELLO_PATIENCE: Duration = Duration::from_secs(10);

/// Serves a connection whose handshake is done, until it ends.
pub(super) async fn serve(serving: Arc<Serving>, connection: Connection) {
    if let Err(refusal) = attend(&serving, &connection).await {
        let name = format!("{:?}", refusal.code).to_lowercase();
        serving.counts.add(|health| *health.refused.entry(name).or_default() += 1);
        tracing::warn!(address = %connection.remote_address(), "connection ended: {}", refusal.reason);
        connection.close(refusal.code.number().into(), refusal.reason.as_bytes());
    }
}

fn refusal(code: RefusalCode, reason: impl Into<String>) -> Refusal {
    Refusal { code, reason: reason.into(), sequence: 0 }
}

fn busy(e: &StoreError) -> Refusal {
    refusal(RefusalCode::Busy, e.to_string())
}

/// The store blocks on the disk, so it is asked on a thread that may block.
async fn ask<T: Send + 'static>(
    serving: &Arc<Serving>,
    question: impl FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Refusal> {
    let store = serving.store.clone();
    let answer = tokio::task::spawn_blocking(move || question(&*store)).await;
    answer.map_err(|e| refusal(RefusalCode::Busy, e.to_string()))?.map_err(|e| busy(&e))
}

async fn attend(serving: &Arc<Serving>, connection: &Connection) -> Result<(), Refusal> {
    let agent = identify(connection)?;
    let id = agent.clone();
    let known = ask(serving, move |store| store.agent(&id)).await?;
    let known = known.ok_or_else(|| refusal(RefusalCode::Unknown, format!("this collector does not know {agent}")))?;
    if known.status == AgentStatus::Revoked {
        return Err(refusal(RefusalCode::Revoked, format!("{agent} is revoked")));
    }
    // An ordinary end of the connection while it is set up is nobody's fault.
    let Ok(streams) = tokio::time::timeout(HELLO_PATIENCE, connection.accept_bi()).await else {
        return Err(refusal(RefusalCode::Protocol, "no hello came"));
    };
    let Ok((mut send, mut receive)) = streams else { return Ok(()) };
    let hello = tokio::time::timeout(HELLO_PATIENCE, read_hello(&mut receive)).await;
    let hello = hello.map_err(|_| refusal(RefusalCode::Protocol, "no hello came"))??;
    let version = hello.newest.min(VERSION);
    if version < hello.oldest.max(OLDEST_VERSION) {
        let reason = format!(
            "the agent speaks versions {} to {}, this collector {OLDEST_VERSION} to {VERSION}",
            hello.oldest, hello.newest
        );
        return Err(refusal(RefusalCode::Version, reason));
    }
    if !(1..1 << 63).contains(&hello.epoch) {
        return Err(refusal(RefusalCode::Protocol, "the epoch is out of range"));
    }
    let (answer, durable) = oneshot::channel();
    let gone = |_| refusal(RefusalCode::Stopping, "the collector is going down");
    let number = serving.connections.fetch_add(1, Ordering::Relaxed);
    let job = Job::Hello(Greeting { agent: agent.clone(), epoch: hello.epoch, connection: number, answer });
    serving.jobs.send(job).await.map_err(|_| refusal(RefusalCode::Stopping, "the collector is going down"))?;
    let acknowledged = durable.await.map_err(gone)?.map_err(|e| busy(&e))?;
    note(serving, connection, &agent, &hello).await?;
    let answer = HelloAnswer { version, acknowledged, site: known.site.as_str().to_owned(), clock: now().nanos() };
    if write(&mut send, &Control::HelloAnswer(answer)).await.is_err() {
        return Ok(());
    }
    let (out, outgoing) = mpsc::unbounded_channel();
    let (acked, watch) = watch::channel(acknowledged);
    let (site, epoch, acknowledged) = (known.site, hello.epoch, Arc::new(acked));
    let peer = Peer { agent: agent.clone(), site, epoch, connection: number, acknowledged, out };
    serving.enter(&agent, connection);
    let result = converse(serving, connection, &peer, send, receive, outgoing, watch).await;
    serving.leave(&agent, connection);
    // A committer that is gone forgets by itself.
    let _ = serving.jobs.send(Job::Gone { agent, epoch: hello.epoch, connection: number }).await;
    result
}

/// Who the certificate says it is; TLS has verified it.
fn identify(connection: &Connection) -> Result<AgentId, Refusal> {
    let chain = connection.peer_identity().and_then(|any| any.downcast::<Vec<CertificateDer<'static>>>().ok());
    let agent = chain.and_then(|chain| chain.first().and_then(agent_of));
    agent.ok_or_else(|| refusal(RefusalCode::Unknown, "the certificate names no agent"))
}

async fn read_hello(receive: &mut RecvStream) -> Result<Hello, Refusal> {
    let fault = |why: String| refusal(RefusalCode::Protocol, format!("hello: {why}"));
    let frame = read_frame(receive).await.map_err(fault)?.ok_or_else(|| fault("none".to_owned()))?;
    let (messages, _) = decode_control(&frame).map_err(|e| fault(e.to_string()))?;
    match messages.into_iter().next() {
        Some(Control::Hello(hello)) => Ok(hello),
        _ => Err(fault("another message came first".to_owned())),
    }
}

async fn note(serving: &Arc<Serving>, connection: &Connection, agent: &AgentId, hello: &Hello) -> Result<(), Refusal> {
    let at = now().nanos();
    let bounded = |text: &str| text.chars().filter(|c| !c.is_control()).take(64).collect::<String>();
    let sighting = Sighting {
        at,
        address: connection.remote_address().to_string(),
        release: bounded(&hello.release),
        bundle: bounded(&hello.bundle),
        clock_offset: hello.clock.saturating_sub(at),
    };
    let agent = agent.clone();
    ask(serving, move |store| match store.saw(&agent, &sighting) {
        // A full disk must not keep agents from being told so.
        Err(e) if e.is_passing() => Ok(()),
        other => other,
    })
    .await
}

/// Control and event streams side by side; the first that ends ends all.
async fn converse(
    serving: &Arc<Serving>,
    connection: &Connection,
    peer: &Peer,
    send: SendStream,
    receive: RecvStream,
    outgoing: mpsc::UnboundedReceiver<Control>,
    acknowledged: watch::Receiver<u64>,
) -> Result<(), Refusal> {
    tokio::select! {
        result = control_in(serving, peer, receive) => result,
        result = control_out(peer.epoch, send, outgoing, acknowledged) => result,
        result = events_in(serving, connection, peer) => result,
        _ = connection.closed() => Ok(()),
    }
}

async fn control_in(serving: &Arc<Serving>, peer: &Peer, mut receive: RecvStream) -> Result<(), Refusal> {
    loop {
        let frame = match read_frame(&mut receive).await {
            Ok(Some(frame)) => frame,
            // The agent is done speaking; its last frames may still be on their way.
            Ok(None) => return std::future::pending().await,
            Err(_) => return Ok(()),
        };
        let fault = |e: WireError| refusal(RefusalCode::Frame, format!("control message: {e}"));
        let (messages, unknown) = decode_control(&frame).map_err(fault)?;
        serving.counts.add(|health| health.unknown_records += u64::from(unknown));
        for message in messages {
            match message {
                Control::Ledger(ledger) => keep_ledger(serving, peer, *ledger).await?,
                Control::Renewal(csr) => renew(serving, peer, csr).await?,
                _ => serving.counts.add(|health| health.unknown_records += 1),
            }
        }
    }
}

async fn keep_ledger(serving: &Arc<Serving>, peer: &Peer, ledger: Ledger) -> Result<(), Refusal> {
    let agent = peer.agent.clone();
    ask(serving, move |store| match store.put_ledger(&agent, now().nanos(), &ledger) {
        // The next ledger says the same and more.
        Err(e) if e.is_passing() => Ok(()),
        other => other,
    })
    .await
}

async fn renew(serving: &Arc<Serving>, peer: &Peer, csr: Vec<u8>) -> Result<(), Refusal> {
    let (authority, lifetime, agent) = (serving.authority.clone(), serving.certificate_lifetime, peer.agent.clone());
    let seconds = now().seconds();
    let signed = authority.sign_agent(&csr, &agent, seconds, lifetime);
    let (certificate, key) = signed.map_err(|e| refusal(RefusalCode::Protocol, format!("renewal: {e}")))?;
    let until = now().plus(lifetime).nanos();
    let (id, name) = (agent.clone(), agent);
    let same = ask(serving, move |store| {
        let same = store.agent(&id)?.is_some_and(|known| known.key == key && known.status == AgentStatus::Active);
        if same {
            store.renewed(&id, until)?;
        }
        Ok(same)
    })
    .await?;
    if !same {
        return Err(refusal(RefusalCode::Protocol, format!("renewal of {name} with another key")));
    }
    // A connection that ended meanwhile renews again when it is back.
    let message = Control::Certificate { certificate: certificate.to_vec(), not_after: until / 1_000_000_000 };
    let _ = peer.out.send(message);
    Ok(())
}

async fn control_out(
    epoch: u64,
    mut send: SendStream,
    mut outgoing: mpsc::UnboundedReceiver<Control>,
    mut acknowledged: watch::Receiver<u64>,
) -> Result<(), Refusal> {
    loop {
        let message = tokio::select! {
            changed = acknowledged.changed() => match changed {
                Ok(()) => Control::Ack { epoch, acknowledged: *acknowledged.borrow_and_update() },
                Err(_) => return Ok(()),
            },
            message = outgoing.recv() => match message {
                Some(Control::Refusal(refusal)) => return tell_refusal(&mut send, refusal).await,
                Some(message) => message,
                None => return Ok(()),
            },
        };
        if write(&mut send, &message).await.is_err() {
            return Ok(());
        }
    }
}

/// The reason travels as a message too, because it names the frame; the close code alone may arrive first.
async fn tell_refusal(send: &mut SendStream, refusal: Refusal) -> Result<(), Refusal> {
    // The close that follows carries the same reason.
    let _ = write(send, &Control::Refusal(refusal.clone())).await;
    let _ = send.finish();
    let _ = tokio::time::timeout(Duration::from_millis(500), send.stopped()).await;
    Err(refusal)
}

async fn write(send: &mut SendStream, message: &Control) -> Result<(), ()> {
    let frame = encode_control(message).map_err(|_| ())?;
    send.write_all(&frame.bytes).await.map_err(|_| ())
}

async fn events_in(serving: &Arc<Serving>, connection: &Connection, peer: &Peer) -> Result<(), Refusal> {
    let mut decoder = Decoder::new().map_err(|e| refusal(RefusalCode::Busy, e.to_string()))?;
    while let Ok(mut stream) = connection.accept_uni().await {
        loop {
            let frame = match read_frame(&mut stream).await {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                Err(why) if connection.close_reason().is_some() => {
                    tracing::debug!("{}: {why}", peer.agent);
                    return Ok(());
                }
                Err(why) => return Err(refusal(RefusalCode::Frame, why)),
            };
            match arrival(serving, peer, &mut decoder, frame) {
                Ok(arrival) => {
                    if serving.jobs.send(Job::Frame(Box::new(arrival))).await.is_err() {
                        return Err(refusal(RefusalCode::Stopping, "the collector is going down"));
                    }
                }
                Err(refused) => {
                    // Sent through the control stream, which ends the conversation.
                    let _ = peer.out.send(Control::Refusal(refused));
                    return std::future::pending().await;
                }
            }
        }
    }
    Ok(())
}

/// Checks a frame whole before it may wait for the committer.
fn arrival(serving: &Serving, peer: &Peer, decoder: &mut Decoder, bytes: Vec<u8>) -> Result<Arrival, Refusal> {
    let fault = |sequence: u64, e: WireError| Refusal {
        code: RefusalCode::Frame,
        reason: format!("frame at sequence {sequence}: {e}"),
        sequence,
    };
    let (header, _) = open(&bytes).map_err(|e| fault(0, e))?;
    let (received, peer) = (now(), peer.clone());
    match header.kind {
        FrameKind::Control => Err(refusal(RefusalCode::Protocol, "a control message on an event stream")),
        FrameKind::Gap => {
            Ok(Arrival { peer, header, received, bytes: Vec::new(), postings: Vec::new(), events: Vec::new() })
        }
        FrameKind::Events => {
            let decoded = decoder.events(&bytes).map_err(|e| fault(header.first, e))?;
            if decoded.unknown > 0 || decoded.malformed > 0 {
                serving.counts.add(|health| {
                    health.unknown_records += u64::from(decoded.unknown);
                    health.malformed_records += u64::from(decoded.malformed);
                });
            }
            let postings = postings(decoded.events.iter().map(|(_, event)| event));
            Ok(Arrival { peer, header, received, bytes, postings, events: decoded.events })
        }
    }
}

/// Reads the next whole frame; `None` at the end of the stream. The length is checked before memory is taken.
async fn read_frame(stream: &mut RecvStream) -> Result<Option<Vec<u8>>, String> {
    let mut header = [0u8; HEADER_BYTES];
    match stream.read_exact(&mut header).await {
        Ok(()) => {}
        Err(quinn::ReadExactError::FinishedEarly(0)) => return Ok(None),
        Err(e) => return Err(e.to_string()),
    }
    let total = total_length(&header).map_err(|e| e.to_string())?;
    let mut frame = vec![0u8; total];
    let (head, body) = frame.split_at_mut(HEADER_BYTES);
    head.copy_from_slice(&header);
    stream.read_exact(body).await.map_err(|e| e.to_string())?;
    Ok(Some(frame))
}

impl Serving {
    /// Enters a connection; one that the same agent had before ends, and both addresses are named.
    fn enter(&self, agent: &AgentId, connection: &Connection) {
        let live = Live { agent: agent.clone(), address: connection.remote_address(), since: now().nanos() };
        let before = hold(&self.live).insert(agent.clone(), (live, connection.clone()));
        if let Some((before, old)) = before {
            let (from, to) = (before.address, connection.remote_address());
            tracing::warn!(%agent, %from, %to, "the agent connected again; the older connection ends");
            old.close(RefusalCode::Replaced.number().into(), b"the same agent connected again");
        }
    }

    fn leave(&self, agent: &AgentId, connection: &Connection) {
        let mut live = hold(&self.live);
        if live.get(agent).is_some_and(|(_, held)| held.stable_id() == connection.stable_id()) {
            live.remove(agent);
        }
    }
}

/// The present, for the modules of ingest.
pub(super) fn clock() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
