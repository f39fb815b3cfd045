//! Starting and ending the way to the collector.

use super::super::stop::Signals;
use super::super::{Exit, Fault};
use super::RunArgs;
use super::books::Books;
use super::service::Service;
use crate::capture::OwnTraffic;
use crate::config::Config;
use crate::enrol::Identity;
use crate::forward::{self, Forward};
use crate::spool;
use std::time::{Duration, Instant};

/// How long captures wait for a collector from which nothing is heard.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often the wait looks at signals.
const TURN: Duration = Duration::from_millis(200);

/// Who this agent is.
pub(super) enum Known {
    /// `None` where nothing is sent.
    Identity(Option<Box<Identity>>),
    /// An end was asked for before it was known.
    Stopped,
}

/// Loads the identity. A service waits for it, whatever is wrong with it: only a person can mend that, by enrolling.
pub(super) fn identity(
    args: &RunArgs,
    config: &Config,
    service: &mut Service,
    signals: &Signals,
) -> Result<Known, Fault> {
    if args.no_uplink {
        return Ok(Known::Identity(None));
    }
    let state = &config.agent.state;
    let identity = match Identity::load(state) {
        Err(error) if args.service => {
            let why = format!("waiting for enrolment: {error}");
            // With its key: it is written first, and may not be this user's to read yet.
            let look = || Identity::load(state).ok().filter(|identity| identity.material().is_ok());
            let Some(identity) = service.wait(&why, || signals.stopped(), look) else { return Ok(Known::Stopped) };
            identity
        }
        loaded => {
            loaded.map_err(|error| Fault { exit: Exit::from_status(error.exit_status()), error: error.into() })?
        }
    };
    Ok(Known::Identity(Some(Box::new(identity))))
}

/// Starts spool and uplink, whose sockets `own` learns; gives the agent's id. What captures give is sent `in_order`.
pub(super) fn start(
    identity: Option<Identity>,
    config: &Config,
    bundle: String,
    own: &OwnTraffic,
    in_order: bool,
) -> Result<(Option<String>, Option<Forward>), Fault> {
    let Some(identity) = identity else { return Ok((None, None)) };
    let named = &config.uplink.collectors;
    let collectors = if named.is_empty() { identity.collectors.clone() } else { named.clone() };
    let agent = identity.agent.clone();
    let forward = Forward::start(forward::Config {
        spool: config.spool_directory(),
        limits: spool::Limits {
            bytes: config.spool.size.0,
            segment_bytes: config.spool.segment.0,
            frames: config.spool.frames,
        },
        identity,
        collectors,
        batch_delay: config.uplink.batch_delay.0,
        queue_events: config.uplink.queue_events,
        bundle,
        transport: config.uplink.transport,
        in_order,
        host: crate::enrol::host_note(),
        own: own.clone(),
    })
    .map_err(|error| Fault::new(Exit::Failed, error))?;
    Ok((Some(agent), Some(forward)))
}

/// Ends the uplink. Captures wait until everything is acknowledged; a live agent leaves the rest in the spool.
pub(super) fn finish(books: &Books, wait: bool, signals: &Signals) -> Result<Exit, Fault> {
    if !books.has_uplink() {
        return Ok(Exit::Done);
    }
    books.report();
    let result = if wait { drain(books, signals) } else { Ok(Exit::Done) };
    // Once more, with what was acknowledged meanwhile: the goodbye carries it.
    books.report();
    books.end_uplink();
    result
}

fn drain(books: &Books, signals: &Signals) -> Result<Exit, Fault> {
    let mut heard = Instant::now();
    let mut acknowledged = 0;
    while !books.with_uplink(|forward| forward.drain(TURN)).unwrap_or(true) {
        let Some(status) = books.forward_status() else { break };
        if status.acknowledged != acknowledged {
            acknowledged = status.acknowledged;
            heard = Instant::now();
        }
        let waiting = format!("{} events wait in the spool and go with the next run", status.spooled);
        if signals.stopped() {
            eprintln!("stopped by a signal; {waiting}");
            return Ok(Exit::Done);
        }
        if status.refused {
            return Err(Fault::say(
                Exit::Refused,
                format!("the collector refuses this agent: {}; {waiting}", status.state),
            ));
        }
        if heard.elapsed() >= PATIENCE {
            let seconds = PATIENCE.as_secs();
            let sentence = format!("nothing was acknowledged for {seconds} s ({}); {waiting}", status.state);
            return Err(Fault::say(Exit::Unreachable, sentence));
        }
    }
    Ok(Exit::Done)
}
