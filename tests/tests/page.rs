//! The pages of a running collector in a real browser: light and dark, on a desk and on a telephone.

use picket_tests::browser::{Browser, View, ink};
use picket_tests::demo::{Demo, Scenario, scenario};
use picket_tests::place::{repository, skip};
use picket_tests::programs::Collector;
use std::path::PathBuf;

/// Chromium under any of its names; where it is absent, the test is skipped.
fn chromium(test: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found =
        std::env::split_paths(&path).flat_map(|folder| names.map(|name| folder.join(name))).find(|f| f.is_file());
    if found.is_none() {
        skip(test, "chromium is not installed (make setup-peers)");
    }
    found
}

/// Uses the setup link up and logs in; answers the session's cookie.
pub(super) fn log_in(collector: &Collector) -> String {
    let mut https = collector.https().unwrap();
    let link = collector.setup_link();
    let (origin, _) = link.split_once("/setup").unwrap();
    let key = link.split_once("key=").unwrap().1;
    let headers = format!("Origin: {origin}\r\nContent-Type: application/x-www-form-urlencoded\r\n");
    let body = format!("key={key}&name=admin&password=a+long+enough+secret");
    let (status, ..) = https.send("POST", "/setup", &headers, &body).unwrap();
    assert_eq!(status, 200, "the setup link makes the first administrator");
    let (status, head, _) = https.send("POST", "/login", &headers, "name=admin&password=a+long+enough+secret").unwrap();
    assert_eq!(status, 303, "{head}");
    let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("set-cookie:")).unwrap();
    line.split_once(':').unwrap().1.split(';').next().unwrap().trim().to_owned()
}

#[test]
fn page_in_chromium() {
    let Some(chromium) = chromium("page_in_chromium") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut demo = Demo::start(&folder.path().join("demo"), &mut |_| ()).unwrap();
    let outcome = demo.send(&Scenario::full(), &mut |_| ()).unwrap();
    let origin = outcome.page.trim_end_matches('/').to_owned();
    let mut browser = Browser::start(&chromium, folder.path()).unwrap();
    browser.cookie(&log_in(demo.collector()), &origin).unwrap();
    let agent = demo.collector().list("agents").unwrap()[0]["name"].as_str().unwrap().to_owned();
    let shots = repository().join("target/screenshots");
    std::fs::create_dir_all(&shots).unwrap();
    let entity = format!("/entities/{}", scenario::NIGHT_WRITER);
    let alerts = outcome.alerts.iter().filter_map(|alert| alert["id"].as_str()).map(|id| format!("/findings/{id}"));
    let finding = alerts.into_iter().next().unwrap();
    let pages = [
        ("fleet", "/"),
        ("ranking", "/entities"),
        ("entity", entity.as_str()),
        ("alerts", "/alerts?state=all"),
        ("finding", &finding),
        ("agents", "/agents"),
        ("packets", "/details"),
    ];
    for (host, reason) in
        [("10.0.0.7", "beacons every minute to an address nobody knows"), ("10.0.0.8", "writes at night")]
    {
        let asked = ["detail", "request", agent.as_str(), host, "--reason", reason];
        demo.collector().ask(&asked).unwrap();
    }
    for (name, path) in pages {
        for (width, dark) in [(1280, false), (1280, true), (390, false), (390, true)] {
            let case = format!("{name}-{width}-{}", if dark { "dark" } else { "light" });
            let complaints = browser.open(&format!("{origin}{path}"), View { width, dark }).unwrap();
            assert!(complaints.is_empty(), "{case}: {complaints:?}");
            let number = |browser: &mut Browser, what: &str| browser.evaluate(what).unwrap().as_f64().unwrap();
            let wide = number(&mut browser, "document.documentElement.scrollWidth");
            assert!(wide <= f64::from(width), "{case}: {wide} pixels wide: it has to be scrolled sideways");
            let words = number(&mut browser, "document.querySelector('main').innerText.length");
            assert!(words > 200.0, "{case}: only {words} characters are shown");
            assert_eq!(is_dark(&mut browser), dark, "{case}: the background");
            let faint = browser.evaluate(FAINT).unwrap();
            assert_eq!(faint, serde_json::json!([]), "{case}: words that can hardly be read");
            let png = browser.screenshot().unwrap();
            std::fs::write(shots.join(format!("{case}.png")), &png).unwrap();
            let ink = ink(&png).unwrap();
            assert!(ink > 0.01, "{case}: the picture is blank ({ink})");
        }
    }
    browser.open(&format!("{origin}{entity}"), View { width: 1280, dark: false }).unwrap();
    let cells = browser.evaluate("document.querySelectorAll('.heatmap rect.e').length").unwrap();
    assert!(cells.as_u64() > Some(100), "the matrices have {cells} cells");
}

fn is_dark(browser: &mut Browser) -> bool {
    let colour = browser.evaluate("getComputedStyle(document.body).backgroundColor").unwrap();
    let parts = colour.as_str().unwrap().trim_start_matches("rgb(").trim_end_matches(')').split(", ");
    parts.map(|part| part.parse::<f64>().unwrap()).sum::<f64>() < 3.0 * 128.0
}

/// Texts whose contrast with the background behind them is below 3 (WCAG 2.2, success criterion 1.4.3 for large text; the
/// pages' own aim is higher).
const FAINT: &str = r"(() => {
  const parse = c => (c.match(/[\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length == 3 || c[3] == 1) return c; }
    return [255, 255, 255]; };
  const bad = new Set();
  const walk = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode, e = node.parentElement;
    if (!node.data.trim() || !e.getClientRects().length || e.closest('svg, title')) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))];
    if ((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 3) bad.add(e.className + ': ' + node.data.trim().slice(0, 40));
  }
  return [...bad];
})()";
