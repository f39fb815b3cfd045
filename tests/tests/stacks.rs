//! The TLS stacks of today: every hello read, every server name right, the client told from its fingerprint.

use picket_event::Body;
use picket_tests::golden::events;
use picket_tests::place::{repository, skip, tool};
use std::collections::BTreeMap;
use std::process::Command;

/// The stacks that the script knows, and what their clients are called.
pub(crate) const CLIENTS: &[(&str, &str)] = &[
    ("openssl", "OpenSSL"),
    ("openssl12", "OpenSSL"),
    ("resumed", "OpenSSL"),
    ("curl", "curl"),
    ("curl12", "curl"),
    ("python", "Python"),
    ("python12", "Python"),
    ("node", "Node.js"),
    ("node12", "Node.js"),
    ("java", "Java"),
    ("java12", "Java"),
    ("wget", "Wget"),
    ("gnutls", "GnuTLS"),
    ("ruby", "Ruby"),
    ("perl", "Perl"),
    ("php", "PHP"),
    ("chromium", "Chromium"),
    ("quic", "Chromium"),
];

/// Records what is installed with `tests/make/stacks.sh`, and reads it.
#[test]
fn every_hello_of_the_installed_stacks_is_read_and_told_apart() {
    const NAME: &str = "every_hello_of_the_installed_stacks_is_read_and_told_apart";
    if !rustix::process::geteuid().is_root() {
        return skip(NAME, "needs root to make a network namespace");
    }
    if ["unshare", "tcpdump", "openssl", "python3"].iter().any(|needed| tool(NAME, needed).is_none()) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let script = repository().join("tests/make/stacks.sh");
    let said = Command::new(script).arg(folder.path()).output().unwrap();
    assert!(said.status.success(), "{said:?}");
    // Name of the stack to what its hellos say the client is.
    let mut read: BTreeMap<String, String> = BTreeMap::new();
    for event in events(&folder.path().join("stacks.pcap")) {
        let (name, client) = match event.body {
            Body::Tls(tls) => (tls.sni, tls.client),
            Body::Quic(quic) => (quic.sni, quic.client),
            _ => continue,
        };
        let name = name.unwrap();
        let stack = name.strip_suffix(".stack.example").unwrap_or_else(|| panic!("foreign name {name}"));
        read.insert(stack.to_owned(), client.map(|c| c.into_owned()).unwrap_or_default());
    }
    let recorded = std::fs::read_to_string(folder.path().join("stacks.txt")).unwrap();
    assert!(recorded.lines().count() >= 3, "{said:?}");
    eprintln!("{read:#?}");
    for stack in recorded.lines().filter_map(|line| line.split(' ').next()) {
        let client = read.get(stack).unwrap_or_else(|| panic!("no hello of {stack} was read"));
        let (_, expected) = CLIENTS.iter().find(|(known, _)| stack == *known).unwrap();
        assert!(client.starts_with(expected), "{stack} was taken for {client:?}");
    }
}
