//! From what the sensor shows to rows.

use super::kind::Kind;
use super::labels::{Ends, Known, Labels};
use super::table::{Cells, Head};
use super::writer::Rows;
use crate::sensor::Sink;
use anyhow::Result;
use picket_event::body::{App, Body};
use picket_event::{Endpoints, Event, FlowRef, Protocol, Timestamp, Transport};
use picket_feature::host::HostWindow;
use picket_feature::packet::{Found, PacketBits};
use picket_feature::{Observation, Polling, Regularity, names};
use picket_score::row::{Row, features};
use std::net::IpAddr;

/// Makes the rows of one capture.
pub(super) struct Maker<'a> {
    pub(super) kind: Kind,
    pub(super) labels: &'a Labels,
    /// Base name of the capture.
    pub(super) name: &'a str,
    pub(super) out: &'a mut Rows,
    pub(super) written: u64,
    pub(super) failed: Option<anyhow::Error>,
    vector: Vec<f32>,
}

/// Both ends of a row.
#[derive(Clone, Copy)]
struct Between {
    src: IpAddr,
    src_port: u16,
    dest: Option<IpAddr>,
    dest_port: u16,
    transport: Option<Transport>,
}

impl Between {
    fn of(endpoints: &Endpoints) -> Option<Self> {
        match *endpoints {
            Endpoints::Ip { src, src_port, dest, dest_port, transport } => {
                Some(Self { src, src_port, dest: Some(dest), dest_port, transport: Some(transport) })
            }
            Endpoints::Link { .. } => None,
        }
    }
}

const UNLABELLED: Known<'static> = Known { label: "", family: "", group: "" };

impl<'a> Maker<'a> {
    pub(super) fn new(kind: Kind, labels: &'a Labels, name: &'a str, out: &'a mut Rows) -> Self {
        Self { kind, labels, name, out, written: 0, failed: None, vector: Vec::new() }
    }

    /// Writes a packet's row.
    pub(super) fn packet(&mut self, time: Timestamp, found: &Found<'_>, bits: &PacketBits) {
        let Some(ends) = found.ends else { return };
        let between = Between {
            src: ends.src,
            src_port: ends.src_port,
            dest: Some(ends.dest),
            dest_port: ends.dest_port,
            transport: Some(ends.transport),
        };
        let known = self.of_flow(&between, time);
        let result = self.write(&between, known, time, "", &Cells::Bits(bits));
        self.note(result);
    }

    fn note(&mut self, result: Result<()>) {
        match result {
            Ok(()) => self.written += 1,
            Err(error) => self.failed = Some(error),
        }
    }

