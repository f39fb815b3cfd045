//! TLS that begins in the middle of a conversation whose first messages are missing.
//!
//! Protocols that go over to TLS (STARTTLS and its kin, proxies, databases) say so in messages that a capture may lack; what is
//! left of them then belongs to nobody. The hello that follows goes in clear all the same. It is looked for where a
//! conversation is undecided or unknown, at the beginning of each of its first segments, and believed only where everything
//! that a hello fixes fits: a chance match of other bytes is less likely than one in 2^50.
//! A hello behind other bytes in one segment, or in a segment of fewer than 44 bytes, is not found.

use crate::tls::table::{content, message};
use crate::tls::{HELLO_LIMIT, RECORD_LIMIT, Tls};
use crate::{Context, Dissector, Input, Need, Output, Progress, Session, SessionBox};
use picket_event::Direction;
use picket_reader::{Fault, Reader};

/// Segments and bytes of a conversation that nobody reads in which a hello is looked for.
const SEGMENTS: u8 = 32;
const BYTES: u32 = 32 * 1024;

/// Who says hello at the beginning of a segment, as the direction its client speaks in; `None` where nobody does.
pub(crate) fn client_of_hello(direction: Direction, bytes: &[u8]) -> Option<Direction> {
    match hello(bytes).ok()? {
        message::CLIENT_HELLO => Some(direction),
        _ => Some(direction.opposite()),
    }
}

/// The type of the hello message at the beginning of these bytes. Header of the record, of the message and the fixed fields
/// behind them have to agree (RFC 8446 sections 4.1.2, 4.1.3 and 5.1).
fn hello(bytes: &[u8]) -> Result<u8, Fault> {
    const NONE: Fault = Fault::Malformed("no hello");
    let mut r = Reader::new(bytes);
    let (kind, major, minor) = (r.u8("type")?, r.u8("major version")?, r.u8("minor version")?);
    let record = usize::from(r.u16("record")?);
    let said = r.u8("message")?;
    if kind != content::HANDSHAKE || major != 3 || minor > 4 || record > usize::from(RECORD_LIMIT) {
        return Err(NONE);
    }
    let [a, b, c] = r.array::<3>("length")?;
    let length = u32::from_be_bytes([0, a, b, c]) as usize;
    let (major, minor) = (r.u8("major version")?, r.u8("minor version")?);
    // A record ends with its hello, or the hello is longer; other messages of a server may stand behind its hello.
    let fits = match said {
        message::CLIENT_HELLO => length.saturating_add(4) >= record && record >= 44,
        message::SERVER_HELLO => length >= 38 && record >= 42,
        _ => false,
    };
    if !fits || length > HELLO_LIMIT || major != 3 || !(0..=3).contains(&minor) {
        return Err(NONE);
    }
    r.skip(32, "random")?;
    let session = r.u8("session id")?;
    if session > 32 {
        return Err(NONE);
    }
    // What lies in another segment cannot contradict.
    if said == message::CLIENT_HELLO && r.skip(usize::from(session), "session id").is_ok() {
        match r.u16("ciphers") {
            Ok(ciphers) if ciphers < 2 || ciphers % 2 == 1 || usize::from(ciphers) > length => return Err(NONE),
            _ => {}
        }
    }
    Ok(said)
}

/// Whether a record begins here, of any kind.
fn record(bytes: &[u8]) -> bool {
    match bytes {
        [content::CHANGE_CIPHER_SPEC..=content::APPLICATION_DATA, 3, 0..=4, high, low, ..] => {
            (1..=RECORD_LIMIT).contains(&u16::from_be_bytes([*high, *low]))
        }
        _ => false,
    }
}

/// How long it is worth while to look.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Watch {
    segments: u8,
    bytes: u32,
}

impl Watch {
    /// Whether to look at what comes next.
    pub(crate) const fn goes_on(self) -> bool {
        self.segments < SEGMENTS && self.bytes < BYTES
    }

    /// Counts a segment without a hello.
    pub(crate) fn pass(&mut self, bytes: &[u8]) {
        self.segments = self.segments.saturating_add(1);
        self.bytes = self.bytes.saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    }
}

/// TLS of which one direction has begun: in the other, messages in clear may still be on their way.
pub(crate) struct Late {
    inner: SessionBox,
    begun: [bool; 2],
    watch: Watch,
}

impl Late {
    pub(crate) fn open(context: &Context) -> SessionBox {
        Box::new(Self { inner: Tls.open(context), begun: [false; 2], watch: Watch::default() })
    }
}

