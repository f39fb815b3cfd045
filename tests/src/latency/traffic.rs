//! Traffic at a steady rate of events, with causes of alerts among it.

use crate::demo::scenario::beacon_call;
use crate::make::message::{dns_answer, dns_query};
use crate::make::{Capture, Host, Tcp, udp};
use anyhow::Result;
use std::time::Duration;

/// Something an alert must come of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The entity that the alert will name.
    pub entity: String,
}

/// Makes frames as time passes. Four events of five are name look-ups over 200 lasting UDP conversations, one is the row of
/// a short TCP conversation.
#[derive(Debug)]
pub struct Traffic {
    per_second: f64,
    alerts_per_second: f64,
    clients: Vec<Host>,
    resolver: Host,
    server: Host,
    events: u64,
    frames: u64,
    alerts: u32,
    /// When causes began to be sent.
    alerting: Option<Duration>,
    completed: Vec<Cause>,
}

impl Traffic {
    /// So many events and causes a second.
    #[must_use]
    pub fn new(events: u32, alerts: u32) -> Self {
        let clients = (0..200).map(|n| Host::new(1000 + n, &format!("10.20.{}.{}", n / 100, 10 + n % 100))).collect();
        Self {
            per_second: events.into(),
            alerts_per_second: alerts.into(),
            clients,
            resolver: Host::new(1, "10.20.250.53"),
            server: Host::new(2, "10.20.250.80"),
            events: 0,
            frames: 0,
            alerts: 0,
            alerting: None,
            completed: Vec::new(),
        }
    }

    /// Events that the frames so far make, the verdicts' rows and handshakes left out.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// Frames so far.
    #[must_use]
    pub const fn frames(&self) -> u64 {
        self.frames
    }

    /// The causes whose last frame was sent since the last call.
    pub fn completed(&mut self) -> impl Iterator<Item = Cause> {
        self.completed.drain(..)
    }

    /// Sends everything that is due at `now` since the start; causes of alerts only where they are wanted.
    ///
    /// # Errors
    /// The sender's.
    pub fn until(&mut self, now: Duration, alerts: bool, send: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let mut capture = Capture::default();
        let due = (now.as_secs_f64() * self.per_second) as u64;
        while self.events < due {
            self.one(&mut capture);
            self.events += 1;
        }
        if alerts {
            let since = now.saturating_sub(*self.alerting.get_or_insert(now));
            while f64::from(self.alerts) < since.as_secs_f64() * self.alerts_per_second {
                self.cause(&mut capture);
            }
        }
        // In order of making: what is of one conversation stands together, and its time on the wire is the present.
        for frame in capture.in_order() {
            send(frame)?;
            self.frames += 1;
        }
        Ok(())
    }

    /// One event's worth of ordinary frames.
    fn one(&mut self, capture: &mut Capture) {
        let number = self.events;
        let pair = number / 2;
        let Some(client) = self.clients.get((pair % self.clients.len() as u64) as usize) else { return };
        let round = pair / self.clients.len() as u64;
        if number % 10 >= 8 {
            let port = 20_000 + ((2 * round + number % 2) % 40_000) as u16;
            let mut tcp = Tcp::open(capture, 0, (client, port), (&self.server, 8080));
            tcp.to_server(&[0xd7; 60]).to_client(&[0x2b; 200]).close();
            return;
        }
        let (id, name) = (pair as u16, format!("host{}.example.com", pair % 500));
        if number.is_multiple_of(2) {
            udp(capture, 0, (client, 5353 + 10_000), (&self.resolver, 53), &dns_query(id, &name, 1));
        } else {
            let answer = dns_answer(id, &name, Some([198, 51, 100, 10]));
            udp(capture, 0, (&self.resolver, 53), (client, 5353 + 10_000), &answer);
        }
    }

    /// A host that was never seen calls a server with a self-signed certificate.
    fn cause(&mut self, capture: &mut Capture) {
        let number = self.alerts;
        self.alerts += 1;
        let entity = format!("10.30.{}.{}", number / 200, 1 + number % 200);
        let client = Host::new(100_000 + number, &entity);
        let server = Host::new(90, "203.0.113.66");
        beacon_call(capture, 0, &client, &server, number as u16);
        self.completed.push(Cause { entity });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_is_sent_once() {
        let mut traffic = Traffic::new(1000, 10);
        let mut frames = 0;
        for step in 1..=10 {
            let mut count = |_: &[u8]| {
                frames += 1;
                Ok(())
            };
            traffic.until(Duration::from_millis(100 * step), step > 5, &mut count).unwrap();
        }
        assert_eq!((traffic.events(), traffic.frames()), (1000, frames));
        assert_eq!(traffic.completed().count(), 4);
    }
}
