//! The opener process: keeps the right to open raw sockets, speaks over its standard input alone, and opens nothing
//! but what it was told of at its start.

use super::super::{CaptureError, ring};
use super::LiveOptions;
use super::confine;
use super::message::{Answer, INTERFACES_MAX, MESSAGE_MAX, Problem, Request, bytes, message};
use caps::Capability;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::net::sockopt::socket_type;
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketType, recv, send, sendmsg};
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;

/// What may be opened.
#[derive(Debug, Default)]
struct Plan {
    interfaces: Vec<LiveOptions>,
    /// The group of each interface's sockets, where several share it.
    groups: Vec<Option<u16>>,
    begun: bool,
}

/// Runs until the agent is gone.
///
/// # Errors
/// When standard input is no line to an agent, or the line says what it must not say.
pub fn serve() -> Result<(), String> {
    let line = rustix::stdio::stdin();
    if socket_type(line) != Ok(SocketType::SEQPACKET) {
        return Err(
            "this is started by `picket-agent run`, which speaks to it; there is nothing to do by hand".to_owned()
        );
    }
    ring::close_all_others();
    confine(&[Capability::CAP_NET_RAW])?;
    let _ = rustix::thread::set_name(c"picket-opener");
    crate::confine::enter_opener();
    let mut plan = Plan::default();
    let mut place = vec![0u8; MESSAGE_MAX];
    loop {
        let (_, length) = match recv(line, &mut place[..], RecvFlags::empty()) {
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.to_string()),
            Ok(heard) => heard,
        };
        if length == 0 {
            return Ok(());
        }
        let request = message(place.get(..length).unwrap_or_default()).map_err(|error| error.to_string())?;
        if let Some((answer, socket)) = plan.hear(request)? {
            say(line, &answer, socket.as_ref()).map_err(|error| error.to_string())?;
        }
    }
}

impl Plan {
    /// Does what is asked. What must not be asked ends the process: only a program gone wrong asks it.
    fn hear(&mut self, request: Request) -> Result<Option<(Answer, Option<OwnedFd>)>, String> {
        match request {
            Request::May(options) if !self.begun && self.interfaces.len() < INTERFACES_MAX => {
                self.interfaces.push(options);
                self.groups.push(None);
                Ok(None)
            }
            Request::Begin if !self.begun => {
                self.begun = true;
                Ok(None)
            }
            Request::Open { id, interface } if self.begun => {
                let place = self.interfaces.get(interface).zip(self.groups.get_mut(interface));
                let (options, group) = place.ok_or("an interface was asked for that the start did not name")?;
                Ok(Some(match ring::open(options, group) {
                    Ok((socket, shape)) => (Answer::Opened { id, shape }, Some(socket)),
                    Err(error) => (Answer::Refused { id, problem: Problem::from(error) }, None),
                }))
            }
            Request::Filter { id, interface, filter } if self.begun => {
                let options = self.interfaces.get_mut(interface);
                let options = options.ok_or("a filter was given to an interface that the start did not name")?;
                Ok(Some((filtered(id, options, filter), None)))
            }
            _ => Err("a request came out of its time".to_owned()),
        }
    }
}

/// Gives an interface another filter, where that is one.
fn filtered(id: u64, options: &mut LiveOptions, filter: String) -> Answer {
    let wanted = LiveOptions { filter, ..options.clone() };
    let program = match ring::compile(&wanted) {
        Ok(program) => Some(program),
        // What is not there is opened with it once it comes.
        Err(CaptureError::Down { .. } | CaptureError::UnknownInterface { .. }) => None,
        Err(error) => return Answer::Refused { id, problem: Problem::from(error) },
    };
    let answer = Answer::Filtered { id, program };
    match bytes(&answer) {
        Ok(_) => {
            *options = wanted;
            answer
        }
        Err(_) => {
            let reason = "its program is too long".to_owned();
            let LiveOptions { interface, filter, .. } = wanted;
            Answer::Refused { id, problem: Problem::Filter { interface, filter, reason } }
        }
    }
}

fn say(line: BorrowedFd<'_>, answer: &Answer, socket: Option<&OwnedFd>) -> io::Result<()> {
    let bytes = bytes(answer)?;
    let Some(socket) = socket else {
        send(line, &bytes, SendFlags::NOSIGNAL)?;
        return Ok(());
    };
    let sockets = [socket.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(&sockets)) {
        return Err(io::Error::other("no room for a socket"));
    }
    sendmsg(line, &[IoSlice::new(&bytes)], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(interface: &str) -> LiveOptions {
        LiveOptions {
            interface: interface.to_owned(),
            snap_length: 96,
            buffer_bytes: 1 << 20,
            filter: String::new(),
            promiscuous: false,
            rings: 1,
        }
    }

    #[test]
    fn nothing_is_opened_but_what_the_start_named() {
        let mut plan = Plan::default();
        assert!(plan.hear(Request::Open { id: 1, interface: 0 }).is_err(), "before the start is over");
        let mut plan = Plan::default();
        assert!(plan.hear(Request::May(options("nothing0"))).unwrap().is_none());
        assert!(plan.hear(Request::Begin).unwrap().is_none());
        let (answer, socket) = plan.hear(Request::Open { id: 7, interface: 0 }).unwrap().unwrap();
        assert!(matches!(answer, Answer::Refused { id: 7, problem: Problem::Unknown { .. } }), "{answer:?}");
        assert!(socket.is_none());
        let filter = |interface| Request::Filter { id: 9, interface, filter: "tcp".to_owned() };
        let (answer, _) = plan.hear(filter(0)).unwrap().unwrap();
        assert_eq!(answer, Answer::Filtered { id: 9, program: None }, "it is opened with it once it comes");
        assert!(plan.hear(filter(1)).is_err(), "never named");
        assert!(plan.hear(Request::Open { id: 8, interface: 1 }).is_err(), "never named");
        assert!(plan.hear(Request::May(options("lo"))).is_err(), "named too late");
        assert!(plan.hear(Request::Begin).is_err());
    }
}
