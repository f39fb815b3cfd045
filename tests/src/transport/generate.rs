//! Mixed traffic of an office and a plant as events, from a seed.

use crate::random::Random;
use picket_event::body::{App, Body, Dns, DnsRecord, Flow, Host, Ics, Score, Tls, Vote};
use picket_event::{
    Both, Classifier, Endpoints, Event, FlowEnd, FlowId, FlowRef, FlowState, MessageKind, Method, Operation, Protocol,
    Reason, ReasonArg, Source, Timestamp, Transport, Unit, Verdict,
};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// Which events come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mix {
    /// Flow rows alone.
    Flows,
    /// Flows, handshakes, names, industrial messages, hosts.
    Mixed,
}

/// Makes events, for ever.
#[derive(Clone, Debug)]
pub struct Generator {
    random: Random,
    time: i64,
    made: u64,
    step: i64,
    source: Source,
    mix: Mix,
    hosts: u64,
}

/// Clients, where no other number is asked for.
const HOSTS: u64 = 220;

impl Generator {
    /// Begins at a time (nanoseconds since 1970), with so many events a second.
    #[must_use]
    pub fn new(seed: u64, start: i64, per_second: u32, mix: Mix) -> Self {
        let step = 1_000_000_000 / i64::from(per_second.max(1));
        Self {
            random: Random(seed | 1),
            time: start,
            made: 0,
            step,
            source: Source::interface("eth1"),
            mix,
            hosts: HOSTS,
        }
    }

    /// Of so many clients, with this time from event to event.
    #[must_use]
    pub fn spread(self, hosts: u32, step: Duration) -> Self {
        let step = i64::try_from(step.as_nanos()).unwrap_or(i64::MAX).max(1);
        Self { step, hosts: u64::from(hosts.max(1)), ..self }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.random.below(bound)
    }

    /// A size that is mostly small and sometimes huge.
    fn long_tailed(&mut self, floor: u64) -> u64 {
        let shift = self.below(14);
        floor + self.below(16 << shift)
    }

    fn client(&mut self) -> IpAddr {
        let host = self.below(self.hosts) + 10;
        if self.hosts > HOSTS {
            let [.., a, b] = host.to_be_bytes();
            return IpAddr::V4(Ipv4Addr::new(10, 2, a, b));
        }
        IpAddr::V4(Ipv4Addr::new(10, 1, (host % 4) as u8 + 1, host as u8))
    }

    fn server(&mut self) -> (IpAddr, u16, Protocol) {
        match self.below(10) {
            0..=4 => {
                let (a, b) = (self.below(40) as u8, self.below(200) as u8);
                (IpAddr::V4(Ipv4Addr::new(93, 184, a, b)), 443, Protocol::TLS)
            }
            5..=6 => (IpAddr::V4(Ipv4Addr::new(10, 1, 1, 5)), 53, Protocol::DNS),
            7 => (IpAddr::V4(Ipv4Addr::new(10, 20, 0, self.below(12) as u8 + 1)), 502, Protocol::MODBUS),
            8 => (IpAddr::V4(Ipv4Addr::new(10, 1, 1, 9)), 445, Protocol::SMB),
            _ => (IpAddr::V4(Ipv4Addr::new(10, 1, 1, 3)), 80, Protocol::HTTP),
        }
    }

    /// The next events.
    pub fn take(&mut self, count: usize) -> Vec<Event> {
        (0..count).map(|_| self.event()).collect()
    }

    fn event(&mut self) -> Event {
        let jitter = self.below(self.step.unsigned_abs().max(2));
        self.time += self.step / 2 + jitter.cast_signed();
        let (dest, dest_port, protocol) = self.server();
        let src = self.client();
        let transport = if dest_port == 53 { Transport::UDP } else { Transport::TCP };
        let src_port = 32_768 + self.below(28_000) as u16;
        // As the flow table makes them: 15 bits of hash, a counter, the shard.
        self.made += 1;
        let (hash, shard) = (self.below(1 << 15), self.below(64));
        let id = FlowId(hash << 38 | self.made << 6 | shard);
        let body = match (self.mix, self.below(20)) {
            (Mix::Flows, _) | (Mix::Mixed, 0..=11) => Body::Flow(Box::new(self.flow(&protocol))),
            (Mix::Mixed, 12..=13) => Body::Tls(Box::new(self.tls())),
            (Mix::Mixed, 14..=16) => Body::Dns(Box::new(self.dns())),
            (Mix::Mixed, 17..=18) => Body::Ics(Box::new(self.ics())),
            (Mix::Mixed, _) => Body::Host(Box::new(self.host(src))),
        };
        let has_flow = !matches!(body, Body::Host(_));
        let endpoints = Endpoints::Ip { src, src_port, dest, dest_port, transport };
        let flow = has_flow.then_some(FlowRef { id, endpoints });
        // Capture times of most interfaces have microseconds.
        let time = Timestamp::from_nanos(self.time / 1_000 * 1_000);
        let source = self.source.clone();
        let mut event = Event { time, source, vlan: Vec::new(), flow, redacted: Vec::new(), body };
        if let Body::Flow(flow) = &mut event.body {
            flow.end = time;
            flow.start = time.minus(Duration::from_micros(self.long_tailed(900)));
        }
        event
    }

