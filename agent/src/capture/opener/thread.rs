//! The one thread that may open interfaces, where libpcap reads them.
//!
//! Capabilities belong to threads. The opener keeps the right to open raw sockets and does nothing else;
//! all others drop every capability once the interfaces are open, so what reads hostile bytes has none.

use super::super::CaptureError;
use super::super::library::libpcap;
use super::{LiveOptions, confine, failed};
use caps::Capability;
use pcap::{Active, Capture};
use std::sync::mpsc::{Sender, SyncSender, channel, sync_channel};

/// Requests that may wait.
const QUEUE: usize = 64;

type Opened = Result<Capture<Active>, CaptureError>;

/// Asks the opener. Cheap to clone; the thread ends with the last one.
#[derive(Clone, Debug)]
pub(super) struct Opener {
    requests: SyncSender<(LiveOptions, Sender<Opened>)>,
}

impl Opener {
    /// Starts the thread, which keeps the right to open raw sockets and no other.
    pub(super) fn start() -> std::io::Result<Self> {
        let (requests, queue) = sync_channel::<(LiveOptions, Sender<Opened>)>(QUEUE);
        std::thread::Builder::new().name("opener".to_owned()).spawn(move || {
            if let Err(error) = confine(&[Capability::CAP_NET_RAW]) {
                tracing::warn!("the opener keeps more capabilities than it needs: {error}");
            }
            for (options, reply) in queue {
                // Whoever asked may be gone; then the handle is closed again.
                let _ = reply.send(libpcap(&options));
            }
        })?;
        Ok(Self { requests })
    }

    /// Opens an interface.
    pub(super) fn open(&self, options: &LiveOptions) -> Opened {
        let (reply, answer) = channel();
        let ended = || failed(options.interface.clone(), "the thread that opens interfaces has ended".to_owned());
        self.requests.send((options.clone(), reply)).map_err(|_| ended())?;
        answer.recv().map_err(|_| ended())?
    }
}
