//! The shell of the uplink: one task that joins machine, spool and connection.

use super::client::{Client, ClientError};
use super::machine::{Action, Machine, Phase, Window};
use super::path::{Choice, Path, Transport};
use super::session::{Heard, Session, greet};
use super::shared::{DETAIL_NEWS_MAX, Shared};
use crate::enrol::Identity;
use picket_event::wire::{Control, Frame, HostNote, Refusal, RefusalCode, encode_gap};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// What the uplink is told at its start.
pub(crate) struct Settings {
    pub(crate) identity: Identity,
    pub(crate) collectors: Vec<String>,
    pub(crate) bundle: String,
    pub(crate) host: HostNote,
    pub(crate) transport: Choice,
    /// Whether nothing goes ahead of what waits.
    pub(crate) in_order: bool,
    pub(crate) seed: u64,
}

/// Everything the task holds.
struct Uplink<'a> {
    shared: &'a Shared,
    settings: Settings,
    client: Client,
    machine: Machine,
    path: Path,
    session: Option<Session>,
    /// A look whether QUIC passes.
    look: Option<JoinHandle<bool>>,
    begin: Instant,
    /// Whether the last failure was a refused certificate.
    refused: bool,
}

/// Runs until told to stop.
pub(crate) async fn run(shared: &Shared, settings: Settings, client: Client) {
    let mut window = Window::default();
    if settings.in_order {
        window.backlog = u64::MAX;
    }
    let machine = Machine::new(settings.collectors.len(), settings.seed, window);
    let path = Path::new(settings.transport);
    let (begin, session, look) = (Instant::now(), None, None);
    let mut uplink = Uplink { shared, settings, client, machine, path, session, look, begin, refused: false };
    while !shared.stopping.load(Ordering::Acquire) {
        if let Err(why) = uplink.turn().await {
            uplink.lost(&why);
        }
    }
    uplink.finish().await;
}