impl Session for Late {
    fn feed(&mut self, direction: Direction, input: Input<'_>, context: &Context, output: &mut Output) -> Progress {
        let begun = direction.of_mut(&mut self.begun);
        match input {
            Input::Stream(bytes) if !*begun && !record(bytes) => {
                self.watch.pass(bytes);
                let need = if self.watch.goes_on() { Need::Bytes(1) } else { Need::Nothing };
                return Progress { consumed: bytes.len(), need };
            }
            Input::Gap(_) if !*begun => return Progress { consumed: 0, need: Need::Bytes(1) },
            Input::Stream(_) => *begun = true,
            _ => {}
        }
        self.inner.feed(direction, input, context, output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::{Line, RECORDS, c, client_hello, encrypted, rehearse, s, server_hello};
    use Direction::{ToClient, ToServer};

    const BOTH: (Option<&str>, Option<u16>) = (Some("mail.example"), Some(0x1301));

    /// Ends of conversations before TLS whose beginnings are lost.
    fn remains() -> Vec<(u16, Vec<Line<'static>>)> {
        vec![
            (25, vec![s(b"250-mx\r\n250 STARTTLS\r\n"), c(b"STARTTLS\r\n"), s(b"220 go\r\n")]),
            (25, vec![c(b"STARTTLS\r\n"), s(b"220 go ahead\r\n")]),
            (143, vec![s(b"a1 OK begin\r\n")]),
            (21, vec![c(b"AUTH TLS\r\n"), s(b"234 go\r\n")]),
            (
                3306,
                vec![c(b"\x20\0\0\x01\x85\xae\xff\x01\0\0\0\x01\x2d\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")],
            ),
            (5432, vec![s(b"S")]),
            (1080, vec![s(b"\x05\x00"), c(b"\x05\x01\0\x03\x0bmail.exampl\x01\xbb"), s(b"\x05\0\0\x01\0\0\0\0\0\0")]),
            (1080, vec![s(b"\x05\0\0\x01\0\0\0\0\0\0")]),
            (3128, vec![s(b"HTTP/1.1 200 OK\r\n\r\n")]),
            (4000, vec![c(b"one"), s(b"two")]),
        ]
    }

    #[test]
    fn a_hello_behind_what_nobody_knows_is_read() {
        let (hello, answer, more, still_more) = (client_hello(), server_hello(), encrypted(40), encrypted(90));
        for (port, mut lines) in remains() {
            lines.extend([c(&hello), s(&answer), c(&more), s(&still_more)]);
            let mut heard = rehearse(port, 4096, &lines);
            assert_eq!(heard.records(), RECORDS, "port {port}");
            assert_eq!(heard.tls(), [BOTH], "port {port}");
            assert!(matches!(heard.app().as_str(), "tls" | "smtp" | "ftp"), "port {port}: {}", heard.app());
            assert!(heard.output.malformed.is_empty(), "port {port}: {:?}", heard.output.malformed);
        }
    }

    #[test]
    fn one_direction_is_enough() {
        let (hello, answer) = (client_hello(), server_hello());
        for (port, lines) in remains() {
            for wanted in [ToServer, ToClient] {
                let said = lines.iter().filter(|line| matches!(line, Line::Says(d, _) if *d == wanted));
                let mut said: Vec<_> =
                    said.map(|line| if let Line::Says(d, b) = line { Line::Says(*d, b) } else { c(b"") }).collect();
                said.push(if wanted == ToServer { c(&hello) } else { s(&answer) });
                let heard = rehearse(port, 4096, &said);
                let expected = if wanted == ToServer { (BOTH.0, None) } else { (None, BOTH.1) };
                assert_eq!(heard.tls(), [expected], "port {port} {wanted:?}");
            }
        }
    }

    /// The ends are those of the hello, and what the other side still says in clear does no harm.
    #[test]
    fn the_hello_tells_the_ends() {
        let (hello, answer) = (client_hello(), server_hello());
        let mut heard = rehearse(9000, 4096, &[s(b"one"), c(b"two"), s(&hello), c(b"three"), c(&answer)]);
        assert_eq!(heard.records(), [(22, -75), (22, 50)], "in the caller's sense of direction");
        assert_eq!(heard.tls(), [BOTH]);
        assert!(heard.conversation.reversed() && heard.output.malformed.is_empty());
    }

    #[test]
    fn a_long_talk_is_not_searched_to_its_end() {
        let hello = client_hello();
        let mut lines = vec![c(b"one"), s(b"two")];
        lines.extend((0..80).flat_map(|_| [c(b"\xf1ne\x00"), s(b"\xf2wo\x00")]));
        lines.push(c(&hello));
        assert_eq!(rehearse(9000, 4096, &lines).tls(), []);
    }

    /// Each byte that a hello fixes is looked at.
    #[test]
    fn what_is_nearly_a_hello_is_none() {
        for whole in [client_hello(), server_hello()] {
            let whole = [&whole[..], &[0; 8]].concat();
            assert!(hello(&whole).is_ok());
            for at in [0, 1, 2, 3, 5, 6, 9, 10, 43] {
                let mut other = whole.clone();
                other[at] ^= 0x80;
                assert!(hello(&other).is_err(), "byte {at}");
            }
            for length in 0..44 {
                assert!(hello(whole.get(..length).unwrap()).is_err());
            }
        }
    }
}
