//! The pages in a real browser.

use crate::site::{Site, plant};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Chromium, or a line that says the test is skipped.
fn chromium(test: &str) -> Option<PathBuf> {
    let folders: Vec<PathBuf> =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found = folders.iter().flat_map(|folder| names.map(|name| folder.join(name))).find(|file| file.is_file());
    if found.is_none() {
        let line = format!("SKIPPED {test}: chromium is not installed (make setup-peers)\n");
        eprint!("{line}");
        if let Some(path) = std::env::var_os("PICKET_SKIPS")
            && let Ok(mut file) = std::fs::OpenOptions::new().append(true).create(true).open(path)
        {
            let _ = file.write_all(line.as_bytes());
        }
    }
    found
}

/// A door for the browser: hands each request to the collector over HTTPS with the session's cookie, since a browser
/// started from a command line has none.
fn door(site: &Site, cookie: &str) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let (https, cookie) = (site.https.clone(), cookie.to_owned());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (https, cookie) = (https.clone(), cookie.clone());
            std::thread::spawn(move || pass(stream, &https, &cookie));
        }
    });
    address
}

fn pass(mut stream: TcpStream, https: &crate::https::Https, cookie: &str) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let (method, path) = (words.next()?, words.next()?);
    let answer = https.send(method, path, &[("Cookie", cookie)], "");
    let head: Vec<&str> = answer.head.lines().filter(|line| !line.to_lowercase().starts_with("connection")).collect();
    write!(stream, "{}\r\nConnection: close\r\n\r\n{}", head.join("\r\n"), answer.body).ok()
}

fn browse(chromium: &Path, arguments: &[&str], address: &str) -> String {
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"])
        .args(["--disable-component-update", "--disable-sync", "--ignore-certificate-errors", "--hide-scrollbars"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(arguments)
        .arg(address)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_show_heat_maps_in_a_real_browser() {
    let Some(chromium) = chromium("the_pages_show_heat_maps_in_a_real_browser") else { return };
    let site = Site::start(&plant()).await;
    tokio::task::block_in_place(|| {
        let admin = site.administrator();
        site.judged(&admin);
        // The pause after old data is when the open hour is judged.
        std::thread::sleep(std::time::Duration::from_secs(4));
        let address = door(&site, &site.log_in());
        let shots = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
        std::fs::create_dir_all(&shots).unwrap();
        let pages = [
            ("fleet", "/"),
            ("entities", "/entities"),
            ("agents", "/agents"),
            ("entity", "/entities/10.1.1.5"),
            ("alerts", "/alerts?state=all"),
        ];
        for (name, path) in pages {
            let shot = shots.join(format!("{name}.png"));
            let _ = std::fs::remove_file(&shot);
            let wide = format!("--screenshot={}", shot.display());
            browse(&chromium, &[&wide, "--window-size=1280,1900"], &format!("http://{address}{path}"));
            let size = std::fs::metadata(&shot).map(|meta| meta.len()).unwrap_or(0);
            assert!(size > 20_000, "the screenshot of {path} has {size} bytes");
        }
        let dom = browse(&chromium, &["--dump-dom"], &format!("http://{address}/entities/10.1.1.5"));
        assert_eq!(dom.matches("class=\"heatmap\"").count(), 3, "{dom}");
        assert!(dom.matches("<rect class=\"e e").count() > 100, "the matrices have cells");
        assert!(dom.contains("expected, deviation"), "cells say their numbers");
        assert!(!dom.contains("<script"), "no script reached the page");
    });
    site.running.stop().await;
}
