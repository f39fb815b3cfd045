//! The shell of the uplink: one task that joins machine, spool and connection.

use super::client::{Client, read_frame};
use super::machine::{Action, Machine, Window};
use crate::enrol::Identity;
use crate::spool::Spool;
use picket_event::Ledger;
use picket_event::wire::{
    Control, Frame, Hello, OLDEST_VERSION, Refusal, RefusalCode, VERSION, WireError, decode_control, encode_control,
    encode_gap,
};
use quinn::{Connection, ConnectionError, SendStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::{Notify, mpsc};

/// What the threads of forwarding share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) spool: Mutex<Spool>,
    /// Something new to send, an acknowledgement to wait for, or the end.
    pub(crate) wake: Notify,
    pub(crate) stopping: AtomicBool,
    pub(crate) wire_bytes: AtomicU64,
    pub(crate) ledger: Mutex<Option<Ledger>>,
    /// A renewed certificate and its end.
    pub(crate) certificate: Mutex<Option<(Vec<u8>, i64)>>,
    pub(crate) link: Mutex<Link>,
}

/// The connection in words.
#[derive(Clone, Debug, Default)]
pub(crate) struct Link {
    pub(crate) connected: bool,
    pub(crate) refused: bool,
    pub(crate) state: String,
    pub(crate) site: String,
}

