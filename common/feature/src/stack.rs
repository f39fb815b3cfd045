//! An open fingerprint of TCP stacks, from the first segment of each side (RFC 9293 section 3.1, RFC 7323, RFC 2018).
//!
//! `ts1:s4:64:d:w64240:m1460-s-t-n-w7`: the method; SYN (`s`) or SYN with ACK (`a`) and the version of IP; the first time
//! to live it began from (32, 64, 128 or 255); don't-fragment (`d`, else `-`); window; options in order: `m`
//! largest segment, `w` scale (each with its value), `s` selective acknowledgement, `t` time stamps, `n` nothing,
//! `e` end, `x` and its number for any other.

use picket_packet::{Network, TcpHeader};
use std::fmt;
use std::net::IpAddr;

/// Options that are kept.
const OPTIONS_MAX: usize = 16;

/// What the first segment of one side shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stack {
    answers: bool,
    version: u8,
    ttl: u8,
    dont_fragment: bool,
    window: u16,
    options: [(u8, u16); OPTIONS_MAX],
    count: usize,
}

impl Stack {
    /// Reads a segment with SYN: `segment` is its header, options and payload as captured. `None` where SYN is not set or
    /// the options are cut.
    #[must_use]
    pub fn read(network: &Network, tcp: &TcpHeader, segment: &[u8]) -> Option<Self> {
        if !tcp.has(TcpHeader::SYN) {
            return None;
        }
        let length = usize::from(*segment.get(12)? >> 4) * 4;
        let mut rest = segment.get(20..length)?;
        let mut options = [(0, 0); OPTIONS_MAX];
        let mut count = 0;
        for place in &mut options {
            let Some((kind, value, tail)) = option(rest) else { break };
            *place = (kind, value);
            count += 1;
            rest = tail;
        }
        let ttl = match network.ttl {
            0..=32 => 32,
            33..=64 => 64,
            65..=128 => 128,
            129.. => 255,
        };
        Some(Self {
            answers: tcp.has(TcpHeader::ACK),
            version: if matches!(network.src, IpAddr::V4(_)) { 4 } else { 6 },
            ttl,
            dont_fragment: network.dont_fragment,
            window: tcp.window,
            options,
            count,
        })
    }

    /// A number by which equal fingerprints of one host are passed over.
    #[must_use]
    pub fn digest(&self, host: IpAddr) -> u64 {
        let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let seed = match host {
            IpAddr::V4(v4) => v4.octets().into_iter().fold(0xcbf2_9ce4_8422_2325, mix),
            IpAddr::V6(v6) => v6.octets().into_iter().fold(0xcbf2_9ce4_8422_2325, mix),
        };
        let [high, low] = self.window.to_be_bytes();
        let head = [u8::from(self.answers), self.ttl, u8::from(self.dont_fragment), high, low];
        let options = self.options.iter().flat_map(|(kind, value)| [*kind, (value >> 8) as u8, *value as u8]);
        head.into_iter().chain(options).fold(seed, mix)
    }

    /// The operating system it points at. Only what vendors' defaults make plain, by the order of options in a SYN and the
    /// first time to live: Linux (`tcp_options_write`, net/ipv4/tcp_output.c), Windows since Vista (no time stamps by
    /// default), Apple's and FreeBSD's (`tcp_addoptions`, tcp_output.c). Others look like one of these or like nothing known.
    #[must_use]
    pub fn system(&self) -> Option<&'static str> {
        if self.answers {
            // What a server answers depends on what it was offered.
            return None;
        }
        let mut order = [0u8; OPTIONS_MAX];
        for (to, (kind, _)) in order.iter_mut().zip(&self.options) {
            *to = *kind;
        }
        match (self.ttl, order.get(..self.count)?) {
            (64, [2, 4, 8, 1, 3]) => Some("Linux"),
            (128, [2, 1, 3, 1, 1, 4]) => Some("Windows"),
            (64, [2, 1, 3, 1, 1, 8, 4, 0, ..]) => Some("macOS or iOS"),
            (64, [2, 1, 3, 4, 8]) => Some("FreeBSD"),
            _ => None,
        }
    }
}

