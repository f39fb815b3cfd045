//! A connection with its hello said: what is heard over it, and what is said beside events.

use super::client::Client;
use super::path::Transport;
use super::run::Settings;
use super::shared::Shared;
use super::stream::{Answers, Wire, read_frame};
use crate::enrol::Identity;
use picket_event::wire::{
    Control, Frame, Hello, OLDEST_VERSION, Refusal, RefusalCode, VERSION, WireError, decode_control, encode_control,
    encode_controls,
};
use quinn::{Connection, ConnectionError};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc;

/// Over TCP, a sign of life is sent this often, as QUIC does by itself ...
const BEAT: Duration = Duration::from_secs(10);
/// ... and a connection over which nothing is heard for so long is dead.
const SILENCE: Duration = Duration::from_secs(30);

/// A request for a certificate that was not answered is repeated after so long.
const ASK_AGAIN: Duration = Duration::from_secs(3_600);

/// A message from the collector, or the end of the connection.
pub(super) enum Heard {
    Message(Control),
    /// Why, and whether a certificate was refused.
    Closed(String, bool),
}

pub(super) struct Session {
    pub(super) wire: Wire,
    pub(super) transport: Transport,
    pub(super) heard: mpsc::Receiver<Heard>,
    counted: u64,
    /// When a new certificate was asked for, until it came.
    asked: Option<Instant>,
    beaten: Instant,
    pub(super) heard_at: Instant,
}

/// Says the hello over a new connection and begins to listen.
pub(super) async fn greet(
    mut wire: Wire,
    transport: Transport,
    client: &Client,
    shared: &Shared,
    settings: &Settings,
) -> Result<Session, String> {
    let (epoch, next) = {
        let spool = shared.spool();
        (spool.machine().epoch(), spool.machine().next())
    };
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let hello = Control::Hello(Hello {
        oldest: OLDEST_VERSION,
        newest: VERSION,
        agent: settings.identity.agent.clone(),
        release: env!("CARGO_PKG_VERSION").to_owned(),
        bundle: settings.bundle.clone(),
        clock: i64::try_from(clock.as_nanos()).unwrap_or(i64::MAX),
        epoch,
        next,
    });
    let frame = encode_controls(&[hello, Control::Host(settings.host.clone())]).map_err(|e| e.to_string())?;
    wire.control(&frame.bytes).await?;
    let (tell, heard) = mpsc::channel(64);
    let answers = wire.answers().ok_or("the connection was used before")?;
    tokio::spawn(listen(answers, wire.connection(), client.clone(), tell));
    let now = Instant::now();
    Ok(Session { wire, transport, heard, counted: 0, asked: None, beaten: now, heard_at: now })
}

async fn listen(mut answers: Answers, watched: Option<Connection>, client: Client, tell: mpsc::Sender<Heard>) {
    let (mut why, mut trouble) = ("the collector ended the connection".to_owned(), None);
    loop {
        match read_frame(&mut answers).await {
            Ok(Some(frame)) => match decode_control(&frame) {
                Ok((messages, _)) => {
                    for message in messages {
                        if tell.send(Heard::Message(message)).await.is_err() {
                            return;
                        }
                    }
                }
                Err(e) => {
                    why = format!("the collector's message: {e}");
                    break;
                }
            },
            Ok(None) => break,
            Err(e) => {
                trouble = client.tcp_trouble(&e);
                why = e.to_string();
                break;
            }
        }
    }
    if let Some(reason) = watched.and_then(|watched| watched.close_reason()) {
        why = reason.to_string();
        trouble = client.quic_trouble(&reason);
        if let ConnectionError::ApplicationClosed(close) = &reason
            && let Some(code) = RefusalCode::from_number(close.error_code.into_inner())
        {
            let reason = String::from_utf8_lossy(&close.reason).into_owned();
            let _ = tell.send(Heard::Message(Control::Refusal(Refusal { code, reason, sequence: 0 }))).await;
        }
    }
    let refused = trouble.is_some();
    // Nobody listens when the session was given up.
    let _ = tell.send(Heard::Closed(trouble.unwrap_or(why), refused)).await;
}

impl Session {
    pub(super) async fn send(&mut self, message: &Control) -> Result<(), String> {
        let Frame { bytes, .. } = encode_control(message).map_err(|e: WireError| e.to_string())?;
        self.wire.control(&bytes).await
    }

    /// What an agent says beside its events: its ledger, its answer to a policy, packets that were asked for, which bundle it
    /// wants, in time that its certificate ends, and over TCP that it lives.
    pub(super) async fn say_more(&mut self, shared: &Shared, identity: &Identity) -> Result<(), String> {
        let ledger = shared.out().ledger.take();
        if let Some(ledger) = ledger {
            self.send(&Control::Ledger(Box::new(ledger))).await?;
        }
        let answer = shared.out().policy.take();
        if let Some(answer) = answer {
            self.send(&Control::PolicyAnswer(answer)).await?;
        }
        let (detail, bundle) = {
            let mut out = shared.out();
            (std::mem::take(&mut out.detail), out.bundle.take())
        };
        if let Some(want) = bundle {
            self.send(&Control::BundleWant(want)).await?;
        }
        for message in detail {
            self.send(&message).await?;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        if identity.is_renewal_due(i64::try_from(now).unwrap_or(i64::MAX)) {
            self.renew(identity).await?;
        }
        if self.transport == Transport::Tcp && self.beaten.elapsed() >= BEAT {
            self.beaten = Instant::now();
            self.send(&Control::Beat).await?;
        }
        Ok(())
    }

    /// Whether the other side is gone without a word. QUIC looks after that itself.
    pub(super) fn is_silent(&self) -> bool {
        self.transport == Transport::Tcp && self.heard_at.elapsed() >= SILENCE
    }

    /// Asks for a new certificate, unless one is on its way.
    pub(super) async fn renew(&mut self, identity: &Identity) -> Result<(), String> {
        if self.asked.is_some_and(|asked| asked.elapsed() < ASK_AGAIN) {
            return Ok(());
        }
        self.asked = Some(Instant::now());
        let request = crate::enrol::renewal_request(identity).map_err(|e| e.to_string())?;
        self.send(&Control::Renewal(request)).await
    }

    /// The certificate came: over a connection that lasts for months another will be asked for in its time.
    pub(super) const fn renewed(&mut self) {
        self.asked = None;
    }

    /// Adds what was sent since the last call.
    pub(super) fn count(&mut self, shared: &Shared) {
        let sent = self.wire.sent();
        shared.wire_bytes.fetch_add(sent - self.counted, Ordering::Relaxed);
        self.counted = sent;
    }
}
