//! The calls on packet sockets that have no safe form, and the memory shared with the kernel.
//!
//! This is the only unsafe code of the agent. What it gives out is safe: options are plain values, and a block of
//! the ring can be looked at only while it belongs to this process (packet(7), and the kernel's packet_mmap document).
#![allow(unsafe_code, reason = "socket options of packet sockets and a shared mapping have no safe form")]

use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use rustix::net::{AddressFamily, Protocol, SocketFlags, SocketType};
use std::io;
use std::mem::{MaybeUninit, size_of};
use std::num::NonZeroUsize;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

/// `block_status` within a block's descriptor.
const STATUS_AT: usize = 8;

/// One instruction of a classic BPF program: code, jump if true, jump if false, operand.
pub(in crate::capture) type Instruction = (u16, u8, u8, u32);

/// Counters of a packet socket since they were last read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::capture) struct Statistics {
    /// Frames that found no room in the ring.
    pub(in crate::capture) drops: u32,
    /// Times the ring was found full.
    pub(in crate::capture) freezes: u32,
}

/// Closes every descriptor but the three standard ones: whatever started the program may have left some open.
pub(in crate::capture) fn close_all_others() {
    // SAFETY: only called at the start of the opener process, before it has opened anything, so no live value owns
    // one of these descriptors.
    unsafe { libc::close_range(3, libc::c_uint::MAX, 0) };
}

/// A packet socket that receives nothing yet. `cooked` leaves the link header out.
pub(in crate::capture) fn socket(cooked: bool) -> io::Result<OwnedFd> {
    let kind = if cooked { SocketType::DGRAM } else { SocketType::RAW };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    // Without a protocol nothing arrives until the socket is bound.
    let none: Option<Protocol> = None;
    Ok(rustix::net::socket_with(AddressFamily::PACKET, kind, flags, none)?)
}

/// The kind of an interface (`ARPHRD_` number).
#[cfg(not(feature = "libpcap"))]
pub(in crate::capture) fn hardware_type(interface: &str) -> io::Result<u16> {
    let socket = rustix::net::socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    // SAFETY: a request of zeros is a whole value: numbers, and texts that end at once.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    let room = request.ifr_name.len() - 1;
    for (place, byte) in request.ifr_name.iter_mut().zip(interface.bytes().take(room)) {
        *place = byte as libc::c_char;
    }
    // SAFETY: the call reads the name, which ends with a zero, and writes an address into the live request; any bytes of
    // it are numbers.
    unsafe {
        if libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFHWADDR as _, &raw mut request) != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(request.ifr_ifru.ifru_hwaddr.sa_family)
    }
}

fn set<T: Copy>(socket: BorrowedFd<'_>, level: i32, name: i32, value: &T) -> io::Result<()> {
    // SAFETY: the pointer and the length are those of a live value, which the kernel only reads.
    let answer = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            name,
            std::ptr::from_ref(value).cast(),
            size_of::<T>() as libc::socklen_t,
        )
    };
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Reads an option made of so many 32-bit numbers.
fn get<const N: usize>(socket: BorrowedFd<'_>, name: i32) -> io::Result<[u32; N]> {
    let mut value = [0u32; N];
    let mut length = size_of::<[u32; N]>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes, which is the size of the array; any bytes are numbers.
    let answer = unsafe {
        libc::getsockopt(socket.as_raw_fd(), libc::SOL_PACKET, name, value.as_mut_ptr().cast(), &raw mut length)
    };
    if answer == 0 { Ok(value) } else { Err(io::Error::last_os_error()) }
}

/// Asks for the third layout of the ring: blocks of frames, with nanoseconds and VLAN tags.
pub(in crate::capture) fn set_version(socket: BorrowedFd<'_>) -> io::Result<()> {
    set(socket, libc::SOL_PACKET, libc::PACKET_VERSION, &(libc::tpacket_versions::TPACKET_V3 as i32))
}

/// Makes the ring: `blocks` of `block_bytes`, each handed over when full or after `retire_ms`.
pub(in crate::capture) fn set_ring(
    socket: BorrowedFd<'_>,
    blocks: u32,
    block_bytes: u32,
    retire_ms: u32,
) -> io::Result<()> {
    // Frames follow each other within a block; the frame size only has to divide the ring.
    const FRAME_BYTES: u32 = 2048;
    let request = libc::tpacket_req3 {
        tp_block_size: block_bytes,
        tp_block_nr: blocks,
        tp_frame_size: FRAME_BYTES,
        tp_frame_nr: (block_bytes / FRAME_BYTES).saturating_mul(blocks),
        tp_retire_blk_tov: retire_ms,
        tp_sizeof_priv: 0,
        tp_feature_req_word: 0,
    };
    set(socket, libc::SOL_PACKET, libc::PACKET_RX_RING, &request)
}

