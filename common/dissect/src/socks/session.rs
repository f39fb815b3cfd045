//! One connection to a proxy, until the tunnel begins. Each direction is read by itself.

use super::parse::{self, Request};
use super::table::{self, CONNECT, method};
use crate::{Context, Input, Need, Next, Output, Progress, Session};
use picket_event::{Body, Direction, body};
use picket_reader::{Fault, Reader};

/// What is due in a direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Due {
    /// The first message: it tells the version.
    #[default]
    First,
    /// Version 5: a password or the request, or the answers to them.
    Next,
    /// What the tunnel carries.
    Tunnel,
}

/// The session.
#[derive(Debug, Default)]
pub(super) struct Socks {
    due: [Due; 2],
    /// The request's port, 0 where it was not seen.
    port: u16,
    /// A message was read.
    known: bool,
}

/// What a message leads to.
enum Then {
    Due(Due),
    /// Nothing that is read.
    Nothing,
}

impl Session for Socks {
    fn feed(&mut self, direction: Direction, input: Input<'_>, _context: &Context, output: &mut Output) -> Progress {
        match input {
            Input::Stream(bytes) => self.stream(direction, bytes, output),
            // Without the rest of a message the tunnel's begin cannot be found.
            Input::Gap(_) => match self.due.get(direction.index()) {
                Some(Due::Tunnel) => self.switch(0),
                _ => Progress { consumed: 0, need: Need::Nothing },
            },
            Input::End => Progress { consumed: 0, need: Need::Nothing },
            Input::Datagram(_) => Progress { consumed: 0, need: Need::NotMine },
        }
    }
}

impl Socks {
    const fn switch(&self, consumed: usize) -> Progress {
        Progress { consumed, need: Need::Switch(Next::Tunnel { port: self.port }) }
    }

    fn stream(&mut self, direction: Direction, bytes: &[u8], output: &mut Output) -> Progress {
        let mut at = 0usize;
        loop {
            let view = bytes.get(at..).unwrap_or(&[]);
            let due = self.due.get(direction.index()).copied().unwrap_or_default();
            if due == Due::Tunnel {
                return self.switch(at);
            }
            if view.is_empty() {
                return Progress { consumed: at, need: Need::Bytes(1) };
            }
            let mut r = Reader::new(view);
            let read = match direction {
                Direction::ToServer => self.of_client(due, &mut r, output),
                Direction::ToClient => of_server(due, &mut r),
            };
            match read {
                Ok(then) => {
                    self.known = true;
                    at = at.saturating_add(r.position());
                    let Then::Due(due) = then else { return Progress { consumed: at, need: Need::Nothing } };
                    if let Some(present) = self.due.get_mut(direction.index()) {
                        *present = due;
                    }
                }
                Err(Fault::Incomplete { .. }) => {
                    return Progress { consumed: at, need: Need::Bytes(view.len().saturating_add(1)) };
                }
                Err(Fault::Malformed(_)) if !self.known => return Progress { consumed: at, need: Need::NotMine },
                Err(Fault::Malformed(reason)) => {
                    output.malformed.push(reason);
                    return Progress { consumed: at, need: Need::Nothing };
                }
            }
        }
    }

    fn of_client(&mut self, due: Due, r: &mut Reader<'_>, output: &mut Output) -> Result<Then, Fault> {
        let request = match (due, r.peek()) {
            (Due::First, [4, ..]) => parse::request_4(r)?,
            (Due::First, [5, ..]) => {
                parse::greeting(r)?;
                return Ok(Then::Due(Due::Next));
            }
            (Due::Next, [5, ..]) => parse::message_5(r)?,
            // The version of the exchange of a password is 1 (RFC 1929 section 2).
            (Due::Next, [1, ..]) => {
                parse::password(r)?;
                return Ok(Then::Due(Due::Next));
            }
            _ => return Err(Fault::Malformed("socks: message")),
        };
        let Some(command) = table::command(request.command) else { return Err(Fault::Malformed("socks: command")) };
        self.port = request.port;
        let opens = request.command == CONNECT;
        output.events.push(Body::Http(Box::new(event(request, command))));
        Ok(if opens { Then::Due(Due::Tunnel) } else { Then::Nothing })
    }
}

fn of_server(due: Due, r: &mut Reader<'_>) -> Result<Then, Fault> {
    match (due, r.peek()) {
        (Due::First, [0, ..]) => {
            let code = parse::reply_4(r)?;
            Ok(if code == table::GRANTED_4 { Then::Due(Due::Tunnel) } else { Then::Nothing })
        }
        (Due::First, [5, ..]) => {
            r.skip(1, "version")?;
            match r.u8("method")? {
                method::NONE | method::PASSWORD => Ok(Then::Due(Due::Next)),
                method::REFUSED => Ok(Then::Nothing),
                // GSSAPI and private methods protect what follows.
                _ => Ok(Then::Nothing),
            }
        }
        // The answer to a password: 0 lets in.
        (Due::Next, [1, ..]) => {
            r.skip(1, "version")?;
            Ok(if r.u8("status")? == 0 { Then::Due(Due::Next) } else { Then::Nothing })
        }
        (Due::Next, [5, ..]) => {
            let reply = parse::message_5(r)?;
            Ok(if reply.command == 0 { Then::Due(Due::Tunnel) } else { Then::Nothing })
        }
        _ => Err(Fault::Malformed("socks: reply")),
    }
}

fn event(request: Request, command: &str) -> body::Http {
    let Request { host, port, version, .. } = request;
    let url = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    body::Http {
        method: command.to_owned(),
        host: Some(host),
        url,
        version: version.to_owned(),
        ..body::Http::default()
    }
}
