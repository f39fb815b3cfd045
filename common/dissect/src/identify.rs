//! Which protocol a head belongs to: every candidate is asked, the surest wins.
//!
//! The structure of both directions decides; a port raises a confidence or breaks a tie, and alone
//! it gives a guess marked as such, and only where no candidate's structure contradicts it.

use crate::candidates::{self, Candidates};
use crate::{Dissector, Head, Probe, link, recognise, registry};
use picket_event::body::App;
use picket_event::{Endpoints, Method, Protocol, Transport, Unit};

/// From this confidence on, a decision falls without waiting for more.
pub(crate) const SURE: f32 = 0.8;
/// From this confidence on, a decision falls once both directions were seen.
pub(crate) const LIKELY: f32 = 0.5;
/// Below this confidence nothing is said.
pub(crate) const LEAST: f32 = 0.4;
/// From this confidence on, nobody else is asked.
const CERTAIN: f32 = 0.97;
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

/// A candidate by number, as [`candidates`] counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Candidate(u8);

/// What a candidate is.
enum Kind {
    Dissector(&'static registry::Entry),
    Signature(&'static recognise::Signature),
    Link(&'static link::Signature),
}

impl Candidate {
    /// The dissector of a protocol, of several the first that is met between such ends; where none is, as within another
    /// protocol, the first of all.
    pub(crate) fn reading(protocol: &Protocol, ends: &Endpoints) -> Option<Self> {
        let all = registry::ALL.iter().zip(0u8..).filter(|(entry, _)| entry.dissector.protocol() == *protocol);
        let met = |entry: &registry::Entry| match ends {
            Endpoints::Ip { transport, .. } => entry.home.transports.contains(transport),
            Endpoints::Link { .. } => entry.home.transports.is_empty(),
        };
        let found = all.clone().find(|(entry, _)| met(entry)).or_else(|| all.clone().next());
        found.map(|(_, number)| Self(number))
    }

    /// All that are called so.
    pub(crate) fn all_of(protocol: &Protocol) -> Candidates {
        let numbers = (0..=u8::MAX).take(candidates::COUNT);
        numbers.map(Self).filter(|c| c.protocol() == *protocol).fold(Candidates::NONE, |set, c| set.or(c.alone()))
    }

    fn kind(self) -> Option<Kind> {
        let number = usize::from(self.0);
        if let Some(entry) = registry::ALL.get(number) {
            return Some(Kind::Dissector(entry));
        }
        let number = number - registry::ALL.len();
        match recognise::ALL.get(number) {
            Some(signature) => Some(Kind::Signature(signature)),
            None => link::ALL.get(number - recognise::ALL.len()).map(Kind::Link),
        }
    }

    /// The dissector that reads it, where there is one.
    pub(crate) fn dissector(self) -> Option<&'static dyn Dissector> {
        match self.kind()? {
            Kind::Dissector(entry) => Some(entry.dissector),
            Kind::Signature(_) | Kind::Link(_) => None,
        }
    }

    /// Its protocol.
    pub(crate) fn protocol(self) -> Protocol {
        match self.kind() {
            Some(Kind::Dissector(entry)) => entry.dissector.protocol(),
            Some(Kind::Signature(signature)) => signature.protocol.clone(),
            Some(Kind::Link(signature)) => signature.protocol.clone(),
            None => Protocol::UNKNOWN,
        }
    }

    /// The set of it alone.
    pub(crate) fn alone(self) -> Candidates {
        let mut set = Candidates::NONE;
        set.insert(self.0);
        set
    }

    fn ask(self, head: &Head<'_>) -> Probe {
        match self.kind() {
            Some(Kind::Dissector(entry)) => entry.dissector.probe(head),
            Some(Kind::Signature(signature)) => (signature.probe)(head),
            Some(Kind::Link(signature)) => signature.ask(head),
            None => Probe::No,
        }
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

    /// Whether the port alone says it.
    pub(crate) const fn is_guess(self) -> bool {
        matches!(self.method, Method::Port)
    }

    /// The same decision under the name of what is carried.
    pub(crate) const fn called(self, protocol: &'static Protocol) -> Self {
        Self { name: Name::Told(protocol), ..self }
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

/// Asks the candidates that have not refused, those of a fitting port first; where one of them is certain, nobody else.
/// So what speaks as its port says costs a few probes, however many candidates there are. New refusals are noted.
pub(crate) fn judge(head: &Head<'_>, ports: Ports, refused: &mut Candidates) -> Judgement {
    let (meant, others) = ports.candidates();
    let mut judgement = Judgement { best: None, pending: false };
    let bonus = if ports.ether_type.is_some() { 0.0 } else { PORT_BONUS };
    judgement.ask(meant, bonus, head, refused);
    if judgement.best.is_none_or(|best| best.confidence.get() < CERTAIN) {
        judgement.ask(others, 0.0, head, refused);
    }
    judgement
}

impl Ports {
    /// Those of a conversation.
    pub(crate) const fn of(endpoints: &Endpoints) -> Self {
        match *endpoints {
            Endpoints::Ip { src_port, dest_port, transport, .. } => {
                Self { transport, client: src_port, server: dest_port, ether_type: None }
            }
            Endpoints::Link { ether_type, .. } => Self { transport: Transport(0), client: 0, server: 0, ether_type },
        }
    }

    /// Whom the ports speak for, and who else can be meant.
    fn candidates(self) -> (Candidates, Candidates) {
        if let Some(ether_type) = self.ether_type {
            return (candidates::LINK.at(ether_type), Candidates::NONE);
        }
        match candidates::by_port(self.transport) {
            Some(places) => {
                let meant = places.at(self.server).or(places.at(self.client));
                (meant, places.anywhere.without(meant))
            }
            None => (Candidates::NONE, candidates::without_ports(self.transport)),
        }
    }
}

impl Judgement {
    /// Those of the asked whose messages can begin as these do. Of the others nothing is asked.
    fn narrow(&mut self, asked: Candidates, head: &Head<'_>, refused: &mut Candidates) -> Candidates {
        if head.transport != Transport::TCP && head.transport != Transport::UDP {
            return asked;
        }
        let (meant, open) = candidates::beginning(head.to_server, head.to_client);
        self.pending |= !asked.and(open).is_empty();
        *refused = refused.or(asked.without(meant).without(open));
        asked.and(meant)
    }

    fn ask(&mut self, asked: Candidates, bonus: f32, head: &Head<'_>, refused: &mut Candidates) {
        let asked = self.narrow(asked.without(*refused), head, refused);
        for number in asked {
            let candidate = Candidate(number);
            match candidate.ask(head) {
                Probe::No => refused.insert(number),
                Probe::More => self.pending = true,
                Probe::Yes { confidence, reversed } => {
                    let sure = if bonus > 0.0 { (confidence.get() + bonus).min(0.99) } else { confidence.get() };
                    let confidence = Unit::new(sure);
                    if self.best.is_none_or(|best| confidence > best.confidence) {
                        self.best = Some(Choice { candidate, confidence, reversed });
                    }
                }
            }
        }
    }
}

/// The protocol registered for a conversation's port, or for the type that stands in its place: weak evidence, whatever was said.
#[must_use]
pub fn by_port(endpoints: &Endpoints) -> Option<Protocol> {
    let ports = Ports::of(endpoints);
    let (mut meant, _) = ports.candidates();
    meant.next().map(|number| Candidate(number).protocol())
}

/// The candidate a port alone points at, unless it refused what was seen. Never an industrial one: scans of
/// plant ports would fill a plant with devices that are not there.
pub(crate) fn guess(ports: Ports, refused: Candidates) -> Option<Decided> {
    let meant = match (ports.ether_type, candidates::by_port(ports.transport)) {
        (Some(ether_type), _) => candidates::LINK.at(ether_type),
        (None, Some(places)) => places.at(ports.server),
        (None, None) => Candidates::NONE,
    };
    let candidate = meant.without(refused).next().map(Candidate)?;
    if candidate.protocol().is_industrial() {
        return None;
    }
    Some(Decided { name: Name::Candidate(candidate), confidence: Unit::new(PORT_ALONE), method: Method::Port })
}
