//! The way to the collector: the certificate, the port, and what the running agent says of its connection.

use super::super::Exit;
use super::Finding;
use crate::config::Config;
use crate::enrol::{EnrolError, Identity};
use crate::status;
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long a collector is waited for.
const PATIENCE: Duration = Duration::from_secs(3);
/// A certificate that ends sooner than this is worth a word; it is renewed before.
const SOON: i64 = 86_400;

/// Who this agent is, for how long, and whether its collector answers.
pub(super) fn identity(config: &Config) -> Vec<Finding> {
    let identity = match Identity::load(&config.agent.state) {
        Ok(identity) => identity,
        Err(error @ EnrolError::NotEnrolled(_)) => return vec![Finding::warning("identity", error.to_string())],
        Err(error) => {
            let exit = Exit::from_status(error.exit_status());
            return vec![Finding::bad("identity", exit, error.to_string())];
        }
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(0));
    let mut findings = vec![certificate(&identity.agent, identity.issued_at, identity.not_after, now)];
    findings.extend(identity.enrolment.iter().map(|address| reach(address)));
    let named = &config.uplink.collectors;
    let collectors = if named.is_empty() { &identity.collectors } else { named };
    findings.extend(collectors.iter().map(|address| fall_back(address)));
    findings
}

/// A certificate's life against the clock; times in seconds since 1970.
fn certificate(agent: &str, issued_at: i64, not_after: i64, now: i64) -> Finding {
    let left = not_after - now;
    if now < issued_at {
        let words = format!("the clock stands before the certificate of {agent} was made: set the clock");
        return Finding::bad("identity", Exit::Failed, words);
    }
    if left <= 0 {
        let words = format!(
            "the certificate of {agent} has expired; enrol again with a new token, and see that the clock is right"
        );
        return Finding::bad("identity", Exit::Refused, words);
    }
    let words = format!("enrolled as {agent}; the certificate is good for {} h", left / 3600);
    if left < SOON {
        let words =
            format!("{words}; it is renewed while the agent is connected: see that it runs and reaches its collector");
        return Finding::warning("identity", words);
    }
    Finding::good("identity", words)
}

fn connect(address: &str) -> std::io::Result<()> {
    let mut last = std::io::Error::other("the name has no address");
    for socket in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&socket, PATIENCE) {
            Ok(_) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The port for events takes TCP, which is needed only where UDP does not pass. Which is in use `status` shows.
fn fall_back(address: &str) -> Finding {
    match connect(address) {
        Ok(()) => Finding::good("events", format!("{address} takes TCP too, where UDP does not pass")),
        Err(error) => {
            let words = format!("{address} cannot be reached over TCP: {error}; needed only where UDP does not pass");
            Finding::warning("events", words)
        }
    }
}

/// The collector's HTTPS port answers a TCP connection; whether QUIC passes shows only the running agent.
fn reach(address: &str) -> Finding {
    match connect(address) {
        Ok(()) => Finding::good("collector", format!("{address} answers")),
        Err(error) => {
            let words =
                format!("{address} cannot be reached: {error}; check that the collector runs and the way to it");
            Finding::bad("collector", Exit::Unreachable, words)
        }
    }
}

/// What the running agent says; where none runs, whether its port for metrics is free.
pub(super) fn running(config: &Config) -> Vec<Finding> {
    let socket = status::socket_path(&config.status.socket, &config.agent.state);
    let Ok(snapshot) = status::ask(&socket) else {
        let words = "no agent runs here: systemctl enable --now picket-agent, or `picket-agent run`".to_owned();
        return vec![Finding::warning("running", words), metrics(&config.metrics.listen)];
    };
    let inputs = snapshot.inputs.iter().map(|input| match input.state.as_str() {
        "capturing" => Finding::good("running", format!("{}: capturing, {} frames", input.name, input.frames)),
        state => Finding::warning("running", format!("{}: {state}", input.name)),
    });
    let mut findings: Vec<Finding> = inputs.collect();
    findings.push(Finding::good("running", format!("confined: {}", snapshot.confined)));
    findings.extend(snapshot.uplink.map(|uplink| {
        let trouble = uplink.trouble.map_or_else(String::new, |trouble| format!("; {trouble}"));
        let words = format!("{}{trouble}", uplink.state);
        if uplink.connected {
            return Finding::good("uplink", words);
        }
        let exit = if uplink.refused { Exit::Refused } else { Exit::Unreachable };
        Finding::bad("uplink", exit, format!("{words}; events wait in the spool"))
    }));
    findings
}

fn metrics(listen: &str) -> Finding {
    if listen.is_empty() {
        return Finding::good("metrics", "switched off".to_owned());
    }
    match std::net::TcpListener::bind(listen) {
        Ok(_) => Finding::good("metrics", format!("{listen} is free")),
        Err(error) => Finding::warning(
            "metrics",
            format!("{listen}: {error}; set metrics.listen to a free port, or to \"\" for none"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::*;

    #[test]
    fn a_certificate_is_judged_by_the_clock() {
        let day = 86_400;
        let grade = |now| certificate("a", 10 * day, 40 * day, now).grade;
        assert_eq!(grade(20 * day), Grade::Good);
        assert_eq!(grade(40 * day - 3600), Grade::Warning);
        assert_eq!(grade(41 * day), Grade::Bad(Exit::Refused));
        assert_eq!(grade(9 * day), Grade::Bad(Exit::Failed));
        assert!(certificate("a", 10 * day, 40 * day, 9 * day).words.contains("set the clock"));
    }
}
