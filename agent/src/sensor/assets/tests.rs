//! Pieces that come together, claims that collide, caps, and events that wait their time.

use super::*;

const SECOND: i64 = 1_000_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_nanos(1_772_409_600_000_000_000 + seconds * SECOND)
}

fn ip(last: u8) -> IpAddr {
    [192, 0, 2, last].into()
}

fn mac(last: u8) -> Mac {
    Mac([0x00, 0x1b, 0x1b, 0, 0, last])
}

fn piece(source: &str, address: Option<IpAddr>, station: Option<Mac>) -> Asset {
    Asset { ip: address, mac: station, source: source.to_owned(), ..Asset::default() }
}

fn due(assets: &mut Assets, seconds: i64) -> Vec<Asset> {
    assets.observe(at(seconds));
    std::iter::from_fn(|| assets.next_due().map(|(asset, _)| asset)).collect()
}

#[test]
fn pieces_of_one_host_come_together() {
    let mut assets = Assets::new(0);
    let named = Asset { hostname: Some("plc-4".to_owned()), ..piece("lldp", None, Some(mac(1))) };
    assert_eq!(assets.learn(named, at(0)), None);
    assert_eq!(assets.learn(piece("arp", Some(ip(1)), Some(mac(1))), at(1)), None);
    let model = Asset { model: Some("CPU 1".to_owned()), ..piece("modbus", Some(ip(1)), None) };
    assets.learn(model, at(2));
    let after = Asset { firmware: Some("2.0".to_owned()), ..piece("lldp", None, Some(mac(1))) };
    assets.learn(after, at(3));
    assert_eq!(due(&mut assets, 5), [], "it settles first");
    let told = due(&mut assets, 20);
    assert_eq!(told.len(), 1);
    let Asset { ip: address, mac: station, hostname, model, firmware, vendor, source, first_seen, last_seen, .. } =
        &told[0];
    assert_eq!((*address, *station), (Some(ip(1)), Some(mac(1))));
    assert_eq!(
        (hostname.as_deref(), model.as_deref(), firmware.as_deref(), vendor.as_deref()),
        (Some("plc-4"), Some("CPU 1"), Some("2.0"), Some("Siemens"))
    );
    assert_eq!(source, "lldp,arp,modbus");
    assert_eq!((*first_seen, *last_seen), (Some(at(0)), Some(at(3))));
}

#[test]
fn events_wait_their_interval() {
    let mut assets = Assets::new(0);
    let service = |port: u16| Asset { services: vec![format!("tcp/{port} x")], ..piece("mdns", Some(ip(1)), None) };
    assets.learn(service(1), at(0));
    assert_eq!(due(&mut assets, 10).len(), 1);
    assets.learn(service(1), at(11));
    assert_eq!(due(&mut assets, 5_000), [], "nothing new");
    assets.learn(service(2), at(5_000));
    assert_eq!(due(&mut assets, 5_010).len(), 1);
    assets.learn(service(3), at(5_011));
    assert_eq!(due(&mut assets, 5_300), [], "told a short time ago");
    let told = due(&mut assets, 5_310);
    assert_eq!(told[0].services, ["tcp/1 x", "tcp/2 x", "tcp/3 x"]);
    assets.learn(service(4), at(5_311));
    assert!(assets.next_left().is_some() && assets.next_left().is_none(), "the end waits for nothing");
}

#[test]
fn a_second_owner_of_an_address_in_use_is_reported_once() {
    let mut assets = Assets::new(0);
    let claim = |station: u8| piece("arp", Some(ip(1)), Some(mac(station)));
    assert_eq!(assets.learn(claim(1), at(0)), None);
    assert_eq!(assets.learn(claim(1), at(60)), None);
    let conflict = assets.learn(claim(2), at(61)).unwrap();
    assert_eq!((conflict.kind, conflict.in_plant), ("address_conflict", false));
    assert_eq!(conflict.detail, "192.0.2.1 belonged to 00:1b:1b:00:00:01 and is claimed by 00:1b:1b:00:00:02");
    assert_eq!(assets.learn(claim(1), at(62)), None, "told already");
    assert_eq!(assets.learn(claim(2), at(1_000)), None, "nobody has used it for a while");
    let lease = piece("dhcp", Some(ip(1)), Some(mac(3)));
    assert_eq!(assets.learn(lease, at(1_001)), None, "a lease is no claim");
}