/// The first option: its kind, the value where it has one of interest, and what follows. The end ends.
fn option(bytes: &[u8]) -> Option<(u8, u16, &[u8])> {
    match bytes {
        [0, ..] => Some((0, 0, &[])),
        [1, rest @ ..] => Some((1, 0, rest)),
        [2, 4, high, low, rest @ ..] => Some((2, u16::from_be_bytes([*high, *low]), rest)),
        [3, 3, scale, rest @ ..] => Some((3, (*scale).into(), rest)),
        [kind, length, ..] => Some((*kind, 0, bytes.get(usize::from(*length).max(2)..)?)),
        _ => None,
    }
}

impl fmt::Display for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = if self.answers { 'a' } else { 's' };
        let fragment = if self.dont_fragment { 'd' } else { '-' };
        write!(f, "ts1:{side}{}:{}:{fragment}:w{}:", self.version, self.ttl, self.window)?;
        for (number, (kind, value)) in self.options.iter().take(self.count).enumerate() {
            let separator = if number == 0 { "" } else { "-" };
            match kind {
                0 => write!(f, "{separator}e")?,
                1 => write!(f, "{separator}n")?,
                2 => write!(f, "{separator}m{value}")?,
                3 => write!(f, "{separator}w{value}")?,
                4 => write!(f, "{separator}s")?,
                8 => write!(f, "{separator}t")?,
                other => write!(f, "{separator}x{other}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn network(ttl: u8) -> Network {
        Network { src: [192, 0, 2, 1].into(), dest: [192, 0, 2, 2].into(), protocol: 6, ttl, dont_fragment: true }
    }

    fn read(ttl: u8, flags: u8, window: u16, options: &[u8]) -> Option<Stack> {
        let tcp = TcpHeader { src_port: 1, dest_port: 2, seq: 0, ack: 0, flags, window };
        let mut segment = vec![0; 20];
        segment.extend(options);
        segment[12] = ((segment.len() / 4) << 4) as u8;
        Stack::read(&network(ttl), &tcp, &segment)
    }

    /// The SYN that a Linux 6 host sends: its defaults, as a capture of it shows them.
    const LINUX: &[u8] = &[2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7];

    #[test]
    fn fingerprints_are_written_and_told_apart() {
        let linux = read(63, 2, 64_240, LINUX).unwrap();
        assert_eq!(linux.to_string(), "ts1:s4:64:d:w64240:m1460-s-t-n-w7");
        assert_eq!(linux.system(), Some("Linux"));
        let windows = read(113, 2, 64_240, &[2, 4, 5, 0xb4, 1, 3, 3, 8, 1, 1, 4, 2]).unwrap();
        assert_eq!(windows.to_string(), "ts1:s4:128:d:w64240:m1460-n-w8-n-n-s");
        assert_eq!(windows.system(), Some("Windows"));
        let embedded = read(255, 2, 8_192, &[2, 4, 2, 0]).unwrap();
        assert_eq!(embedded.to_string(), "ts1:s4:255:d:w8192:m512");
        assert_eq!(embedded.system(), None);
        let answer = read(64, 0x12, 65_160, LINUX).unwrap();
        assert_eq!(answer.to_string(), "ts1:a4:64:d:w65160:m1460-s-t-n-w7");
        assert_eq!(answer.system(), None);
        assert_ne!(linux.digest(network(1).src), windows.digest(network(1).src));
        assert_ne!(linux.digest(network(1).src), linux.digest(network(1).dest));
    }

    #[test]
    fn no_syn_no_fingerprint() {
        assert_eq!(read(64, 0x10, 1, LINUX), None);
        assert_eq!(read(64, 2, 1, &[]).unwrap().to_string(), "ts1:s4:64:d:w1:");
    }

    proptest! {
        #[test]
        fn f32_any_options(options in proptest::collection::vec(any::<u8>(), 0..10), flags: u8, ttl: u8) {
            let options: Vec<u8> = options.iter().flat_map(|byte| [*byte; 4]).collect();
            if let Some(stack) = read(ttl, flags, 0, &options) {
                prop_assert!(stack.to_string().len() < 160);
            }
        }
    }
}
