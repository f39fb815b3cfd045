//! A bad line between one agent and the collector: a relay of UDP that loses, repeats, delays and reorders datagrams, has little
//! room, and changes the address it sends from, as a NAT does that forgot a connection.

use crate::random::Random;
use std::collections::BTreeMap;
use std::io::Result;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How bad the line is; the default is a good one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Line {
    /// Datagrams of a hundred that are lost.
    pub loss: u64,
    /// Datagrams of a hundred that arrive twice.
    pub repeated: u64,
    /// One way.
    pub delay: Duration,
    /// What is added to it at most, of each datagram for itself: later ones overtake.
    pub jitter: Duration,
    /// Bits a second each way; 0 for as many as come.
    pub bits: u64,
}

/// Bytes that may wait for a thin line; what comes then is lost.
const BUFFER: u64 = 128 << 10;

/// A running relay.
#[derive(Debug)]
pub struct Relay {
    /// Where the agent finds it.
    pub address: SocketAddr,
    rebind: Arc<AtomicU64>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// One direction of the line.
struct Way {
    line: Line,
    random: Random,
    free: Instant,
    waiting: BTreeMap<(Instant, u64), Vec<u8>>,
    count: u64,
}

impl Relay {
    /// Starts one to this collector.
    ///
    /// # Errors
    /// The system's.
    pub fn start(collector: SocketAddr, line: Line) -> Result<Self> {
        let near = UdpSocket::bind(("127.0.0.1", 0))?;
        near.set_read_timeout(Some(Duration::from_millis(1)))?;
        let address = near.local_addr()?;
        let (rebind, ended) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (wanted, end) = (rebind.clone(), ended.clone());
        let mut far = far(collector)?;
        let run = move || {
            let (mut up, mut down) = (Way::new(line, 3), Way::new(line, 5));
            let (mut agent, mut bound, mut bytes) = (None, 0, vec![0u8; 1 << 16]);
            while !end.load(Ordering::Acquire) {
                if let Ok((length, from)) = near.recv_from(&mut bytes) {
                    agent = Some(from);
                    up.take(&bytes[..length]);
                }
                while let Ok(length) = far.recv(&mut bytes) {
                    down.take(&bytes[..length]);
                }
                let wanted = wanted.load(Ordering::Acquire);
                if bound != wanted {
                    bound = wanted;
                    far = self::far(collector).unwrap_or(far);
                }
                // A datagram that cannot be sent is lost, as datagrams are.
                up.give(|bytes| drop(far.send(bytes)));
                down.give(|bytes| drop(agent.map(|agent| near.send_to(bytes, agent))));
            }
        };
        let thread = Some(std::thread::spawn(run));
        Ok(Self { address, rebind, ended, thread })
    }

    /// From now on the collector sees another address.
    pub fn rebind(&self) {
        self.rebind.fetch_add(1, Ordering::AcqRel);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        // A relay that panicked has said so.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn far(collector: SocketAddr) -> Result<UdpSocket> {
    let far = UdpSocket::bind(("127.0.0.1", 0))?;
    far.connect(collector)?;
    far.set_nonblocking(true)?;
    Ok(far)
}

impl Way {
    fn new(line: Line, seed: u64) -> Self {
        Self { line, random: Random(seed), free: Instant::now(), waiting: BTreeMap::new(), count: 0 }
    }

    fn take(&mut self, bytes: &[u8]) {
        if self.random.below(100) < self.line.loss {
            return;
        }
        let twice = self.random.below(100) < self.line.repeated;
        for _ in 0..=u32::from(twice) {
            let now = Instant::now();
            let mut at = now;
            if self.line.bits > 0 {
                let took = Duration::from_secs_f64(bytes.len() as f64 * 8.0 / self.line.bits as f64);
                let most = Duration::from_secs_f64(BUFFER as f64 * 8.0 / self.line.bits as f64);
                if self.free.saturating_duration_since(now) > most {
                    return;
                }
                self.free = self.free.max(now) + took;
                at = self.free;
            }
            at += self.line.delay + Duration::from_micros(self.random.below(self.line.jitter.as_micros() as u64));
            self.count += 1;
            self.waiting.insert((at, self.count), bytes.to_vec());
        }
    }

    fn give(&mut self, mut send: impl FnMut(&[u8])) {
        let now = Instant::now();
        while let Some(entry) = self.waiting.first_entry().filter(|entry| entry.key().0 <= now) {
            send(&entry.remove());
        }
    }
}
