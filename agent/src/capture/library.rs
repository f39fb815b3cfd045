//! What libpcap is asked for: to open an interface, and to compile a filter.

use super::CaptureError;
use super::opener::{LiveOptions, existing, failed, no_permission};
use pcap::{Active, Capture, Precision};

/// libpcap's read time-out, milliseconds: how long its ring may hold a block that is not full.
pub(super) const TIMEOUT_MS: i32 = 100;

/// Opens an interface by libpcap.
pub(super) fn libpcap(options: &LiveOptions) -> Result<Capture<Active>, CaptureError> {
    existing(&options.interface)?;
    let bounded = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    let failed = |error: &pcap::Error| refused(options, error);
    let inactive = Capture::from_device(options.interface.as_str()).map_err(|error| failed(&error))?;
    let mut handle = inactive
        .promisc(options.promiscuous)
        .snaplen(bounded(options.snap_length))
        .buffer_size(bounded(options.buffer_bytes))
        .timeout(TIMEOUT_MS)
        .precision(Precision::Nano)
        .open()
        .map_err(|error| failed(&error))?;
    if !options.filter.is_empty() {
        handle.filter(&options.filter, true).map_err(|error| CaptureError::Filter {
            interface: options.interface.clone(),
            filter: options.filter.clone(),
            reason: words(&error),
        })?;
    }
    handle.setnonblock().map_err(|error| failed(&error))
}

fn refused(options: &LiveOptions, error: &pcap::Error) -> CaptureError {
    let reason = words(error);
    let interface = options.interface.clone();
    if reason.to_ascii_lowercase().contains("permi") {
        return no_permission(interface);
    }
    failed(interface, reason)
}

/// What libpcap said, on one line.
pub(super) fn words(error: &pcap::Error) -> String {
    let said = error.to_string().replace('\n', " ");
    said.strip_prefix("libpcap error: ").map_or_else(|| said.clone(), str::to_owned)
}

/// libpcap names link types by DLT_ numbers of the platform, which differ from LINKTYPE_ numbers for raw IP.
pub(super) fn link_type(handle: &Capture<Active>) -> u16 {
    const DLT_RAW: i32 = 12;
    const LINKTYPE_RAW: u16 = 101;
    match handle.get_datalink().0 {
        DLT_RAW => LINKTYPE_RAW,
        other => u16::try_from(other).unwrap_or(u16::MAX),
    }
}
