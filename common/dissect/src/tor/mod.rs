//! Links to relays of Tor (tor-spec, "Negotiating channels"), told from other TLS without decrypting.
//!
//! TLS 1.2 and older: the certificate, which goes in clear. A relay makes it up: subject `CN=www.NAME.net`, issuer
//! `CN=www.NAME.com` (`.net` in old releases), the names of random letters, and no extension. Nobody else's looks so.
//! TLS 1.3: the client asks for a made-up `www.NAME.com` and offers no application protocol; behind its Finished come a
//! record of the length of a VERSIONS cell, then records of whole cells (514 bytes); of a relay that opens a link one
//! with its certificates between. All of it has to be there.
//! Not told: bridges with a transport of their own (obfs4, meek, snowflake, webtunnel), which look like nothing or like
//! something else, and clients that ask for no name.

#[cfg(test)]
mod tests;

use crate::fact::{Certificates, ClientHello};

/// Letters of a made-up name, those of base 32 (RFC 4648 section 6).
const LETTERS: fn(u8) -> bool = |letter| matches!(letter, b'a'..=b'z' | b'2'..=b'7');
/// Lengths of a made-up name in certificates and in a client's question.
const CERTIFIED: std::ops::RangeInclusive<usize> = 8..=20;
const ASKED: std::ops::RangeInclusive<usize> = 4..=25;
/// What TLS 1.3 adds to a record: the kind of its content and a tag (RFC 8446 section 5.2).
const ADDED: usize = 17;
/// A cell (tor-spec, "Cell format"; of link protocol 4 and newer).
const CELL: usize = 514;
/// Lengths of a VERSIONS cell with one to five versions, whose circuit id is short.
const VERSIONS: [usize; 5] = [7, 9, 11, 13, 15];
/// Lengths of a client's Finished with SHA-256 and SHA-384.
const FINISHED: [usize; 2] = [36, 52];

/// Whether a certificate is one that a relay makes up.
pub(crate) fn is_relays(certificates: &Certificates) -> bool {
    let leaf = &certificates.leaf;
    let common = |name: &str, end: &str| name.strip_prefix("CN=").is_some_and(|name| is_made_up(name, end, CERTIFIED));
    certificates.extensions == 0
        && !leaf.self_signed
        && common(&leaf.subject, ".net")
        && (common(&leaf.issuer, ".com") || common(&leaf.issuer, ".net"))
}

/// Whether a hello asks as Tor's clients do; many others may, too.
pub(crate) fn may_begin(hello: &ClientHello) -> bool {
    hello.alpn.is_empty() && hello.sni.as_deref().is_some_and(|name| is_made_up(name, ".com", ASKED))
}

fn is_made_up(name: &str, end: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    let inside = name.strip_prefix("www.").and_then(|name| name.strip_suffix(end));
    inside.is_some_and(|name| lengths.contains(&name.len()) && name.bytes().all(LETTERS))
}

/// What the lengths of a client's records say so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    More,
    Tor,
    Foreign,
}

/// The encrypted records of a client behind its hello, one by one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cells {
    records: u8,
}

impl Cells {
    /// Looks at the length of the next one.
    pub(crate) fn record(&mut self, length: usize) -> Verdict {
        let Some(inside) = length.checked_sub(ADDED) else { return Verdict::Foreign };
        self.records = self.records.saturating_add(1);
        match self.records {
            1 if FINISHED.contains(&inside) => Verdict::More,
            2 if VERSIONS.contains(&inside) => Verdict::More,
            3 | 4 if inside > 0 && inside.is_multiple_of(CELL) => Verdict::Tor,
            // A relay that opens a link proves who it is first: certificates and a signature of any length, then a cell.
            3 if inside > CELL => Verdict::More,
            _ => Verdict::Foreign,
        }
    }
}
