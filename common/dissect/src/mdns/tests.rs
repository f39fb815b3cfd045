//! Instances, their services, and the keys of text records.

use super::parse::{key, service};
use picket_event::body::Asset;
use picket_reader::Reader;

#[test]
fn services_are_read_from_instances() {
    assert_eq!(service("office printer._ipp._tcp.local"), Some(("ipp", "tcp")));
    assert_eq!(service("x._sub._http._tcp.local"), Some(("http", "tcp")));
    assert_eq!(service("host.local"), None);
    assert_eq!(service("_tcp.local"), None);
    assert_eq!(service("x._a<b._tcp.local"), None);
}

#[test]
fn keys_of_text_records_tell_maker_and_model() {
    let mut asset = Asset::default();
    for pair in ["MD=Example 4", "md=another", "manufacturer=Example", "fv=1.2", "nothing", "=x", "other=1"] {
        key(Reader::new(pair.as_bytes()), &mut asset);
    }
    let Asset { model, vendor, firmware, .. } = asset;
    assert_eq!(
        (model.as_deref(), vendor.as_deref(), firmware.as_deref()),
        (Some("Example 4"), Some("Example"), Some("1.2"))
    );
}
