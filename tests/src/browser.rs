//! Chromium under a test's control, over its debugging pipe (Chrome DevTools Protocol).
//!
//! Messages are JSON ended by a zero byte; the browser reads them from descriptor 3 and writes to descriptor 4, which here
//! are two named pipes.

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Longest wait for an answer or a page.
const PATIENCE: Duration = Duration::from_secs(60);

/// A browser with one page.
#[derive(Debug)]
pub struct Browser {
    child: Child,
    to: File,
    from: Receiver<Value>,
    session: String,
    number: u64,
    complaints: Vec<String>,
    loaded: bool,
}

/// How a page is looked at.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// Pixels.
    pub width: u32,
    /// Whether the reader prefers a dark page.
    pub dark: bool,
}

impl Browser {
    /// Starts the program with its profile and pipes in `folder`.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start(chromium: &Path, folder: &Path) -> Result<Self> {
        let pipes = ["to", "from"].map(|name| folder.join(name));
        for pipe in &pipes {
            rustix::fs::mknodat(rustix::fs::CWD, pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0)
                .context("make a pipe")?;
        }
        let child = Command::new("sh")
            .args(["-c", "to=$1; from=$2; shift 2; exec \"$@\" 3<\"$to\" 4>\"$from\"", "sh"])
            .args(&pipes)
            .arg(chromium)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"])
            .args(["--disable-component-update", "--disable-sync", "--hide-scrollbars", "--disable-dev-shm-usage"])
            .args(["--remote-debugging-pipe", "--ignore-certificate-errors"])
            .arg(format!("--user-data-dir={}", folder.join("profile").display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("start chromium")?;
        // In the order in which the shell opens them: each end waits for the other.
        let to = File::options().write(true).open(&pipes[0])?;
        let from = File::open(&pipes[1])?;
        let (tell, heard) = channel();
        std::thread::spawn(move || {
            for message in BufReader::new(from).split(0).map_while(Result::ok) {
                let Ok(message) = serde_json::from_slice(&message) else { continue };
                if tell.send(message).is_err() {
                    return;
                }
            }
        });
        let mut browser =
            Self { child, to, from: heard, session: String::new(), number: 0, complaints: Vec::new(), loaded: false };
        let targets = browser.call("Target.getTargets", json!({}))?;
        let pages = targets["targetInfos"].as_array().into_iter().flatten();
        let page = pages.into_iter().find(|target| target["type"] == "page").context("the browser has no page")?;
        let attached = browser.call("Target.attachToTarget", json!({"targetId": page["targetId"], "flatten": true}))?;
        browser.session = attached["sessionId"].as_str().context("no session")?.to_owned();
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}))?;
        }
        Ok(browser)
    }

    /// Sends a command and waits for its answer.
    fn call(&mut self, method: &str, parameters: Value) -> Result<Value> {
        self.number += 1;
        let mut message = json!({"id": self.number, "method": method, "params": parameters});
        if !self.session.is_empty() {
            message["sessionId"] = self.session.clone().into();
        }
        self.to.write_all(message.to_string().as_bytes())?;
        self.to.write_all(&[0])?;
        let began = Instant::now();
        loop {
            let message = self.hear(method, began)?;
            if message["id"] == self.number {
                ensure!(message["error"].is_null(), "{method}: {}", message["error"]);
                return Ok(message["result"].clone());
            }
        }
    }

    /// The next message; events are noted.
    fn hear(&mut self, what: &str, began: Instant) -> Result<Value> {
        let rest = PATIENCE.saturating_sub(began.elapsed());
        let Ok(message) = self.from.recv_timeout(rest) else { bail!("the browser does not answer to {what}") };
        let parameters = &message["params"];
        match message["method"].as_str().unwrap_or_default() {
            "Page.loadEventFired" => self.loaded = true,
            "Runtime.exceptionThrown" => self.complaints.push(parameters["exceptionDetails"].to_string()),
            "Runtime.consoleAPICalled" if parameters["type"] == "error" => {
                self.complaints.push(parameters["args"].to_string());
            }
            "Log.entryAdded" if parameters["entry"]["level"] == "error" => {
                self.complaints.push(parameters["entry"].to_string());
            }
            _ => {}
        }
        Ok(message)
    }

    /// Gives the page a cookie of this form: `name=value`.
    ///
    /// # Errors
    /// When the browser refuses it.
    pub fn cookie(&mut self, cookie: &str, url: &str) -> Result<()> {
        let (name, value) = cookie.split_once('=').context("a cookie is name=value")?;
        let set = json!({"name": name, "value": value, "url": url, "secure": true, "httpOnly": true});
        ensure!(self.call("Network.setCookie", set)?["success"] == true, "the browser refuses the cookie");
        Ok(())
    }

    /// Opens an address and waits until it is loaded; what the page complained of meanwhile.
    ///
    /// # Errors
    /// When it does not load.
    pub fn open(&mut self, url: &str, view: View) -> Result<Vec<String>> {
        let metrics = json!({"width": view.width, "height": 900, "deviceScaleFactor": 1, "mobile": view.width < 600});
        self.call("Emulation.setDeviceMetricsOverride", metrics)?;
        let scheme = if view.dark { "dark" } else { "light" };
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.call("Emulation.setEmulatedMedia", media)?;
        self.complaints.clear();
        self.loaded = false;
        let went = self.call("Page.navigate", json!({"url": url}))?;
        ensure!(went["errorText"].is_null(), "{url}: {}", went["errorText"]);
        let began = Instant::now();
        while !self.loaded {
            self.hear(url, began)?;
        }
        // Whatever the page says while it is laid out comes before this answer.
        self.evaluate("document.body.getBoundingClientRect().height")?;
        Ok(std::mem::take(&mut self.complaints))
    }

    /// The value of an expression on the page.
    ///
    /// # Errors
    /// When it throws.
    pub fn evaluate(&mut self, expression: &str) -> Result<Value> {
        let said = self.call("Runtime.evaluate", json!({"expression": expression, "returnByValue": true}))?;
        ensure!(said["exceptionDetails"].is_null(), "{expression}: {}", said["exceptionDetails"]);
        Ok(said["result"]["value"].clone())
    }

    /// A picture of the whole page, as PNG.
    ///
    /// # Errors
    /// When none can be taken.
    pub fn screenshot(&mut self) -> Result<Vec<u8>> {
        let shot = self.call("Page.captureScreenshot", json!({"format": "png", "captureBeyondViewport": true}))?;
        let text = shot["data"].as_str().context("no picture")?;
        base64::engine::general_purpose::STANDARD.decode(text).context("a picture in base64")
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.session.clear();
        // A browser that is gone already needs no goodbye.
        let _ = self.call("Browser.close", json!({}));
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(3) {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Share of a picture's filtered bytes that are not zero. PNG (RFC 2083 section 6) writes what repeats its neighbours as
/// zeros, so a blank picture has next to none.
///
/// # Errors
/// When it is no PNG.
pub fn ink(png: &[u8]) -> Result<f64> {
    let mut rest = png.strip_prefix(b"\x89PNG\r\n\x1a\n").context("no PNG")?;
    let mut packed = Vec::new();
    while let Some((length, chunk)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        ensure!(chunk.len() >= length + 8, "the PNG is cut");
        if chunk.starts_with(b"IDAT") {
            packed.extend_from_slice(&chunk[4..4 + length]);
        }
        rest = &chunk[length + 8..];
    }
    let mut bytes = Vec::new();
    flate2::read::ZlibDecoder::new(packed.as_slice()).read_to_end(&mut bytes)?;
    ensure!(!bytes.is_empty(), "an empty picture");
    Ok(bytes.iter().filter(|byte| **byte != 0).count() as f64 / bytes.len() as f64)
}