#[test]
fn two_stations_of_one_name_are_reported_once() {
    let mut assets = Assets::new(0);
    let named = |source: &str, station: u8| Asset {
        hostname: Some("press-4".to_owned()),
        ..piece(source, None, Some(mac(station)))
    };
    assert_eq!(assets.learn(named("profinet_dcp", 1), at(0)), None);
    assert_eq!(assets.learn(named("lldp", 2), at(1)), None, "elsewhere names are no addresses");
    let conflict = assets.learn(named("profinet_dcp", 2), at(2)).unwrap();
    assert_eq!((conflict.kind, conflict.in_plant), ("name_conflict", true));
    assert_eq!(conflict.name.as_deref(), Some("press-4"));
    assert_eq!(conflict.detail, "was 00:1b:1b:00:00:01 and is 00:1b:1b:00:00:02");
    assert_eq!(assets.learn(named("profinet_dcp", 1), at(3)), None, "told already");
    assert_eq!(assets.learn(named("profinet_dcp", 3), at(1_000)), None, "a device was replaced");
}

#[test]
fn what_a_device_says_counts_more_than_a_guess() {
    let mut assets = Assets::new(0);
    let os = |source: &str, os: &str| Asset { os: Some(os.to_owned()), ..piece(source, Some(ip(1)), None) };
    assets.learn(os("http", "Windows"), at(0));
    assets.learn(os("tcp", "Linux"), at(1));
    assert_eq!(due(&mut assets, 10)[0].os.as_deref(), Some("Windows"));
    assets.learn(os("smb", "Windows 10 1809 or Server 2019"), at(11));
    assets.learn(os("http", "macOS"), at(12));
    assert_eq!(due(&mut assets, 400)[0].os.as_deref(), Some("Windows 10 1809 or Server 2019"));
}

#[test]
fn public_addresses_need_more_than_a_role() {
    let mut assets = Assets::new(0);
    let role = |address: IpAddr| Asset { roles: vec!["dns-server".to_owned()], ..piece("dhcp", Some(address), None) };
    assets.learn(role([198, 51, 100, 1].into()), at(0));
    assets.learn(role([10, 0, 0, 1].into()), at(0));
    let told = due(&mut assets, 60);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].ip, Some([10, 0, 0, 1].into()));
}

#[test]
fn a_fingerprint_waits_for_its_host() {
    let mut assets = Assets::new(0);
    let inside = IpAddr::from([10, 0, 0, 1]);
    let stack = Asset { fingerprints: vec!["ts1:x".to_owned()], ..piece("tcp", Some(inside), None) };
    assets.learn(stack, at(0));
    assert_eq!(due(&mut assets, 60), [], "one packet makes no asset");
    let seen = End { ip: inside, source: "flow", roles: [Some("client"), None], service: None, level: None, os: None };
    assets.converse(&[Some(seen), None], at(61));
    assert_eq!(due(&mut assets, 80)[0].fingerprints, ["ts1:x"]);
}

#[test]
fn f38_a_flood_of_stations_is_bounded_and_counted() {
    let mut assets = Assets::new(0);
    for number in 0..40_000u32 {
        let [_, b, c, d] = number.to_be_bytes();
        let station = Mac([2, 0, 0, b, c, d]);
        assets.learn(piece("arp", Some([10, b, c, d].into()), Some(station)), at(0));
    }
    assert_eq!(assets.entries.len(), ASSETS_MAX);
    assert!(assets.by_mac.len() <= ASSETS_MAX && assets.due.len() <= ASSETS_MAX);
    assert_eq!(assets.capped()[0], ("asset_memory", 40_000 - ASSETS_MAX as u64));
}

#[test]
fn lists_are_bounded() {
    let mut assets = Assets::new(0);
    for number in 0..1_000 {
        let mut told = piece("mdns", Some(ip(1)), None);
        told.names = vec![format!("name-{number}")];
        told.services = vec![format!("tcp/{number} x")];
        told.source = format!("source-{number}");
        assets.learn(told, at(number));
    }
    let told = assets.next_left().unwrap().0;
    assert!(told.names.len() <= 16 && told.services.len() <= 32 && told.source.split(',').count() <= 8, "{told:?}");
}
