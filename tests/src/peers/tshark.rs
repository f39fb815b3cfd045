//! What tshark claims of a capture.

use super::claims::{Claims, Ends, First, What, comparable, ends};
use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::process::Command;

/// Frames that carry a hello, a banner or a question; errors of ICMP repeat others' packets.
const FILTER: &str = "(tls.handshake.type == 1 || ssh.protocol || dns.flags.response == 0) && !icmp && !icmpv6";

const FIELDS: [&str; 14] = [
    "ip.src",
    "ipv6.src",
    "ip.dst",
    "ipv6.dst",
    "tcp.srcport",
    "udp.srcport",
    "tcp.dstport",
    "udp.dstport",
    "tls.handshake.type",
    "tls.handshake.ja3",
    "tls.handshake.extensions_server_name",
    "ssh.protocol",
    "dns.qry.name",
    "frame.protocols",
];

/// Between the values of one field; a control character that no value holds.
const AGGREGATOR: char = '\u{1}';

/// What tshark claims.
///
/// # Errors
/// When it cannot be run.
pub fn claims(tshark: &Path, capture: &Path) -> io::Result<Claims> {
    let mut command = Command::new(tshark);
    command.arg("-r").arg(capture).args(["-n", "-Y", FILTER, "-T", "fields", "-E", "occurrence=a"]);
    command.args(["-E", "separator=/t", "-E", &format!("aggregator={AGGREGATOR}")]);
    for field in FIELDS {
        command.args(["-e", field]);
    }
    let output = command.output()?;
    let mut claims = Claims::default();
    let mut first = First::default();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        if let Ok(fields) = <[&str; FIELDS.len()]>::try_from(fields) {
            frame(&fields, &mut claims, &mut first);
        }
    }
    Ok(claims)
}

/// The innermost of several values, or the value of the other version or transport.
fn innermost<T: std::str::FromStr>(one: &str, other: &str) -> Option<T> {
    let last = |text: &str| text.rsplit(AGGREGATOR).next().and_then(|value| value.parse().ok());
    last(one).or_else(|| last(other))
}

fn conversation(fields: &[&str; FIELDS.len()]) -> Option<Ends> {
    let [ip_src, ip6_src, ip_dst, ip6_dst, tcp_src, udp_src, tcp_dst, udp_dst, ..] = fields;
    let src = (innermost(ip_src, ip6_src)?, innermost(tcp_src, udp_src)?);
    let dst = (innermost(ip_dst, ip6_dst)?, innermost(tcp_dst, udp_dst)?);
    Some(ends(src, dst))
}

fn frame(fields: &[&str; FIELDS.len()], claims: &mut Claims, first: &mut First) {
    let Some(ends) = conversation(fields) else { return };
    let [.., types, ja3, names, banners, questions, protocols] = fields;
    let quic = protocols.contains(":quic");
    // DTLS hellos have fields of their own, and multicast DNS is not asked of a server.
    if types.split(AGGREGATOR).any(|kind| kind == "1") {
        let (hello, name) =
            if quic { (What::QuicHello, What::QuicServerName) } else { (What::TlsHello, What::TlsServerName) };
        if first.is_first(ends, hello) {
            let one = |text: &str| text.split(AGGREGATOR).next().filter(|value| !value.is_empty()).map(str::to_owned);
            claims.all.extend(one(ja3).map(|ja3| (ends, hello, ja3)));
            claims.all.extend(one(names).map(|sni| (ends, name, comparable(&sni))));
        }
    }
    let all = |text: &str| -> Vec<String> {
        text.split(AGGREGATOR).filter(|value| !value.is_empty()).map(|value| value.trim_end().to_owned()).collect()
    };
    // The root has a name of its own there.
    let questions = all(questions).into_iter().map(|name| if name == "<Root>" { ".".to_owned() } else { name });
    claims.all.extend(all(banners).into_iter().map(|banner| (ends, What::SshBanner, comparable(&banner))));
    // DNS inside HTTP stands in a body, and bodies are not read.
    if protocols.ends_with(":dns") && !protocols.contains(":http") {
        claims.all.extend(questions.map(|name| (ends, What::DnsQuestion, comparable(&name))));
    }
}

/// Conversations that are looked at in one run.
const ENDS_AT_ONCE: usize = 40;

/// Looks at conversations again: what tshark takes them for, and what hinders it there.
///
/// # Errors
/// When it cannot be run.
pub fn look(tshark: &Path, capture: &Path, ends: &BTreeSet<Ends>, claims: &mut Claims) -> io::Result<()> {
    let all: Vec<&Ends> = ends.iter().collect();
    for some in all.chunks(ENDS_AT_ONCE) {
        let filter: Vec<String> = some.iter().map(|ends| of(ends)).collect();
        let mut command = Command::new(tshark);
        command.arg("-r").arg(capture).args(["-n", "-Y", &filter.join(" || "), "-T", "fields", "-E", "occurrence=a"]);
        command.args(["-E", "separator=/t", "-E", &format!("aggregator={AGGREGATOR}")]);
        for field in
            FIELDS.iter().take(8).chain(&["frame.protocols", "tcp.analysis.flags", "_ws.malformed", "_ws.short"])
        {
            command.args(["-e", field]);
        }
        for line in String::from_utf8_lossy(&command.output()?.stdout).lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            let Ok([a, b, c, d, e, f, g, h, protocols, flags, malformed, short]) = <[&str; 12]>::try_from(fields)
            else {
                continue;
            };
            let mut places = [""; FIELDS.len()];
            for (to, from) in places.iter_mut().zip([a, b, c, d, e, f, g, h]) {
                *to = from;
            }
            let Some(ends) = conversation(&places) else { continue };
            let about = claims.about.entry(ends).or_default();
            about.names.extend(protocols.split(':').skip(3).map(str::to_owned));
            about.is_hindered |= !flags.is_empty();
            about.is_damaged |= !malformed.is_empty() || !short.is_empty();
        }
    }
    Ok(())
}

/// A filter for the packets between two ends.
fn of(((one, from), (other, to)): &Ends) -> String {
    let field = if one.is_ipv4() { "ip.addr" } else { "ipv6.addr" };
    let port = |port: &u16| format!("(tcp.port=={port} || udp.port=={port})");
    format!("({field}=={one} && {field}=={other} && {} && {})", port(from), port(to))
}
