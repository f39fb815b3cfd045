//! Which protocol a head belongs to: every candidate is asked, the surest wins.
//!
//! The structure of both directions decides; a port raises a confidence or breaks a tie, and alone
//! it gives a guess marked as such, and only where no candidate's structure contradicts it.

use crate::{Dissector, Head, Probe, link, recognise, registry};
use picket_event::body::App;
use picket_event::{Method, Protocol, Transport, Unit};

/// From this confidence on, a decision falls without waiting for more.
pub(crate) const SURE: f32 = 0.8;
/// From this confidence on, a decision falls once both directions were seen.
pub(crate) const LIKELY: f32 = 0.5;
/// Below this confidence nothing is said.
pub(crate) const LEAST: f32 = 0.4;
/// What a fitting server port adds.
const PORT_BONUS: f32 = 0.12;
/// Confidence of a guess from the port alone.
const PORT_ALONE: f32 = 0.2;

/// The two ports of a conversation and its transport, or the type that stands in their place below IP.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports {
    pub(crate) transport: Transport,
    pub(crate) client: u16,
    pub(crate) server: u16,
    pub(crate) ether_type: Option<u16>,
}

/// A candidate by number: dissectors first, then signatures; those of the link layer from the end down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Candidate(u8);

/// What a candidate is.
enum Kind {
    Dissector(&'static dyn Dissector),
    Signature(&'static recognise::Signature),
    Link(&'static link::Signature),
}

/// Candidates above IP; a set of them is one number, so there can be no more than it has bits.
const COUNT: usize = {
    let count = registry::ALL.len() + recognise::ALL.len();
    assert!(count <= 128, "more candidates than a set holds: widen `refused`");
    count
};

impl Candidate {
    fn all() -> impl Iterator<Item = Self> {
        (0..COUNT).map(|number| Self(u8::try_from(number).unwrap_or(u8::MAX)))
    }

    /// Those of a conversation below IP that has this type: dissectors first.
    fn of_type(ether_type: u16) -> impl Iterator<Item = Self> {
        let reads = move |d: &&'static dyn Dissector| d.ether_types().contains(&ether_type);
        let named = move |s: &&'static link::Signature| s.ether_types.contains(&ether_type);
        let dissectors = registry::ALL.iter().zip(0..127u8).filter(move |(d, _)| reads(d)).map(|(_, at)| Self(at));
        dissectors.chain(link::ALL.iter().zip(0..127u8).filter(move |(s, _)| named(s)).map(|(_, at)| Self(255 - at)))
    }

    /// Those that can be meant on these ports.
    fn meant(ports: Ports) -> impl Iterator<Item = Self> {
        let above = ports.ether_type.is_none().then(Self::all);
        above.into_iter().flatten().chain(ports.ether_type.into_iter().flat_map(Self::of_type))
    }

    /// The dissector of a protocol.
    pub(crate) fn reading(protocol: &Protocol) -> Option<Self> {
        Self::all().find(|candidate| candidate.dissector().is_some_and(|d| d.protocol() == *protocol))
    }

    fn kind(self) -> Option<Kind> {
        let number = usize::from(self.0);
        if let Some(at) = 255usize.checked_sub(number).filter(|_| number >= 128) {
            return link::ALL.get(at).map(Kind::Link);
        }
        if let Some(dissector) = registry::ALL.get(number) {
            return Some(Kind::Dissector(*dissector));
        }
        recognise::ALL.get(number.saturating_sub(registry::ALL.len())).map(Kind::Signature)
    }

    /// The dissector that reads it, where there is one.
    pub(crate) fn dissector(self) -> Option<&'static dyn Dissector> {
        match self.kind()? {
            Kind::Dissector(dissector) => Some(dissector),
            Kind::Signature(_) | Kind::Link(_) => None,
        }
    }

    /// Its protocol.
    pub(crate) fn protocol(self) -> Protocol {
        match self.kind() {
            Some(Kind::Dissector(dissector)) => dissector.protocol(),
            Some(Kind::Signature(signature)) => signature.protocol.clone(),
            Some(Kind::Link(signature)) => signature.protocol.clone(),
            None => Protocol::UNKNOWN,
        }
    }

    /// Its bit in a set of candidates.
    pub(crate) const fn bit(self) -> u128 {
        1u128 << (self.0 & 127)
    }
}

/// A candidate that said yes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choice {
    pub(crate) candidate: Candidate,
    pub(crate) confidence: Unit,
    pub(crate) reversed: bool,
}

/// A decision: what a conversation is called, and how that is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decided {
    name: Name,
    confidence: Unit,
    method: Method,
}

