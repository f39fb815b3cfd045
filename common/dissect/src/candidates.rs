//! Sets of candidates, and which of them a port, a transport or an ether type speaks for: the registry and the signatures,
//! turned round when the program is built.

use crate::opening::Opening;
use crate::{link, recognise, registry};
use picket_event::Transport;

/// Candidates: dissectors first, then signatures, then those of the link layer.
pub(crate) const COUNT: usize = registry::ALL.len() + recognise::ALL.len() + link::ALL.len();
const _: () = assert!(COUNT <= 256, "more candidates than a set holds: widen `Candidates`");

/// Pairs of a key and a candidate a table has room for.
const ROOM: usize = 512;

/// A set of candidates, by number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Candidates([u64; 4]);

#[allow(clippy::indexing_slicing, reason = "evaluated when the program is built, or within four words")]
impl Candidates {
    pub(crate) const NONE: Self = Self([0; 4]);
    pub(crate) const ALL: Self = Self([u64::MAX; 4]);

    const fn with(mut self, number: usize) -> Self {
        self.0[number >> 6 & 3] |= 1 << (number & 63);
        self
    }

    pub(crate) fn insert(&mut self, number: u8) {
        *self = self.with(usize::from(number));
    }

    #[cfg(test)]
    pub(crate) const fn contains(self, number: u8) -> bool {
        self.0[(number >> 6) as usize] >> (number & 63) & 1 == 1
    }

    pub(crate) const fn or(self, other: Self) -> Self {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, other.0);
        Self([a | e, b | f, c | g, d | h])
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, other.0);
        Self([a & e, b & f, c & g, d & h])
    }

    pub(crate) const fn is_empty(self) -> bool {
        matches!(self.0, [0, 0, 0, 0])
    }

    pub(crate) const fn without(self, other: Self) -> Self {
        let [e, f, g, h] = other.0;
        self.and(Self([!e, !f, !g, !h]))
    }
}

impl Iterator for Candidates {
    type Item = u8;

    /// Takes out the lowest.
    fn next(&mut self) -> Option<u8> {
        let (word, base) = self.0.iter_mut().zip([0u8, 64, 128, 192]).find(|(word, _)| **word != 0)?;
        let bit = u8::try_from(word.trailing_zeros()).unwrap_or(u8::MAX);
        *word &= *word - 1;
        Some(base + bit)
    }
}

/// Who is met where.
#[derive(Debug)]
pub(crate) struct Places {
    /// Over this transport, whatever the port.
    pub(crate) anywhere: Candidates,
    /// By port or ether type; sorted, a key on one row.
    keys: [u16; ROOM],
    sets: [Candidates; ROOM],
    used: usize,
}

impl Places {
    /// Those that a port or an ether type speaks for.
    pub(crate) fn at(&self, key: u16) -> Candidates {
        let found = self.keys.get(..self.used).and_then(|keys| keys.binary_search(&key).ok());
        found.and_then(|at| self.sets.get(at)).copied().unwrap_or(Candidates::NONE)
    }
}

/// Over TCP.
static TCP: Places = over(Transport::TCP);
/// Over UDP.
static UDP: Places = over(Transport::UDP);
/// Below IP, by type.
pub(crate) static LINK: Places = below_ip();

/// Who is met over a transport; none for those that have no ports.
pub(crate) const fn by_port(transport: Transport) -> Option<&'static Places> {
    match transport {
        Transport::TCP => Some(&TCP),
        Transport::UDP => Some(&UDP),
        _ => None,
    }
}

/// Who is met over a transport without ports.
pub(crate) fn without_ports(transport: Transport) -> Candidates {
    let dissectors = registry::ALL.iter().map(|entry| entry.home.transports);
    let transports = dissectors.chain(recognise::ALL.iter().map(|signature| signature.transports));
    let fits = transports.zip(0u8..).filter(|(all, _)| all.contains(&transport));
    fits.fold(Candidates::NONE, |set, (_, number)| set.with(usize::from(number)))
}

#[allow(clippy::indexing_slicing, reason = "evaluated when the program is built")]
const fn over(transport: Transport) -> Places {
    let mut places = Places::NONE;
    let mut number = 0;
    while number < registry::ALL.len() {
        let home = &registry::ALL[number].home;
        places = places.with(number, runs(home.transports, transport), home.ports, home.needs_port);
        number += 1;
    }
    while number - registry::ALL.len() < recognise::ALL.len() {
        let signature = &recognise::ALL[number - registry::ALL.len()];
        let fits = runs(signature.transports, transport);
        places = places.with(number, fits, signature.ports, signature.needs_port);
        number += 1;
    }
    places
}

/// Who may be speaking where somebody begins with a byte.
static BEGINNING: [Candidates; 256] = beginning_with();
/// Of whom nothing is known before both sides were heard.
static ONE_SIDED: Candidates = one_sided();

/// Who may be speaking, by the first byte of each side that was heard, and of whom else nothing can be said yet.
pub(crate) fn beginning(to_server: &[u8], to_client: &[u8]) -> (Candidates, Candidates) {
    let by = |bytes: &[u8]| bytes.first().and_then(|byte| BEGINNING.get(usize::from(*byte))).copied();
    match (by(to_server), by(to_client)) {
        (Some(one), Some(other)) => (one.or(other), Candidates::NONE),
        (Some(one), None) | (None, Some(one)) => (one, ONE_SIDED.without(one)),
        (None, None) => (Candidates::ALL, Candidates::NONE),
    }
}

