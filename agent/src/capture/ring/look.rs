//! What must be known of an interface before its socket is made: the link type of its frames, and the filter's program.
//!
//! libpcap knows every kind of interface and compiles filters. The self-contained program is built without it: it asks the
//! system for the kind, and takes no filter.

use super::super::CaptureError;
use super::super::opener::LiveOptions;
use super::filter::Program;
use super::open::{COOKED, ETHERNET, RADIOTAP, RAW_IP};

/// The program that an interface's filter is. The interface must be there and up.
pub(in crate::capture) fn compile(options: &LiveOptions) -> Result<Program, CaptureError> {
    let (_, program) = look(options)?;
    Ok(program)
}

/// The link type (LINKTYPE_ number) of an interface's frames, and the program that its filter is.
#[cfg(feature = "libpcap")]
pub(super) fn look(options: &LiveOptions) -> Result<(u16, Program), CaptureError> {
    use super::super::library;
    /// Bytes of the ring that this look makes and throws away.
    const PROBE_BYTES: u32 = 1 << 20;
    let probe = LiveOptions { buffer_bytes: PROBE_BYTES, promiscuous: false, filter: String::new(), ..options.clone() };
    // The handle is closed again before the ring is made.
    let handle = library::libpcap(&probe)?;
    let link_type = library::link_type(&handle);
    if ![ETHERNET, RAW_IP, COOKED, RADIOTAP].contains(&link_type) {
        let reason = format!(
            "its link type {link_type} is not known to the ring; set capture.backend = \"libpcap\" to read it by libpcap"
        );
        return Err(CaptureError::Interface { interface: options.interface.clone(), reason });
    }
    Ok((link_type, program(options, &handle, link_type == COOKED)?))
}

#[cfg(feature = "libpcap")]
fn program(options: &LiveOptions, handle: &pcap::Capture<pcap::Active>, cooked: bool) -> Result<Program, CaptureError> {
    if options.filter.is_empty() {
        return Ok(Program::everything(options.snap_length));
    }
    let refused = |reason: String| CaptureError::Filter {
        interface: options.interface.clone(),
        filter: options.filter.clone(),
        reason,
    };
    let compiled =
        handle.compile(&options.filter, true).map_err(|error| refused(super::super::library::words(&error)))?;
    let program = Program::compiled(&compiled, options.snap_length)
        .ok_or_else(|| refused("its program cannot be read; set capture.backend = \"libpcap\"".to_owned()))?;
    if !cooked {
        return Ok(program);
    }
    program.cooked().ok_or_else(|| {
        refused("it looks at a link header that this interface does not have; leave that out".to_owned())
    })
}

/// The same without libpcap.
#[cfg(not(feature = "libpcap"))]
pub(super) fn look(options: &LiveOptions) -> Result<(u16, Program), CaptureError> {
    let interface = || options.interface.clone();
    if !options.filter.is_empty() {
        let reason = "this is the self-contained program, which has no libpcap to compile filters with".to_owned();
        return Err(CaptureError::Filter { interface: interface(), filter: options.filter.clone(), reason });
    }
    let kind = if options.interface == "any" { None } else { Some(super::sys::hardware_type(&options.interface)) };
    let kind = kind.transpose().map_err(|error| CaptureError::Interface {
        interface: interface(),
        reason: format!("ask for its kind: {error}"),
    })?;
    let link_type = kind.map_or(Some(COOKED), link_type_of).ok_or_else(|| {
        let reason = "its kind is not known to the self-contained program; use the one with libpcap".to_owned();
        CaptureError::Interface { interface: interface(), reason }
    })?;
    Ok((link_type, Program::everything(options.snap_length)))
}

/// The link type of frames of a kind of interface (`ARPHRD_` numbers), where the ring knows it; as libpcap has it.
#[cfg(any(test, not(feature = "libpcap")))]
const fn link_type_of(kind: u16) -> Option<u16> {
    /// Raw IP (linux/if_arp.h).
    const ARPHRD_RAWIP: u16 = 519;
    match kind {
        libc::ARPHRD_ETHER | libc::ARPHRD_LOOPBACK => Some(ETHERNET),
        libc::ARPHRD_NONE | ARPHRD_RAWIP | libc::ARPHRD_TUNNEL | libc::ARPHRD_SIT | libc::ARPHRD_IPGRE => Some(RAW_IP),
        libc::ARPHRD_PPP => Some(COOKED),
        libc::ARPHRD_IEEE80211_RADIOTAP => Some(RADIOTAP),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_the_link_type_that_libpcap_gives_them() {
        assert_eq!([1, 772, 65534, 512, 803].map(link_type_of), [1, 1, 101, 113, 127].map(Some));
        assert_eq!(link_type_of(32), None, "InfiniBand");
    }
}
