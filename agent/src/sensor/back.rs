//! The last piece of the line: what crosses flows, scoring, and the events themselves.

use super::assets::{self, Assets, Conflict};
use super::behaviour::Recogniser;
use super::findings::{self, Findings};
use super::hosts;
use super::level::{Level, Missed};
use super::pairs::{self, News, Pairs};
use super::paths::Paths;
use super::privacy::Privacy;
use super::report::{Bound, Damage, Evidence, Report, Row, Said};
use super::rings::Windows;
use super::tunnels::Tunnels;
use super::{Settings, Sink};
use picket_dissect::fact::ConnectionIds;
use picket_event::body::{self, Anomaly, Score};
use picket_event::{AppDetail, Body, Endpoints, Event, Ledger, Source, Timestamp, Transport};
use picket_feature::host::HostWindow;
use picket_feature::{CertificateMemory, Observation, PairKey, PairMemory, ServerKey};
use picket_packet::VlanIds;
use picket_score::{Bundle, Scorer};
use std::collections::BTreeMap;
use std::net::IpAddr;
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
    recogniser: Recogniser,
    hosts: Windows,
    pairs: Pairs,
    paths: Paths,
    tunnels: Tunnels,
    /// Whether the sink is shown what features are made of.
    observe: bool,
    level: Level,
    missed: Missed,
    privacy: Option<Arc<Privacy>>,
    assets: Assets,
    findings: Findings,
    events: u64,
}

/// Scores rows with what is remembered across flows.
#[derive(Debug)]
struct Judge {
    scorer: Option<Scorer>,
    pairs: PairMemory,
    certificates: CertificateMemory,
    /// How often classifiers of earlier bundles abstained.
    abstained: BTreeMap<String, u64>,
}

