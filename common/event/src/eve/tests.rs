//! EVE lines both ways.

use super::*;
use crate::body::{self, Body};
use crate::{
    AgentId, Both, Classifier, Direction, Endpoints, Event, FlowEnd, FlowId, FlowRef, FlowState, Ledger, Mac,
    MessageKind, Method, Operation, Protocol, Reason, Site, Source, Timestamp, Transport, Unit, Verdict,
};

fn ends() -> FlowRef {
    let endpoints = Endpoints::Ip {
        src: "10.0.0.1".parse().unwrap(),
        src_port: 40_000,
        dest: "10.0.0.2".parse().unwrap(),
        dest_port: 502,
        transport: Transport::TCP,
    };
    FlowRef { id: FlowId(7), endpoints }
}

fn event(body: Body) -> Event {
    Event {
        time: Timestamp::from_nanos(1_772_409_600_500_000_000),
        source: Source::File("a.pcap".into()),
        vlan: vec![5],
        flow: Some(ends()),
        redacted: vec!["sni".into()],
        body,
    }
}

fn flow() -> body::Flow {
    body::Flow {
        start: Timestamp::from_nanos(1_772_409_599_000_000_000),
        end: Timestamp::from_nanos(1_772_409_600_500_000_000),
        packets: Both { to_server: 3, to_client: 2 },
        bytes: Both { to_server: 300, to_client: 2000 },
        tcp_flags: Both { to_server: 0x1b, to_client: 0x12 },
        state: FlowState::Closed,
        reason: FlowEnd::Finished,
        app: body::App { protocol: Protocol::MODBUS, confidence: Unit::new(0.5), method: Some(Method::Fingerprint) },
        count: 4,
        gap: Some(body::Gap { mean: 60.5, cv: 0.25 }),
        payload: None,
        tunnel: None,
        detail: None,
        tls_records: Vec::new(),
        score: Some(body::Score {
            verdict: Verdict::Malicious,
            value: Unit::new(0.875),
            votes: vec![body::Vote { classifier: Classifier::Handshake, value: Unit::new(0.5), weight: Unit::ONE }],
            reasons: vec![Reason::literal("why")],
            digest: None,
        }),
    }
}

fn bodies() -> Vec<Body> {
    let ics = body::Ics {
        protocol: Protocol::MODBUS,
        operation: Operation::Write,
        previous: Some(Operation::Read),
        kind: MessageKind::Request,
        function: 16,
        function_name: "Write Multiple Registers".into(),
        unit: Some(1),
        object: Some("holding registers".into()),
        range: Some((10, 12)),
        value: Some(65.5),
        count: 2,
    };
    let asset = body::Asset {
        ip: "10.0.0.2".parse().ok(),
        mac: Some(Mac([0, 1, 2, 3, 4, 5])),
        names: vec!["plc.local".into()],
        vendor: Some("Acme".into()),
        services: vec!["tcp/502 modbus".into()],
        last_seen: Some(Timestamp::from_nanos(1_772_409_600_500_000_000)),
        source: "modbus".into(),
        ..Default::default()
    };
    let dns =
        body::Dns { answer: true, id: 9, name: "example.com".into(), record_type: 65, rcode: 3, answers: Vec::new() };
    let ledger = Ledger { frames: 10, decoded: 9, undecodable: [("cut".to_owned(), 1)].into(), ..Default::default() };
    let mut all = vec![
        Body::Flow(Box::new(flow())),
        Body::Ics(Box::new(ics)),
        Body::Asset(Box::new(asset)),
        Body::Dns(Box::new(dns)),
        Body::Stats(Box::new(ledger)),
        Body::Anomaly(body::Anomaly { kind: "tcp_overlap".into(), detail: "two views".into() }),
        Body::Alert(Box::new(body::Alert {
            kind: "malicious_flow".into(),
            severity: 7,
            techniques: vec!["T1071.001".into()],
            reasons: vec![Reason::literal("why")],
        })),
        Body::Tls(Box::new(body::Tls {
            version: 0x0303,
            sni: Some("example.com".into()),
            alpn: vec!["h2".into()],
            cipher: Some(0xc02f),
            ja3: Some([1; 16]),
            certificate: Some(body::Certificate {
                sha256: [2; 32],
                subject: "CN=example.com".into(),
                issuer: "CN=ca".into(),
                serial: vec![1, 2],
                not_before: Timestamp::from_nanos(0),
                not_after: Timestamp::from_nanos(1_000_000_000),
                names: vec!["example.com".into()],
                self_signed: false,
                fingerprint: "crt1:3:CN:CN:rsa2048:rsa-sha256:19!:90d".into(),
            }),
            chain_length: 2,
            hellos: crate::samples::hellos(),
            ..Default::default()
        })),
    ];
    all.extend(crate::samples::sessions(&flow()));
    all
}

