//! One agent's connection: who it is, its hello, its frames.

use super::asked;
use super::commit::{Arrival, Greeting, Job, Peer};
use super::link::{Handle, Reader, Unsent, Writer, read_frame};
use super::roster::Teller;
use super::{Serving, hold, now};
use crate::identity::{agent_of, key_of};
use crate::store::{Agent, AgentStatus, Sighting, Store, StoreError, postings};
use picket_event::wire::{
    Control, Decoded, Decoder, FrameKind, Held, Hello, HelloAnswer, HostNote, OLDEST_VERSION, PolicyAnswer,
    PolicyOutcome, Refusal, RefusalCode, VERSION, WireError, decode_control, open,
};
use picket_event::{AgentId, Ledger, Timestamp};
use quinn::Connection;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot, watch};

/// Longest time from the handshake to the hello.
const HELLO_PATIENCE: Duration = Duration::from_secs(10);
/// Longest wait for a refusal to be taken.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// Decoders kept for the next frames.
const DECODERS: usize = 16;

/// Serves a connection whose handshake is done, until it ends. Over QUIC the agent opens the control stream first.
pub(super) async fn serve(serving: Arc<Serving>, handle: Handle, streams: Option<(Reader, Writer)>) {
    let (mut reader, mut writer) = match (streams, &handle) {
        (Some(streams), _) => streams,
        (None, Handle::Quic(connection)) => {
            match tokio::time::timeout(HELLO_PATIENCE, connection.accept_bi()).await {
                Ok(Ok((send, receive))) => (Box::new(receive) as Reader, Writer::Quic(send)),
                // An ordinary end of the connection while it is set up is nobody's fault: the agent only looked
                // whether UDP passes.
                Ok(Err(_)) => return,
                Err(_) => return handle.close(RefusalCode::Protocol, "no hello came"),
            }
        }
        (None, Handle::Tcp(_)) => return,
    };
    if let Err(refusal) = attend(&serving, &handle, &mut reader, &mut writer).await {
        serving.counts.refused(&format!("{:?}", refusal.code).to_lowercase());
        tracing::warn!(address = %handle.address(), "connection ended: {}", refusal.reason);
        handle.refuse(&mut writer, &refusal).await;
        drain(&handle, &mut reader).await;
    }
}

/// Takes what an agent still sends over TCP: bytes that are left unread when a socket is closed throw away what was
/// said last.
async fn drain(handle: &Handle, reader: &mut Reader) {
    if let Handle::Tcp(_) = handle {
        let rest = async { while let Ok(Some(_)) = read_frame(reader).await {} };
        let _ = tokio::time::timeout(Duration::from_millis(500), rest).await;
    }
}

pub(super) fn refusal(code: RefusalCode, reason: impl Into<String>) -> Refusal {
    Refusal { code, reason: reason.into(), sequence: 0 }
}

fn busy(e: &StoreError) -> Refusal {
    refusal(RefusalCode::Busy, e.to_string())
}

/// The store blocks on the disk, so it is asked on a thread that may block.
pub(super) async fn ask<T: Send + 'static>(
    serving: &Arc<Serving>,
    question: impl FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Refusal> {
    let store = serving.store.clone();
    let answer = tokio::task::spawn_blocking(move || question(&*store)).await;
    answer.map_err(|e| refusal(RefusalCode::Busy, e.to_string()))?.map_err(|e| busy(&e))
}

