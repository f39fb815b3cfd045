//! The one thread that may open interfaces.
//!
//! Capabilities belong to threads. The opener keeps the right to open raw sockets and does nothing else;
//! all others drop every capability once the interfaces are open, so what reads hostile bytes has none.

use super::CaptureError;
use caps::{CapSet, Capability};
use pcap::{Active, Capture, Precision};
use std::sync::mpsc::{Sender, SyncSender, channel, sync_channel};

/// libpcap's read time-out, milliseconds: how long the ring may hold a block that is not full.
pub(super) const TIMEOUT_MS: i32 = 100;
/// Requests that may wait.
const QUEUE: usize = 64;

/// How an interface is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveOptions {
    /// Its name.
    pub interface: String,
    /// Bytes kept of a frame.
    pub snap_length: u32,
    /// Bytes of the kernel's buffer.
    pub buffer_bytes: u32,
    /// Filter in pcap-filter(7) syntax; empty takes everything.
    pub filter: String,
    /// Whether to see frames for others.
    pub promiscuous: bool,
}

type Opened = Result<Capture<Active>, CaptureError>;

/// Asks the opener. Cheap to clone; the thread ends with the last one.
#[derive(Clone, Debug)]
pub struct Opener {
    requests: SyncSender<(LiveOptions, Sender<Opened>)>,
}

impl Opener {
    /// Starts the thread, which keeps the right to open raw sockets and no other.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn start() -> std::io::Result<Self> {
        let (requests, queue) = sync_channel::<(LiveOptions, Sender<Opened>)>(QUEUE);
        std::thread::Builder::new().name("opener".to_owned()).spawn(move || {
            keep_only(&[Capability::CAP_NET_RAW]);
            for (options, reply) in queue {
                // Whoever asked may be gone; then the handle is closed again.
                let _ = reply.send(open(&options));
            }
        })?;
        Ok(Self { requests })
    }

    /// Opens an interface.
    ///
    /// # Errors
    /// As [`super::LiveSource::open`].
    pub fn open(&self, options: &LiveOptions) -> Opened {
        let (reply, answer) = channel();
        let ended = || CaptureError::Interface {
            interface: options.interface.clone(),
            reason: "the thread that opens interfaces has ended".to_owned(),
        };
        self.requests.send((options.clone(), reply)).map_err(|_| ended())?;
        answer.recv().map_err(|_| ended())?
    }
}

/// Drops every capability of the calling thread, and of those it starts.
///
/// # Errors
/// What the system said.
pub fn drop_capabilities() -> Result<(), String> {
    for set in [CapSet::Ambient, CapSet::Inheritable, CapSet::Effective, CapSet::Permitted] {
        caps::clear(None, set).map_err(|error| format!("drop {set:?} capabilities: {error}"))?;
    }
    Ok(())
}

/// Keeps those of `wanted` that the thread has, and drops all others.
fn keep_only(wanted: &[Capability]) {
    let permitted = caps::read(None, CapSet::Permitted).unwrap_or_default();
    let kept = permitted.into_iter().filter(|capability| wanted.contains(capability)).collect();
    for set in [CapSet::Ambient, CapSet::Inheritable] {
        let _ = caps::clear(None, set);
    }
    for set in [CapSet::Effective, CapSet::Permitted] {
        if let Err(error) = caps::set(None, set, &kept) {
            tracing::warn!("the opener keeps more capabilities than it needs: {error}");
        }
    }
}

/// Names of all interfaces, in order, separated by commas.
#[must_use]
pub fn interface_names() -> Vec<String> {
    let mut names: Vec<String> = pnet_datalink::interfaces().into_iter().map(|interface| interface.name).collect();
    names.sort();
    names
}

fn open(options: &LiveOptions) -> Opened {
    let existing = interface_names();
    if options.interface != "any" && !existing.contains(&options.interface) {
        let interface = options.interface.clone();
        return Err(CaptureError::UnknownInterface { interface, existing: existing.join(", ") });
    }
    let bounded = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    let inactive = Capture::from_device(options.interface.as_str()).map_err(|error| failed(options, &error))?;
    let mut handle = inactive
        .promisc(options.promiscuous)
        .snaplen(bounded(options.snap_length))
        .buffer_size(bounded(options.buffer_bytes))
        .timeout(TIMEOUT_MS)
        .precision(Precision::Nano)
        .open()
        .map_err(|error| failed(options, &error))?;
    if !options.filter.is_empty() {
        handle.filter(&options.filter, true).map_err(|error| CaptureError::Interface {
            interface: options.interface.clone(),
            reason: format!("the filter \"{}\" is refused: {error}", options.filter),
        })?;
    }
    handle.setnonblock().map_err(|error| failed(options, &error))
}

fn failed(options: &LiveOptions, error: &pcap::Error) -> CaptureError {
    let reason = error.to_string();
    let interface = options.interface.clone();
    if reason.to_ascii_lowercase().contains("permi") {
        let advice = "run as root, or give the program the right to capture: \
                      sudo setcap cap_net_raw+ep $(command -v picket-agent)";
        return CaptureError::Permission { interface, advice: advice.to_owned() };
    }
    CaptureError::Interface { interface, reason: reason.replace('\n', " ") }
}