#[test]
fn lines_round_trip() {
    let (agent, site) = (AgentId::new("a1"), Site::new("s1"));
    for body in bodies() {
        let event = event(body);
        let mut line = Vec::new();
        write_line(&mut line, &event, Some(&agent), Some(&site));
        let text = String::from_utf8(line).unwrap();
        let row = parse_line(&text).unwrap().unwrap();
        assert_eq!(row.event, event, "{text}");
        assert_eq!((row.agent.as_ref(), row.site.as_ref()), (Some(&agent), Some(&site)));
    }
}

#[test]
fn tags_vlan_stacks_and_records_round_trip() {
    let record = |kind, direction, length| body::TlsRecord { kind, direction, length };
    let tls_records = vec![record(22, Direction::ToServer, 512), record(23, Direction::ToClient, 18_432)];
    let body = Body::Flow(Box::new(body::Flow { tls_records, ..flow() }));
    let source = Source::tagged("span-a", vec!["plant".to_owned(), "north".to_owned()]);
    let event = Event { source, vlan: vec![100, 0, 7], ..event(body) };
    let mut line = Vec::new();
    write_line(&mut line, &event, None, None);
    let text = String::from_utf8(line).unwrap();
    assert!(text.contains(r#""in_iface":"span-a","tags":["plant","north"],"vlan":[100,0,7],"#), "{text}");
    assert!(text.contains(r#""tls_records":{"types":[22,23],"lengths":[512,-18432]}"#), "{text}");
    assert_eq!(parse_line(&text).unwrap().unwrap().event, event);
}

#[test]
fn a_flow_line_reads_as_documented() {
    let mut line = Vec::new();
    write_line(&mut line, &event(Body::Flow(Box::new(flow()))), None, None);
    assert_eq!(
        String::from_utf8(line).unwrap(),
        concat!(
            r#"{"timestamp":"2026-03-02T00:00:00.500000+0000","event_type":"flow","pcap_filename":"a.pcap","vlan":[5],"flow_id":7,"#,
            r#""src_ip":"10.0.0.1","src_port":40000,"dest_ip":"10.0.0.2","dest_port":502,"proto":"TCP","#,
            r#""community_id":"1:X0snYXpgwiv9TZtqg64sgzUn6Dk=","app_proto":"modbus","app_confidence":0.5,"app_method":"fingerprint","#,
            r#""score":{"verdict":"malicious","value":0.875,"votes":[{"classifier":"handshake","value":0.5,"weight":1.0}],"reasons":["why"]},"#,
            r#""flow":{"pkts_toserver":3,"pkts_toclient":2,"bytes_toserver":300,"bytes_toclient":2000,"#,
            r#""start":"2026-03-01T23:59:59.000000+0000","end":"2026-03-02T00:00:00.500000+0000","age":1,"state":"closed","#,
            r#""reason":"finished","count":4,"gap":{"mean":60.5,"cv":0.25}},"#,
            r#""tcp":{"tcp_flags":"1b","tcp_flags_ts":"1b","tcp_flags_tc":"12"},"redacted":["sni"]}"#,
            "\n"
        )
        .replace("1:X0snYXpgwiv9TZtqg64sgzUn6Dk=", &crate::community_id(&ends().endpoints, 0).unwrap())
    );
}

#[test]
fn merged_rows_of_a_fleet() {
    let line = r#"{"timestamp":"2026-03-01T23:40:23.567113Z","event_type":"flow","site":"s01","agent":"s01-it","flow_id":208813041239246,"src_ip":"198.18.50.53","src_port":64372,"dest_ip":"10.1.50.10","dest_port":443,"proto":"TCP","community_id":"1:vHF9n6FGQZUgp2ldkc8EnSz2wCk=","app_proto":"tls","app_confidence":0.99,"app_method":"fingerprint","flow":{"pkts_toserver":20,"pkts_toclient":48,"bytes_toserver":8179,"bytes_toclient":48219,"start":"2026-03-01T23:07:03.567113Z","end":"2026-03-01T23:40:23.567113Z","state":"closed","count":4,"gap":{"mean":500.0,"cv":1.587}}}"#;
    let row = parse_line(line).unwrap().unwrap();
    let Body::Flow(flow) = &row.event.body else { panic!("{row:?}") };
    assert_eq!((flow.count, flow.gap.map(|g| g.mean)), (4, Some(500.0)));
    assert_eq!(row.site, Some(Site::new("s01")));
    assert_eq!(
        crate::community_id(&row.event.flow.unwrap().endpoints, 0).as_deref(),
        Some("1:vHF9n6FGQZUgp2ldkc8EnSz2wCk=")
    );
}

#[test]
fn suricata_lines() {
    let dns = r#"{"timestamp":"2024-01-01T00:00:00.000001+0000","flow_id":1,"event_type":"dns","src_ip":"10.0.0.1","src_port":5000,"dest_ip":"10.0.0.53","dest_port":53,"proto":"UDP","dns":{"type":"query","id":1,"rrname":"a.example","rrtype":"AAAA","tx_id":0,"opcode":0}}"#;
    let Body::Dns(body) = parse_line(dns).unwrap().unwrap().event.body else { panic!() };
    assert_eq!((body.record_type, body.answer), (28, false));
    let modbus = r#"{"timestamp":"2024-01-01T00:00:00.000001+0000","event_type":"modbus","src_ip":"10.0.0.1","src_port":5000,"dest_ip":"10.0.0.2","dest_port":502,"proto":"TCP","modbus":{"id":1,"request":{"unit_id":1,"function_raw":6,"function_code":"WrSingleReg"},"response":{"unit_id":1,"exception":{"raw":2}}}}"#;
    let Body::Ics(body) = parse_line(modbus).unwrap().unwrap().event.body else { panic!() };
    assert_eq!((body.operation, body.kind), (Operation::Write, MessageKind::Exception));
    let alert = r#"{"timestamp":"2024-01-01T00:00:00.000001+0000","event_type":"alert","src_ip":"10.0.0.1","dest_ip":"10.0.0.2","proto":"TCP","alert":{"severity":2,"signature":"x"}}"#;
    assert_eq!(parse_line(alert), Ok(None));
    let other = r#"{"timestamp":"2024-01-01T00:00:00.000001+0000","event_type":"fileinfo"}"#;
    assert_eq!(parse_line(other), Ok(None));
}

#[test]
fn function_codes_in_words_are_read() {
    let read = |function: &str| {
        let line = format!(
            r#"{{"timestamp":"2026-03-06T11:44:25.347031Z","event_type":"ics","site":"s","agent":"a","src_ip":"10.1.100.10","src_port":1,"dest_ip":"10.1.101.10","dest_port":102,"proto":"TCP","app_proto":"s7comm","ics":{{"operation":"diagnose","kind":"request","function":{function}}}}}"#
        );
        let Body::Ics(body) = parse_line(&line).unwrap().unwrap().event.body else { panic!() };
        body.function
    };
    assert_eq!(read("4"), 4);
    assert_eq!(read(r#""userdata 4/1""#), 4);
    assert_eq!(read(r#""3""#), 3);
    assert_eq!(read(r#""read""#), 0);
    assert_eq!(read(r#""99999999999""#), 0);
    assert_eq!(read("-1"), 0);
    assert_eq!(read("null"), 0);
}

#[test]
fn what_is_no_event_says_why() {
    assert!(matches!(parse_line("{"), Err(EveError::Json(_))));
    let no_ends = r#"{"timestamp":"2024-01-01T00:00:00Z","event_type":"flow","flow":{}}"#;
    assert_eq!(parse_line(no_ends), Err(EveError::Field("src_ip")));
    let no_body = r#"{"timestamp":"2024-01-01T00:00:00Z","event_type":"flow","src_ip":"1.2.3.4","dest_ip":"1.2.3.5","proto":"TCP"}"#;
    assert_eq!(parse_line(no_body), Err(EveError::Field("flow")));
}

#[test]
fn texts_are_cut() {
    let long = "é".repeat(5000);
    let line = format!(
        r#"{{"timestamp":"2024-01-01T00:00:00Z","event_type":"anomaly","anomaly":{{"kind":"k","detail":"{long}"}}}}"#
    );
    let Body::Anomaly(anomaly) = parse_line(&line).unwrap().unwrap().event.body else { panic!() };
    assert!(anomaly.detail.len() <= MAX_TEXT);
}

#[test]
fn the_schema_is_closed() {
    let schema: serde_json::Value = serde_json::from_str(&schema()).unwrap();
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["$defs"]["Flow"]["additionalProperties"], false);
}

proptest::proptest! {
    #[test]
    fn reading_never_panics(text: String) {
        let _ = parse_line(&text);
    }
}
