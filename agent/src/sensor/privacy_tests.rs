//! Every switch, both ways, and nothing said twice.

use super::*;
use picket_event::body::{App, DnsRecord, Flow, Quic, Tls};
use picket_event::{AppDetail, Both, FlowEnd, FlowState, Source, Timestamp, Unit, Verdict};

const NAME: &str = "ann.example";

fn event(body: Body) -> Event {
    Event { time: Timestamp::EPOCH, source: Source::Agent, vlan: Vec::new(), flow: None, redacted: Vec::new(), body }
}

/// One event of every kind that carries a name, each holding [`NAME`] wherever it can.
fn events() -> Vec<Event> {
    let name = || NAME.to_owned();
    let certificate = Certificate {
        sha256: [1; 32],
        subject: format!("CN={NAME}"),
        issuer: format!("CN={NAME} CA"),
        serial: vec![1],
        not_before: Timestamp::EPOCH,
        not_after: Timestamp::EPOCH,
        names: vec![name(), format!("www.{NAME}")],
        self_signed: false,
        fingerprint: String::new(),
    };
    let record = |data: &str| DnsRecord { name: name(), record_type: 1, ttl: 5, data: data.to_owned() };
    let dns = Dns {
        answer: true,
        id: 1,
        name: name(),
        record_type: 1,
        rcode: 0,
        answers: vec![record("192.0.2.1"), record(NAME)],
    };
    let http = Http {
        host: Some(name()),
        url: format!("/{NAME}"),
        user_agent: Some(format!("agent of {NAME}")),
        server: Some(format!("{NAME}/1")),
        ..Http::default()
    };
    let score = Score {
        verdict: Verdict::Suspicious,
        value: Unit::ONE,
        votes: Vec::new(),
        reasons: vec![Reason::text(Reason::CERT_NAME_MISMATCH, NAME), Reason::plain(Reason::SELF_SIGNED)],
        digest: None,
    };
    let flow = Flow {
        start: Timestamp::EPOCH,
        end: Timestamp::EPOCH,
        packets: Both::default(),
        bytes: Both::default(),
        tcp_flags: Both::default(),
        state: FlowState::New,
        reason: FlowEnd::Timeout,
        app: App::unknown(),
        count: 1,
        gap: None,
        score: Some(score),
        payload: None,
        tunnel: None,
        tls_records: Vec::new(),
        detail: Some(said()),
    };
    let tls = Tls { sni: Some(name()), certificate: Some(certificate), ..Tls::default() };
    let asset = Asset {
        hostname: Some(name()),
        names: vec![format!("{NAME}.home"), "ann-2".to_owned()],
        vendor: Some("Example Works".to_owned()),
        os: Some("Linux Ann.Example 6.1".to_owned()),
        ..Asset::default()
    };
    vec![
        event(Body::Tls(Box::new(tls))),
        event(Body::Quic(Box::new(Quic { sni: Some(name()), ..Quic::default() }))),
        event(Body::Dns(Box::new(dns))),
        event(Body::Http(Box::new(http))),
        event(Body::Flow(Box::new(flow))),
        event(Body::Asset(Box::new(asset))),
    ]
}

fn said() -> Box<AppDetail> {
    let (realms, addresses) = (vec![NAME.to_owned()], vec![format!("mapped {NAME}:4500")]);
    Box::new(AppDetail { realms, addresses, ..AppDetail::default() })
}

fn line(event: &Event) -> String {
    let mut out = Vec::new();
    picket_event::eve::write_line(&mut out, event, None, None);
    String::from_utf8(out).unwrap()
}

fn all(treatment: Treatment) -> Treatments {
    Treatments {
        server_names: treatment,
        queries: treatment,
        http_heads: treatment,
        certificates: treatment,
        host_names: treatment,
    }
}

#[test]
fn hashed_or_dropped_names_stand_nowhere_in_the_line_and_are_listed() {
    for treatment in [Treatment::Hash, Treatment::Drop] {
        let privacy = Privacy::new(all(treatment), b"0123456789abcdef");
        for mut event in events() {
            privacy.apply(&mut event);
            let line = line(&event);
            assert!(!line.to_ascii_lowercase().contains("ann"), "{treatment:?}: {line}");
            assert!(line.contains("redacted"), "{line}");
            assert_eq!(line.contains("h:"), treatment == Treatment::Hash, "{line}");
        }
    }
}

