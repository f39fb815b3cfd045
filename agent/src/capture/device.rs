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

/// The interface that the default route leaves by, IPv4's before IPv6's, the best metric first; `None` where there is none.
#[must_use]
pub fn default_route_interface() -> Option<String> {
    let read = |file: &str| std::fs::read_to_string(format!("/proc/self/net/{file}")).unwrap_or_default();
    default_route(&read("route")).or_else(|| default_route_6(&read("ipv6_route")))
}

/// `/proc/net/route`: name, destination, gateway, flags, two counters, metric, mask; addresses in hexadecimal.
fn default_route(table: &str) -> Option<String> {
    let routes = table.lines().skip(1).filter_map(|line| {
        let mut fields = line.split_ascii_whitespace();
        let (name, destination) = (fields.next()?, fields.next()?);
        let metric: u32 = fields.nth(4)?.parse().ok()?;
        (destination == "00000000" && fields.next()? == "00000000").then(|| (metric, name.to_owned()))
    });
    routes.min().map(|(_, name)| name)
}

/// `/proc/net/ipv6_route`: destination and its length, source and its length, next hop, metric, three more, name; all in
/// hexadecimal. `lo` holds the route of what is unreachable.
fn default_route_6(table: &str) -> Option<String> {
    let routes = table.lines().filter_map(|line| {
        let mut fields = line.split_ascii_whitespace();
        let (destination, length) = (fields.next()?, fields.next()?);
        let metric = u32::from_str_radix(fields.nth(3)?, 16).ok()?;
        let name = fields.nth(3)?;
        let default = destination.bytes().all(|byte| byte == b'0') && length == "00" && name != "lo";
        default.then(|| (metric, name.to_owned()))
    });
    routes.min().map(|(_, name)| name)
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
    fn the_default_route_is_the_one_of_the_best_metric() {
        let table = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
                     wlan0\t00000000\t0100A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n\
                     eth0\t00000000\t0100A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n\
                     eth0\t0000A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n";
        assert_eq!(default_route(table).as_deref(), Some("eth0"));
        assert_eq!(default_route("Iface\n"), None);
        let zero = "0".repeat(32);
        let table = format!(
            "{zero} 00 {zero} 00 fe800000000000000000000000000001 00000400 00000001 00000000 00450003     ens3\n\
             {zero} 00 {zero} 00 {zero} ffffffff 00000001 00000000 00200200       lo\n"
        );
        assert_eq!(default_route_6(&table).as_deref(), Some("ens3"));
    }

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
