//! The programs of the demonstration, started, asked and ended.

use crate::place::program;
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A running collector and the files of its agent.
#[derive(Debug)]
pub(super) struct Collector {
    child: Child,
    folder: PathBuf,
    config: PathBuf,
    said: Arc<Mutex<String>>,
    run: Value,
}

impl Collector {
    /// Writes a configuration for free ports, starts the program, and waits until it listens.
    pub(super) fn start(folder: &Path) -> Result<Self> {
        let config = folder.join("collector.toml");
        let sites = folder.join("sites.json");
        let state = folder.join("collector");
        std::fs::write(&sites, SITES)?;
        std::fs::write(
            &config,
            format!(
                "[state]\ndirectory = {state:?}\n\n[listen]\ningest = \"127.0.0.1:0\"\nhttps = \"127.0.0.1:0\"\nmetrics = \"127.0.0.1:0\"\n\n\
                 [retention]\nevents = \"3650d\"\nfindings = \"3650d\"\n\n[engine]\nsites = {sites:?}\n"
            ),
        )?;
        let mut child = Command::new(program("picket-collector"))
            .args(["serve", "--config"])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("start picket-collector")?;
        let said = Arc::new(Mutex::new(String::new()));
        let streams: [Box<dyn std::io::Read + Send>; 2] = [
            Box::new(child.stdout.take().context("no standard output")?),
            Box::new(child.stderr.take().context("no standard error")?),
        ];
        for stream in streams {
            let said = Arc::clone(&said);
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    if let Ok(mut text) = said.lock() {
                        text.push_str(&line);
                        text.push('\n');
                    }
                }
            });
        }
        let mut collector = Self { child, folder: folder.to_path_buf(), config, said, run: Value::Null };
        collector.run = collector.listening(&state.join("run.json"))?;
        Ok(collector)
    }

    fn listening(&mut self, run: &Path) -> Result<Value> {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(30) {
            if let Some(status) = self.child.try_wait()? {
                bail!("picket-collector ended with {status}:\n{}", self.log());
            }
            if let Ok(text) = std::fs::read_to_string(run)
                && let Ok(value) = serde_json::from_str(&text)
            {
                return Ok(value);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        bail!("picket-collector did not listen within 30 s:\n{}", self.log())
    }

    fn log(&self) -> String {
        self.said.lock().map(|text| text.clone()).unwrap_or_default()
    }

    /// Makes a token that enrols one agent of a site.
    pub(super) fn token(&self, site: &str) -> Result<String> {
        let answer = self.ask(&["token", "create", "--site", site, "--json"])?;
        let value: Value = serde_json::from_str(&answer).context("the token's JSON")?;
        Ok(value.get("token").and_then(Value::as_str).context("no token in the answer")?.to_owned())
    }

    /// Enrols an agent by its name.
    pub(super) fn enrol(&self, agent: &str, token: &str) -> Result<()> {
        let mut command = Command::new(program("picket-agent"));
        command.args(["enrol", "--name", agent, "--state"]).arg(self.agent_state(agent)).arg(token);
        finished(command.output().context("start picket-agent")?, "picket-agent enrol").map(|_| ())
    }

    /// Sends captures down the line; ends when all events are acknowledged.
    pub(super) fn run_agent(&self, agent: &str, captures: &[PathBuf]) -> Result<()> {
        let mut command = Command::new(program("picket-agent"));
        command.arg("run").arg("--state").arg(self.agent_state(agent));
        for capture in captures {
            command.arg("--file").arg(capture);
        }
        let output = command.stdin(Stdio::null()).output().context("start picket-agent")?;
        // Some golden captures are cut on purpose: status 3 says that they were named, and the rest analysed.
        if output.status.code() == Some(3) {
            return Ok(());
        }
        finished(output, "picket-agent run").map(|_| ())
    }

    fn agent_state(&self, agent: &str) -> PathBuf {
        self.folder.join(agent)
    }

    /// A listing for people.
    pub(super) fn listing(&self, verb: &str) -> Result<String> {
        self.ask(&[verb])
    }

    /// A listing as JSON: a list, or an object with one list in it.
    pub(super) fn list(&self, verb: &str) -> Result<Vec<Value>> {
        let answer: Value =
            serde_json::from_str(&self.ask(&[verb, "--json"])?).with_context(|| format!("JSON of {verb}"))?;
        let list = match answer {
            Value::Array(list) => list,
            Value::Object(object) => {
                object.into_iter().find_map(|(_, value)| value.as_array().cloned()).unwrap_or_default()
            }
            _ => Vec::new(),
        };
        Ok(list)
    }

    /// The page's address.
    pub(super) fn page(&self) -> String {
        format!("https://{}/", self.run.get("https").and_then(Value::as_str).unwrap_or("?"))
    }

    /// The one-time link that the first start printed.
    pub(super) fn setup_link(&self) -> String {
        let log = self.log();
        log.split_whitespace().find(|word| word.contains("/setup")).unwrap_or_default().to_owned()
    }

    fn ask(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(program("picket-collector"));
        command.args(arguments).arg("--config").arg(&self.config).stdin(Stdio::null());
        finished(
            command.output().context("start picket-collector")?,
            &format!("picket-collector {}", arguments.join(" ")),
        )
    }

    /// Waits until the program ends, or `stop` says so.
    pub(super) fn wait(&mut self, stop: &dyn Fn() -> bool) -> Result<()> {
        loop {
            if let Some(status) = self.child.try_wait()? {
                ensure!(status.success(), "picket-collector ended with {status}:\n{}", self.log());
                return Ok(());
            }
            if stop() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Collector {
    /// Ends the program that was started here: by its own signal handler first, by force after five seconds.
    fn drop(&mut self) {
        if let Some(pid) = rustix::process::Pid::from_raw(self.child.id().cast_signed()) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(5) {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn finished(output: Output, what: &str) -> Result<String> {
    ensure!(
        output.status.success(),
        "{what} ended with {}:\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The plant's site, as an operator would write it.
const SITES: &str = r#"{"sites": [{"site": "plant", "tz": "UTC", "offsets": [{"from": "1970-01-01T00:00:00Z", "seconds": 0}],
 "workdays": [0, 1, 2, 3, 4], "holidays": [], "maintenance": [], "agents": [{"agent": "plant-sensor"}],
 "zones": [{"name": "office", "prefix": "10.10.10.0/24", "level": 4}, {"name": "servers", "prefix": "10.10.20.0/24", "level": 4},
  {"name": "control", "prefix": "10.10.100.0/24", "level": 2}, {"name": "cell", "prefix": "10.10.101.0/24", "level": 1}]}]}
"#;
