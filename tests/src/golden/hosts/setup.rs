//! DHCP and DHCPv6: how hosts get their addresses.

use super::{datagrams, group, labels, long};
use crate::golden::Made;
use crate::make::Host;

/// A message of DHCP: operation, transaction, addresses (`ciaddr`, `yiaddr`), hardware address, options.
fn dhcp(operation: u8, id: u8, addresses: ([u8; 4], [u8; 4]), mac: [u8; 6], options: &[(u8, &[u8])]) -> Vec<u8> {
    let mut message = vec![operation, 1, 6, 0, 0, 0, 0, id, 0, id, 0, 0];
    message.extend(addresses.0);
    message.extend(addresses.1);
    message.extend([0; 8]);
    message.extend(mac);
    message.resize(236, 0);
    message.extend([0x63, 0x82, 0x53, 0x63]);
    for (code, value) in options {
        message.extend([*code, value.len() as u8]);
        message.extend(*value);
    }
    message.push(255);
    message.resize(message.len().max(300), 0);
    message
}

const NOBODY: [u8; 4] = [0; 4];

fn dhcp_captures() -> Vec<Made> {
    let (nobody, all) = (Host { ip: [0, 0, 0, 0].into(), ..Host::new(31, "10.0.2.31") }, group("255.255.255.255"));
    let server = Host::new(1, "10.0.2.1");
    let mac = nobody.mac;
    let wanted: &[u8] = &[1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119, 121, 249, 252];
    let client: &[(u8, &[u8])] = &[(12, b"OP-Station-7"), (60, b"MSFT 5.0"), (55, wanted)];
    let with = |kind: &'static [u8], more: &[(u8, &'static [u8])]| [&[(53, kind)][..], more].concat();
    let assigned = [10, 0, 2, 31];
    let given: &[(u8, &[u8])] = &[(54, &[10, 0, 2, 1]), (3, &[10, 0, 2, 254]), (6, &[10, 0, 2, 53])];
    let ask =
        |id: u8, kind: &'static [u8]| dhcp(1, id, (NOBODY, NOBODY), mac, &[with(kind, &[]), client.to_vec()].concat());
    let answer =
        |id: u8, kind: &'static [u8]| dhcp(2, id, (NOBODY, assigned), mac, &[with(kind, &[]), given.to_vec()].concat());
    let lease = datagrams(&[
        ((&nobody, 68), (&all, 67), ask(1, &[1])),
        ((&server, 67), (&all, 68), answer(1, &[2])),
        ((&nobody, 68), (&all, 67), ask(1, &[3])),
        ((&server, 67), (&all, 68), answer(1, &[5])),
    ]);
    // A host that has an address asks for more; other clients, a full name in labels, a name that is none.
    let own = Host::new(32, "10.0.2.32");
    let kernel: &[u8] = b"dhcpcd-9.4.1:Linux-5.10.0:armv7l:Example";
    let full: &[u8] = b"\x05\x00\x00\x06camera\x05plant";
    let inform =
        dhcp(1, 2, (own.ip_octets(), NOBODY), own.mac, &[(53, &[8]), (81, full), (60, kernel), (55, &[1, 3, 6])]);
    let odd = dhcp(
        1,
        3,
        (NOBODY, NOBODY),
        Host::new(33, "10.0.2.33").mac,
        &[(53, &[1]), (12, b"\x07<i>\x00"), (60, b"Example Device 4")],
    );
    let others = datagrams(&[
        ((&own, 68), (&server, 67), inform),
        ((&server, 67), (&own, 68), dhcp(2, 2, (own.ip_octets(), NOBODY), own.mac, &with(&[5], given))),
        ((&nobody, 68), (&all, 67), odd),
    ]);
    // In a conversation that is known: an option that says more than there is, a message that ends in its header.
    let mut lying = ask(5, &[1]);
    lying[245] = 200;
    lying.truncate(260);
    let mut cut = ask(6, &[1]);
    cut.truncate(30);
    let damaged = datagrams(&[
        ((&nobody, 68), (&all, 67), ask(4, &[1])),
        ((&nobody, 68), (&all, 67), lying),
        ((&nobody, 68), (&all, 67), cut),
    ]);
    vec![("dhcp", "lease", lease), ("dhcp", "others", others), ("dhcp", "damaged", damaged)]
}

fn dhcp6(kind: u8, id: u8, options: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut message = vec![kind, 0, 0, id];
    for (code, value) in options {
        message.extend(code.to_be_bytes());
        message.extend(long(value));
    }
    message
}

fn dhcp6_captures() -> Vec<Made> {
    let (client, server, all) = (Host::new(34, "fe80::34"), Host::new(1, "fe80::1"), group("ff02::1:2"));
    let duid = [&[0, 1, 0, 1, 1, 2, 3, 4][..], &client.mac].concat();
    let name = [vec![0], labels("hmi-3.plant.example")].concat();
    let class = [&[0, 0, 1, 0x37][..], &long(b"MSFT 5.0")].concat();
    let options = vec![(1, duid), (39, name), (16, class), (6, vec![0, 23, 0, 24, 0, 39])];
    let servers = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x53].to_vec();
    let lease = datagrams(&[
        ((&client, 546), (&all, 547), dhcp6(1, 1, &options)),
        ((&server, 547), (&client, 546), dhcp6(2, 1, &[(23, servers.clone())])),
        ((&client, 546), (&all, 547), dhcp6(3, 2, &options)),
        ((&server, 547), (&client, 546), dhcp6(7, 2, &[(23, servers)])),
    ]);
    // A partial name, another class; the same behind a relay.
    let partial = vec![(39, b"\x01\x06sensor".to_vec()), (16, [&[0, 0, 0, 9][..], &long(b"Example Sensor")].concat())];
    let peer = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x35];
    let mut relayed = [&[12, 0][..], &[0; 16], &peer, &[0, 9]].concat();
    relayed.extend(long(&dhcp6(11, 3, &partial)));
    let relay = Host::new(36, "2001:db8::36");
    let relays = datagrams(&[((&relay, 547), (&Host::new(1, "2001:db8::1"), 547), relayed)]);
    let information = datagrams(&[
        ((&client, 546), (&all, 547), dhcp6(11, 3, &partial)),
        ((&client, 546), (&all, 547), [dhcp6(11, 4, &[]), vec![0, 39, 0, 9, 0]].concat()),
    ]);
    vec![("dhcpv6", "lease", lease), ("dhcpv6", "relay", relays), ("dhcpv6", "information", information)]
}

pub(super) fn captures() -> Vec<Made> {
    let mut all = dhcp_captures();
    all.extend(dhcp6_captures());
    all
}
