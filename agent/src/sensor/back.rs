//! The last piece of the line: what crosses flows, scoring, and the events themselves.

use super::level::{Level, Missed};
use super::privacy::Privacy;
use super::report::{Evidence, Report, Row, Said};
use super::{Settings, Sink};
use picket_event::body::{self, Score};
use picket_event::{Body, Endpoints, Event, Ledger, Source};
use picket_feature::{CertificateMemory, Observation, PairKey, PairMemory, ServerKey};
use picket_score::Scorer;
use std::sync::Arc;

/// Pairs remembered.
const PAIRS_MAX: usize = 65_536;
/// Servers whose certificate is remembered.
const CERTIFICATES_MAX: usize = 16_384;

/// What goes behind the shards. One a sensor; sees every report in the total order.
#[derive(Debug)]
pub(crate) struct Back {
    source: Source,
    judge: Option<Judge>,
    level: Level,
    missed: Missed,
    privacy: Option<Arc<Privacy>>,
    events: u64,
}

/// Scores rows with what is remembered across flows.
#[derive(Debug)]
struct Judge {
    scorer: Option<Scorer>,
    pairs: PairMemory,
    certificates: CertificateMemory,
}

impl Back {
    pub(crate) fn new(settings: &Settings) -> Self {
        let judge = (settings.bundle.is_some() || settings.observe).then(|| Judge {
            scorer: settings.bundle.clone().map(Scorer::new),
            pairs: PairMemory::new(PAIRS_MAX),
            certificates: CertificateMemory::new(CERTIFICATES_MAX),
        });
        Self {
            source: settings.source.clone(),
            judge,
            level: Level::default(),
            missed: Missed::default(),
            privacy: settings.privacy.clone(),
            events: 0,
        }
    }

    pub(crate) const fn set_level(&mut self, level: Level) {
        self.level = level;
    }

    /// Takes reports in their order and empties the list.
    #[inline]
    pub(crate) fn take_all(&mut self, reports: &mut Vec<Report>, sink: &mut impl Sink) {
        for report in reports.drain(..) {
            self.take(report, sink);
        }
    }

    pub(crate) fn take(&mut self, report: Report, sink: &mut impl Sink) {
        let mut event = match report {
            Report::Event(said) => self.event(*said),
            Report::Opened(flow, start) => {
                if let (Some(judge), Some((pair, _))) = (&mut self.judge, keys(&flow.endpoints)) {
                    judge.pairs.begin(pair, start);
                }
                return;
            }
            Report::Row(row) => self.row(*row, sink),
        };
        if let Some(privacy) = &self.privacy {
            privacy.apply(&mut event);
        }
        self.events += 1;
        sink.event(event);
    }

    fn event(&self, said: Said) -> Event {
        let Said { time, vlan, flow, body } = said;
        Event { time, source: self.source.clone(), vlan, flow, redacted: Vec::new(), body }
    }

    fn row(&mut self, mut row: Row, sink: &mut impl Sink) -> Event {
        let score = match (&mut self.judge, row.evidence.take()) {
            (Some(judge), Some(evidence)) => {
                let scored = self.level < Level::Unscored;
                self.missed.scoring += u64::from(!scored && judge.scorer.is_some());
                judge.score(&row, *evidence, sink, scored)
            }
            _ => None,
        };
        let Row { flow, vlan, start, end, packets, bytes, tcp_flags, state, reason, app, .. } = row;
        let body = Body::Flow(Box::new(body::Flow {
            start,
            end,
            packets,
            bytes,
            tcp_flags,
            state,
            reason,
            app,
            count: 1,
            gap: None,
            payload: None,
            tunnel: None,
            score,
        }));
        self.event(Said { time: end, vlan, flow: Some(flow), body })
    }

    /// Adds the back's share to the books.
    pub(crate) fn account(&self, ledger: &mut Ledger) {
        let mut mine = Ledger { events: self.events, ..Ledger::default() };
        if let Some(judge) = &self.judge {
            mine.abstained = judge.scorer.as_ref().map(Scorer::abstained).unwrap_or_default();
            for (row, count) in
                [("pair_memory", judge.pairs.forgotten()), ("certificate_memory", judge.certificates.forgotten())]
            {
                if count > 0 {
                    mine.capped.insert(row.to_owned(), count);
                }
            }
        }
        self.missed.account(&mut mine);
        ledger.add(&mine);
    }
}

impl Judge {
    /// Remembers the row, and scores it where that is wanted.
    fn score(&mut self, row: &Row, evidence: Evidence, sink: &mut impl Sink, scored: bool) -> Option<Score> {
        let Evidence { stats, mut handshake } = evidence;
        let (pair, server) = keys(&row.flow.endpoints)?;
        if let Some(handshake) = &mut handshake {
            self.certificates.complete(server, handshake);
        }
        let history = self.pairs.end(pair, row.start, row.bytes.to_client);
        let seen = Observation {
            stats: &stats,
            transport: pair.transport,
            server_port: pair.port,
            app: &row.app.protocol,
            handshake: handshake.as_ref(),
            pair: Some(history),
            start: row.start,
        };
        sink.observed(&row.flow, &row.app, &seen);
        self.scorer.as_mut().filter(|_| scored)?.score(&seen)
    }
}

/// What a conversation is remembered by; `None` where there are no ports.
fn keys(endpoints: &Endpoints) -> Option<(PairKey, ServerKey)> {
    match *endpoints {
        Endpoints::Ip { src, dest, dest_port, transport, .. } if transport.has_ports() => Some((
            PairKey { client: src, server: dest, port: dest_port, transport },
            ServerKey { server: dest, port: dest_port, transport },
        )),
        _ => None,
    }
}