#[derive(Clone, Copy, Debug)]
enum Name {
    Candidate(Candidate),
    Told(&'static Protocol),
}

impl Decided {
    /// What the bytes showed.
    pub(crate) const fn of(choice: Choice) -> Self {
        Self { name: Name::Candidate(choice.candidate), confidence: choice.confidence, method: Method::Fingerprint }
    }

    /// What the conversation itself announced and the other side agreed to.
    pub(crate) const fn told(protocol: &'static Protocol) -> Self {
        Self { name: Name::Told(protocol), confidence: Unit::ONE, method: Method::Fingerprint }
    }

    /// The name as events give it.
    pub(crate) fn app(self) -> App {
        let protocol = match self.name {
            Name::Candidate(candidate) => candidate.protocol(),
            Name::Told(protocol) => protocol.clone(),
        };
        App { protocol, confidence: self.confidence, method: Some(self.method) }
    }
}

/// What all candidates together say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judgement {
    pub(crate) best: Option<Choice>,
    /// Somebody needs more bytes.
    pub(crate) pending: bool,
}

/// Asks every candidate that has not refused; new refusals are noted.
pub(crate) fn judge(head: &Head<'_>, ports: Ports, refused: &mut u128) -> Judgement {
    let mut judgement = Judgement { best: None, pending: false };
    for candidate in Candidate::meant(ports) {
        if *refused & candidate.bit() != 0 {
            continue;
        }
        match ask(candidate, head, ports) {
            Probe::No => *refused |= candidate.bit(),
            Probe::More => judgement.pending = true,
            Probe::Yes { confidence, reversed } => {
                if judgement.best.is_none_or(|best| confidence > best.confidence) {
                    judgement.best = Some(Choice { candidate, confidence, reversed });
                }
            }
        }
    }
    judgement
}

fn ask(candidate: Candidate, head: &Head<'_>, ports: Ports) -> Probe {
    let (transports, known, needs_port, probe) = match candidate.kind() {
        Some(Kind::Link(signature)) => return signature.ask(head),
        Some(Kind::Dissector(d)) if ports.ether_type.is_some_and(|kind| d.ether_types().contains(&kind)) => {
            return d.probe(head);
        }
        Some(Kind::Dissector(d)) if d.transports().contains(&ports.transport) => {
            (d.transports(), d.ports(), d.needs_port(), d.probe(head))
        }
        Some(Kind::Signature(s)) if s.transports.contains(&ports.transport) => {
            (s.transports, s.ports, s.needs_port, (s.probe)(head))
        }
        _ => return Probe::No,
    };
    debug_assert!(transports.contains(&ports.transport));
    let fits = known.contains(&ports.server) || known.contains(&ports.client);
    match probe {
        _ if needs_port && !fits => Probe::No,
        Probe::Yes { confidence, reversed } if fits => {
            Probe::Yes { confidence: Unit::new((confidence.get() + PORT_BONUS).min(0.99)), reversed }
        }
        other => other,
    }
}

/// The candidate a port alone points at, unless it refused what was seen. Never an industrial one: scans of
/// plant ports would fill a plant with devices that are not there.
pub(crate) fn guess(ports: Ports, refused: u128) -> Option<Decided> {
    let fits = |candidate: &Candidate| {
        let (transports, known) = match candidate.kind() {
            _ if ports.ether_type.is_some() => return refused & candidate.bit() == 0,
            Some(Kind::Dissector(d)) => (d.transports(), d.ports()),
            Some(Kind::Signature(s)) => (s.transports, s.ports),
            Some(Kind::Link(_)) | None => return false,
        };
        refused & candidate.bit() == 0 && transports.contains(&ports.transport) && known.contains(&ports.server)
    };
    let candidate = Candidate::meant(ports).find(fits).filter(|candidate| !candidate.protocol().is_industrial())?;
    Some(Decided { name: Name::Candidate(candidate), confidence: Unit::new(PORT_ALONE), method: Method::Port })
}
