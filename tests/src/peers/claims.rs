//! What a reader of captures claims of each conversation, and how two readers' claims are compared.

use super::causes::{About, Cause, cause};
use crate::golden::read;
use picket_agent::sensor::Settings;
use picket_event::{Body, Endpoints, Event, Protocol, Transport};
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

impl What {
    /// The protocol that it is claimed of.
    #[must_use]
    pub const fn protocol(self) -> Protocol {
        match self {
            Self::TlsHello | Self::TlsServerName => Protocol::TLS,
            Self::QuicHello | Self::QuicServerName => Protocol::QUIC,
            Self::SshBanner => Protocol::SSH,
            Self::DnsQuestion => Protocol::DNS,
        }
    }

    /// Everything that is compared.
    pub const ALL: &[Self] = &[
        Self::TlsHello,
        Self::TlsServerName,
        Self::QuicHello,
        Self::QuicServerName,
        Self::SshBanner,
        Self::DnsQuestion,
    ];
}

/// Everything that is claimed of a capture.
#[derive(Debug, Default)]
pub struct Claims {
    /// The claims.
    pub all: BTreeSet<(Ends, What, String)>,
    /// Conversations whose client speaks HTTP, whatever answers: they are named by their client, and the answer is not read as
    /// another protocol's.
    pub http: BTreeSet<Ends>,
    /// What else is known of conversations.
    pub about: BTreeMap<Ends, About>,
}

/// A text as two readers can be compared on: what is not printable each writes in a way of its own (escapes, replacement
/// characters, an end at the first zero byte), so it is left out.
#[must_use]
pub fn comparable(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let escaped = rest.strip_prefix('\\').map_or(0, |behind| match behind.as_bytes() {
            [b'x', a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => 4,
            [a, b, c, ..] if [a, b, c].into_iter().all(u8::is_ascii_digit) => 4,
            _ => 0,
        });
        if escaped == 0 && (next == ' ' || next.is_ascii_graphic()) {
            plain.push(next.to_ascii_lowercase());
        }
        rest = rest.get(escaped.max(next.len_utf8())..).unwrap_or_default();
    }
    plain.trim().to_owned()
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
    let mut events: Vec<Event> = Vec::new();
    let ledger = read(path, &Settings::file("capture"), &mut events);
    events.iter().for_each(|event| claim(event, &mut claims, &mut first));
    for about in claims.about.values_mut() {
        about.is_damaged = about.names.iter().any(|name| ledger.malformed.contains_key(name));
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
    let Endpoints::Ip { src, src_port, dest, dest_port, transport } = flow.endpoints else { return };
    let ends = ends((src, src_port), (dest, dest_port));
    let mut hello = |what, name, ja3: Option<[u8; 16]>, sni: &Option<String>| {
        if first.is_first(ends, what) {
            claims.all.extend(ja3.map(|hash| (ends, what, hex(&hash))));
            claims.all.extend(sni.as_ref().map(|sni| (ends, name, comparable(sni))));
        }
    };
    match &event.body {
        Body::Flow(flow) => {
            claims.about.entry(ends).or_default().names.insert(flow.app.protocol.name().to_owned());
        }
        // DTLS has fields of its own there.
        Body::Tls(_) if transport == Transport::UDP => {}
        Body::Tls(tls) => hello(What::TlsHello, What::TlsServerName, tls.ja3, &tls.sni),
        Body::Quic(quic) => hello(What::QuicHello, What::QuicServerName, quic.ja3, &quic.sni),
        Body::Ssh(ssh) => {
            for end in [&ssh.client, &ssh.server].into_iter().flatten() {
                claims.all.insert((
                    ends,
                    What::SshBanner,
                    comparable(&format!("SSH-{}-{}", end.version, end.software)),
                ));
            }
        }
        Body::Http(_) => {
            claims.http.insert(ends);
        }
        Body::Dns(dns) if !dns.answer => {
            claims.all.insert((ends, What::DnsQuestion, comparable(&dns.name)));
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
    /// Why: by kind of claim and by who claims it alone.
    pub causes: BTreeMap<(What, &'static str, Cause), usize>,
}

/// The ends of conversations of which the two do not claim the same.
#[must_use]
pub fn differing(picket: &Claims, peer: &Claims) -> BTreeSet<Ends> {
    picket.all.symmetric_difference(&peer.all).map(|(ends, ..)| *ends).collect()
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
            let (ends, what, value) = claim;
            let (claims, other) = if who == "peer" { (peer, picket) } else { (picket, peer) };
            let cause = cause(&ends, what, claims, other, who == "peer");
            *self.causes.entry((what, who, cause)).or_default() += 1;
            let ((a, ap), (b, bp)) = ends;
            let (names, why) = (other.about.get(&ends).map(|about| &about.names), cause.words());
            self.differences.push(format!(
                "{who} alone: {capture}: {a}:{ap} {b}:{bp} {what:?} {value}: {why}, other says {names:?}"
            ));
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, agreement) in &self.kinds {
            let Agreement { both, peer_only, picket_only } = agreement;
            let share = agreement.share();
            writeln!(f, "{what:?}: both {both}, peer alone {peer_only}, picket alone {picket_only}, share {share:.4}")?;
            for ((_, who, cause), count) in self.causes.iter().filter(|((kind, ..), _)| kind == what) {
                writeln!(f, "  {who} alone {count}: {}", cause.words())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::comparable;

    #[test]
    fn what_is_not_printable_is_left_out_however_it_is_written() {
        assert_eq!(comparable("SSH-1.99-Cisco \\x00\\x00"), "ssh-1.99-cisco");
        assert_eq!(comparable("a\\200b\u{fffd}c.Example"), "abc.example");
        assert_eq!(comparable("plain\\name"), "plain\\name");
    }
}
