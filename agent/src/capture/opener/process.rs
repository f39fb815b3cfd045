//! The agent's side of the opener process.

use super::super::CaptureError;
use super::super::ring::{Program, Shape};
use super::message::{Answer, MESSAGE_MAX, Request, bytes, message};
use super::{LiveOptions, failed};
use rustix::fd::OwnedFd;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendFlags, SocketFlags, SocketType, recvmsg,
    send, socketpair,
};
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The hidden verb by which the program becomes an opener.
pub(super) const VERB: &str = "opener";
/// An answer that takes longer is an error.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks the opener. Cheap to clone; the process ends with the last one.
#[derive(Clone, Debug)]
pub(super) struct Opener(Arc<Mutex<Line>>);

#[derive(Debug)]
struct Line {
    /// `None` only while the line is being taken down.
    socket: Option<OwnedFd>,
    child: Child,
    /// What may be opened, by the opener's numbers.
    interfaces: Vec<String>,
    asked: u64,
}

impl Opener {
    /// Starts the process and tells it what it may open.
    pub(super) fn start(interfaces: &[LiveOptions]) -> io::Result<Self> {
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        for timeout in [Timeout::Recv, Timeout::Send] {
            set_socket_timeout(&ours, timeout, Some(PATIENCE))?;
        }
        // The same file, even where a newer one has taken its name. A group of its own keeps the terminal's
        // interrupts away: the opener ends when the agent does.
        let child = Command::new("/proc/self/exe")
            .arg0("picket-opener")
            .arg(VERB)
            .current_dir("/")
            .process_group(0)
            .stdin(theirs)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let names = interfaces.iter().map(|options| options.interface.clone()).collect();
        let line = Line { socket: Some(ours), child, interfaces: names, asked: 0 };
        for options in interfaces {
            line.say(&Request::May(options.clone()))?;
        }
        line.say(&Request::Begin)?;
        Ok(Self(Arc::new(Mutex::new(line))))
    }

    /// Asks for a socket with a ring.
    pub(super) fn open(&self, options: &LiveOptions) -> Result<(OwnedFd, Shape), CaptureError> {
        // A thread that panicked while it held the line left it at the end of a message, or the next id skips its answer.
        let mut line = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        line.open(options)
    }

    /// Gives an interface the filter of these options, now and whenever it is opened again. The program for sockets that are open;
    /// `None` where the interface is not there.
    pub(super) fn filter(&self, options: &LiveOptions) -> Result<Option<Program>, CaptureError> {
        let mut line = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        line.filter(options)
    }
}

impl Line {
    fn say(&self, request: &Request) -> io::Result<()> {
        let socket = self.socket.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        let bytes = bytes(request)?;
        rustix::io::retry_on_intr(|| send(socket, &bytes, SendFlags::NOSIGNAL))?;
        Ok(())
    }

    fn hear(&self) -> io::Result<(Answer, Option<OwnedFd>)> {
        let socket = self.socket.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        let mut place = vec![0u8; MESSAGE_MAX];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        // With a time-out a signal ends the call, whatever its handler asks for.
        let heard = rustix::io::retry_on_intr(|| {
            recvmsg(socket, &mut [IoSliceMut::new(&mut place)], &mut control, RecvFlags::CMSG_CLOEXEC)
        })?;
        if heard.bytes == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let rights = control.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut sockets) => sockets.next(),
            _ => None,
        });
        Ok((message(place.get(..heard.bytes).unwrap_or_default())?, rights))
    }

    fn open(&mut self, options: &LiveOptions) -> Result<(OwnedFd, Shape), CaptureError> {
        let wrong = |reason: &str| failed(options.interface.clone(), reason.to_owned());
        match self.ask(options, |id, interface| Request::Open { id, interface })? {
            (Answer::Opened { shape, .. }, Some(socket)) => Ok((socket, shape)),
            (Answer::Opened { .. }, None) => {
                Err(wrong("the opener's socket did not arrive; raise the limit of open files (LimitNOFILE)"))
            }
            (Answer::Refused { problem, .. }, _) => Err(problem.into()),
            (Answer::Filtered { .. }, _) => Err(wrong("the opener answers another question")),
        }
    }

    fn filter(&mut self, options: &LiveOptions) -> Result<Option<Program>, CaptureError> {
        let filter = options.filter.clone();
        match self.ask(options, |id, interface| Request::Filter { id, interface, filter })? {
            (Answer::Filtered { program, .. }, _) => Ok(program),
            (Answer::Refused { problem, .. }, _) => Err(problem.into()),
            (Answer::Opened { .. }, _) => {
                Err(failed(options.interface.clone(), "the opener answers another question".to_owned()))
            }
        }
    }

    /// Asks of an interface and waits for the answer.
    fn ask(
        &mut self,
        options: &LiveOptions,
        request: impl FnOnce(u64, usize) -> Request,
    ) -> Result<(Answer, Option<OwnedFd>), CaptureError> {
        let known = self.interfaces.iter().position(|known| *known == options.interface);
        let unknown = || failed(options.interface.clone(), "the opener was not told of it at the start".to_owned());
        self.asked += 1;
        let asked = self.asked;
        self.say(&request(asked, known.ok_or_else(unknown)?)).map_err(|error| ended(options, &error))?;
        loop {
            let (answer, socket) = self.hear().map_err(|error| ended(options, &error))?;
            // Others answer a question that was given up.
            if answer.id() == asked {
                return Ok((answer, socket));
            }
        }
    }
}

fn ended(options: &LiveOptions, error: &io::Error) -> CaptureError {
    CaptureError::Opener { interface: options.interface.clone(), reason: error.to_string() }
}

impl Drop for Line {
    fn drop(&mut self) {
        // The closed line is what ends the process; then it is waited for, so that nothing of it stays behind.
        self.socket = None;
        let _ = self.child.wait();
    }
}
