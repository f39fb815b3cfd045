//! What the system says of network interfaces, without any right.

use pnet_datalink::NetworkInterface;

/// An interface's counters, of the network namespace this process is in.
const TABLE: &str = "/proc/net/dev";

/// Names of all interfaces, in order.
#[must_use]
pub fn interface_names() -> Vec<String> {
    let mut names: Vec<String> = pnet_datalink::interfaces().into_iter().map(|interface| interface.name).collect();
    names.sort();
    names
}

/// An interface by its name.
pub(super) fn find(name: &str) -> Option<NetworkInterface> {
    pnet_datalink::interfaces().into_iter().find(|interface| interface.name == name)
}

/// Whether an interface is there and up.
pub(super) fn is_up(name: &str) -> bool {
    find(name).is_some_and(|interface| interface.is_up())
}

/// Frames that the interface lost before any capture could see them, since its driver was loaded: want of buffers
/// in the card (`rx_missed_errors`) and of room in the host's queue (`rx_dropped`). The table adds both up.
pub(super) fn drops(name: &str) -> Option<u64> {
    drops_in(&std::fs::read_to_string(TABLE).ok()?, name)
}

/// `name: bytes packets errs drop fifo frame compressed multicast ...`
fn drops_in(table: &str, name: &str) -> Option<u64> {
    let counters = |line: &str| line.trim_start().strip_prefix(name)?.strip_prefix(':').map(str::to_owned);
    table.lines().find_map(counters)?.split_whitespace().nth(3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_are_those_of_the_name_and_no_other() {
        let table = "Inter-|   Receive\n face |bytes    packets errs drop fifo frame compressed multicast|bytes\n\
                     eth0.5: 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9\n  eth0: 1 2 3 47 5 6 7 8 9 10 11 12 13 14 15 16\n lo:5 0 0 0 0\n";
        assert_eq!(drops_in(table, "eth0"), Some(47));
        assert_eq!(drops_in(table, "eth0.5"), Some(9));
        assert_eq!(drops_in(table, "lo"), Some(0));
        assert_eq!(drops_in(table, "eth"), None);
    }
}
