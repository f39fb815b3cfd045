//! Who may ask what, and what the answers say.

use crate::site::{HOSTILE, Site, plant};
use picket_collector::api::view::{EntityRow, EntityView};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn f68_callers_get_what_they_may() {
    let site = Site::start(&[]).await;
    tokio::task::block_in_place(|| {
        let https = &site.https;
        assert_eq!(https.send("GET", "/api/v1/health", &[], "").status, 200);
        for path in ["/fleet", "/agents", "/entities", "/alerts", "/users", "/tokens", "/audit"] {
            assert_eq!(https.send("GET", &format!("/api/v1{path}"), &[], "").status, 401, "{path}");
            assert_eq!(https.api("GET", path, "picket_aaaa.bbbb", "").status, 401, "{path}");
        }
        let admin = site.administrator();
        let made = https.api("POST", "/tokens", &admin, r#"{"label": "screen", "role": "viewer"}"#);
        assert_eq!(made.status, 201, "{}", made.body);
        let viewer = made.json()["token"].as_str().unwrap().to_owned();
        assert_eq!(https.api("GET", "/fleet", &viewer, "").status, 200);
        for (method, path) in [("GET", "/users"), ("POST", "/alerts/x/acknowledge"), ("POST", "/enrolment-tokens")] {
            assert_eq!(https.api(method, path, &viewer, "{}").status, 403, "{method} {path}");
        }
        for path in ["/entities/nobody", "/findings/0", "/nothing"] {
            assert_eq!(https.api("GET", path, &viewer, "").status, 404, "{path}");
        }
        let id = made.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(https.api("DELETE", &format!("/tokens/{id}"), &admin, "").status, 204);
        assert_eq!(https.api("GET", "/fleet", &viewer, "").status, 401, "a revoked token");
        let brief = https.api("POST", "/tokens", &admin, r#"{"label": "brief", "role": "viewer", "seconds": 1}"#);
        let brief = brief.json()["token"].as_str().unwrap().to_owned();
        std::thread::sleep(Duration::from_millis(1100));
        assert_eq!(https.api("GET", "/fleet", &brief, "").status, 401, "an expired token");
        let audit = https.api("GET", "/audit", &admin, "").json();
        assert!(audit["broken_at"].is_null());
        let actions: Vec<&str> =
            audit["rows"].as_array().unwrap().iter().filter_map(|row| row["action"].as_str()).collect();
        for action in ["api_token.add", "api_token.revoke", "user.add", "setup_link.add"] {
            assert!(actions.contains(&action), "{action} is not in the audit log: {actions:?}");
        }
        let last = https.api("DELETE", "/users/admin", &admin, "");
        assert_eq!(last.status, 409, "the last administrator stays");
    });
    site.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f70_a_setup_link_works_once_under_a_race() {
    let site = Site::start(&[]).await;
    tokio::task::block_in_place(|| {
        let link = site.running.setup_link.clone().unwrap();
        let key = link.split_once("key=").unwrap().1.to_owned();
        let racers: Vec<_> = (0..20)
            .map(|n| {
                let (https, key) = (site.https.clone(), key.clone());
                std::thread::spawn(move || {
                    let body = format!("key={key}&name=admin{n}&password=a+long+enough+secret");
                    https.form("/setup", &https.origin(), "", &body).status
                })
            })
            .collect();
        let statuses: Vec<u16> = racers.into_iter().map(|racer| racer.join().unwrap()).collect();
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert_eq!(site.https.send("GET", &format!("/setup?key={key}"), &[], "").status, 410);
    });
    site.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f69_forms_of_other_sites_are_refused() {
    let site = Site::start(&[]).await;
    tokio::task::block_in_place(|| {
        let _ = site.administrator();
        let cookie = site.log_in();
        let https = &site.https;
        for origin in ["https://evil.example", "null", "http://127.0.0.1"] {
            assert_eq!(https.form("/logout", origin, &cookie, "").status, 403, "{origin}");
        }
        assert_eq!(https.send("POST", "/logout", &[("Cookie", &cookie)], "").status, 403, "no origin at all");
        let page = https.send("GET", "/", &[("Cookie", &cookie)], "");
        assert_eq!(page.status, 200, "still logged in");
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
        assert!(page.header("strict-transport-security").is_some());
        assert_eq!(https.form("/logout", &https.origin(), &cookie, "").status, 303);
        assert_eq!(https.send("GET", "/", &[("Cookie", &cookie)], "").status, 303, "logged out");
        assert_eq!(https.send("GET", "/..%2f..%2fetc%2fpasswd", &[("Cookie", &cookie)], "").status, 404);
        let origin = https.origin();
        let long = [("Origin", origin.as_str()), ("Content-Length", "1073741824")];
        assert_eq!(https.send("POST", "/login", &long, "").status, 413, "refused before it is sent");
        // Too long by one byte, so that all of it was read when it is refused, and the answer arrives.
        let longer_than_a_form = format!("name={}", "x".repeat((1 << 20) - 4));
        assert_eq!(https.form("/login", &origin, "", &longer_than_a_form).status, 413, "refused while it is read");
    });
    site.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f70_log_ins_are_slowed_down() {
    let site = Site::start(&[]).await;
    tokio::task::block_in_place(|| {
        let _ = site.administrator();
        // All at once: the attempts are counted before a password is hashed, however slow that is.
        let attempts: Vec<_> = (0..60)
            .map(|_| {
                let https = site.https.clone();
                std::thread::spawn(move || {
                    https.form("/login", &https.origin(), "", "name=admin&password=wrong").status
                })
            })
            .collect();
        let statuses: Vec<u16> = attempts.into_iter().map(|attempt| attempt.join().unwrap()).collect();
        assert!(statuses.contains(&401) && statuses.contains(&429), "{statuses:?}");
        assert!(!statuses.contains(&303), "{statuses:?}");
    });
    site.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_are_acknowledged_and_muted() {
    let site = Site::start(&plant()).await;
    tokio::task::block_in_place(|| {
        let admin = site.administrator();
        site.judged(&admin);
        let https = &site.https;
        let open = |token: &str| https.api("GET", "/alerts?state=open", token, "").json()["total"].as_u64().unwrap();
        let before = open(&admin);
        assert!(before >= 1);
        let alerts = https.api("GET", "/alerts", &admin, "").json();
        let alert = alerts["findings"].as_array().unwrap().iter().find(|f| f["kind"] == "verdict").unwrap().clone();
        assert!(!alert["reasons"].as_array().unwrap().is_empty());
        let id = alert["id"].as_str().unwrap();
        let mute = |until: &str| {
            https.api("POST", &format!("/alerts/{id}/mute"), &admin, &format!("{{\"until\": \"{until}\"}}"))
        };
        assert_eq!(mute("2020-01-01T00:00:00Z").status, 400, "the past");
        assert_eq!(mute("2999-01-01T00:00:00Z").status, 400, "for ever");
        let soon = jiff::Timestamp::now().checked_add(Duration::from_secs(2)).unwrap();
        assert_eq!(mute(&soon.to_string()).status, 204);
        assert!(open(&admin) < before, "muted");
        std::thread::sleep(Duration::from_millis(2100));
        assert_eq!(open(&admin), before, "the mute has ended by itself");
        let acknowledge = |note: &str| {
            let body = serde_json::json!({"note": note}).to_string();
            https.api("POST", &format!("/alerts/{id}/acknowledge"), &admin, &body).status
        };
        assert_eq!(acknowledge(&"x".repeat(3000)), 400);
        assert_eq!(acknowledge("known test"), 204);
        assert_eq!(acknowledge("a second voice"), 204);
        let seen = https.api("GET", &format!("/findings/{id}"), &admin, "").json();
        assert_eq!((seen["state"].as_str(), seen["note"].as_str()), (Some("acknowledged"), Some("known test")));
        assert!(open(&admin) < before);
    });
    site.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entities_are_ranked_with_matrices_and_events() {
    let site = Site::start(&plant()).await;
    tokio::task::block_in_place(|| {
        let admin = site.administrator();
        site.judged(&admin);
        let https = &site.https;
        let page = https.api("GET", "/entities", &admin, "").json();
        let entities = page["entities"].as_array().unwrap();
        let risks: Vec<f64> = entities.iter().map(|e| e["risk"].as_f64().unwrap()).collect();
        assert!(risks.is_sorted_by(|a, b| a >= b) && risks.len() >= 3, "{risks:?}");
        assert!(!entities[0]["reasons"].as_array().unwrap().is_empty(), "{entities:?}");
        let one = https.api("GET", "/entities/10.1.1.5", &admin, "").json();
        let matrices = one["matrices"].as_array().unwrap();
        assert_eq!(matrices.len(), 3);
        assert!(matrices.iter().all(|m| !m["cells"].as_array().unwrap().is_empty()), "{matrices:?}");
        let events = https.api("GET", "/events?entity=10.1.1.5&limit=5", &admin, "").json();
        let events = events["events"].as_array().unwrap().clone();
        assert_eq!(events.len(), 5);
        assert!(events.iter().all(|e| e["dest_ip"] == "10.1.1.5"), "{events:?}");
        assert_eq!(https.api("GET", "/entities?q=10.1.2.10", &admin, "").json()["total"], 1);
    });
    site.running.stop().await;
}

/// A site too young to judge has no level yet; whoever asks for its entities must still be able to read them.
#[tokio::test(flavor = "multi_thread")]
async fn entities_of_a_young_site_are_read_and_have_no_level() {
    let first_hours: Vec<_> = plant().into_iter().take(200).collect();
    let site = Site::start(&first_hours).await;
    tokio::task::block_in_place(|| {
        let admin = site.administrator();
        let rows = (0..200).find_map(|_| {
            std::thread::sleep(Duration::from_millis(50));
            let page = site.https.api("GET", "/entities", &admin, "").json();
            page["entities"].as_array().filter(|rows| !rows.is_empty()).cloned()
        });
        for row in rows.expect("no entity came up") {
            let row: EntityRow = serde_json::from_value(row).unwrap();
            assert_eq!(row.omega, None, "{row:?}");
            let name = row.aliases.first().unwrap_or(&row.entity);
            let one = site.https.api("GET", &format!("/entities/{name}"), &admin, "").json();
            serde_json::from_value::<EntityView>(one).unwrap();
        }
        let page = site.https.send("GET", "/entities/10.1.1.5", &[("Cookie", &site.log_in())], "");
        assert!(page.body.contains("not yet known"), "{}", page.body);
    });
    site.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f65_what_the_network_says_is_shown_harmless() {
    let site = Site::start(&plant()).await;
    tokio::task::block_in_place(|| {
        let admin = site.administrator();
        site.judged(&admin);
        let cookie = site.log_in();
        let ranking = site.https.api("GET", "/entities", &admin, "").json();
        let named =
            ranking["entities"].as_array().unwrap().iter().find(|e| e["entity"].as_str().unwrap().contains("script"));
        assert!(named.is_some(), "the hostile name reached the ranking: {ranking}");
        for path in ["/", "/entities", "/alerts?state=all", "/entities/10.1.9.20", "/entities?q=%3Cscript%3E%22%27"] {
            let page = site.https.send("GET", path, &[("Cookie", &cookie)], "");
            assert_eq!(page.status, 200, "{path}: {}", page.body);
            for raw in ["<script", "<b onmouseover", "\u{1b}", HOSTILE] {
                assert!(!page.body.contains(raw), "{path} sends {raw:?} raw");
            }
        }
        let page = site.https.send("GET", "/entities", &[("Cookie", &cookie)], "");
        assert!(page.body.contains("&#60;script&#62;") && page.body.contains('␛'), "{}", page.body);
    });
    site.running.stop().await;
}