impl Uplink<'_> {
    fn now(&self) -> Duration {
        self.begin.elapsed()
    }

    /// One step; an error means that there is no connection any more.
    async fn turn(&mut self) -> Result<(), String> {
        let action = {
            let spool = self.shared.spool();
            self.machine.poll(self.begin.elapsed(), spool.machine())
        };
        self.take_news().await?;
        self.greet_anew()?;
        if let Some(open) = &mut self.session {
            open.count(self.shared);
            if self.machine.is_live() {
                // A failed write shows as a closed connection a moment later, with the reason.
                let _ = open.say_more(self.shared, &self.settings.identity).await;
            }
            if open.is_silent() {
                return Err("nothing was heard for 30 s".to_owned());
            }
        }
        self.look_for_quic().await?;
        match action {
            Action::Connect(index) => self.connect(index).await,
            Action::Frame(stored) => {
                let read = self.shared.spool().read(&stored);
                match read {
                    Ok(bytes) => self.write(&bytes).await,
                    Err(_) => {
                        self.machine.unreadable(stored.first);
                        Ok(())
                    }
                }
            }
            Action::Gap { first, count } => {
                let declared = self.shared.spool().declare(first, first + u64::from(count) - 1);
                let frame = declared.map_err(|e| e.to_string()).and_then(|()| gap(first, count))?;
                self.write(&frame.bytes).await
            }
            Action::GiveUp => Err("no answer within 10 s".to_owned()),
            Action::Wait(until) => self.wait(until).await,
        }
    }

    /// Certificates and authorities that came are put in place.
    async fn take_news(&mut self) -> Result<(), String> {
        let (certificate, authorities) = {
            let mut news = self.shared.news();
            (news.certificate.take(), news.authorities.take())
        };
        let identity = &mut self.settings.identity;
        if let Some((certificate, not_after)) = certificate {
            let renewed = identity.renew(&certificate, not_after).map_err(|e| e.to_string());
            let renewed = renewed.and_then(|()| self.client.reload(identity).map_err(|e| e.to_string()));
            match renewed {
                Ok(()) => {
                    tracing::info!("the certificate is renewed");
                    self.session.iter_mut().for_each(Session::renewed);
                }
                Err(e) => tracing::warn!("renew the certificate: {e}"),
            }
        }
        let Some((authorities, renew)) = authorities else { return Ok(()) };
        match identity.trust(&authorities) {
            Ok(false) => {}
            Ok(true) => {
                tracing::info!("the collector's authorities are now {} in number", authorities.len());
                if let Err(e) = self.client.reload(identity) {
                    tracing::warn!("trust the collector's authorities: {e}");
                }
            }
            Err(e) => {
                tracing::warn!("trust the collector's authorities: {e}");
                return Ok(());
            }
        }
        match &mut self.session {
            Some(open) if renew => open.renew(identity).await,
            _ => Ok(()),
        }
    }

    /// The hello alone says which bundle scores: with another one the agent connects again.
    fn greet_anew(&mut self) -> Result<(), String> {
        let Some(bundle) = self.shared.out().hello.take() else { return Ok(()) };
        self.settings.bundle = bundle;
        if self.session.is_some() {
            Err("another bundle is in force, of which the hello tells".to_owned())
        } else {
            Ok(())
        }
    }

    /// Connects to a collector. Where QUIC gets no answer, TCP is tried at once, and the reverse.
    async fn connect(&mut self, index: usize) -> Result<(), String> {
        let host = self.settings.collectors.get(index).cloned().unwrap_or_default();
        self.shared.link().state = format!("connecting to {host}");
        let mut transport = self.path.transport();
        let mut connected = self.client.connect(&host, transport).await;
        if let Err(ClientError::Silent(why)) = &connected
            && let Some(other) = self.path.silent()
        {
            tracing::debug!("{why}; trying {}", other.name());
            let first = why.clone();
            transport = other;
            connected = self.client.connect(&host, other).await;
            if let Err(ClientError::Silent(why)) = connected {
                self.path.both_silent();
                connected = Err(ClientError::Silent(format!("{first}; {why}")));
            }
        }
        self.refused = matches!(connected, Err(ClientError::Refused(_)));
        let wire = connected.map_err(|e| e.to_string())?;
        let session = greet(wire, transport, &self.client, self.shared, &self.settings).await?;
        self.machine.opened(self.begin.elapsed());
        self.session = Some(session);
        Ok(())
    }

    /// While TCP is in use by fall-back: looks now and then whether QUIC passes, and changes over when it does.
    async fn look_for_quic(&mut self) -> Result<(), String> {
        if let Some(look) = self.look.take_if(|look| look.is_finished())
            && look.await.unwrap_or(false)
        {
            self.path.found();
            return Err("QUIC passes again".to_owned());
        }
        let now = self.now();
        if self.look.is_none() && self.path.looks(now) {
            let host = self.settings.collectors.get(self.machine.current()).cloned().unwrap_or_default();
            let client = self.client.clone();
            self.look = Some(tokio::spawn(async move {
                let wire = client.connect(&host, Transport::Quic).await;
                wire.is_ok_and(|wire| {
                    wire.close();
                    true
                })
            }));
        }
        Ok(())
    }

    /// Writes a frame while listening, so that a full window of the transport never hides an acknowledgement.
    async fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        let Self { session, machine, shared, settings, path, begin, refused, .. } = self;
        let Some(Session { wire, heard, heard_at, transport, .. }) = session else {
            return Err("not connected".to_owned());
        };
        let mut ear = Ear { machine, shared, settings, path, transport: *transport, begin: *begin, refused };
        let mut writing = std::pin::pin!(wire.events(bytes));
        loop {
            tokio::select! {
                done = &mut writing => match done {
                    Ok(()) => return Ok(()),
                    Err(why) => return Err(ear.last_words(heard, why).await),
                },
                message = heard.recv() => {
                    *heard_at = Instant::now();
                    ear.hear(message)?;
                }
            }
        }
    }

    async fn wait(&mut self, until: Option<Duration>) -> Result<(), String> {
        // Without a deadline the flag and the byte counts are still looked at once a second.
        let rest = until.map_or(Duration::from_secs(1), |until| until.saturating_sub(self.now()));
        let sleep = tokio::time::sleep(rest.min(Duration::from_secs(1)));
        let Self { session, machine, shared, settings, path, begin, refused, .. } = self;
        let Some(Session { heard, heard_at, transport, .. }) = session else {
            tokio::select! {
                () = sleep => {}
                () = shared.wake.notified() => {}
            }
            return Ok(());
        };
        tokio::select! {
            () = sleep => Ok(()),
            () = shared.wake.notified() => Ok(()),
            message = heard.recv() => {
                *heard_at = Instant::now();
                Ear { machine, shared, settings, path, transport: *transport, begin: *begin, refused }.hear(message)
            }
        }
    }

    /// There is no connection any more.
    fn lost(&mut self, why: &str) {
        if let Some(mut open) = self.session.take() {
            open.count(self.shared);
            open.wire.close();
        }
        {
            let mut link = self.shared.link();
            (link.connected, link.transport) = (false, None);
        }
        // Both are asked for again with the next connection.
        {
            let mut out = self.shared.out();
            out.detail.clear();
            out.bundle = None;
        }
        self.path.ended();
        refused_frame(&self.machine, self.shared);
        let now = self.now();
        self.machine.lost(now);
        self.report(why);
    }

    fn report(&mut self, why: &str) {
        let host = self.settings.collectors.get(self.machine.current()).map_or("", String::as_str);
        let rest = match self.machine.phase() {
            Phase::Waiting { until } => until.saturating_sub(self.now()).as_secs_f64(),
            _ => 0.0,
        };
        let refusal = self.machine.refusal();
        let why = refusal.map_or_else(|| why.to_owned(), |refusal| format!("refused: {}", refusal.reason));
        let mut link = self.shared.link();
        link.refused = self.refused || refusal.is_some_and(|refusal| refusal.code.is_final());
        link.state = format!("trying {host} in {rest:.1} s: {why}");
        tracing::warn!(collector = host, "{}", link.state);
    }

    /// The last words.
    async fn finish(mut self) {
        if let Some(look) = self.look.take() {
            look.abort();
        }
        if let Some(open) = &mut self.session {
            open.count(self.shared);
            let ledger = self.shared.out().ledger.take();
            if let Some(ledger) = ledger {
                let _ = open.send(&Control::Ledger(Box::new(ledger))).await;
            }
            open.wire.finish().await;
            open.count(self.shared);
            let _ = tokio::time::timeout(Duration::from_secs(1), self.client.finish()).await;
        }
        let mut link = self.shared.link();
        (link.connected, link.transport) = (false, None);
        "stopped".clone_into(&mut link.state);
    }
}

