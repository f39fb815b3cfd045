//! What the system says of network interfaces, without any right.

use pnet_datalink::NetworkInterface;
use std::path::Path;

/// A folder an interface, with its counters.
const INTERFACES: &str = "/sys/class/net";

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

/// Frames that the card lost before any capture could see them, since its driver was loaded: for want of buffers of the
/// host (`rx_missed_errors`) and of its own (`rx_fifo_errors`), the counters that libpcap adds up too.
///
/// `rx_dropped` is none of them: it also counts what captures did see and no other part of the system wanted, such as every
/// frame of an unknown VLAN on a span port. `None` where the system tells nothing of an interface of this number, as where the
/// file system shows those of another network namespace.
pub(super) fn drops(name: &str, index: u32) -> Option<u64> {
    drops_under(Path::new(INTERFACES), name, index)
}

fn drops_under(root: &Path, name: &str, index: u32) -> Option<u64> {
    let folder = root.join(name);
    let number = |file: &str| std::fs::read_to_string(folder.join(file)).ok()?.trim().parse::<u64>().ok();
    if number("ifindex") != Some(u64::from(index)) {
        return None;
    }
    Some(number("statistics/rx_missed_errors")?.saturating_add(number("statistics/rx_fifo_errors")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_are_what_the_card_lost_and_of_this_interface_alone() {
        let root = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let path = root.path().join("eth0").join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("ifindex", "7\n");
        write("statistics/rx_missed_errors", "40\n");
        write("statistics/rx_fifo_errors", "2\n");
        write("statistics/rx_dropped", "999\n");
        assert_eq!(drops_under(root.path(), "eth0", 7), Some(42));
        assert_eq!(drops_under(root.path(), "eth0", 8), None, "one of another namespace");
        assert_eq!(drops_under(root.path(), "eth1", 7), None);
    }
}