    fn flow(&mut self, protocol: &Protocol) -> Flow {
        let packets = Both { to_server: self.long_tailed(2) / 600 + 2, to_client: self.long_tailed(2) / 400 + 1 };
        let bytes = Both { to_server: self.long_tailed(180), to_client: self.long_tailed(200) };
        Flow {
            start: Timestamp::EPOCH,
            end: Timestamp::EPOCH,
            packets,
            bytes,
            tcp_flags: Both { to_server: 0x1b, to_client: if self.below(5) == 0 { 0x1f } else { 0x1b } },
            state: FlowState::Closed,
            reason: if self.below(3) == 0 { FlowEnd::Timeout } else { FlowEnd::Finished },
            app: App { protocol: protocol.clone(), confidence: Unit::new(0.98), method: Some(Method::Fingerprint) },
            count: 1,
            gap: None,
            payload: None,
            tunnel: None,
            detail: None,
            tls_records: Vec::new(),
            score: Some(self.score()),
        }
    }

    fn score(&mut self) -> Score {
        let bad = self.below(50) == 0;
        let base = if bad { 0.8 } else { 0.05 };
        let classifiers = [Classifier::Flow, Classifier::Handshake, Classifier::Certificate];
        let vote = |classifier, spread: u64| Vote {
            classifier,
            value: Unit::new(base + spread as f32 / 1_000.0),
            weight: Unit::new(0.33),
        };
        let votes = classifiers.into_iter().map(|c| vote(c, self.below(100))).collect();
        let reasons = if bad {
            let args = vec![ReasonArg::Number(60.0), ReasonArg::Number(self.below(900) as f32 / 100.0)];
            vec![
                Reason { template: Reason::REGULAR_INTERVALS, args },
                Reason::plain(Reason::SELF_SIGNED),
                Reason::number(Reason::CERT_YOUNG, self.below(30) as f32),
            ]
        } else {
            Vec::new()
        };
        let verdict = if bad { Verdict::Malicious } else { Verdict::Benign };
        Score { verdict, value: Unit::new(base + self.below(1_000) as f32 / 8_000.0), votes, reasons, digest: None }
    }

    fn tls(&mut self) -> Tls {
        let mut hash = [0u8; 16];
        hash.iter_mut().zip(self.below(6).to_le_bytes().iter().cycle()).for_each(|(to, from)| *to = from ^ 0xa5);
        Tls {
            version: 0x0304,
            sni: Some(format!("www{}.example.com", self.below(300))),
            alpn: vec!["h2".to_owned(), "http/1.1".to_owned()],
            cipher: Some(0x1301),
            ja3: Some(hash),
            ja3s: Some(hash),
            ja4: Some("t13d1516h2_8daaf6152771_02713d6af862".to_owned()),
            ..Tls::default()
        }
    }

    fn dns(&mut self) -> Dns {
        let name = format!("host{}.corp.example", self.below(500));
        let data = format!("10.9.{}.{}", self.below(200), self.below(200));
        let answers = vec![DnsRecord { name: name.clone(), record_type: 1, ttl: 300, data }];
        Dns { answer: true, id: self.below(65_536) as u16, name, record_type: 1, rcode: 0, answers }
    }

    fn ics(&mut self) -> Ics {
        let start = self.below(50) as u32 * 10;
        Ics {
            protocol: Protocol::MODBUS,
            operation: Operation::Read,
            previous: Some(Operation::Read),
            kind: MessageKind::Request,
            function: 3,
            function_name: "Read Holding Registers".into(),
            unit: Some(1),
            object: Some("holding_registers".into()),
            range: Some((start, start + 9)),
            value: None,
            count: 60,
        }
    }

    fn host(&mut self, ip: IpAddr) -> Host {
        Host {
            ip,
            window_seconds: 300,
            flows: self.below(200) as u32,
            failed: self.below(5) as u32,
            peers: self.below(40) as u32,
            new_peers: self.below(3) as u32,
            ports: self.below(9) as u32,
            names: self.below(9) as u32,
            fingerprints: self.below(4) as u32,
            bytes_out: self.long_tailed(1_000),
            bytes_in: self.long_tailed(1_000),
            score: None,
        }
    }
}
