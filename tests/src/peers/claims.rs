//! What a reader of captures claims of each conversation, and how two readers' claims are compared.

use crate::golden::events;
use picket_event::{Body, Endpoints, Event};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::path::Path;

/// One end of a conversation.
pub type End = (IpAddr, u16);

/// A conversation without a sense of direction: its two ends, the lower first.
pub type Ends = (End, End);

/// What is claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// JA3 of the first TLS client hello, which stands for the hello as a whole.
    TlsHello,
    /// Server name of the first TLS client hello.
    TlsServerName,
    /// JA3 of the first client hello over QUIC.
    QuicHello,
    /// Server name of the first client hello over QUIC.
    QuicServerName,
    /// An SSH banner.
    SshBanner,
    /// A name asked for in DNS.
    DnsQuestion,
}

/// Everything that is claimed of a capture.
#[derive(Debug, Default)]
pub struct Claims {
    /// The claims.
    pub all: BTreeSet<(Ends, What, String)>,
    /// Conversations whose client speaks HTTP, whatever answers: they are named by their client, and the answer is not read as
    /// another protocol's.
    pub http: BTreeSet<Ends>,
}

/// The two ends in their order.
#[must_use]
pub fn ends(one: End, other: End) -> Ends {
    if one <= other { (one, other) } else { (other, one) }
}

/// What Picket claims.
#[must_use]
pub fn picket(path: &Path) -> Claims {
    let mut claims = Claims::default();
    let mut first = First::default();
    for event in events(path) {
        claim(&event, &mut claims, &mut first);
    }
    claims
}

/// Keeps the first hello of a conversation alone: retries and renegotiations send another.
#[derive(Debug, Default)]
pub struct First(BTreeSet<(Ends, What)>);

impl First {
    /// Whether this is the first of its kind in its conversation.
    pub fn is_first(&mut self, ends: Ends, what: What) -> bool {
        self.0.insert((ends, what))
    }
}

fn claim(event: &Event, claims: &mut Claims, first: &mut First) {
    let Some(flow) = &event.flow else { return };
    let Endpoints::Ip { src, src_port, dest, dest_port, .. } = flow.endpoints else { return };
    let ends = ends((src, src_port), (dest, dest_port));
    let mut hello = |what, name, ja3: Option<[u8; 16]>, sni: &Option<String>| {
        if first.is_first(ends, what) {
            claims.all.extend(ja3.map(|hash| (ends, what, hex(&hash))));
            claims.all.extend(sni.as_ref().map(|sni| (ends, name, sni.to_ascii_lowercase())));
        }
    };
    match &event.body {
        Body::Tls(tls) => hello(What::TlsHello, What::TlsServerName, tls.ja3, &tls.sni),
        Body::Quic(quic) => hello(What::QuicHello, What::QuicServerName, quic.ja3, &quic.sni),
        Body::Ssh(ssh) => {
            for end in [&ssh.client, &ssh.server].into_iter().flatten() {
                claims.all.insert((ends, What::SshBanner, format!("SSH-{}-{}", end.version, end.software)));
            }
        }
        Body::Http(_) => {
            claims.http.insert(ends);
        }
        Body::Dns(dns) if !dns.answer => {
            claims.all.insert((ends, What::DnsQuestion, dns.name.to_ascii_lowercase()));
        }
        _ => {}
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// How two readers agree on one kind of claim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// Claimed by both.
    pub both: usize,
    /// Claimed by the peer alone.
    pub peer_only: usize,
    /// Claimed by Picket alone.
    pub picket_only: usize,
}

impl Agreement {
    /// Share of the peer's claims that Picket makes too; 1 where the peer claims nothing.
    #[must_use]
    pub fn share(&self) -> f64 {
        let all = self.both + self.peer_only;
        if all == 0 { 1.0 } else { self.both as f64 / all as f64 }
    }
}

/// The comparison of many captures.
#[derive(Debug, Default)]
pub struct Comparison {
    /// By kind of claim.
    pub kinds: BTreeMap<What, Agreement>,
    /// What only one side claims, as lines.
    pub differences: Vec<String>,
}

impl Comparison {
    /// Adds one capture.
    pub fn add(&mut self, capture: &str, picket: &Claims, peer: &Claims) {
        for claim in &picket.all | &peer.all {
            if claim.1 == What::SshBanner && picket.http.contains(&claim.0) {
                continue;
            }
            let agreement = self.kinds.entry(claim.1).or_default();
            let who = match (picket.all.contains(&claim), peer.all.contains(&claim)) {
                (true, true) => {
                    agreement.both += 1;
                    continue;
                }
                (true, false) => {
                    agreement.picket_only += 1;
                    "picket"
                }
                _ => {
                    agreement.peer_only += 1;
                    "peer"
                }
            };
            let (((a, ap), (b, bp)), what, value) = claim;
            self.differences.push(format!("{who} alone: {capture}: {a}:{ap} {b}:{bp} {what:?} {value}"));
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, agreement) in &self.kinds {
            let Agreement { both, peer_only, picket_only } = agreement;
            let share = agreement.share();
            writeln!(f, "{what:?}: both {both}, peer alone {peer_only}, picket alone {picket_only}, share {share:.4}")?;
        }
        Ok(())
    }
}