#[test]
fn kept_is_untouched_and_each_switch_moves_its_own_fields_alone() {
    let keep = Privacy::new(Treatments::default(), b"k");
    for mut event in events() {
        let before = event.clone();
        keep.apply(&mut event);
        assert_eq!(event, before);
    }
    let listed = |treatments: Treatments| -> Vec<String> {
        let privacy = Privacy::new(treatments, b"k");
        let mut events = events();
        events.iter_mut().for_each(|event| privacy.apply(event));
        events.into_iter().flat_map(|event| event.redacted).collect()
    };
    let one = |set: fn(&mut Treatments)| {
        let mut treatments = Treatments::default();
        set(&mut treatments);
        listed(treatments)
    };
    assert_eq!(one(|t| t.server_names = Treatment::Hash), ["tls.sni", "quic.sni", "score.reasons"]);
    assert_eq!(one(|t| t.queries = Treatment::Hash), ["dns.rrname", "dns.answers"]);
    assert_eq!(
        one(|t| t.http_heads = Treatment::Drop),
        ["http.hostname", "http.url", "http.http_user_agent", "http.server"]
    );
    assert_eq!(
        one(|t| t.certificates = Treatment::Drop),
        ["tls.subject", "tls.issuerdn", "tls.subjectaltname", "tls.certificate_sha256", "tls.serial"]
    );
    assert_eq!(
        one(|t| t.host_names = Treatment::Hash),
        ["flow.app.addresses", "flow.app.realms", "asset.os", "asset.hostname", "asset.names"]
    );
}

#[test]
fn what_finds_a_certificate_in_public_logs_goes_with_its_names() {
    let line_of = |treatment| {
        let mut event = events().remove(0);
        Privacy::new(all(treatment), b"0123456789abcdef").apply(&mut event);
        line(&event)
    };
    let (digest, serial) = ("01".repeat(32), "\"serial\":\"01\"");
    assert!(line_of(Treatment::Keep).contains(&digest) && line_of(Treatment::Keep).contains(serial));
    let hashed = line_of(Treatment::Hash);
    assert!(!hashed.contains(&digest) && !hashed.contains(serial), "{hashed}");
    assert!(hashed.contains("\"certificate_sha256\":\"") && hashed.contains("\"serial\":\""), "{hashed}");
    let dropped = line_of(Treatment::Drop);
    assert!(!dropped.contains("certificate_sha256\":") && !dropped.contains("serial\":"), "{dropped}");
}

#[test]
fn the_name_in_a_system_s_description_is_hidden_though_nothing_else_tells_it() {
    for (text, hidden) in [
        ("Linux press-4 6.1.0-18-amd64 #1 SMP x86_64", "Linux ... 6.1.0-18-amd64 #1 SMP x86_64"),
        ("Linux 6.1", "Linux 6.1"),
        ("Windows 10", "Windows 10"),
    ] {
        let mut event = event(Body::Asset(Box::new(Asset { os: Some(text.to_owned()), ..Asset::default() })));
        Privacy::new(Treatments { host_names: Treatment::Drop, ..Treatments::default() }, b"k").apply(&mut event);
        let Body::Asset(asset) = &event.body else { unreachable!() };
        assert_eq!(asset.os.as_deref(), Some(hidden));
        assert_eq!(event.redacted, if text == hidden { vec![] } else { vec!["asset.os".to_owned()] });
    }
}

#[test]
fn a_hash_depends_on_the_text_and_the_key_alone() {
    let hashed = |key: &[u8]| {
        let privacy = Privacy::new(all(Treatment::Hash), key);
        let mut events = events();
        events.iter_mut().for_each(|event| privacy.apply(event));
        let names: Vec<String> = events
            .into_iter()
            .filter_map(|event| match event.body {
                Body::Tls(tls) => tls.sni,
                Body::Quic(quic) => quic.sni,
                Body::Dns(dns) => Some(dns.name),
                _ => None,
            })
            .collect();
        assert!(names.len() == 3 && names.iter().all(|name| *name == names[0]), "one name has one hash: {names:?}");
        names[0].clone()
    };
    assert_eq!(hashed(b"site key"), hashed(b"site key"));
    assert_ne!(hashed(b"site key"), hashed(b"another"));
}