async fn attend(
    serving: &Arc<Serving>,
    handle: &Handle,
    reader: &mut Reader,
    writer: &mut Writer,
) -> Result<(), Refusal> {
    let known = admit(serving, handle).await?;
    let agent = known.id.clone();
    let hello = tokio::time::timeout(HELLO_PATIENCE, read_hello(reader)).await;
    let (hello, host) = hello.map_err(|_| refusal(RefusalCode::Protocol, "no hello came"))??;
    let version = version(&hello)?;
    let (answer, durable) = oneshot::channel();
    let gone = |_| refusal(RefusalCode::Stopping, "the collector is going down");
    let number = serving.connections.fetch_add(1, Ordering::Relaxed);
    let job = Job::Hello(Greeting { agent: agent.clone(), epoch: hello.epoch, connection: number, answer });
    serving.jobs.send(job).await.map_err(|_| refusal(RefusalCode::Stopping, "the collector is going down"))?;
    let held = durable.await.map_err(gone)?.map_err(|e| busy(&e))?;
    note(serving, handle, &agent, &hello, host.as_ref()).await?;
    let site = known.site.as_str().to_owned();
    let answer = HelloAnswer { version, acknowledged: held.all(), site, clock: now().nanos() };
    // The ranges first: with the answer the agent begins to send.
    let ahead = Control::Ahead { epoch: hello.epoch, ranges: held.ahead().to_vec() };
    if writer.send(&[ahead, Control::HelloAnswer(answer)], serving.idle).await.is_err() {
        return Ok(());
    }
    let (out, outgoing) = mpsc::unbounded_channel();
    let (acked, watch) = watch::channel(held);
    let (site, epoch, acknowledged) = (known.site.clone(), hello.epoch, Arc::new(acked));
    let teller = Teller::new(out.clone());
    let peer =
        Peer { agent: agent.clone(), site, epoch, connection: number, acknowledged, out, teller: teller.clone() };
    serving.first_words(handle, &known).await?.into_iter().for_each(|message| teller.tell(message));
    serving.enter(&known, handle, host.as_ref(), &teller).await;
    // Who was revoked between the first look and the entry would otherwise stay.
    let result = match admit(serving, handle).await {
        Ok(_) => converse(serving, handle, &peer, (reader, writer), (outgoing, watch, &teller)).await,
        Err(refusal) => Err(refusal),
    };
    serving.leave(&agent, handle);
    // A committer that is gone forgets by itself.
    let _ = serving.jobs.send(Job::Gone { agent, epoch: hello.epoch, connection: number }).await;
    result
}

/// Who the certificate says it is (TLS has verified it), and whether that one may connect.
async fn admit(serving: &Arc<Serving>, handle: &Handle) -> Result<Agent, Refusal> {
    let certificate = handle.certificate();
    let named = certificate.as_ref().and_then(|certificate| Some((agent_of(certificate)?, key_of(certificate)?)));
    let (agent, key) = named.ok_or_else(|| refusal(RefusalCode::Unknown, "the certificate names no agent"))?;
    let id = agent.clone();
    let known = ask(serving, move |store| store.agent(&id)).await?;
    let known = known.ok_or_else(|| refusal(RefusalCode::Unknown, format!("this collector does not know {agent}")))?;
    if known.key != key {
        let reason = format!("the key is not the one {agent} enrolled with last: un-enrol this host and enrol it anew");
        return Err(refusal(RefusalCode::Unknown, reason));
    }
    match known.status {
        AgentStatus::Active => Ok(known),
        AgentStatus::Revoked => Err(refusal(RefusalCode::Revoked, format!("{agent} is revoked"))),
        AgentStatus::Rejected => Err(refusal(RefusalCode::Revoked, format!("{agent} was rejected"))),
        AgentStatus::Left => Err(refusal(RefusalCode::Unknown, format!("{agent} gave its identity up"))),
        AgentStatus::Pending => {
            let reason = format!("{agent} waits for approval: `picket-collector agents approve {agent}`");
            Err(refusal(RefusalCode::Pending, reason))
        }
    }
}

fn version(hello: &Hello) -> Result<u8, Refusal> {
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
    Ok(version)
}

async fn read_hello(reader: &mut Reader) -> Result<(Hello, Option<HostNote>), Refusal> {
    let fault = |why: String| refusal(RefusalCode::Protocol, format!("hello: {why}"));
    let frame = read_frame(reader).await.map_err(fault)?.ok_or_else(|| fault("none".to_owned()))?;
    let (messages, _) = decode_control(&frame).map_err(|e| fault(e.to_string()))?;
    let mut messages = messages.into_iter();
    let Some(Control::Hello(hello)) = messages.next() else {
        return Err(fault("another message came first".to_owned()));
    };
    let host = messages.find_map(|message| match message {
        Control::Host(host) => Some(host),
        _ => None,
    });
    Ok((hello, host))
}

/// What an agent says of itself, short and on one line.
fn bounded(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(64).collect()
}