#[allow(clippy::indexing_slicing, reason = "evaluated when the program is built")]
const fn opening(number: usize) -> Opening {
    let signature = number.wrapping_sub(registry::ALL.len());
    if number < registry::ALL.len() {
        registry::ALL[number].opening
    } else if signature < recognise::ALL.len() {
        recognise::ALL[signature].opening
    } else {
        Opening::ANY
    }
}

#[allow(clippy::indexing_slicing, reason = "evaluated when the program is built")]
const fn beginning_with() -> [Candidates; 256] {
    let mut sets = [Candidates::NONE; 256];
    let mut number = 0;
    while number < COUNT {
        let opening = opening(number);
        let mut byte = 0;
        while byte < sets.len() {
            if opening.has(byte as u8) {
                sets[byte] = sets[byte].with(number);
            }
            byte += 1;
        }
        number += 1;
    }
    sets
}

const fn one_sided() -> Candidates {
    let mut set = Candidates::NONE;
    let mut number = 0;
    while number < COUNT {
        if opening(number).is_one_sided() {
            set = set.with(number);
        }
        number += 1;
    }
    set
}

#[allow(clippy::indexing_slicing, reason = "evaluated when the program is built")]
const fn below_ip() -> Places {
    let mut places = Places::NONE;
    let mut number = 0;
    while number < registry::ALL.len() {
        places = places.with(number, true, registry::ALL[number].home.ether_types, true);
        number += 1;
    }
    let first = registry::ALL.len() + recognise::ALL.len();
    let mut at = 0;
    while at < link::ALL.len() {
        places = places.with(first + at, true, link::ALL[at].ether_types, true);
        at += 1;
    }
    places
}

#[allow(clippy::indexing_slicing, reason = "evaluated when the program is built")]
const fn runs(transports: &[Transport], over: Transport) -> bool {
    let mut at = 0;
    while at < transports.len() {
        if transports[at].0 == over.0 {
            return true;
        }
        at += 1;
    }
    false
}

#[allow(clippy::indexing_slicing, reason = "evaluated when the program is built")]
impl Places {
    const NONE: Self = Self { anywhere: Candidates::NONE, keys: [0; ROOM], sets: [Candidates::NONE; ROOM], used: 0 };

    /// Notes a candidate that is met there, at its keys; where no key has to fit, anywhere.
    const fn with(mut self, number: usize, met: bool, keys: &[u16], needs_key: bool) -> Self {
        let mut at = 0;
        while met && at < keys.len() {
            self = self.keyed(keys[at], number);
            at += 1;
        }
        if met && !needs_key {
            self.anywhere = self.anywhere.with(number);
        }
        self
    }

    const fn keyed(mut self, key: u16, number: usize) -> Self {
        let mut at = self.used;
        while at > 0 && self.keys[at - 1] > key {
            at -= 1;
        }
        if at > 0 && self.keys[at - 1] == key {
            self.sets[at - 1] = self.sets[at - 1].with(number);
            return self;
        }
        let mut from = self.used;
        while from > at {
            self.keys[from] = self.keys[from - 1];
            self.sets[from] = self.sets[from - 1];
            from -= 1;
        }
        self.keys[at] = key;
        self.sets[at] = Candidates::NONE.with(number);
        self.used += 1;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use picket_event::Protocol;

    #[test]
    fn places_say_what_the_registry_says() {
        for transport in [Transport::TCP, Transport::UDP] {
            let places = by_port(transport).unwrap();
            for (entry, number) in registry::ALL.iter().zip(0u8..) {
                let met = entry.home.transports.contains(&transport);
                assert!(entry.home.ports.iter().all(|port| places.at(*port).contains(number) == met));
                assert_eq!(places.anywhere.contains(number), met && !entry.home.needs_port);
            }
            assert_eq!(places.at(1), Candidates::NONE);
            assert!(places.keys[..places.used].is_sorted());
        }
        for (entry, number) in registry::ALL.iter().zip(0u8..) {
            assert!(entry.home.ether_types.iter().all(|kind| LINK.at(*kind).contains(number)));
        }
    }

    #[test]
    fn a_set_gives_what_was_put_in() {
        let mut set = Candidates::NONE;
        for number in [3, 127, 128, 255] {
            set.insert(number);
        }
        assert_eq!(set.collect::<Vec<_>>(), [3, 127, 128, 255]);
        assert!(set.contains(128) && !set.contains(129));
        assert_eq!(set.without(set), Candidates::NONE);
    }

    #[test]
    fn who_may_be_speaking_is_who_begins_so() {
        let http =
            (0u8..).zip(registry::ALL).find(|(_, entry)| entry.dissector.protocol() == Protocol::HTTP).unwrap().0;
        let dnp3 =
            (0u8..).zip(registry::ALL).find(|(_, entry)| entry.dissector.protocol() == Protocol::DNP3).unwrap().0;
        // DNP3 begins so on both sides; of HTTP one side may be in the middle of something.
        for (to_server, to_client, is_dnp3, is_http, is_open) in [
            (&b"\x05\x64"[..], &b""[..], true, false, true),
            (b"", b"G", false, true, false),
            (b"\x00", b"\x05", true, false, false),
            (b"G", b"\x00", false, true, false),
            (b"", b"", true, true, false),
        ] {
            let (meant, open) = beginning(to_server, to_client);
            assert_eq!((meant.contains(dnp3), open.contains(dnp3)), (is_dnp3, false), "{to_server:?} {to_client:?}");
            assert_eq!((meant.contains(http), open.contains(http)), (is_http, is_open), "{to_server:?} {to_client:?}");
        }
        for (entry, number) in registry::ALL.iter().zip(0u8..) {
            for byte in 0..=u8::MAX {
                assert_eq!(beginning(&[byte], &[byte]).0.contains(number), entry.opening.has(byte));
            }
        }
    }
}
