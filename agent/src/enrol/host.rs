//! What the agent tells of its host beside the hello, so that a copied key shows.

use picket_event::wire::HostNote;
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

/// What the hashes are of, so that nobody else's hash of the same id is alike (machine-id(5) asks for this).
const PURPOSE: &[u8] = b"picket-agent identity 1";
/// Bytes of a hash that are told.
const HASH_BYTES: usize = 16;

/// The host, and a number chosen for this start of the agent. What the system does not tell is left empty.
#[must_use]
pub fn host_note() -> HostNote {
    let mut instance = [0u8; 8];
    // Without chance the number is 0, which the collector takes for an agent that does not tell one.
    let _ = SystemRandom::new().fill(&mut instance);
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    HostNote {
        instance: u64::from_le_bytes(instance),
        name: name.chars().filter(|c| !c.is_control()).take(64).collect(),
        machine: hashed("/etc/machine-id"),
        boot: hashed("/proc/sys/kernel/random/boot_id"),
    }
}

/// HMAC-SHA-256 of the purpose under the id as key, cut short.
fn hashed(path: &str) -> String {
    let Ok(text) = std::fs::read_to_string(path) else { return String::new() };
    let id = text.trim();
    if id.is_empty() {
        return String::new();
    }
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, id.as_bytes()), PURPOSE);
    tag.as_ref().iter().take(HASH_BYTES).map(|byte| format!("{byte:02x}")).collect()
}
