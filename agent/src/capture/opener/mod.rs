//! Who may open interfaces.
//!
//! What reads hostile bytes must not be able to open anything. With the ring a process of its own keeps the right and
//! hands over sockets ([`process`]); with libpcap, whose handles cannot be handed over, a thread keeps it (`thread`).

mod message;
mod process;
mod serve;
#[cfg(feature = "libpcap")]
mod thread;

pub use serve::serve;

use super::live::Handle;
use super::ring::Ring;
use super::{CaptureError, device};
use caps::{CapSet, Capability};
use serde::{Deserialize, Serialize};

/// How frames are taken from the kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// A ring shared with the kernel; a process of its own opens interfaces.
    #[default]
    Ring,
    /// libpcap; a thread keeps the right to open interfaces.
    Libpcap,
}

impl Backend {
    /// Its name in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ring => "ring",
            Self::Libpcap => "libpcap",
        }
    }
}

/// What is said where libpcap was asked for and this program was built without it.
#[cfg(not(feature = "libpcap"))]
const WITHOUT_LIBPCAP: &str =
    "this is the self-contained program, which has no libpcap; set capture.backend = \"ring\"";

/// How an interface is opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveOptions {
    /// Its name in the system.
    pub interface: String,
    /// Bytes kept of a frame.
    pub snap_length: u32,
    /// Bytes of the kernel's buffer, of each ring.
    pub buffer_bytes: u32,
    /// Filter in pcap-filter(7) syntax; empty takes everything.
    pub filter: String,
    /// Whether to see frames for others.
    pub promiscuous: bool,
    /// Rings that share out its frames, 1 and more; libpcap has one.
    pub rings: u32,
}

/// Asks for interfaces to be opened. Cheap to clone; who keeps the right ends with the last one.
#[derive(Clone, Debug)]
pub struct Opener(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Process(process::Opener),
    #[cfg(feature = "libpcap")]
    Thread(thread::Opener),
}

impl Opener {
    /// Starts who keeps the right. Of the interfaces, only these can be opened, and only as said here.
    ///
    /// # Errors
    /// When the system refuses a process or a thread.
    pub fn start(backend: Backend, interfaces: &[LiveOptions]) -> std::io::Result<Self> {
        Ok(Self(match backend {
            Backend::Ring => Kind::Process(process::Opener::start(interfaces)?),
            #[cfg(feature = "libpcap")]
            Backend::Libpcap => Kind::Thread(thread::Opener::start()?),
            #[cfg(not(feature = "libpcap"))]
            Backend::Libpcap => return Err(std::io::Error::other(WITHOUT_LIBPCAP)),
        }))
    }

    /// Opens an interface, as its `ring`th ring from 0.
    ///
    /// # Errors
    /// As [`super::LiveSource::open`].
    pub(super) fn open(&self, options: &LiveOptions, ring: u32) -> Result<Handle, CaptureError> {
        match &self.0 {
            #[cfg(feature = "libpcap")]
            Kind::Thread(opener) => Ok(Handle::Libpcap(Box::new(opener.open(options)?.into()))),
            Kind::Process(opener) => {
                let (socket, shape) = opener.open(options)?;
                let ring = Ring::new(socket, shape, &options.interface, ring == 0).map_err(|error| {
                    let advice = "the memory for it is capture.buffer of every interface and ring; lower it, or raise the limits of memory";
                    failed(options.interface.clone(), format!("map the ring: {error}; {advice}"))
                })?;
                Ok(Handle::Ring(Box::new(ring)))
            }
        }
    }

    /// Gives an interface the filter of these options, now and whenever it is opened again; `handle` where it is open. Whether
    /// that goes on; otherwise it is to be opened again.
    ///
    /// # Errors
    /// Why the filter cannot be; the one before is in force then.
    pub(super) fn filter(&self, options: &LiveOptions, handle: Option<&mut Handle>) -> Result<bool, CaptureError> {
        match (&self.0, handle) {
            (Kind::Process(opener), handle) => match (opener.filter(options)?, handle) {
                (Some(program), Some(Handle::Ring(ring))) => {
                    let why = |error| failed(options.interface.clone(), format!("attach the filter: {error}"));
                    ring.attach(&program).map(|()| true).map_err(why)
                }
                _ => Ok(false),
            },
            #[cfg(feature = "libpcap")]
            (Kind::Thread(_), Some(Handle::Libpcap(handle))) => handle.filter(options).map(|()| true),
            #[cfg(feature = "libpcap")]
            (Kind::Thread(_), _) => Ok(false),
        }
    }

    /// Opens an interface and closes it again.
    ///
    /// # Errors
    /// As [`super::LiveSource::open`].
    pub fn check(&self, options: &LiveOptions) -> Result<(), CaptureError> {
        self.open(options, 0).map(drop)
    }
}

/// Drops every capability of the calling thread, and of those it starts, for good: no program it might run gets one back.
///
/// # Errors
/// What the system said.
pub fn drop_capabilities() -> Result<(), String> {
    confine(&[])
}

/// Keeps those of `wanted` that the thread has, and drops all others, for good.
fn confine(wanted: &[Capability]) -> Result<(), String> {
    let permitted = caps::read(None, CapSet::Permitted).unwrap_or_default();
    let kept: caps::CapsHashSet = permitted.into_iter().filter(|capability| wanted.contains(capability)).collect();
    for capability in caps::all().into_iter().filter(|capability| !wanted.contains(capability)) {
        // Only who may change capabilities may do this; others cannot gain any by it either.
        let _ = caps::drop(None, CapSet::Bounding, capability);
    }
    rustix::thread::set_no_new_privs(true).map_err(|error| format!("refuse new privileges: {error}"))?;
    for set in [CapSet::Ambient, CapSet::Inheritable] {
        caps::clear(None, set).map_err(|error| format!("drop {set:?} capabilities: {error}"))?;
    }
    for set in [CapSet::Effective, CapSet::Permitted] {
        caps::set(None, set, &kept).map_err(|error| format!("drop {set:?} capabilities: {error}"))?;
    }
    Ok(())
}

/// An interface that exists and is up.
pub(super) struct Device {
    /// Its number; 0 for all.
    pub(super) index: u32,
    pub(super) loopback: bool,
}

/// Finds an interface by its name; "any" is all of them.
pub(super) fn existing(name: &str) -> Result<Device, CaptureError> {
    if name == "any" {
        return Ok(Device { index: 0, loopback: false });
    }
    let Some(device) = device::find(name) else {
        let existing = device::interface_names().join(", ");
        return Err(CaptureError::UnknownInterface { interface: name.to_owned(), existing });
    };
    if !device.is_up() {
        return Err(CaptureError::Down { interface: name.to_owned() });
    }
    Ok(Device { index: device.index, loopback: device.is_loopback() })
}

pub(super) fn no_permission(interface: String) -> CaptureError {
    let advice = "run as root, or give the program the right to capture: \
                  sudo setcap cap_net_raw+ep $(command -v picket-agent)";
    CaptureError::Permission { interface, advice: advice.to_owned() }
}

pub(super) const fn failed(interface: String, reason: String) -> CaptureError {
    CaptureError::Interface { interface, reason }
}