    fn of_flow(&self, between: &Between, start: Timestamp) -> Known<'a> {
        let (Some(dest), Some(transport)) = (between.dest, between.transport) else { return UNLABELLED };
        let proto = transport.to_string();
        let ends = Ends { src: (between.src, between.src_port), dest: (dest, between.dest_port), proto: &proto };
        self.labels.find(self.name, &ends, start.as_secs_f64()).unwrap_or(UNLABELLED)
    }

    /// Writes a row of the features gathered.
    fn features(&mut self, between: &Between, known: Known<'_>, time: Timestamp, app: &Protocol) {
        let vector = std::mem::take(&mut self.vector);
        let result = self.write(between, known, time, app.name(), &Cells::Features(&vector));
        self.vector = vector;
        self.note(result);
    }

    fn write(
        &mut self,
        between: &Between,
        known: Known<'_>,
        time: Timestamp,
        app: &str,
        cells: &Cells<'_>,
    ) -> Result<()> {
        let (src, dest) = (between.src.to_string(), between.dest.map(|ip| ip.to_string()).unwrap_or_default());
        let proto = between.transport.map(|transport| transport.to_string()).unwrap_or_default();
        let head = Head {
            file: self.name,
            known,
            src_ip: &src,
            src_port: between.src_port,
            dest_ip: &dest,
            dest_port: between.dest_port,
            proto: &proto,
            time: time.as_secs_f64(),
            app,
        };
        self.out.row(&head, cells)
    }

    /// Writes a row for the trainer.
    fn training(&mut self, flow: &FlowRef, app: &App, seen: &Observation<'_>) -> Result<()> {
        let start = seen.start.as_secs_f64();
        let (known, src, dest, proto) = match Between::of(&flow.endpoints) {
            Some(between) => {
                let proto = between.transport.map(|transport| transport.to_string()).unwrap_or_default();
                let dest = between.dest.map(|ip| ip.to_string()).unwrap_or_default();
                (
                    self.of_flow(&between, seen.start),
                    (between.src.to_string(), between.src_port),
                    (dest, between.dest_port),
                    proto,
                )
            }
            None => (
                self.labels.capture(self.name).unwrap_or(UNLABELLED),
                Default::default(),
                Default::default(),
                "L2".to_owned(),
            ),
        };
        let (x, t) = features(seen, self.kind.trains());
        self.out.json(&Row {
            file: self.name.to_owned(),
            group: known.group.to_owned(),
            label: known.label.to_owned(),
            family: known.family.to_owned(),
            src_ip: src.0,
            src_port: src.1,
            dest_ip: dest.0,
            dest_port: dest.1,
            proto,
            start,
            app: app.protocol.name().to_owned(),
            x,
            t,
        })
    }

    /// Whether a flow has what the kind is about.
    fn concerns(&self, app: &App, seen: &Observation<'_>) -> bool {
        let handshake = seen.handshake;
        let client = || handshake.and_then(|handshake| handshake.client.as_deref());
        match self.kind {
            Kind::Training => {
                let tls = [Protocol::TLS, Protocol::QUIC, Protocol::DOT, Protocol::DOH, Protocol::DOQ];
                tls.contains(&app.protocol)
            }
            Kind::Polling => seen.polling.is_some_and(Polling::describes),
            Kind::Flow | Kind::Sequence => true,
            Kind::Handshake => handshake.is_some_and(|handshake| client().is_some() || handshake.server.is_some()),
            Kind::Offer => client().is_some(),
            Kind::Certificate => handshake.is_some_and(|handshake| handshake.certificate.is_some()),
            Kind::Names => client().is_some_and(|client| client.sni.is_some()),
            Kind::Packet | Kind::Pair | Kind::Host => false,
        }
    }
}

impl Sink for Maker<'_> {
    fn event(&mut self, event: Event) {
        let (Kind::Names, None, Body::Dns(dns), Some(flow)) = (self.kind, &self.failed, &event.body, &event.flow)
        else {
            return;
        };
        let Some(between) = Between::of(&flow.endpoints).filter(|_| !dns.answer) else { return };
        self.vector.clear();
        names::extract(Some(&dns.name), &mut self.vector);
        let known = self.of_flow(&between, event.time);
        self.features(&between, known, event.time, &Protocol::DNS);
    }

    fn observed(&mut self, flow: &FlowRef, app: &App, seen: &Observation<'_>) {
        if self.failed.is_some() || !self.concerns(app, seen) {
            return;
        }
        if !self.kind.trains().is_empty() {
            let result = self.training(flow, app, seen);
            return self.note(result);
        }
        let (Some(schema), Some(between)) = (self.kind.of_flows(), Between::of(&flow.endpoints)) else { return };
        self.vector.clear();
        schema.extract(seen, &mut self.vector);
        let known = self.of_flow(&between, seen.start);
        self.features(&between, known, seen.start, &app.protocol);
    }

    fn pair(&mut self, ends: &FlowRef, app: &Protocol, time: Timestamp, seen: &Regularity) {
        let between = Between::of(&ends.endpoints).filter(|_| self.kind == Kind::Pair && self.failed.is_none());
        let Some(between) = between else { return };
        self.vector.clear();
        seen.extract(&mut self.vector);
        let known = between.dest.and_then(|dest| self.labels.pair(self.name, between.src, (dest, between.dest_port)));
        self.features(&between, known.unwrap_or(UNLABELLED), time, app);
    }

    fn host(&mut self, ip: IpAddr, end: Timestamp, window: &HostWindow) {
        if self.kind != Kind::Host || self.failed.is_some() {
            return;
        }
        self.vector.clear();
        window.extract(&mut self.vector);
        let known = self.labels.host(self.name, ip).unwrap_or(UNLABELLED);
        let between = Between { src: ip, src_port: 0, dest: None, dest_port: 0, transport: None };
        self.features(&between, known, end, &Protocol::Named("".into()));
    }
}
