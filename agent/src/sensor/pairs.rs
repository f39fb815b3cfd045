//! Maker of `pair` events: how regular the connections of one client, server and port are.
//!
//! A pair's first event comes with its twentieth connection, later ones at most once an hour of capture time, and a last
//! one at the end where connections came since. The watched span reaches back 24 hours at most, as RITA's data sets
//! do. The score is a rule: RITA's, made a severity. It calls a pair suspicious only where the score is at least
//! 0.9 over at least an hour, the server lies outside, and the protocol is not one that repeats by its nature.
//! Regularity alone is never called malicious.

use super::hosts::{is_group, is_local};
use super::report::Row;
use picket_event::body::{self, Body, Score, Vote};
use picket_event::{Classifier, Endpoints, FlowId, FlowRef, Protocol, Reason, ReasonArg, Timestamp, Unit, Verdict};
use picket_feature::beacon::{Connection, Rita, severity};
use picket_feature::{Lru, PairKey, Regularity};
use picket_packet::VlanIds;
use std::time::Duration;

/// Pairs followed.
const PAIRS_MAX: usize = 16_384;
/// Connections kept of one pair: a day of one every five minutes, and more.
const KEPT_MAX: usize = 512;
/// Connections kept of all pairs: 4 MiB.
const KEPT_ALL_MAX: usize = 262_144;
/// Connections before a pair is told.
const LEAST: u32 = 20;
/// Time from one event of a pair to its next.
const AGAIN: Duration = Duration::from_secs(3_600);
/// How far back a score looks.
const WATCH: Duration = Duration::from_secs(86_400);
/// RITA's score from which a pair is suspicious.
const SUSPICIOUS: f64 = 0.9;
/// Span of the pair, seconds, that this takes.
const SUSPICIOUS_SPAN_S: f64 = 3_600.0;

/// The pairs of a sensor.
#[derive(Debug)]
pub(crate) struct Pairs {
    pairs: Lru<PairKey, Series>,
    kept: usize,
    kept_capped: u64,
    /// The earliest start seen: the sensor's watch began no later.
    begin: Option<Timestamp>,
    scoring: bool,
}

/// One pair's connections.
#[derive(Debug)]
struct Series {
    first: Timestamp,
    /// End of its last row.
    last: Timestamp,
    connections: u32,
    /// The latest ones; the oldest is overwritten where there is no more room.
    kept: Vec<Connection>,
    oldest: usize,
    /// Whether connections were overwritten, so that the watch begins with the oldest one kept.
    overwritten: bool,
    told: Option<(Timestamp, u32)>,
    flow: FlowRef,
    vlan: VlanIds,
    app: Protocol,
}

/// What is to be told of a pair.
#[derive(Debug)]
pub(crate) struct News {
    pub(crate) time: Timestamp,
    pub(crate) vlan: VlanIds,
    pub(crate) flow: FlowRef,
    pub(crate) app: Protocol,
    pub(crate) regularity: Regularity,
    pub(crate) score: Option<Score>,
}

impl Pairs {
    /// `scoring`: whether pairs get a score.
    pub(crate) fn new(scoring: bool, seed: u64) -> Self {
        Self { pairs: Lru::new(PAIRS_MAX, seed), kept: 0, kept_capped: 0, begin: None, scoring }
    }

    /// Whether pairs get a score from now on.
    pub(crate) const fn set_scoring(&mut self, scoring: bool) {
        self.scoring = scoring;
    }

    /// Counts a connection by its first row.
    pub(crate) fn row(&mut self, row: &Row) -> Option<News> {
        let Endpoints::Ip { src, dest, dest_port, transport, .. } = row.flow.endpoints else { return None };
        if row.continued || !transport.has_ports() || is_group(dest) {
            return None;
        }
        let begin = self.begin.map_or(row.start, |begin| begin.min(row.start));
        self.begin = Some(begin);
        let key = PairKey { client: src, server: dest, port: dest_port, transport };
        if self.pairs.len() >= PAIRS_MAX
            && self.pairs.peek(&key).is_none()
            && let Some((_, gone)) = self.pairs.make_room()
        {
            self.kept -= gone.kept.len();
        }
        let series = self.pairs.entry(key, || Series::new(row));
        series.count(row);
        let connection = Connection { start: row.start, bytes: row.bytes.to_server + row.bytes.to_client };
        if series.kept.len() < KEPT_MAX && self.kept < KEPT_ALL_MAX {
            series.kept.push(connection);
            self.kept += 1;
        } else {
            self.kept_capped += u64::from(series.kept.len() < KEPT_MAX);
            series.overwrite(connection);
        }
        let due = match series.told {
            None => series.connections >= LEAST,
            Some((told, _)) => series.last >= told.plus(AGAIN),
        };
        due.then(|| series.tell(&key, begin, self.scoring))
    }

