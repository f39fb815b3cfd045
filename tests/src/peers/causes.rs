//! Why two readers differ: told by rules from what each knows of the conversation, never by the name of a capture.

use super::claims::{Claims, Ends, What};
use picket_event::Protocol;
use std::collections::BTreeSet;

/// What a reader knows of a conversation beside its claims.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// What it takes the conversation for.
    pub names: BTreeSet<String>,
    /// Segments or fragments are missing or out of order there.
    pub is_hindered: bool,
    /// It says that a message is malformed, or not all there.
    pub is_damaged: bool,
}

/// Why one reader alone makes a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Both claim something of this kind at these ends, and not the same.
    AnotherValue,
    /// The other takes the conversation for something else: by its port, or by what came first on it.
    NamedOtherwise,
    /// The other needs segments or fragments that are missing or came out of order.
    Hindered,
    /// The message contradicts itself or is cut: one of the two tells what is left of it.
    Damaged,
    /// The other has no conversation between these ends: it does not open what it lies in, or keeps it under other ends.
    NoConversation,
    /// The peer follows the conversation, nothing hinders it, and it does not read the message.
    NotRead,
    /// None of the rules.
    Unexplained,
}

impl Cause {
    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::AnotherValue => "the other reads another message of the same ends",
            Self::NamedOtherwise => "the other takes the conversation for something else",
            Self::Hindered => "segments or fragments are missing or out of order",
            Self::Damaged => "the message contradicts itself or is cut",
            Self::NoConversation => "the other has no conversation between these ends",
            Self::NotRead => "the peer follows the conversation and does not read the message",
            Self::Unexplained => "unexplained",
        }
    }
}

/// Why `other` does not make a claim that `who` makes; `by_peer` says that who makes it is the peer. What Picket lacks has to have
/// a reason beyond that it lacks it.
#[must_use]
pub fn cause(ends: &Ends, what: What, who: &Claims, other: &Claims, by_peer: bool) -> Cause {
    let is_its_own = |claim: &&(Ends, What, String)| claim.0 == *ends && claim.1 == what && !who.all.contains(claim);
    if other.all.iter().any(|claim| is_its_own(&claim)) {
        return Cause::AnotherValue;
    }
    let (mine, theirs) = (who.about.get(ends), other.about.get(ends));
    let Some(theirs) = theirs else { return Cause::NoConversation };
    if !theirs.names.iter().any(|name| fits(name, what)) {
        return Cause::NamedOtherwise;
    }
    if theirs.is_damaged || mine.is_some_and(|mine| mine.is_damaged) {
        return Cause::Damaged;
    }
    if theirs.is_hindered || mine.is_some_and(|mine| mine.is_hindered) {
        return Cause::Hindered;
    }
    if by_peer { Cause::Unexplained } else { Cause::NotRead }
}

/// Whether a conversation of this name can say such a thing.
fn fits(name: &str, what: What) -> bool {
    match what.protocol() {
        // A service under TLS keeps its name.
        protocol if protocol == Protocol::TLS => matches!(name, "tls" | "dot" | "doh" | "tor"),
        protocol if protocol == Protocol::QUIC => matches!(name, "quic" | "doq" | "doh"),
        protocol => name == protocol.name(),
    }
}
