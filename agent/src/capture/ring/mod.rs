//! Packet sockets with a ring shared with the kernel (AF_PACKET, TPACKET_V3).
//!
//! The kernel fills blocks of frames and hands each over when it is full or [`RETIRE_MS`] old. A block is read here
//! and given back; nothing is copied by a system call. A socket follows its interface's number: it goes on by itself
//! when the interface was down, and under another name; only one that was deleted must be opened again.

mod filter;
mod frame;
mod look;
mod open;
mod sys;

pub(super) use filter::Program;
pub(super) use look::compile;
pub(super) use open::{Shape, open};
pub(super) use sys::close_all_others;

use super::device;
use super::live::{Counted, Fault};
use super::own::OwnFilter;
use super::taker::Taker;
use frame::{Address, OUTGOING, Packet, Packets};
use open::{COOKED, ETHERNET};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, OwnedFd};
use rustix::net::netdevice::{index_to_name, name_to_index};
use std::time::{Duration, Instant};
use sys::Map;

/// Bytes of a block; a frame lies within one, so longer ones are cut to this less 128.
pub(super) const BLOCK_BYTES: u32 = 256 << 10;
/// How long the kernel may hold a block that is not full, milliseconds.
pub(super) const RETIRE_MS: u32 = 60;
/// What the kernel may still hold of an interface that is gone arrives within this.
const LAST_BLOCK: Duration = Duration::from_millis(2 * RETIRE_MS as u64 + 30);
/// How often the interface's name and state are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Where the tag stands in an Ethernet frame: behind both addresses.
const TAG_AT: usize = 12;

/// One ring of one interface.
#[derive(Debug)]
pub(super) struct Ring {
    socket: OwnedFd,
    map: Map,
    next: usize,
    shape: Shape,
    name: String,
    looked: Instant,
    condition: Condition,
    /// The interface's drops when they were last read; `None` where another ring reads them.
    drops: Option<u64>,
}

/// What is known of the interface.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Condition {
    Good,
    /// The socket waits.
    Down,
    /// The interface has this name now.
    Renamed(String),
    /// To be given up when the last block was read.
    Gone(String, Instant),
}

impl Condition {
    /// That of the interface which had this name and number, by the number that has the `name` now and the name that the
    /// number has. While Linux gives an interface another name, none answers to the new one for a moment, though the number
    /// already has it.
    fn of(own: (&str, u32), holder: Option<u32>, name: Option<String>, up: impl Fn() -> bool) -> Self {
        let gone = |why: &str| Self::Gone(why.to_owned(), Instant::now());
        match name {
            _ if holder.is_some_and(|holder| holder != own.1) => gone("another interface has its name now"),
            None => gone("the interface has disappeared"),
            Some(name) if name != own.0 => Self::Renamed(name),
            Some(_) if up() => Self::Good,
            Some(_) => Self::Down,
        }
    }
}

impl Ring {
    /// Maps the ring of a socket that was opened for this process. The first ring of an interface reads its counters.
    pub(super) fn new(socket: OwnedFd, shape: Shape, name: &str, first: bool) -> std::io::Result<Self> {
        let map = Map::new(&socket, shape.blocks as usize, BLOCK_BYTES as usize)?;
        let drops = (first && shape.interface != 0).then(|| device::drops(name, shape.interface).unwrap_or(0));
        let (looked, condition) = (Instant::now(), Condition::Good);
        Ok(Self { socket, map, next: 0, shape, name: name.to_owned(), looked, condition, drops })
    }

    /// From the next frame on, this filter holds.
    pub(super) fn attach(&self, program: &Program) -> std::io::Result<()> {
        sys::attach(self.socket.as_fd(), program.instructions())
    }

    /// In words, where it is not simply capturing.
    pub(super) fn trouble(&self) -> Option<String> {
        match &self.condition {
            Condition::Good | Condition::Gone(..) => None,
            Condition::Down => Some("down, waiting: the interface is down".to_owned()),
            Condition::Renamed(name) => Some(format!("capturing; the interface is called {name} now")),
        }
    }

    /// Takes what is there, or waits for up to `wait`.
    pub(super) fn take(&mut self, taker: &mut impl Taker, own: &mut OwnFilter, wait: Duration) -> Result<(), Fault> {
        let mut waited = false;
        while !taker.is_full() {
            let blocks = self.map.blocks();
            if let Some(block) = self.map.take(self.next) {
                self.next = (self.next + 1) % blocks;
                Packets::of(block.bytes()).for_each(|packet| push(&self.shape, &packet, taker, own));
            } else if waited || !taker.is_empty() {
                break;
            } else {
                self.wait(wait)?;
                waited = true;
            }
        }
        // Frames of an interface that was down are the first sign that it is up again.
        let risen = self.condition == Condition::Down && !taker.is_empty();
        if risen || self.looked.elapsed() >= LOOK_EVERY {
            self.look()?;
        }
        match &self.condition {
            Condition::Gone(why, since) if taker.is_empty() && since.elapsed() > LAST_BLOCK => {
                Err(Fault::Gone(why.clone()))
            }
            _ => Ok(()),
        }
    }

