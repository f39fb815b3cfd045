//! Interfaces: whether they can be opened, and what their cards do to frames before a capture sees them.

use super::super::Exit;
use super::Finding;
use crate::capture::{Backend, LiveOptions, Opener, default_route_interface, interface_names};
use crate::config::{Config, Verification};
use std::process::Command;

/// Frames that a card or the kernel puts together are no longer than this.
const TOGETHER_MAX: u64 = 64 << 10;

pub(super) fn interfaces() -> Finding {
    let route =
        default_route_interface().map_or_else(String::new, |name| format!("; the default route leaves by {name}"));
    Finding::good("interfaces", format!("{}{route}", interface_names().join(", ")))
}

/// The interfaces that a service would watch.
fn watched(config: &Config) -> Vec<String> {
    let named = config.capture.interfaces.clone();
    if named.is_empty() { default_route_interface().into_iter().collect() } else { named }
}

/// Opens what would be watched, or loopback, as it would be opened, and closes it again.
pub(super) fn permission(config: &Config) -> Vec<Finding> {
    let capture = &config.capture;
    let named = Some(watched(config)).filter(|named| !named.is_empty()).unwrap_or_else(|| vec!["lo".to_owned()]);
    let backend = capture.backend;
    let options = |interface: String| LiveOptions {
        interface,
        snap_length: 64,
        buffer_bytes: 1 << 20,
        filter: capture.filter.clone(),
        promiscuous: false,
        rings: 1,
    };
    let plan: Vec<LiveOptions> = named.into_iter().map(options).collect();
    let opener = match Opener::start(backend, &plan) {
        Ok(opener) => opener,
        Err(error) => {
            let words = format!("who opens interfaces cannot be started: {error}");
            return vec![Finding::bad("capture", Exit::Failed, words)];
        }
    };
    let how = match backend {
        Backend::Ring => "a ring shared with the kernel (TPACKET_V3), by a process of its own",
        Backend::Libpcap => "libpcap, by a thread of its own",
    };
    let check = |options: &LiveOptions| match opener.check(options) {
        Ok(()) => Finding::good("capture", format!("{} can be opened: {how}", options.interface)),
        Err(error) => Finding::bad("capture", super::super::run::status_of(&error), error.to_string()),
    };
    plan.iter().map(check).collect()
}

/// What cards do in the host's place, where it makes a difference to what is read.
pub(super) fn offloads(config: &Config) -> Vec<Finding> {
    let interfaces = watched(config).into_iter().filter(|name| name != "any" && name != "lo");
    interfaces.map(|interface| offload(&interface, config)).collect()
}

fn offload(interface: &str, config: &Config) -> Finding {
    let checks = config.flow.checksums == Verification::Check;
    let cuts = config.capture.snap_length.0 < TOGETHER_MAX;
    match Command::new("ethtool").args(["-k", interface]).output() {
        Ok(output) if output.status.success() => {
            judge(interface, &String::from_utf8_lossy(&output.stdout), cuts, checks)
        }
        _ if cuts || checks => {
            let words = format!(
                "what {interface} does by itself could not be asked (ethtool -k {interface}); it matters with capture.snap_length below \
                 64KiB or flow.checksums = \"check\": install ethtool, or set both back"
            );
            Finding::warning("off-loads", words)
        }
        _ => Finding::good(
            "off-loads",
            format!("whatever {interface} does by itself, frames are read whole as configured"),
        ),
    }
}

/// What `ethtool -k` says, against the configuration.
fn judge(interface: &str, features: &str, cuts: bool, checks: bool) -> Finding {
    let on = |name: &str| {
        let state = features.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(": "));
        state.is_some_and(|state| state.starts_with("on"))
    };
    let together: Vec<&str> = ["generic-receive-offload", "large-receive-offload", "tcp-segmentation-offload"]
        .into_iter()
        .filter(|name| on(name))
        .collect();
    if cuts && !together.is_empty() {
        let words = format!(
            "{interface} hands over segments put together ({}), which capture.snap_length cuts: raise it to 64KiB or more, or \
             ethtool -K {interface} gro off lro off tso off",
            together.join(", ")
        );
        return Finding::warning("off-loads", words);
    }
    if checks && on("tx-checksumming") {
        let words = format!(
            "{interface} makes the checksums of what this host sends, so its own packets are captured with wrong ones: set \
             flow.checksums = \"ignore\", or ethtool -K {interface} tx off"
        );
        return Finding::warning("off-loads", words);
    }
    let words = if together.is_empty() { "none that changes frames".to_owned() } else { together.join(", ") };
    Finding::good("off-loads", format!("{interface}: {words}; frames are read whole as configured"))
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::*;

    const FEATURES: &str = "Features for eth0:\nrx-checksumming: on\ntx-checksumming: on\n\ttx-checksum-ipv4: on\n\
        tcp-segmentation-offload: on\ngeneric-receive-offload: on\nlarge-receive-offload: off [fixed]\n";

    #[test]
    fn off_loads_matter_only_to_what_they_spoil() {
        let all_well = judge("eth0", FEATURES, false, false);
        assert_eq!(all_well.grade, Grade::Good);
        assert!(
            all_well.words.starts_with("eth0: generic-receive-offload, tcp-segmentation-offload;"),
            "{}",
            all_well.words
        );
        let cut = judge("eth0", FEATURES, true, false);
        assert_eq!(cut.grade, Grade::Warning);
        assert!(cut.words.contains("ethtool -K eth0 gro off lro off tso off"), "{}", cut.words);
        let checked = judge("eth0", FEATURES, false, true);
        assert!(checked.words.contains("flow.checksums = \"ignore\""), "{}", checked.words);
        assert_eq!(judge("eth0", "Features for eth0:\n", true, true).grade, Grade::Good);
    }
}