fn gap(first: u64, count: u32) -> Result<Frame, String> {
    encode_gap(first, count).map_err(|e| e.to_string())
}

/// What a message changes.
struct Ear<'a> {
    machine: &'a mut Machine,
    shared: &'a Shared,
    settings: &'a Settings,
    path: &'a mut Path,
    transport: Transport,
    begin: Instant,
    refused: &'a mut bool,
}

/// How long a connection that takes nothing any more may still say why.
const LAST_WORDS: Duration = Duration::from_millis(500);

impl Ear<'_> {
    /// What is still heard of a connection that broke while it was written to: the reason may be among it.
    async fn last_words(&mut self, heard: &mut mpsc::Receiver<Heard>, why: String) -> String {
        while let Ok(message) = tokio::time::timeout(LAST_WORDS, heard.recv()).await {
            if let Err(why) = self.hear(message) {
                return why;
            }
        }
        why
    }

    fn hear(&mut self, message: Option<Heard>) -> Result<(), String> {
        let message = match message {
            Some(Heard::Message(message)) => message,
            Some(Heard::Closed(why, refused)) => {
                *self.refused = refused;
                return Err(why);
            }
            None => return Err("connection lost".to_owned()),
        };
        let acknowledged = match message {
            Control::HelloAnswer(answer) => {
                let host = self.settings.collectors.get(self.machine.current()).cloned().unwrap_or_default();
                self.path.connected(self.begin.elapsed());
                let mut link = self.shared.link();
                let over = match self.transport {
                    Transport::Quic => "",
                    Transport::Tcp => " over TCP",
                };
                (link.connected, link.refused, link.state) = (true, false, format!("connected to {host}{over}"));
                link.transport = Some(self.transport);
                link.site.clone_from(&answer.site);
                self.machine.answered(&answer)
            }
            Control::Certificate { certificate, not_after } => {
                self.shared.news().certificate = Some((certificate, not_after));
                None
            }
            Control::Authorities { certificates, renew } => {
                self.shared.news().authorities = Some((certificates, renew));
                None
            }
            Control::Policy(policy) => {
                self.shared.news().policy = Some(policy);
                None
            }
            Control::DetailRequest(_) | Control::DetailDurable(_) => {
                let mut news = self.shared.news();
                // What finds no room is told again with the next connection.
                if news.detail.len() < DETAIL_NEWS_MAX {
                    news.detail.push(message);
                }
                None
            }
            Control::BundlePart(part) => {
                self.shared.news().bundle = Some(part);
                None
            }
            other => {
                let epoch = self.shared.spool().machine().epoch();
                self.machine.message(self.begin.elapsed(), &other, epoch)
            }
        };
        if let Some(held) = acknowledged {
            self.shared.spool().acknowledge(&held);
        }
        Ok(())
    }
}

/// A frame that the collector refuses would be refused again for ever: it is given up, counted, and told as a gap.
fn refused_frame(machine: &Machine, shared: &Shared) {
    if let Some(Refusal { code: RefusalCode::Frame, sequence, .. }) = machine.refusal()
        && *sequence > 0
    {
        shared.spool().machine_mut().failed(*sequence, "refused");
    }
}
