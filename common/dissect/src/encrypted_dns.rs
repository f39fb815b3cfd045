//! DNS inside TLS and QUIC: told by what the client's hello asks for, and by the port made for it.
//!
//! DNS over TLS (RFC 7858) and over QUIC (RFC 9250) have an application protocol of their own and port 853. DNS over HTTPS
//! (RFC 8484) looks like the web, and only the name asked for tells it: a public resolver's, from a table that knows the large
//! ones; where no name was asked for, the resolver's address.

use crate::fact::ClientHello;
use crate::tls::Carrier;
use picket_event::{Endpoints, Protocol};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The port of DNS over TLS and over QUIC.
const PORT: u16 = 853;
/// The port of DNS over HTTPS.
const WEB: u16 = 443;

/// Names of public resolvers that answer over HTTPS. A name that begins with a dot stands for all below it.
const NAMES: &[&str] = &[
    "cloudflare-dns.com",
    ".cloudflare-dns.com",
    "one.one.one.one",
    "dns.google",
    ".dns.google",
    "dns.quad9.net",
    "dns9.quad9.net",
    "dns10.quad9.net",
    "dns11.quad9.net",
    "dns12.quad9.net",
    "dns.nextdns.io",
    ".dns.nextdns.io",
    "doh.opendns.com",
    "doh.familyshield.opendns.com",
    "doh.umbrella.com",
    "dns.adguard.com",
    "dns.adguard-dns.com",
    ".adguard-dns.com",
    "doh.cleanbrowsing.org",
    "dns.mullvad.net",
    ".dns.mullvad.net",
    "dns.controld.com",
    "freedns.controld.com",
    "doh.xfinity.com",
    "dns.alidns.com",
    "doh.pub",
    "doh.360.cn",
    "doh.dns.sb",
    "dns.switch.ch",
    "doh.applied-privacy.net",
    "doh.libredns.gr",
    "dnsforge.de",
    "ordns.he.net",
    "odvr.nic.cz",
    "wikimedia-dns.org",
    "dns.twnic.tw",
    "public.dns.iij.jp",
    "private.canadianshield.cira.ca",
    "protected.canadianshield.cira.ca",
    "family.canadianshield.cira.ca",
];

/// Addresses of public resolvers.
const IPV4: &[[u8; 4]] = &[
    [1, 0, 0, 1],
    [1, 0, 0, 2],
    [1, 0, 0, 3],
    [1, 1, 1, 1],
    [1, 1, 1, 2],
    [1, 1, 1, 3],
    [8, 8, 4, 4],
    [8, 8, 8, 8],
    [9, 9, 9, 9],
    [9, 9, 9, 10],
    [9, 9, 9, 11],
    [94, 140, 14, 14],
    [94, 140, 15, 15],
    [149, 112, 112, 112],
    [208, 67, 220, 220],
    [208, 67, 222, 222],
];
const IPV6: &[[u16; 8]] = &[
    [0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8844],
    [0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8888],
    [0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1001],
    [0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1111],
    [0x2620, 0xfe, 0, 0, 0, 0, 0, 9],
    [0x2620, 0xfe, 0, 0, 0, 0, 0, 0xfe],
];

/// What a handshake with this server protects, where that is DNS; `hello` where the client's was seen.
pub(crate) fn named(
    hello: Option<&ClientHello>,
    ends: Option<&Endpoints>,
    carrier: Carrier,
) -> Option<&'static Protocol> {
    let Some(Endpoints::Ip { dest, dest_port, .. }) = ends.copied() else { return None };
    let offers = hello.map_or(&[][..], |hello| &hello.alpn);
    let own = match carrier {
        Carrier::Tcp => &Protocol::DOT,
        Carrier::Quic => &Protocol::DOQ,
        Carrier::Dtls => return None,
    };
    let offers_own = offers.iter().any(|name| match carrier {
        Carrier::Quic => name.starts_with(b"doq"),
        _ => **name == *b"dot",
    });
    if offers_own || dest_port == PORT && offers.is_empty() {
        return Some(own);
    }
    let web = offers.is_empty() || offers.iter().any(|name| matches!(&**name, b"h2" | b"h3" | b"http/1.1"));
    if !web || dest_port != WEB {
        return None;
    }
    let is_resolver = match hello?.sni.as_deref() {
        Some(name) => is_resolvers_name(name),
        None => is_resolvers_address(dest),
    };
    is_resolver.then_some(&Protocol::DOH)
}

fn is_resolvers_name(name: &str) -> bool {
    NAMES.iter().any(|known| if known.starts_with('.') { name.ends_with(known) } else { name == *known })
}

fn is_resolvers_address(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => IPV4.iter().any(|known| Ipv4Addr::from(*known) == v4),
        IpAddr::V6(v6) => IPV6.iter().any(|known| Ipv6Addr::from(*known) == v6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use picket_event::Transport;

    fn told(alpn: &[&str], sni: Option<&str>, dest: [u8; 4], dest_port: u16, carrier: Carrier) -> Option<&'static str> {
        let alpn = alpn.iter().map(|name| name.as_bytes().into()).collect();
        let hello = ClientHello { alpn, sni: sni.map(str::to_owned), ..ClientHello::default() };
        let src = [192, 0, 2, 1].into();
        let ends = Endpoints::Ip { src, src_port: 50_000, dest: dest.into(), dest_port, transport: Transport::TCP };
        match named(Some(&hello), Some(&ends), carrier) {
            Some(protocol) if *protocol == Protocol::DOT => Some("dot"),
            Some(protocol) if *protocol == Protocol::DOQ => Some("doq"),
            Some(protocol) if *protocol == Protocol::DOH => Some("doh"),
            _ => None,
        }
    }

    #[test]
    fn dns_is_told_from_the_web() {
        const SERVER: [u8; 4] = [192, 0, 2, 2];
        let (tcp, quic) = (Carrier::Tcp, Carrier::Quic);
        assert_eq!(told(&["dot"], None, SERVER, 4000, tcp), Some("dot"));
        assert_eq!(told(&[], Some("resolver.example"), SERVER, 853, tcp), Some("dot"));
        assert_eq!(told(&["h2"], Some("shop.example"), SERVER, 853, tcp), None, "something else on its port");
        assert_eq!(told(&["doq"], None, SERVER, 8853, quic), Some("doq"));
        assert_eq!(told(&["doq-i11"], None, SERVER, 853, quic), Some("doq"));
        assert_eq!(told(&["h2", "http/1.1"], Some("dns.google"), SERVER, 443, tcp), Some("doh"));
        assert_eq!(told(&["h3"], Some("mozilla.cloudflare-dns.com"), SERVER, 443, quic), Some("doh"));
        assert_eq!(told(&["h2"], None, [9, 9, 9, 9], 443, tcp), Some("doh"));
        assert_eq!(told(&["h2"], Some("www.example"), [9, 9, 9, 9], 443, tcp), None, "the name counts for more");
        assert_eq!(told(&["h2"], Some("notdns.google.example"), SERVER, 443, tcp), None);
        assert_eq!(told(&["acme-tls/1"], Some("dns.google"), SERVER, 443, tcp), None);
        assert_eq!(told(&["h2"], None, SERVER, 443, tcp), None);
    }
}