impl Shared {
    /// A poisoned lock means that a thread panicked between two steps that each leave the state whole.
    pub(crate) fn spool(&self) -> MutexGuard<'_, Spool> {
        self.spool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn link(&self) -> MutexGuard<'_, Link> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_certificate(&self) -> Option<(Vec<u8>, i64)> {
        self.certificate.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn take_ledger(&self) -> Option<Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// What the uplink is told at its start.
pub(crate) struct Settings {
    pub(crate) identity: Identity,
    pub(crate) collectors: Vec<String>,
    pub(crate) bundle: String,
    pub(crate) seed: u64,
}

/// A message from the collector, or the end of the connection.
enum Heard {
    Message(Control),
    Closed(String),
}

struct Session {
    connection: Connection,
    control: SendStream,
    events: SendStream,
    heard: mpsc::Receiver<Heard>,
    counted: u64,
    renewing: bool,
}

/// Runs until told to stop.
pub(crate) async fn run(shared: &Shared, mut settings: Settings, mut client: Client) {
    let begin = Instant::now();
    let mut machine = Machine::new(settings.collectors.len(), settings.seed, Window::default());
    let mut session: Option<Session> = None;
    loop {
        if shared.stopping.load(Ordering::Acquire) {
            break;
        }
        let action = {
            let spool = shared.spool();
            machine.poll(begin.elapsed(), spool.machine())
        };
        if let Some(open) = &mut session {
            count(shared, open);
            if machine.is_live() {
                // A failed write shows as a closed connection a moment later.
                let _ = say_more(shared, open, &settings.identity).await;
            }
        }
        if let Some((certificate, not_after)) = shared.take_certificate() {
            let renewed = settings.identity.renew(&certificate, not_after).map_err(|e| e.to_string());
            let renewed = renewed.and_then(|()| client.reload(&settings.identity).map_err(|e| e.to_string()));
            match renewed {
                Ok(()) => tracing::info!("the certificate is renewed"),
                Err(e) => tracing::warn!("renew the certificate: {e}"),
            }
        }
        let outcome = match action {
            Action::Connect(index) => {
                let host = settings.collectors.get(index).map_or("", String::as_str);
                say(shared, format!("connecting to {host}"));
                match open(&mut client, host, shared, &settings).await {
                    Ok(opened) => {
                        machine.opened(begin.elapsed());
                        session = Some(opened);
                        Ok(())
                    }
                    Err(why) => Err(why),
                }
            }
            Action::Frame(stored) => {
                let read = shared.spool().read(&stored);
                match (read, &mut session) {
                    (Ok(bytes), Some(open)) => write(open, &bytes, &mut machine, shared, &settings).await,
                    (Err(_), _) => {
                        machine.unreadable(stored.first);
                        Ok(())
                    }
                    (_, None) => Err("not connected".to_owned()),
                }
            }
            Action::Gap { first, count } => {
                let declared = shared.spool().declare(first, first + u64::from(count) - 1);
                match (declared.map_err(|e| e.to_string()).and_then(|()| gap(first, count)), &mut session) {
                    (Ok(frame), Some(open)) => write(open, &frame.bytes, &mut machine, shared, &settings).await,
                    (Err(e), _) => Err(e),
                    (_, None) => Err("not connected".to_owned()),
                }
            }
            Action::GiveUp => Err("no answer within 10 s".to_owned()),
            Action::Wait(until) => wait(until, begin, &mut session, &mut machine, shared, &settings).await,
        };
        if let Err(why) = outcome {
            end(&mut session, shared);
            refused_frame(&machine, shared);
            machine.lost(begin.elapsed());
            report(&machine, shared, &settings, &why, begin);
        }
    }
    if let Some(open) = &mut session {
        count(shared, open);
        if let Some(ledger) = shared.take_ledger() {
            let _ = send(&mut open.control, &Control::Ledger(Box::new(ledger))).await;
        }
        let _ = open.events.finish();
        let _ = open.control.finish();
        // Give the last messages a moment to arrive before the connection goes.
        let _ = tokio::time::timeout(Duration::from_millis(200), open.connection.closed()).await;
        open.connection.close(0u32.into(), b"done");
        count(shared, open);
        let _ = tokio::time::timeout(Duration::from_secs(1), client.finish()).await;
    }
    let mut link = shared.link();
    link.connected = false;
    "stopped".clone_into(&mut link.state);
}

fn gap(first: u64, count: u32) -> Result<Frame, String> {
    encode_gap(first, count).map_err(|e| e.to_string())
}

async fn open(client: &mut Client, host: &str, shared: &Shared, settings: &Settings) -> Result<Session, String> {
    let timeout = tokio::time::timeout(Duration::from_secs(10), client.connect(host));
    let connection = timeout.await.map_err(|_| "timed out".to_owned())?.map_err(|e| e.to_string())?;
    let (mut control, mut answers) = connection.open_bi().await.map_err(|e| e.to_string())?;
    let events = connection.open_uni().await.map_err(|e| e.to_string())?;
    // Control messages go before events when both wait.
    let _ = control.set_priority(1);
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
    send(&mut control, &hello).await?;
    let (tell, heard) = mpsc::channel(64);
    let watched = connection.clone();
    tokio::spawn(async move {
        let why = loop {
            match read_frame(&mut answers).await {
                Ok(Some(frame)) => match decode_control(&frame) {
                    Ok((messages, _)) => {
                        for message in messages {
                            if tell.send(Heard::Message(message)).await.is_err() {
                                return;
                            }
                        }
                    }
                    Err(e) => break format!("the collector's message: {e}"),
                },
                Ok(None) => break "the collector ended the connection".to_owned(),
                Err(why) => break why,
            }
        };
        let why = watched.close_reason().map_or(why, |reason| reason.to_string());
        if let Some(ConnectionError::ApplicationClosed(close)) = watched.close_reason()
            && let Some(code) = RefusalCode::from_number(close.error_code.into_inner())
        {
            let reason = String::from_utf8_lossy(&close.reason).into_owned();
            let refusal = Control::Refusal(Refusal { code, reason, sequence: 0 });
            let _ = tell.send(Heard::Message(refusal)).await;
        }
        // Nobody listens when the session was given up.
        let _ = tell.send(Heard::Closed(why)).await;
    });
    Ok(Session { connection, control, events, heard, counted: 0, renewing: false })
}

async fn send(control: &mut SendStream, message: &Control) -> Result<(), String> {
    let Frame { bytes, .. } = encode_control(message).map_err(|e: WireError| e.to_string())?;
    control.write_all(&bytes).await.map_err(|e| e.to_string())
}

/// What an agent says beside its events: its ledger, and in time that its certificate ends.
async fn say_more(shared: &Shared, open: &mut Session, identity: &Identity) -> Result<(), String> {
    if let Some(ledger) = shared.take_ledger() {
        send(&mut open.control, &Control::Ledger(Box::new(ledger))).await?;
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    if !open.renewing && identity.is_renewal_due(i64::try_from(now).unwrap_or(i64::MAX)) {
        open.renewing = true;
        let request = crate::enrol::renewal_request(identity).map_err(|e| e.to_string())?;
        send(&mut open.control, &Control::Renewal(request)).await?;
    }
    Ok(())
}

/// Writes a frame while listening, so that a full window of the transport never hides an acknowledgement.
async fn write(
    open: &mut Session,
    bytes: &[u8],
    machine: &mut Machine,
    shared: &Shared,
    settings: &Settings,
) -> Result<(), String> {
    let Session { events, heard, .. } = open;
    let mut writing = std::pin::pin!(events.write_all(bytes));
    loop {
        tokio::select! {
            done = &mut writing => return done.map_err(|e| e.to_string()),
            message = heard.recv() => hear(message, machine, shared, settings)?,
        }
    }
}

async fn wait(
    until: Option<Duration>,
    begin: Instant,
    session: &mut Option<Session>,
    machine: &mut Machine,
    shared: &Shared,
    settings: &Settings,
) -> Result<(), String> {
    // Without a deadline the flag and the byte counts are still looked at once a second.
    let rest = until.map_or(Duration::from_secs(1), |until| until.saturating_sub(begin.elapsed()));
    let sleep = tokio::time::sleep(rest.min(Duration::from_secs(1)));
    match session {
        Some(open) => tokio::select! {
            () = sleep => Ok(()),
            () = shared.wake.notified() => Ok(()),
            message = open.heard.recv() => hear(message, machine, shared, settings),
        },
        None => {
            tokio::select! {
                () = sleep => {}
                () = shared.wake.notified() => {}
            }
            Ok(())
        }
    }
}

fn hear(message: Option<Heard>, machine: &mut Machine, shared: &Shared, settings: &Settings) -> Result<(), String> {
    let message = match message {
        Some(Heard::Message(message)) => message,
        Some(Heard::Closed(why)) => return Err(why),
        None => return Err("connection lost".to_owned()),
    };
    let acknowledged = match &message {
        Control::HelloAnswer(answer) => {
            let host = settings.collectors.get(machine.current()).cloned().unwrap_or_default();
            let mut link = shared.link();
            (link.connected, link.refused, link.state) = (true, false, format!("connected to {host}"));
            link.site.clone_from(&answer.site);
            machine.answered(answer)
        }
        Control::Certificate { certificate, not_after } => {
            let renewed = Some((certificate.clone(), *not_after));
            *shared.certificate.lock().unwrap_or_else(PoisonError::into_inner) = renewed;
            None
        }
        other => {
            let epoch = shared.spool().machine().epoch();
            machine.message(other, epoch)
        }
    };
    if let Some(sequence) = acknowledged {
        shared.spool().acknowledge(sequence);
    }
    Ok(())
}

/// A frame that the collector refuses would be refused again for ever: it is given up, counted, and told as a gap.
fn refused_frame(machine: &Machine, shared: &Shared) {
    if let Some(Refusal { code: RefusalCode::Frame, sequence, .. }) = machine.refusal()
        && *sequence > 0
    {
        shared.spool().machine_mut().failed(*sequence, "refused");
    }
}

fn end(session: &mut Option<Session>, shared: &Shared) {
    if let Some(mut open) = session.take() {
        count(shared, &mut open);
        open.connection.close(0u32.into(), b"");
    }
    shared.link().connected = false;
}

fn count(shared: &Shared, open: &mut Session) {
    let sent = open.connection.stats().udp_tx.bytes;
    shared.wire_bytes.fetch_add(sent - open.counted, Ordering::Relaxed);
    open.counted = sent;
}

fn say(shared: &Shared, state: String) {
    shared.link().state = state;
}

fn report(machine: &Machine, shared: &Shared, settings: &Settings, why: &str, begin: Instant) {
    let host = settings.collectors.get(machine.current()).map_or("", String::as_str);
    let rest = match machine.phase() {
        super::Phase::Waiting { until } => until.saturating_sub(begin.elapsed()).as_secs_f64(),
        _ => 0.0,
    };
    let why = machine.refusal().map_or_else(|| why.to_owned(), |refusal| format!("refused: {}", refusal.reason));
    let mut link = shared.link();
    link.refused = machine.refusal().is_some_and(|refusal| refusal.code.is_final());
    link.state = format!("trying {host} in {rest:.1} s: {why}");
    tracing::warn!(collector = host, "{}", link.state);
}
