//! The server line, and ports of locations.

use super::parse::{port, server};
use picket_event::body::Asset;

#[test]
fn the_server_line_names_system_and_product() {
    let of = |line: &str| {
        let mut asset = Asset::default();
        server(&mut asset, line);
        (asset.os, asset.model)
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(of("Linux/3.10 UPnP/1.0 Box/2.1"), (some("Linux 3.10"), some("Box/2.1")));
    assert_eq!(of("ExampleOS/1, UPnP/1.1, Camera/9"), (some("ExampleOS 1"), some("Camera/9")));
    assert_eq!(of("UPnP/1.0"), (None, None));
    assert_eq!(of("nginx"), (None, None));
}

#[test]
fn ports_of_locations() {
    assert_eq!(port("http://192.0.2.1:49152/d.xml"), Some(49_152));
    assert_eq!(port("http://192.0.2.1/d.xml"), Some(80));
    assert_eq!(port("http://[fe80::1]:8080/d.xml"), Some(8080));
    assert_eq!(port("http://[fe80::1]/d.xml"), Some(80));
    assert_eq!(port("http://x:99999/"), None);
    assert_eq!(port("ftp://x/"), None);
}