impl Back {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            source: settings.source.clone(),
            judge: Judge::new(settings),
            recogniser: Recogniser::new(settings),
            hosts: Windows::new(settings.ring.clone(), settings.key),
            pairs: Pairs::new(settings.bundle.is_some(), settings.key.seed()),
            paths: Paths::new(settings.key.seed()),
            tunnels: Tunnels::new(settings.key.seed()),
            observe: settings.observe,
            level: Level::default(),
            missed: Missed::default(),
            privacy: settings.privacy.clone(),
            assets: Assets::new(settings.key.seed()),
            findings: Findings::new(settings.key.seed()),
            events: 0,
        }
    }

    pub(crate) const fn set_level(&mut self, level: Level) {
        self.level = level;
    }

    /// From the next row on, these settings' bundle recognises and scores; what is remembered stays.
    pub(crate) fn tune(&mut self, settings: &Settings) {
        match &mut self.judge {
            Some(judge) => judge.tune(settings.bundle.clone()),
            none => *none = Judge::new(settings),
        }
        self.recogniser = Recogniser::new(settings);
        self.pairs.set_scoring(settings.bundle.is_some());
    }

    /// Takes reports in their order and empties the list.
    #[inline]
    pub(crate) fn take_all(&mut self, reports: &mut Vec<Report>, sink: &mut impl Sink) {
        for report in reports.drain(..) {
            self.take(report, sink);
        }
    }

    pub(crate) fn take(&mut self, report: Report, sink: &mut impl Sink) {
        let (mut news, mut alerts) = (None, Vec::new());
        let event = match report {
            Report::Event(said) => {
                alerts = self.findings.hear(&said);
                self.said(said, sink)
            }
            Report::Connection(said, ids) => {
                self.remember(&said, &ids);
                self.said(*said, sink)
            }
            Report::Bound(bound) => self.follow(bound).and_then(|said| self.said(said, sink)),
            Report::Numbered(flow, said) => return self.tunnels.hear(&flow, &said),
            Report::Damage(damage) => {
                let Damage { time, vlan, flow, .. } = *damage;
                if let Some(alert) = self.findings.damage(&damage) {
                    let event = self.event(Said { time, vlan, flow: Some(flow), body: Body::Alert(Box::new(alert)) });
                    self.put(event, sink);
                }
                return;
            }
            Report::Opened(flow, start) => {
                if let (Some(judge), Some((pair, _))) = (&mut self.judge, keys(&flow.endpoints)) {
                    judge.pairs.begin(pair, start);
                }
                return;
            }
            Report::Began(time) => return self.hosts.with(|hosts| hosts.begin(time)),
            Report::Window(end) => {
                let closed = self.hosts.close(end);
                return self.tell_hosts(end, closed, sink);
            }
            Report::Inferred(found) => return sink.inferred(*found),
            Report::Row(mut row) => {
                if let Some(app) = self.paths.name(row.flow.id) {
                    (row.app, row.payload) = (app, None);
                }
                if let Some(before) = self.tunnels.continues(row.flow.id) {
                    AppDetail::add(&mut row.detail.get_or_insert_default().continues, &before.0.to_string());
                }
                self.recogniser.name(&mut row);
                if let Some(ends) = assets::of_row(&row) {
                    self.assets.converse(&ends, row.end);
                }
                self.hosts.with(|hosts| hosts.row(&row));
                news = self.pairs.row(&row);
                Some(self.row(*row, sink))
            }
        };
        let Some(event) = event else { return };
        let (time, flow) = (event.time, event.flow);
        let vlan = if alerts.is_empty() { VlanIds::NONE } else { VlanIds::of(event.vlan.iter().copied()) };
        self.put(event, sink);
        for alert in alerts {
            let event = self.event(Said { time, vlan, flow, body: Body::Alert(Box::new(alert)) });
            self.put(event, sink);
        }
        if let Some(news) = news {
            self.tell_pair(&news, sink);
        }
        self.tell_assets(time, sink);
    }

    fn said(&mut self, said: Said, sink: &mut impl Sink) -> Option<Event> {
        self.hosts.with(|hosts| hosts.said(&said));
        self.learn(said, sink).map(|said| self.event(said))
    }

    /// Remembers a connection of QUIC by the id its server has chosen.
    fn remember(&mut self, said: &Said, ids: &ConnectionIds) {
        if let (Body::Quic(quic), Some(flow)) = (&said.body, said.flow)
            && let Some((_, server)) = keys(&flow.endpoints)
        {
            self.paths.learn(server, ids, flow.id, quic);
        }
    }

    /// What began a connection is told again of a flow that continues it.
    fn follow(&mut self, bound: Bound) -> Option<Said> {
        let Bound { flow, vlan, time, id } = bound;
        let (_, server) = keys(&flow.endpoints)?;
        let body = Body::Quic(Box::new(self.paths.follow(server, &flow, &id)?));
        Some(Said { time, vlan, flow: Some(flow), body })
    }

    /// Takes what an event tells of hosts; a piece of an asset goes no further, the memory puts it together.
    fn learn(&mut self, said: Said, sink: &mut impl Sink) -> Option<Said> {
        let Said { time, vlan, flow, body } = said;
        let Body::Asset(piece) = body else {
            if let Some(ends) = assets::of_event(&body, flow.map(|flow| flow.endpoints)) {
                self.assets.converse(&ends, time);
            }
            return Some(Said { time, vlan, flow, body });
        };
        if let Some(conflict) = self.assets.learn(*piece, time) {
            let (detail, changed) = self.worded(&conflict);
            let Conflict { kind, source, in_plant, .. } = conflict;
            let alert = in_plant.then(|| Body::Alert(Box::new(findings::identity_conflict(&source, &detail))));
            let anomaly = Body::Anomaly(Anomaly { kind: kind.to_owned(), detail });
            for (body, field) in [(Some(anomaly), "anomaly.detail"), (alert, "alert.reasons")] {
                let Some(body) = body else { continue };
                let mut event = self.event(Said { time, vlan, flow, body });
                event.redacted.extend(changed.then(|| field.to_owned()));
                self.put(event, sink);
            }
        }
        self.tell_assets(time, sink);
        None
    }

    /// A conflict in words, and whether the name in it is not as it was seen.
    fn worded(&self, conflict: &Conflict) -> (String, bool) {
        let Some(name) = &conflict.name else { return (conflict.detail.clone(), false) };
        let shown = match &self.privacy {
            Some(privacy) => privacy.host_name(name),
            None => Some(name.clone()),
        };
        let changed = shown.as_ref() != Some(name);
        let station = shown.map_or_else(|| "the same station".to_owned(), |name| format!("station {name}"));
        (format!("{station} {}", conflict.detail), changed)
    }

    /// Tells of the assets whose time has come.
    #[inline]
    fn tell_assets(&mut self, now: Timestamp, sink: &mut impl Sink) {
        self.assets.observe(now);
        while let Some((asset, time)) = self.assets.next_due() {
            self.put_asset(asset, time, sink);
        }
    }

    /// The input is over at `end`: the last window closes, and what is known of pairs and assets and was not told goes out.
    pub(crate) fn finish(&mut self, end: Timestamp, sink: &mut impl Sink) {
        let closed = self.hosts.finish(end);
        self.tell_hosts(end, closed, sink);
        for news in self.pairs.finish() {
            self.tell_pair(&news, sink);
        }
        while let Some((asset, time)) = self.assets.next_left() {
            self.put_asset(asset, time, sink);
        }
    }

    fn put_asset(&mut self, asset: body::Asset, time: Timestamp, sink: &mut impl Sink) {
        let event = self.event(Said { time, vlan: VlanIds::NONE, flow: None, body: Body::Asset(Box::new(asset)) });
        self.put(event, sink);
    }

    fn put(&mut self, mut event: Event, sink: &mut impl Sink) {
        if let Some(privacy) = &self.privacy {
            privacy.apply(&mut event);
        }
        self.events += 1;
        sink.event(event);
    }

    fn tell_hosts(&mut self, end: Timestamp, closed: impl Iterator<Item = (IpAddr, HostWindow)>, sink: &mut impl Sink) {
        for (ip, window) in closed {
            if self.observe {
                sink.host(ip, end, &window);
            }
            let event = self.event(Said { time: end, vlan: VlanIds::NONE, flow: None, body: hosts::body(ip, &window) });
            self.put(event, sink);
        }
    }

    fn tell_pair(&mut self, news: &News, sink: &mut impl Sink) {
        if self.observe {
            sink.pair(&news.flow, &news.app, news.time, &news.regularity);
        }
        let event =
            self.event(Said { time: news.time, vlan: news.vlan, flow: Some(news.flow), body: pairs::body(news) });
        self.put(event, sink);
    }

    fn event(&self, said: Said) -> Event {
        let Said { time, vlan, flow, body } = said;
        Event { time, source: self.source.clone(), vlan: vlan.iter().collect(), flow, redacted: Vec::new(), body }
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
        let Row {
            flow,
            vlan,
            start,
            end,
            packets,
            bytes,
            tcp_flags,
            state,
            reason,
            app,
            tunnel,
            payload,
            detail,
            records,
            ..
        } = row;
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
            payload,
            tunnel,
            detail,
            tls_records: records.map(|records| records.seen().to_vec()).unwrap_or_default(),
            score,
        }));
        self.event(Said { time: end, vlan, flow: Some(flow), body })
    }

    /// Adds the back's share to the books.
    pub(crate) fn account(&self, ledger: &mut Ledger) {
        let mut mine = Ledger { events: self.events, ..Ledger::default() };
        let more = [
            ("quic_memory", self.paths.forgotten()),
            ("tunnel_memory", self.tunnels.forgotten()),
            ("findings", self.findings.forgotten()),
        ];
        let capped = self.assets.capped().into_iter().chain(self.hosts.capped()).chain(self.pairs.capped()).chain(more);
        for (row, count) in capped.filter(|(_, count)| *count > 0) {
            mine.capped.insert(row.to_owned(), count);
        }
        if let Some(judge) = &self.judge {
            mine.abstained = judge.abstained();
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
    /// `None` where nothing is to be scored or shown.
    fn new(settings: &Settings) -> Option<Self> {
        (settings.bundle.is_some() || settings.observe).then(|| Self {
            scorer: settings.bundle.clone().map(Scorer::new),
            pairs: PairMemory::new(PAIRS_MAX, settings.key.seed()),
            certificates: CertificateMemory::new(CERTIFICATES_MAX, settings.key.seed()),
            abstained: BTreeMap::new(),
        })
    }

    /// From now on this bundle scores.
    fn tune(&mut self, bundle: Option<Arc<Bundle>>) {
        if self.scorer.as_ref().map(|scorer| scorer.bundle().sha256()) != bundle.as_ref().map(|bundle| bundle.sha256())
        {
            self.abstained = self.abstained();
            self.scorer = bundle.map(Scorer::new);
        }
    }

    /// How often each classifier abstained, by all bundles.
    fn abstained(&self) -> BTreeMap<String, u64> {
        let mut all = self.abstained.clone();
        for (name, count) in self.scorer.iter().flat_map(Scorer::abstained) {
            *all.entry(name).or_default() += count;
        }
        all
    }

    /// Remembers the row, and scores it where that is wanted.
    fn score(&mut self, row: &Row, evidence: Evidence, sink: &mut impl Sink, scored: bool) -> Option<Score> {
        let Evidence { stats, detail, polling, mut handshake } = evidence;
        let ends = keys(&row.flow.endpoints);
        if let (Some(handshake), Some((_, server))) = (&mut handshake, ends) {
            self.certificates.complete(server, handshake);
        }
        let history = ends.map(|(pair, _)| self.pairs.end(pair, row.start, row.bytes.to_client));
        let seen = Observation {
            stats: &stats,
            detail: detail.as_deref(),
            records: row.records.as_deref(),
            polling: polling.as_deref(),
            transport: ends.map_or(Transport(0), |(pair, _)| pair.transport),
            server_port: ends.map_or(0, |(pair, _)| pair.port),
            app: &row.app.protocol,
            handshake: handshake.as_ref(),
            pair: history,
            start: row.start,
        };
        sink.observed(&row.flow, &row.app, &seen);
        // What has no ports has no score.
        self.scorer.as_mut().filter(|_| scored && ends.is_some())?.score(&seen)
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