/// An agent's words on its host as they are kept.
pub(super) fn kept(host: &HostNote) -> crate::store::HostNote {
    crate::store::HostNote { name: bounded(&host.name), machine: bounded(&host.machine), boot: bounded(&host.boot) }
}

async fn note(
    serving: &Arc<Serving>,
    handle: &Handle,
    agent: &AgentId,
    hello: &Hello,
    host: Option<&HostNote>,
) -> Result<(), Refusal> {
    let at = now().nanos();
    let sighting = Sighting {
        at,
        address: handle.address().to_string(),
        transport: handle.transport(),
        host: host.map(kept),
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

/// Everything the agent and the collector say side by side; the first that ends ends all.
async fn converse(
    serving: &Arc<Serving>,
    handle: &Handle,
    peer: &Peer,
    (reader, writer): (&mut Reader, &mut Writer),
    out: (mpsc::UnboundedReceiver<Control>, watch::Receiver<Held>, &Teller),
) -> Result<(), Refusal> {
    let beat = Notify::new();
    let out = control_out(serving, peer.epoch, writer, out, &beat);
    match handle {
        Handle::Quic(connection) => tokio::select! {
            result = control_in(serving, peer, reader, &beat) => result,
            result = out => result,
            result = events_in(serving, connection, peer) => result,
            result = handle.closed() => result,
        },
        Handle::Tcp(_) => tokio::select! {
            result = all_in(serving, peer, reader, &beat) => result,
            result = out => result,
            result = handle.closed() => result,
        },
    }
}

async fn control_in(serving: &Arc<Serving>, peer: &Peer, reader: &mut Reader, beat: &Notify) -> Result<(), Refusal> {
    loop {
        let frame = match read_frame(reader).await {
            Ok(Some(frame)) => frame,
            // The agent is done speaking; its last frames may still be on their way.
            Ok(None) => return std::future::pending().await,
            Err(_) => return Ok(()),
        };
        control_frame(serving, peer, &frame, beat).await?;
    }
}

/// Frames of every kind from one stream.
async fn all_in(serving: &Arc<Serving>, peer: &Peer, reader: &mut Reader, beat: &Notify) -> Result<(), Refusal> {
    loop {
        let frame = match tokio::time::timeout(serving.idle, read_frame(reader)).await {
            Ok(Ok(Some(frame))) => frame,
            Ok(Ok(None)) => return Ok(()),
            Ok(Err(why)) => return Err(refusal(RefusalCode::Frame, why)),
            Err(_) => {
                let reason = format!("nothing came for {} s", serving.idle.as_secs());
                return Err(refusal(RefusalCode::Protocol, reason));
            }
        };
        if open(&frame).is_ok_and(|(header, _)| header.kind == FrameKind::Control) {
            control_frame(serving, peer, &frame, beat).await?;
        } else {
            let arrival = arrival(serving, peer, frame)?;
            submit(serving, arrival).await?;
        }
    }
}

async fn control_frame(serving: &Arc<Serving>, peer: &Peer, frame: &[u8], beat: &Notify) -> Result<(), Refusal> {
    let fault = |e: WireError| refusal(RefusalCode::Frame, format!("control message: {e}"));
    let (messages, unknown) = decode_control(frame).map_err(fault)?;
    serving.counts.add(|health| health.unknown_records += u64::from(unknown));
    for message in messages {
        match message {
            Control::Ledger(ledger) => keep_ledger(serving, peer, *ledger).await?,
            Control::Renewal(csr) => renew(serving, peer, csr).await?,
            Control::PolicyAnswer(answer) => keep_answer(serving, peer, &answer).await?,
            Control::DetailPart(part) => asked::part(serving, peer, part).await?,
            Control::DetailAnswer(answer) => asked::answer(serving, peer, answer).await?,
            Control::BundleWant(want) => asked::bundle(serving, peer, want).await?,
            Control::Beat => beat.notify_one(),
            _ => serving.counts.add(|health| health.unknown_records += 1),
        }
    }
    Ok(())
}

async fn keep_answer(serving: &Arc<Serving>, peer: &Peer, answer: &PolicyAnswer) -> Result<(), Refusal> {
    let word = match answer.outcome {
        PolicyOutcome::Applied => "applied",
        PolicyOutcome::Partly => "partly",
        PolicyOutcome::Refused => "refused",
        PolicyOutcome::RolledBack => "rolled back",
    };
    let words: Vec<String> = answer.words.iter().take(32).map(|words| bounded_sentence(words)).collect();
    let state = if words.is_empty() { word.to_owned() } else { format!("{word}: {}", words.join("; ")) };
    let (agent, version) = (peer.agent.clone(), answer.version);
    tracing::info!(%agent, version, "policy {state}");
    ask(serving, move |store| match store.put_policy_answer(&agent, version, &state) {
        Err(e) if e.is_passing() => Ok(()),
        other => other,
    })
    .await
}

pub(super) fn bounded_sentence(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(256).collect()
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
    serving: &Serving,
    epoch: u64,
    writer: &mut Writer,
    (mut outgoing, mut acknowledged, teller): (mpsc::UnboundedReceiver<Control>, watch::Receiver<Held>, &Teller),
    beat: &Notify,
) -> Result<(), Refusal> {
    loop {
        let messages = tokio::select! {
            changed = acknowledged.changed() => match changed {
                Ok(()) => acknowledgement(epoch, &acknowledged.borrow_and_update()),
                Err(_) => return Ok(()),
            },
            message = outgoing.recv() => match message {
                Some(Control::Refusal(refusal)) => return tell_refusal(writer, refusal).await,
                Some(message) => {
                    teller.sent(&message);
                    vec![message]
                }
                None => return Ok(()),
            },
            () = beat.notified() => vec![Control::Beat],
        };
        match writer.send(&messages, serving.idle).await {
            Ok(()) => {}
            Err(Unsent::Gone) => return Ok(()),
            Err(Unsent::NotRead) => {
                let reason = format!("nothing was read for {} s", serving.idle.as_secs());
                return Err(refusal(RefusalCode::Protocol, reason));
            }
        }
    }
}

/// What is durable. A release that knows no ranges reads as far as there are none.
fn acknowledgement(epoch: u64, held: &Held) -> Vec<Control> {
    let ranges = held.ahead().to_vec();
    let ahead = (!ranges.is_empty()).then_some(Control::Ahead { epoch, ranges });
    std::iter::once(Control::Ack { epoch, acknowledged: held.all() }).chain(ahead).collect()
}

/// The reason travels as a message too, because it names the frame; over QUIC the close code alone may arrive first.
async fn tell_refusal(writer: &mut Writer, refusal: Refusal) -> Result<(), Refusal> {
    if let Writer::Quic(_) = writer {
        // The close that follows carries the same reason.
        let _ = writer.send(&[Control::Refusal(refusal.clone())], LAST_WORDS).await;
        writer.finish().await;
    }
    Err(refusal)
}

async fn events_in(serving: &Arc<Serving>, connection: &Connection, peer: &Peer) -> Result<(), Refusal> {
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
            match arrival(serving, peer, frame) {
                Ok(arrival) => submit(serving, arrival).await?,
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

async fn submit(serving: &Serving, arrival: Arrival) -> Result<(), Refusal> {
    let sent = serving.jobs.send(Job::Frame(Box::new(arrival))).await;
    sent.map_err(|_| refusal(RefusalCode::Stopping, "the collector is going down"))
}

/// Decoders are lent: an idle connection holds none, and there are never more than threads at work.
fn decode(serving: &Serving, bytes: &[u8]) -> Result<Decoded, WireError> {
    let lent = hold(&serving.decoders).pop();
    let mut decoder = lent.map_or_else(Decoder::new, Ok)?;
    let decoded = decoder.events(bytes);
    let mut decoders = hold(&serving.decoders);
    if decoders.len() < DECODERS {
        decoders.push(decoder);
    }
    decoded
}

/// Checks a frame whole before it may wait for the committer.
fn arrival(serving: &Serving, peer: &Peer, bytes: Vec<u8>) -> Result<Arrival, Refusal> {
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
            let decoded = decode(serving, &bytes).map_err(|e| fault(header.first, e))?;
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

/// The present, for the modules of ingest.
pub(super) fn clock() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
