//! SSH of published captures, through the sensor: fingerprints, and log-ins as Zeek counts them.

use picket_event::body::Ssh;
use picket_event::{Body, Endpoints};
use picket_tests::golden::events;
use picket_tests::place::shared;
use std::collections::BTreeMap;
use std::path::Path;

/// The connections of a capture by the client's port.
fn connections(path: &Path) -> BTreeMap<u16, Ssh> {
    let mut found = BTreeMap::new();
    for event in events(path) {
        if let (Body::Ssh(ssh), Some(flow)) = (event.body, event.flow)
            && let Endpoints::Ip { src_port, .. } = flow.endpoints
        {
            found.entry(src_port).or_insert(*ssh);
        }
    }
    found
}

fn hex(bytes: Option<[u8; 16]>) -> Option<String> {
    Some(bytes?.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// HASSH and HASSH-server of corelight/hassh's baseline, banners too.
#[test]
fn published_hassh() {
    let Some(shared) = shared("published_hassh") else { return };
    let text = std::fs::read_to_string(shared.join("vectors/fingerprints.json")).unwrap();
    let vectors: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut captures: BTreeMap<String, BTreeMap<u16, Ssh>> = BTreeMap::new();
    let (mut checked, mut with_values) = (0, 0);
    for vector in vectors["ssh_captures"].as_array().unwrap() {
        let name = vector["pcap"].as_str().unwrap();
        let connections =
            captures.entry(name.to_owned()).or_insert_with(|| connections(&shared.join("vectors").join(name)));
        let port = u16::try_from(vector["sport"].as_u64().unwrap()).unwrap();
        let ssh = connections.get(&port).unwrap_or_else(|| panic!("{vector}: no connection"));
        let banner = |end: &Option<picket_event::body::SshEnd>| {
            end.as_ref().map(|end| format!("SSH-{}-{}", end.version, end.software))
        };
        let published = |name: &str| vector[name].as_str().map(str::to_owned);
        assert_eq!(banner(&ssh.client), published("client"), "{vector}");
        assert_eq!(banner(&ssh.server), published("server"), "{vector}");
        assert_eq!(hex(ssh.client.as_ref().and_then(|end| end.hassh)), published("hassh"), "{vector}");
        assert_eq!(hex(ssh.server.as_ref().and_then(|end| end.hassh)), published("hassh_server"), "{vector}");
        checked += 1;
        with_values += u32::from(published("hassh").is_some());
    }
    assert!(checked == 42 && with_values == 32, "{checked} checked, {with_values} with values");
}

/// Log-ins of a capture as zeek/zeek's testing/btest/Baseline/scripts.base.protocols.ssh.basic/ssh.log (BSD-3-Clause) has them:
/// client port, whether somebody got in, attempts.
const ZEEK: &[(u16, Option<bool>, u8)] = &[
    (51_880, None, 0),
    (40_184, Some(true), 1),
    (57_189, Some(true), 3),
    (57_191, None, 0),
    (59_246, Some(true), 2),
    (41_164, Some(true), 5),
    (33_910, Some(true), 1),
    (41_268, Some(false), 6),
    (52_294, Some(true), 2),
    (51_489, Some(true), 3),
    (58_641, Some(false), 1),
    (58_646, Some(true), 1),
    (58_649, Some(true), 1),
];

#[test]
fn log_ins_are_counted_as_zeek_counts_them() {
    let Some(shared) = shared("log_ins_are_counted_as_zeek_counts_them") else { return };
    let connections = connections(&shared.join("corpus/traffic/benign/corelight__hassh/ssh_zeek_test_pcaps.pcap"));
    for (port, authenticated, attempts) in ZEEK {
        let ssh = connections.get(port).unwrap_or_else(|| panic!("no connection from port {port}"));
        assert_eq!((ssh.authenticated, ssh.attempts), (*authenticated, *attempts), "from port {port}");
    }
    // None of these connections hands a shell back.
    let reverse = picket_event::SshBehaviour::ReverseShell;
    assert!(connections.values().all(|ssh| ssh.behaviour != Some(reverse)));
}
