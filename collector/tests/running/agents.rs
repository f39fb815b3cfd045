//! Letting agents in, over the interface and by the page's buttons.

use crate::https::Answer;
use crate::site::Site;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use picket_event::wire::EnrolmentToken;
use serde_json::json;

/// Enrols an agent of this name with a token that asks for a person's approval.
fn enrol(site: &Site, token: &EnrolmentToken, agent: &str) {
    let answer = ask(site, token, agent);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.json()["pending"], true);
}

fn ask(site: &Site, token: &EnrolmentToken, agent: &str) -> Answer {
    let key = rcgen::KeyPair::generate().unwrap();
    let csr = rcgen::CertificateParams::new(Vec::new()).unwrap().serialize_request(&key).unwrap();
    let body = json!({
        "token": token.id, "secret": STANDARD.encode(token.secret), "agent": agent,
        "request": STANDARD.encode(csr.der()), "clock": jiff::Timestamp::now().as_second(),
    });
    site.https.api("POST", "/enrol", "", &body.to_string())
}

/// A token of which agents wait for a person.
fn waiting(site: &Site, admin: &str, uses: u32) -> EnrolmentToken {
    let body = json!({"site": "plant", "group": "press", "by_person": true, "uses": uses}).to_string();
    let made = site.https.api("POST", "/enrolment-tokens", admin, &body).json();
    EnrolmentToken::parse(made["token"].as_str().unwrap()).unwrap()
}

/// The names in the rows of a page, in order.
fn rows(page: &str) -> Vec<&str> {
    let names = page.split(r#"<th scope="row">"#).skip(1);
    names.filter_map(|rest| rest.split("</th>").next()).filter(|name| name.starts_with("agent-")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn among_many_agents_those_that_want_a_person_come_first() {
    let site = Site::start(&[]).await;
    tokio::task::block_in_place(|| {
        let (https, admin) = (&site.https, site.administrator());
        let token = waiting(&site, &admin, 120);
        let names: Vec<String> = (0..120).map(|n| format!("agent-{n:03}")).collect();
        for name in &names {
            enrol(&site, &token, name);
        }
        // Whoever guesses from there is held back, however many were right.
        let guess = EnrolmentToken { secret: [0; 32], ..token };
        let answers: Vec<u16> = (0..60).map(|n| ask(&site, &guess, &format!("guess-{n}")).status).collect();
        assert!(answers.first() == Some(&403) && answers.last() == Some(&429), "{answers:?}");
        // All but the last are let in, and are away, as is the one that every site of these tests has.
        for name in names.iter().take(119) {
            assert_eq!(https.api("POST", &format!("/agents/{name}/approve"), &admin, "{}").status, 204);
        }
        let cookie = site.log_in();
        let page = |path: &str| https.send("GET", path, &[("Cookie", &cookie)], "").body;
        let (fleet, first, last) = (page("/"), page("/agents"), page("/agents?offset=100"));
        assert_eq!((rows(&fleet).len(), rows(&fleet)[..2].to_vec()), (10, vec!["agent-119", "agent-000"]));
        assert!(fleet.contains("111 more"), "{fleet}");
        assert_eq!((rows(&first).len(), rows(&first)[..2].to_vec()), (50, vec!["agent-119", "agent-000"]));
        assert!(first.contains("1 to 50 of 121") && first.contains("offset=50") && !first.contains(">Before<"));
        assert_eq!(rows(&last).len(), 20);
        assert!(last.contains("101 to 121 of 121") && !last.contains(">After<"), "{last}");
        assert_eq!(rows(&page("/agents?q=WAITS+FOR")), ["agent-119"]);
        assert_eq!(rows(&page("/agents?q=agent-01")).len(), 10);
        assert!(page("/agents?q=%3Cb%3E").contains("Nothing passes the filter"));
        assert!(rows(&page("/agents?offset=100000000000000000")).is_empty());
        assert_eq!(https.form("/agents/agent-119/approve", &https.origin(), &cookie, "").status, 303);
        assert_eq!(rows(&page("/agents?q=waits")).len(), 0);
    });
    site.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pending_agents_are_let_in_by_an_administrator_alone() {
    let site = Site::start(&[]).await;
    tokio::task::block_in_place(|| {
        let https = &site.https;
        let admin = site.administrator();
        let viewer = https.api("POST", "/tokens", &admin, r#"{"label": "screen", "role": "viewer"}"#);
        let viewer = viewer.json()["token"].as_str().unwrap().to_owned();
        let token = waiting(&site, &admin, 3);
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
