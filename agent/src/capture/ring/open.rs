//! Opening a packet socket with its ring: what needs the right to do so, and nothing else.

use super::super::opener::{LiveOptions, existing, failed};
use super::super::{CaptureError, opener};
use super::filter::Program;
use super::look::look;
use super::{BLOCK_BYTES, RETIRE_MS, sys};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use serde::{Deserialize, Serialize};
use std::io;

/// LINKTYPE_ numbers of frames as packet sockets give them.
pub(super) const ETHERNET: u16 = 1;
pub(super) const RAW_IP: u16 = 101;
/// Frames without a link header of their own, to which the sensor's side gives one.
pub(super) const COOKED: u16 = 113;
/// 802.11 with a radiotap header, as monitor interfaces give it.
pub(super) const RADIOTAP: u16 = 127;

/// What the sensor's side must know of a socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::capture) struct Shape {
    /// LINKTYPE_ number of its frames.
    pub(super) link_type: u16,
    /// The interface's number; 0 for all.
    pub(super) interface: u32,
    /// Blocks of the ring, each of [`BLOCK_BYTES`].
    pub(super) blocks: u32,
}

/// Opens an interface and makes its ring. Where several sockets share an interface, `group` is the one they are in.
pub(in crate::capture) fn open(
    options: &LiveOptions,
    group: &mut Option<u16>,
) -> Result<(OwnedFd, Shape), CaptureError> {
    let device = existing(&options.interface)?;
    let (link_type, program) = look(options)?;
    let blocks = (options.buffer_bytes / BLOCK_BYTES).max(2);
    let step = |what: &str, error: io::Error| said(options, what, &error);
    let socket = sys::socket(link_type == COOKED).map_err(|error| step("open a packet socket", error))?;
    let fd = socket.as_fd();
    sys::set_version(fd).map_err(|error| step("ask for TPACKET_V3", error))?;
    sys::set_ring(fd, blocks, BLOCK_BYTES, RETIRE_MS).map_err(|error| step("make the ring", error))?;
    // Nothing passes until the socket is where it belongs, so that no frame is seen twice.
    let waiting = Program::nothing();
    sys::attach(fd, waiting.instructions()).map_err(|error| step("attach a filter", error))?;
    if options.promiscuous && device.index != 0 {
        let index = device.index as i32;
        sys::promiscuous(fd, index).map_err(|error| step("ask for promiscuous mode", error))?;
    }
    if device.loopback {
        sys::ignore_outgoing(fd).map_err(|error| step("leave out what is sent on loopback", error))?;
    }
    sys::bind(fd, device.index as i32).map_err(|error| step("bind to it", error))?;
    if options.rings > 1 {
        join(fd, group).map_err(|error| step("share it out between rings", error))?;
    }
    sys::attach(fd, program.instructions()).map_err(|error| step("attach the filter", error))?;
    Ok((socket, Shape { link_type, interface: device.index, blocks }))
}

/// Joins the interface's group, or begins one: a group ends with its interface, so an old one may be of no use.
fn join(socket: BorrowedFd<'_>, group: &mut Option<u16>) -> io::Result<()> {
    // Both directions of a conversation have one hash; fragments are put together before it is made.
    const HOW: u32 = libc::PACKET_FANOUT_HASH | libc::PACKET_FANOUT_FLAG_DEFRAG;
    if let Some(known) = group
        && sys::join_group(socket, *known, HOW).is_ok()
    {
        return Ok(());
    }
    sys::join_group(socket, 0, HOW | libc::PACKET_FANOUT_FLAG_UNIQUEID)?;
    *group = Some(sys::group_of(socket)?);
    Ok(())
}

/// What the system said, with what to do where that is known.
fn said(options: &LiveOptions, what: &str, error: &io::Error) -> CaptureError {
    let interface = options.interface.clone();
    let advice = match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => return opener::no_permission(interface),
        Some(libc::EMFILE | libc::ENFILE) => "; raise the limit of open files (LimitNOFILE)",
        Some(libc::ENOMEM | libc::ENOBUFS) => "; lower capture.buffer",
        Some(libc::ENOPROTOOPT | libc::EAFNOSUPPORT) => "; set capture.backend = \"libpcap\"",
        _ => "",
    };
    failed(interface, format!("{what}: {error}{advice}"))
}