    /// The input is over: pairs with connections not told yet, in the order of their keys.
    pub(crate) fn finish(&mut self) -> Vec<News> {
        let (begin, scoring) = (self.begin.unwrap_or(Timestamp::EPOCH), self.scoring);
        let untold = |series: &Series| {
            series.connections >= LEAST && series.told.is_none_or(|(_, count)| count < series.connections)
        };
        let mut told = Vec::new();
        self.pairs.for_each(|key, series| {
            if untold(series) {
                told.push(series.tell(key, begin, scoring));
            }
        });
        told
    }

    /// What reached a cap, for the ledger.
    pub(crate) const fn capped(&self) -> [(&'static str, u64); 2] {
        [("pair_series", self.pairs.evicted()), ("pair_connections", self.kept_capped)]
    }
}

impl Series {
    fn new(row: &Row) -> Self {
        Self {
            first: row.start,
            last: row.end,
            connections: 0,
            kept: Vec::new(),
            oldest: 0,
            overwritten: false,
            told: None,
            flow: row.flow,
            vlan: row.vlan,
            app: Protocol::UNKNOWN,
        }
    }

    fn count(&mut self, row: &Row) {
        self.connections = self.connections.saturating_add(1);
        self.first = self.first.min(row.start);
        self.last = self.last.max(row.end);
        if !row.app.protocol.is_unknown() {
            self.app.clone_from(&row.app.protocol);
        }
    }

    fn overwrite(&mut self, connection: Connection) {
        self.overwritten = true;
        if let Some(slot) = self.kept.get_mut(self.oldest) {
            *slot = connection;
            self.oldest = (self.oldest + 1) % self.kept.len();
        }
    }

    fn tell(&mut self, key: &PairKey, begin: Timestamp, scoring: bool) -> News {
        self.told = Some((self.last, self.connections));
        let begin = begin.max(self.last.minus(WATCH));
        let mut kept: Vec<Connection> = self.kept.iter().copied().filter(|kept| kept.start >= begin).collect();
        kept.sort_by_key(|connection| (connection.start, connection.bytes));
        let begin = if self.overwritten { kept.first().map_or(begin, |kept| kept.start.max(begin)) } else { begin };
        let regularity = Regularity::of(&kept, self.connections, self.first, begin, self.last);
        let score = regularity.rita.filter(|_| scoring).map(|rita| self.score(key, &regularity, &rita));
        let Endpoints::Ip { src, dest, dest_port, transport, .. } = self.flow.endpoints else {
            return News {
                time: self.last,
                vlan: self.vlan,
                flow: self.flow,
                app: self.app.clone(),
                regularity,
                score,
            };
        };
        // A pair has many client ports, and so no one conversation's id.
        let endpoints = Endpoints::Ip { src, src_port: 0, dest, dest_port, transport };
        let flow = FlowRef { id: FlowId(0), endpoints };
        News { time: self.last, vlan: self.vlan, flow, app: self.app.clone(), regularity, score }
    }

    fn score(&self, key: &PairKey, regularity: &Regularity, rita: &Rita) -> Score {
        let value = Unit::new(severity(rita.score) as f32);
        let number = |value: f64| ReasonArg::Number(value as f32);
        let outside = !is_local(key.server.to_canonical()) && !key.server.is_loopback();
        let long = regularity.span_s >= SUSPICIOUS_SPAN_S;
        let suspicious = rita.score >= SUSPICIOUS && long && outside && !repeats_by_nature(&self.app);
        let mut reasons = vec![
            Reason {
                template: Reason::PAIR_REGULAR,
                args: vec![
                    number(rita.score),
                    number(f64::from(self.connections)),
                    number(regularity.span_s / 3_600.0),
                ],
            },
            Reason {
                template: Reason::PAIR_PARTS,
                args: [rita.intervals.score, rita.sizes.score, rita.histogram, rita.duration].map(number).into(),
            },
        ];
        if let Some(median) = regularity.interval_median_s {
            reasons.push(Reason::number(Reason::PAIR_INTERVAL, median as f32));
        }
        Score {
            verdict: if suspicious { Verdict::Suspicious } else { Verdict::Benign },
            value,
            votes: vec![Vote { classifier: Classifier::Pair, value, weight: Unit::ONE }],
            reasons,
            digest: None,
        }
    }
}

/// Protocols whose regularity says nothing.
fn repeats_by_nature(app: &Protocol) -> bool {
    [Protocol::NTP, Protocol::DNS, Protocol::STUN, Protocol::SNMP, Protocol::SYSLOG, Protocol::PTP].contains(app)
        || app.is_industrial()
}

/// The event of a pair.
pub(crate) fn body(news: &News) -> Body {
    let regularity = &news.regularity;
    Body::Pair(Box::new(body::Pair {
        connections: regularity.connections,
        interval: regularity.interval_median_s.unwrap_or(0.0),
        size: regularity.size_median.unwrap_or(0.0),
        duration: regularity.span_s,
        score: news.score.clone(),
    }))
}

#[cfg(test)]
#[path = "pairs_tests.rs"]
mod tests;
