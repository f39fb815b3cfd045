//! Letting agents in, over the interface and by the page's buttons.

use crate::site::Site;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use picket_event::wire::EnrolmentToken;
use serde_json::json;

/// Enrols an agent of this name with a token that asks for a person's approval.
fn enrol(site: &Site, token: &EnrolmentToken, agent: &str) {
    let key = rcgen::KeyPair::generate().unwrap();
    let csr = rcgen::CertificateParams::new(Vec::new()).unwrap().serialize_request(&key).unwrap();
    let body = json!({
        "token": token.id, "secret": STANDARD.encode(token.secret), "agent": agent,
        "request": STANDARD.encode(csr.der()), "clock": jiff::Timestamp::now().as_second(),
    });
    let answer = site.https.api("POST", "/enrol", "", &body.to_string());
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.json()["pending"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn pending_agents_are_let_in_by_an_administrator_alone() {
    let site = Site::start(&[]).await;
    tokio::task::block_in_place(|| {
        let https = &site.https;
        let admin = site.administrator();
        let viewer = https.api("POST", "/tokens", &admin, r#"{"label": "screen", "role": "viewer"}"#);
        let viewer = viewer.json()["token"].as_str().unwrap().to_owned();
        let body = json!({"site": "plant", "group": "press", "by_person": true, "uses": 3}).to_string();
        let made = https.api("POST", "/enrolment-tokens", &admin, &body).json();
        let token = EnrolmentToken::parse(made["token"].as_str().unwrap()).unwrap();
        for agent in ["pending-1", "pending-2", "pending-3"] {
            enrol(&site, &token, agent);
        }
        let status = |agent: &str| https.api("GET", &format!("/agents/{agent}"), &viewer, "").json()["status"].clone();
        for (method, path) in [
            ("POST", "/agents/pending-1/approve"),
            ("POST", "/agents/pending-1/revoke"),
            ("POST", "/agents/pending-1/group"),
            ("POST", "/authority/rotate"),
            ("POST", "/policies/press"),
        ] {
            assert_eq!(https.api(method, path, &viewer, "{}").status, 403, "{path}");
        }
        assert_eq!(status("pending-1"), "pending");
        assert_eq!(https.api("POST", "/agents/pending-1/approve", &admin, "{}").status, 204);
        assert_eq!(https.api("POST", "/agents/pending-1/approve", &admin, "{}").status, 404, "once");
        assert_eq!(status("pending-1"), "active");

        let cookie = site.log_in();
        let page = https.send("GET", "/", &[("Cookie", &cookie)], "").body;
        assert!(page.contains(r#"action="/agents/pending-2/approve""#), "{page}");
        assert!(!page.contains(r#"action="/agents/pending-1/approve""#));
        let press = |origin: &str, path: &str| https.form(path, origin, &cookie, "").status;
        assert_eq!(press("https://elsewhere.example", "/agents/pending-2/approve"), 403);
        assert_eq!(status("pending-2"), "pending");
        assert_eq!(press(&https.origin(), "/agents/pending-2/approve"), 303);
        assert_eq!(press(&https.origin(), "/agents/pending-3/reject"), 303);
        assert_eq!(press(&https.origin(), "/agents/pending-2/praise"), 404);
        assert_eq!((status("pending-2"), status("pending-3")), ("active".into(), "rejected".into()));

        let audit = https.api("GET", "/audit", &admin, "").json();
        let actions: Vec<&str> =
            audit["rows"].as_array().unwrap().iter().filter_map(|r| r["action"].as_str()).collect();
        for action in ["agent.approve", "agent.reject", "enrolment_token.add"] {
            assert!(actions.contains(&action), "{action} is not in the audit log: {actions:?}");
        }
        for text in ["no toml", "[a\n"] {
            let body = json!({ "text": text }).to_string();
            assert_eq!(https.api("POST", "/policies/press", &admin, &body).status, 400, "{text}");
        }
        assert_eq!(https.api("POST", "/policies/a%20b", &admin, r#"{"text": ""}"#).status, 400);
    });
    site.running.stop().await;
}