    fn wait(&mut self, wait: Duration) -> Result<(), Fault> {
        let time = Timespec { tv_sec: 0, tv_nsec: i64::from(wait.subsec_nanos()) };
        let mut fds = [PollFd::new(&self.socket, PollFlags::IN)];
        match poll(&mut fds, Some(&time)) {
            Err(error) if error != rustix::io::Errno::INTR => return Err(Fault::Gone(error.to_string())),
            _ => {}
        }
        if fds.iter().any(|fd| fd.revents().contains(PollFlags::ERR)) {
            // Reading the error takes it away; what it means, the interface itself tells.
            let _ = rustix::net::sockopt::socket_error(&self.socket);
            self.look()?;
        }
        Ok(())
    }

    /// Looks at the interface's name and state. What changed is a fault once, and the ring goes on.
    fn look(&mut self) -> Result<(), Fault> {
        self.looked = Instant::now();
        if self.shape.interface == 0 || matches!(self.condition, Condition::Gone(..)) {
            return Ok(());
        }
        let number = self.shape.interface;
        let holder = name_to_index(self.socket.as_fd(), &self.name).ok();
        let name = index_to_name(self.socket.as_fd(), number).ok();
        let now = Condition::of((&self.name, number), holder, name, || device::is_up(&self.name));
        if now == self.condition {
            return Ok(());
        }
        self.condition = now;
        match &self.condition {
            Condition::Good => Err(Fault::Recovered),
            Condition::Down => Err(Fault::Down),
            Condition::Renamed(name) => Err(Fault::Renamed(name.clone())),
            Condition::Gone(..) => Ok(()),
        }
    }

    /// Frames lost since the last call.
    pub(super) fn counted(&mut self) -> Counted {
        let statistics = sys::statistics(self.socket.as_fd()).unwrap_or_default();
        let mut interface = 0;
        if let Some(before) = &mut self.drops {
            let name = if let Condition::Renamed(name) = &self.condition { name } else { &self.name };
            if let Some(now) = device::drops(name, self.shape.interface) {
                // A counter that fell was set to zero with its driver.
                interface = now.checked_sub(*before).unwrap_or(now);
                *before = now;
            }
        }
        Counted { kernel: statistics.drops.into(), interface, full: statistics.freezes.into() }
    }
}

/// Hands one frame on, with what the kernel took off put on again.
#[inline]
fn push(shape: &Shape, packet: &Packet<'_>, taker: &mut impl Taker, own: &mut OwnFilter) {
    if shape.link_type == COOKED {
        return push_cooked(shape, packet, taker, own);
    }
    if own.takes(shape.link_type, packet.bytes) {
        return;
    }
    match packet.tag.zip(packet.bytes.split_at_checked(TAG_AT)) {
        Some((tag, (addresses, rest))) if shape.link_type == ETHERNET => {
            let ([a, b], [c, d]) = (tag.tpid.to_be_bytes(), tag.tci.to_be_bytes());
            let wire = packet.wire.saturating_add(4);
            taker.parts(packet.time, shape.link_type, wire, [addresses, &[a, b, c, d], rest]);
        }
        _ => taker.whole(packet.time, shape.link_type, packet.wire, packet.bytes),
    }
}

/// LINKTYPE_LINUX_SLL: kind, hardware type, address length, address, protocol; then the packet.
fn push_cooked(shape: &Shape, packet: &Packet<'_>, taker: &mut impl Taker, own: &mut OwnFilter) {
    let address = packet.address();
    // Of all interfaces, loopback alone shows every frame twice; its hardware type is 772.
    if shape.interface == 0 && address.kind == OUTGOING && address.hardware == 772 {
        return;
    }
    if own.takes_network(address.protocol, packet.bytes) {
        return;
    }
    let tag = packet.tag.map(|tag| {
        let ([a, b], [c, d]) = (tag.tci.to_be_bytes(), address.protocol.to_be_bytes());
        [a, b, c, d]
    });
    let header = cooked_header(&address, packet.tag.map_or(address.protocol, |tag| tag.tpid));
    let tag: &[u8] = tag.as_ref().map_or(&[], |tag| tag);
    let wire = packet.wire.saturating_add((header.len() + tag.len()) as u32);
    taker.parts(packet.time, COOKED, wire, [&header, tag, packet.bytes]);
}

fn cooked_header(address: &Address, protocol: u16) -> [u8; 16] {
    let mut header = [0u8; 16];
    let [k, h, p] = [u16::from(address.kind), address.hardware, protocol].map(u16::to_be_bytes);
    let fields = [k[0], k[1], h[0], h[1], 0, address.length].into_iter().chain(address.bytes).chain(p);
    header.iter_mut().zip(fields).for_each(|(place, byte)| *place = byte);
    header
}

#[cfg(test)]
mod tests {
    use super::Condition;

    #[test]
    fn an_interface_is_called_otherwise_only_under_another_name() {
        let of = |holder, name: Option<&str>, up| Condition::of(("far", 7), holder, name.map(str::to_owned), || up);
        assert_eq!(of(Some(7), Some("far"), true), Condition::Good);
        assert_eq!(of(Some(7), Some("far"), false), Condition::Down);
        // Between the two halves of a change of names, there and back.
        assert_eq!(of(None, Some("far"), false), Condition::Down);
        assert_eq!(of(Some(7), Some("wide"), true), Condition::Renamed("wide".into()));
        assert_eq!(of(None, Some("wide"), true), Condition::Renamed("wide".into()));
        for name in [None, Some("wide")] {
            assert!(matches!(of(Some(8), name, true), Condition::Gone(why, _) if why.starts_with("another")));
        }
        assert!(matches!(of(None, None, false), Condition::Gone(why, _) if why.contains("disappeared")));
    }
}