/// Attaches a filter; another one takes its place at once.
pub(in crate::capture) fn attach(socket: BorrowedFd<'_>, program: &[Instruction]) -> io::Result<()> {
    let mut filter: Vec<libc::sock_filter> =
        program.iter().map(|&(code, jt, jf, k)| libc::sock_filter { code, jt, jf, k }).collect();
    let len = u16::try_from(filter.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    // The kernel copies the program before the call returns, so the pointer outlives its use.
    let program = libc::sock_fprog { len, filter: filter.as_mut_ptr() };
    set(socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &program)
}

/// Sees frames for others while the socket lives.
pub(in crate::capture) fn promiscuous(socket: BorrowedFd<'_>, interface: i32) -> io::Result<()> {
    let wish = libc::packet_mreq {
        mr_ifindex: interface,
        mr_type: libc::PACKET_MR_PROMISC as u16,
        mr_alen: 0,
        mr_address: [0; 8],
    };
    set(socket, libc::SOL_PACKET, libc::PACKET_ADD_MEMBERSHIP, &wish)
}

/// Leaves out what this host sends: on loopback every frame is seen twice else.
pub(in crate::capture) fn ignore_outgoing(socket: BorrowedFd<'_>) -> io::Result<()> {
    set(socket, libc::SOL_PACKET, libc::PACKET_IGNORE_OUTGOING, &1i32)
}

/// Joins a group of sockets that share out the frames: group, and how with flags.
pub(in crate::capture) fn join_group(socket: BorrowedFd<'_>, group: u16, how: u32) -> io::Result<()> {
    set(socket, libc::SOL_PACKET, libc::PACKET_FANOUT, &(u32::from(group) | how << 16))
}

/// The group a socket is in.
pub(in crate::capture) fn group_of(socket: BorrowedFd<'_>) -> io::Result<u16> {
    Ok(get::<1>(socket, libc::PACKET_FANOUT)?[0] as u16)
}

/// Reads the counters, which start again from zero.
pub(in crate::capture) fn statistics(socket: BorrowedFd<'_>) -> io::Result<Statistics> {
    let [_, drops, freezes] = get::<3>(socket, libc::PACKET_STATISTICS)?;
    Ok(Statistics { drops, freezes })
}

/// From now on frames of this interface (0: of all) arrive.
pub(in crate::capture) fn bind(socket: BorrowedFd<'_>, interface: i32) -> io::Result<()> {
    // SAFETY: all fields are numbers, for which zero is a value.
    let mut address: libc::sockaddr_ll = unsafe { MaybeUninit::zeroed().assume_init() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_protocol = (libc::ETH_P_ALL as u16).to_be();
    address.sll_ifindex = interface;
    // SAFETY: the pointer and the length are those of a live address, which the kernel only reads.
    let answer = unsafe {
        libc::bind(
            socket.as_raw_fd(),
            std::ptr::from_ref(&address).cast(),
            size_of::<libc::sockaddr_ll>() as libc::socklen_t,
        )
    };
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The ring, mapped into this process.
#[derive(Debug)]
pub(in crate::capture) struct Map {
    start: NonNull<u8>,
    blocks: usize,
    block_bytes: usize,
}

// SAFETY: the mapping belongs to the value and to no thread; all access goes through `&mut self`.
unsafe impl Send for Map {}

impl Map {
    /// Maps the ring of a socket that was given one of this shape.
    pub(in crate::capture) fn new(socket: &OwnedFd, blocks: usize, block_bytes: usize) -> io::Result<Self> {
        let wrong = || io::Error::from(io::ErrorKind::InvalidInput);
        // The status word is read as an atomic number, so blocks must be aligned; the kernel wants whole pages anyway.
        let bytes = blocks.checked_mul(block_bytes).and_then(NonZeroUsize::new).ok_or_else(wrong)?;
        if !block_bytes.is_multiple_of(4096) {
            return Err(wrong());
        }
        // SAFETY: a new mapping is asked for at an address of the kernel's choice, so nothing else is touched. The
        // kernel refuses a length that is not the ring's.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                bytes.get(),
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                socket.as_fd().as_raw_fd(),
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast::<u8>()).ok_or_else(wrong)?;
        Ok(Self { start, blocks, block_bytes })
    }

    /// Blocks of the ring.
    pub(in crate::capture) const fn blocks(&self) -> usize {
        self.blocks
    }

    /// The block, where the kernel has handed it over. It goes back when the value is dropped.
    pub(in crate::capture) fn take(&mut self, block: usize) -> Option<Block<'_>> {
        if block >= self.blocks {
            return None;
        }
        // SAFETY: `block` is less than the number of blocks, so the block lies within the mapping.
        let start = unsafe { self.start.add(block * self.block_bytes) };
        let status = status_of(start);
        // Acquire: what the kernel wrote before it changed the status is seen after this.
        if status.load(Ordering::Acquire) & libc::TP_STATUS_USER == 0 {
            return None;
        }
        Some(Block { start, bytes: self.block_bytes, _ring: self })
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        // SAFETY: exactly what `new` mapped, and no block is borrowed any more.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.blocks * self.block_bytes) };
    }
}

/// One block while it belongs to this process.
#[derive(Debug)]
pub(in crate::capture) struct Block<'a> {
    start: NonNull<u8>,
    bytes: usize,
    /// Only one block is out at a time, and the mapping outlives it.
    _ring: &'a mut Map,
}

impl Block<'_> {
    /// Its bytes, descriptor first.
    pub(in crate::capture) const fn bytes(&self) -> &[u8] {
        // SAFETY: the block lies within the mapping, which lives as long as `self`. The kernel does not write to a
        // block whose status says that it is this process's, and that changes only when `self` is dropped.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.bytes) }
    }
}

impl Drop for Block<'_> {
    fn drop(&mut self) {
        // Release: all reading is done before the kernel may write again.
        status_of(self.start).store(libc::TP_STATUS_KERNEL, Ordering::Release);
    }
}

/// The status word of a block.
const fn status_of<'a>(block: NonNull<u8>) -> &'a AtomicU32 {
    // SAFETY: only called with the start of a block, which is at least a page and aligned to one, so the word lies
    // within it and is aligned; both sides access it as one number. Callers keep the mapping alive.
    unsafe { AtomicU32::from_ptr(block.as_ptr().add(STATUS_AT).cast()) }
}
