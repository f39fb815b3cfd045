//! One connection being read: the layout its first packet shows, then the handshake in order.

use super::parse::{Layout, control, opening, operation};
use super::table::{ACKNOWLEDGE, CONTROL, HEAD, RESET_CLIENT_V2, RESET_CLIENT_V3, RESET_SERVER_V2};
use crate::inside::Inside;
use crate::{Context, Fact, Input, Need, Output, Progress, Session};
use picket_event::{AppDetail, Direction};
use picket_reader::Reader;

/// Bytes of a direction that wait for what comes before them.
pub(super) const WAITING_BYTES: usize = 16_384;
/// Packets of a direction that wait.
const WAITING: usize = 32;
/// Packets that are looked at in all.
const PACKETS_LIMIT: u16 = 512;

/// One direction.
#[derive(Debug)]
struct Side {
    /// The number of the packet whose turn it is; the reset was 0.
    next: u32,
    /// What came too early.
    waiting: Vec<(u32, Vec<u8>)>,
}

/// The session.
#[derive(Debug)]
pub(super) struct Tunnel {
    layout: Option<Layout>,
    sides: [Side; 2],
    /// The handshake inside.
    inside: Inside,
    packets: u16,
}

impl Tunnel {
    pub(super) fn new(context: &Context) -> Self {
        let side = || Side { next: 1, waiting: Vec::new() };
        Self { layout: None, sides: [side(), side()], inside: Inside::new(context), packets: 0 }
    }

    /// One packet; answers whether more are wanted.
    fn packet(&mut self, direction: Direction, packet: &[u8], context: &Context, output: &mut Output) -> bool {
        self.packets = self.packets.saturating_add(1);
        match operation(packet) {
            Some(RESET_CLIENT_V2 | RESET_CLIENT_V3) => {
                self.layout = self.layout.or_else(|| opening(packet));
                tell(packet, self.layout, output);
            }
            Some(RESET_SERVER_V2) => tell(packet, None, output),
            Some(ACKNOWLEDGE) => {}
            Some(CONTROL) => return self.control(direction, packet, context, output),
            // Data, a new key, or a client's key again: the handshake is over, or hidden.
            _ => return false,
        }
        self.layout != Some(Layout::Hidden) && self.packets < PACKETS_LIMIT
    }

    fn control(&mut self, direction: Direction, packet: &[u8], context: &Context, output: &mut Output) -> bool {
        let Some(Layout::Clear(signature)) = self.layout else { return false };
        let Ok(control) = control(packet, signature) else {
            output.malformed.push("openvpn: control packet");
            return self.packets < PACKETS_LIMIT;
        };
        let side = direction.of_mut(&mut self.sides);
        if control.number > side.next {
            let held: usize = side.waiting.iter().map(|(_, piece)| piece.len()).sum();
            let known = side.waiting.iter().any(|(number, _)| *number == control.number);
            if !known && side.waiting.len() < WAITING && held + control.piece.len() <= WAITING_BYTES {
                side.waiting.push((control.number, control.piece.to_vec()));
            }
            return self.packets < PACKETS_LIMIT;
        }
        if control.number < side.next {
            return self.packets < PACKETS_LIMIT;
        }
        side.next = side.next.saturating_add(1);
        let mut goes = self.inside.give(direction, control.piece, context, output);
        while goes && let Some(piece) = self.due(direction) {
            goes = self.inside.give(direction, &piece, context, output);
        }
        goes && self.packets < PACKETS_LIMIT
    }

    /// What waited and has its turn now.
    fn due(&mut self, direction: Direction) -> Option<Vec<u8>> {
        let side = direction.of_mut(&mut self.sides);
        let at = side.waiting.iter().position(|(number, _)| *number == side.next)?;
        side.next = side.next.saturating_add(1);
        Some(side.waiting.swap_remove(at).1)
    }

    fn stream(&mut self, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output) -> Progress {
        let mut r = Reader::new(bytes);
        loop {
            let begin = r.position();
            let Ok(length) = r.u16("length") else { return Progress { consumed: begin, need: Need::Bytes(2) } };
            let length = usize::from(length);
            let Ok(packet) = r.take(length, "packet") else {
                return Progress { consumed: begin, need: Need::Bytes(length + 2) };
            };
            if !self.packet(direction, packet, context, output) {
                return Progress { consumed: r.position(), need: self.over(context, output) };
            }
        }
    }

    /// The control channel is not read any further: the handshake inside says what it has seen.
    fn over(&mut self, context: &Context, output: &mut Output) -> Need {
        self.inside.close(context, output);
        Need::Done
    }
}

impl Session for Tunnel {
    fn feed(&mut self, direction: Direction, input: Input<'_>, context: &Context, output: &mut Output) -> Progress {
        match input {
            Input::Stream(bytes) => self.stream(direction, bytes, context, output),
            Input::Datagram(bytes) => {
                let goes = self.packet(direction, bytes, context, output);
                let need = if goes { Need::Bytes(1) } else { self.over(context, output) };
                Progress { consumed: bytes.len(), need }
            }
            // Packets are found by their lengths alone.
            Input::Gap(_) => Progress { consumed: 0, need: self.over(context, output) },
            Input::End => {
                self.inside.end(direction, context, output);
                Progress { consumed: 0, need: Need::Nothing }
            }
        }
    }
}

/// What a reset says of the connection: which kind it is, the session's number, how the control channel is protected.
fn tell(packet: &[u8], layout: Option<Layout>, output: &mut Output) {
    let mut detail = AppDetail::default();
    let (name, whose) = match operation(packet) {
        Some(RESET_CLIENT_V2) => ("hard_reset_client_v2", "client"),
        Some(RESET_CLIENT_V3) => ("hard_reset_client_v3", "client"),
        _ => ("hard_reset_server_v2", "server"),
    };
    AppDetail::add(&mut detail.messages, name);
    if let Some(Ok(session)) = packet.get(1..HEAD).map(<[u8; 8]>::try_from) {
        AppDetail::add(&mut detail.identifiers, &format!("{whose} {:016x}", u64::from_be_bytes(session)));
    }
    let protection = match layout {
        None => "",
        Some(Layout::Clear(0)) => "clear",
        Some(Layout::Clear(_)) => "tls-auth",
        Some(Layout::Hidden) if name == "hard_reset_client_v3" => "tls-crypt-v2",
        Some(Layout::Hidden) => "tls-crypt",
    };
    AppDetail::add(&mut detail.choices, protection);
    output.facts.push(Fact::Detail(Box::new(detail)));
}

#[cfg(test)]
impl Tunnel {
    /// Bytes that wait.
    pub(super) fn waiting(&self) -> usize {
        self.sides.iter().flat_map(|side| &side.waiting).map(|(_, piece)| piece.len()).sum()
    }
}
