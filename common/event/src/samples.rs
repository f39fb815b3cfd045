//! Bodies for the tests of both forms.

use crate::body::{Body, Flow, Head, Hellos, Http, PayloadShape, Quic, Ssh, SshEnd, Tunnel};
use crate::{AppDetail, Both, Ech, SshBehaviour, TlsAlert, Unit};

/// What hellos say, every field set.
pub(crate) fn hellos() -> Hellos {
    Hellos {
        ech: Some(Ech::Outer),
        grease: true,
        server_alpn: Some("h2".to_owned()),
        server_fingerprint: Some("tls1:t12:c02f:10:h2".to_owned()),
        alert: Some(TlsAlert { fatal: true, description: 48, from_server: true }),
    }
}

/// What the bodies of sessions hold, every field set.
pub(crate) fn sessions(flow: &Flow) -> [Body; 4] {
    let first = Both { to_server: Head::of(b"\x16\x03"), to_client: Head::of(b"a longer answer") };
    let (src, dest) = (Some("192.0.2.1".parse().unwrap()), None);
    let tunnelled = Flow {
        payload: Some(PayloadShape { entropy: 7.25, printable: Unit::new(51.0 / 255.0), first }),
        tunnel: Some(Box::new(Tunnel { kind: "vxlan".into(), src, dest, id: Some(7), depth: 2 })),
        detail: Some(Box::new(AppDetail {
            versions: vec!["2.0".to_owned()],
            strata: vec!["2".to_owned()],
            ..AppDetail::default()
        })),
        ..flow.clone()
    };
    let quic = Quic {
        version: 1,
        sni: Some("a.example".to_owned()),
        alpn: vec!["h3".to_owned()],
        cipher: Some(0x1301),
        ja3: Some([1; 16]),
        ja3s: Some([2; 16]),
        ja4: Some("q13d0310h3_55b375c5d22e_cd85d2d88918".to_owned()),
        client: Some("Chromium".into()),
        resumed: true,
        retry: true,
        continues: Some(crate::FlowId(77)),
        hellos: hellos(),
    };
    let end =
        |software: &str| SshEnd { version: "2.0".to_owned(), software: software.to_owned(), hassh: Some([3; 16]) };
    let ssh = Ssh {
        client: Some(end("OpenSSH_9.2p1")),
        server: Some(end("dropbear")),
        behaviour: Some(SshBehaviour::ReverseShell),
        authenticated: Some(true),
        attempts: 2,
    };
    let http = Http {
        method: "GET".to_owned(),
        host: Some("a.example".to_owned()),
        url: "/x".to_owned(),
        version: "HTTP/1.1".to_owned(),
        user_agent: Some("curl/8".to_owned()),
        content_type: Some("text/html".to_owned()),
        server: Some("nginx".to_owned()),
        status: Some(200),
        request_length: 3,
        response_length: 4,
    };
    [Body::Flow(Box::new(tunnelled)), Body::Quic(Box::new(quic)), Body::Ssh(Box::new(ssh)), Body::Http(Box::new(http))]
}
