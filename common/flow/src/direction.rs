//! Who is the client, where no SYN tells.

/// Customary server ports above 1023, of TCP and UDP alike. Sorted.
const SERVER_PORTS: &[u16] = &[
    1080, 1089, 1090, 1091, 1194, 1433, 1521, 1883, 1900, 1911, 1962, 2049, 2222, 2404, 2455, 3128, 3268, 3306, 3389,
    3671, 3702, 4059, 4500, 4712, 4713, 4840, 4843, 4911, 5006, 5007, 5060, 5061, 5094, 5222, 5353, 5355, 5432, 5671,
    5672, 5683, 5684, 5900, 5985, 5986, 6379, 6653, 7400, 8000, 8080, 8086, 8443, 8883, 9092, 9100, 9200, 9600, 10001,
    11740, 18245, 18246, 20000, 20547, 27017, 34962, 34963, 34964, 34980, 44818, 47808, 48898, 51820, 55000, 55003,
];

/// How much a port looks like a server's: 0 most, 3 least (the ephemeral range of RFC 6335).
fn rank(port: u16) -> u8 {
    match port {
        0 => 3,
        1..1024 => 0,
        _ if SERVER_PORTS.binary_search(&port).is_ok() => 1,
        1024..32_768 => 2,
        _ => 3,
    }
}

/// Whether the sender of a conversation's first packet is its client, by the two ports alone. In doubt it is.
#[must_use]
pub fn client_is_sender(src_port: u16, dest_port: u16) -> bool {
    let (src, dest) = (rank(src_port), rank(dest_port));
    // One rank of difference between two unknown ports says nothing.
    src >= dest || (src >= 2 && dest >= 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_tell() {
        assert!(SERVER_PORTS.is_sorted());
        assert!(client_is_sender(40_000, 502) && !client_is_sender(502, 40_000));
        assert!(client_is_sender(3_000, 20_000) && !client_is_sender(20_000, 3_000));
        assert!(client_is_sender(502, 502) && client_is_sender(50_000, 60_000) && client_is_sender(60_000, 50_000));
        assert!(client_is_sender(5_353, 5_353));
    }
}
