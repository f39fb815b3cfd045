//! A running `picket-collector serve` and the agents enrolled at it.

use super::{Https, end};
use crate::place::program;
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What a collector is started with beside free ports and long retention.
#[derive(Clone, Copy, Debug, Default)]
pub struct Setting<'a> {
    /// The file of sites, as JSON; none where it is empty.
    pub sites: &'a str,
    /// Alerts a site and day at most; 0 for the default.
    pub alerts_per_site_day: u32,
    /// Folder with the collector of another release; none for the one built here.
    pub collector: Option<&'a Path>,
    /// The same of the agent that is enrolled and reads captures.
    pub agent: Option<&'a Path>,
}

/// A running collector and the files of its agents.
#[derive(Debug)]
pub struct Collector {
    child: Child,
    folder: PathBuf,
    config: PathBuf,
    said: Arc<Mutex<String>>,
    run: Value,
    setting: String,
    /// Collector and agent.
    programs: [PathBuf; 2],
}

impl Collector {
    /// Writes a configuration for free ports, starts the program, and waits until it listens. Its state lies in
    /// `collector` under `folder`.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(folder: &Path, setting: &Setting<'_>) -> Result<Self> {
        let mut engine = String::new();
        if !setting.sites.is_empty() {
            let sites = folder.join("sites.json");
            std::fs::write(&sites, setting.sites)?;
            engine.push_str(&format!("sites = {sites:?}\n"));
        }
        if setting.alerts_per_site_day > 0 {
            engine.push_str(&format!("alerts_per_site_day = {}\n", setting.alerts_per_site_day));
        }
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        let of = |folder: Option<&Path>, name: &str| folder.map_or_else(|| program(name), |folder| folder.join(name));
        let programs = [of(setting.collector, "picket-collector"), of(setting.agent, "picket-agent")];
        Self::serve(folder, engine, [free; 3], programs)
    }

    /// Starts the program on these ports: events, interface, metrics.
    fn serve(
        folder: &Path,
        engine: String,
        [ingest, https, metrics]: [SocketAddr; 3],
        programs: [PathBuf; 2],
    ) -> Result<Self> {
        let config = folder.join("collector.toml");
        let state = folder.join("collector");
        let text = format!(
            "[state]\ndirectory = {state:?}\n\n[listen]\ningest = \"{ingest}\"\nhttps = \"{https}\"\nmetrics = \"{metrics}\"\n\n\
             [retention]\nevents = \"3650d\"\nfindings = \"3650d\"\n\n[engine]\n{engine}"
        );
        std::fs::write(&config, text)?;
        // What a killed one left behind must not be taken for the new one's.
        let _ = std::fs::remove_file(state.join("run.json"));
        let mut child = Command::new(&programs[0])
            .args(["serve", "--config"])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("start picket-collector")?;
        let said = listen_to(&mut child)?;
        let mut collector =
            Self { child, folder: folder.to_path_buf(), config, said, run: Value::Null, setting: engine, programs };
        collector.run = collector.listening(&state.join("run.json"))?;
        Ok(collector)
    }

    /// Kills it without warning (SIGKILL), and starts it again over the same state and ports.
    ///
    /// # Errors
    /// When it does not come up again.
    pub fn kill_and_restart(self) -> Result<Self> {
        let (folder, setting, programs) = (self.folder.clone(), self.setting.clone(), self.programs.clone());
        Self::serve(&folder, setting, self.kill()?, programs)
    }

    /// Kills it without warning (SIGKILL). Gives the ports it had: events, interface, metrics.
    ///
    /// # Errors
    /// The system's.
    pub fn kill(mut self) -> Result<[SocketAddr; 3]> {
        let ports = self.ports()?;
        self.child.kill()?;
        self.child.wait()?;
        Ok(ports)
    }

    /// The ports it has: events, interface, metrics.
    ///
    /// # Errors
    /// When it did not say.
    pub fn ports(&self) -> Result<[SocketAddr; 3]> {
        Ok([self.address("ingest")?, self.address("https")?, self.address("metrics")?])
    }

    /// Puts a backup into `collector` under `folder`, and starts the program there on these ports.
    ///
    /// # Errors
    /// When the backup is refused, or the program does not start.
    pub fn restore(folder: &Path, backup: &Path, ports: [SocketAddr; 3]) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let config = folder.join("collector.toml");
        std::fs::write(&config, format!("[state]\ndirectory = {:?}\n", folder.join("collector")))?;
        let programs = ["picket-collector", "picket-agent"].map(program);
        let mut command = Command::new(&programs[0]);
        command.arg("restore").arg(backup).arg("--config").arg(&config);
        finished(command.output().context("start picket-collector")?, "picket-collector restore")?;
        Self::serve(folder, String::new(), ports, programs)
    }

    /// Ends it in order, and starts it again over the same state and ports.
    ///
    /// # Errors
    /// When it does not come up again.
    pub fn restart(mut self) -> Result<Self> {
        let ports = self.ports()?;
        end(&mut self.child, Duration::from_secs(10));
        Self::serve(&self.folder, self.setting.clone(), ports, self.programs.clone())
    }

    /// Ends it in order, so that its store can be opened.
    pub fn stop(self) {
        drop(self);
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its state directory.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.folder.join("collector")
    }

    /// Where it listens: for `ingest`, `https` or `metrics`.
    ///
    /// # Errors
    /// When it does not say.
    pub fn address(&self, name: &str) -> Result<SocketAddr> {
        let text = self.run.get(name).and_then(Value::as_str).with_context(|| format!("no {name} in run.json"))?;
        text.parse().with_context(|| format!("{name}: {text}"))
    }

    /// A connection to its interface.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn https(&self) -> Result<Https> {
        Https::connect(self.address("https")?, &self.state().join("authority.pem"))
    }

    /// Makes a token that reads its interface.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn api_token(&self) -> Result<String> {
        let answer = self.ask(&["token", "api", "--label", "test", "--role", "viewer", "--json"])?;
        let value: Value = serde_json::from_str(&answer).context("the token's JSON")?;
        Ok(value.get("token").and_then(Value::as_str).context("no token in the answer")?.to_owned())
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

    /// What it printed so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.said.lock().map(|text| text.clone()).unwrap_or_default()
    }

    /// Makes a token that enrols one agent of a site.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn token(&self, site: &str) -> Result<String> {
        let answer = self.ask(&["token", "create", "--site", site, "--json"])?;
        let value: Value = serde_json::from_str(&answer).context("the token's JSON")?;
        Ok(value.get("token").and_then(Value::as_str).context("no token in the answer")?.to_owned())
    }

    /// Enrols an agent by its name.
    ///
    /// # Errors
    /// When the agent is refused.
    pub fn enrol(&self, agent: &str, token: &str) -> Result<()> {
        let mut command = Command::new(&self.programs[1]);
        command.args(["enrol", "--name", agent, "--state"]).arg(self.agent_state(agent)).arg(token);
        finished(command.output().context("start picket-agent")?, "picket-agent enrol").map(|_| ())
    }

    /// Sends captures down the line; ends when all events are acknowledged.
    ///
    /// # Errors
    /// When the agent fails.
    pub fn run_agent(&self, agent: &str, captures: &[PathBuf]) -> Result<()> {
        let mut command = Command::new(&self.programs[1]);
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

    /// Where an agent of this name has its state.
    #[must_use]
    pub fn agent_state(&self, agent: &str) -> PathBuf {
        self.folder.join(agent)
    }

    /// A listing for people.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn listing(&self, verb: &str) -> Result<String> {
        self.ask(&[verb])
    }

    /// A listing as JSON: a list, or an object with one list in it.
    ///
    /// # Errors
    /// When it does not answer, or with something else than JSON.
    pub fn list(&self, verb: &str) -> Result<Vec<Value>> {
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
    #[must_use]
    pub fn page(&self) -> String {
        format!("https://{}/", self.run.get("https").and_then(Value::as_str).unwrap_or("?"))
    }

    /// The one-time link that the first start printed.
    #[must_use]
    pub fn setup_link(&self) -> String {
        let log = self.log();
        log.split_whitespace().find(|word| word.contains("/setup")).unwrap_or_default().to_owned()
    }

    /// A group's policy, set.
    ///
    /// # Errors
    /// When it is refused.
    pub fn set_policy(&self, group: &str, text: &str) -> Result<()> {
        let file = self.folder.join("policy.toml");
        std::fs::write(&file, text)?;
        self.ask(&["policy", "set", group, &file.display().to_string()]).map(|_| ())
    }

    /// Runs one of the collector's verbs against it; gives what it printed.
    ///
    /// # Errors
    /// When the verb fails.
    pub fn ask(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.programs[0]);
        command.args(arguments).arg("--config").arg(&self.config).stdin(Stdio::null());
        finished(
            command.output().context("start picket-collector")?,
            &format!("picket-collector {}", arguments.join(" ")),
        )
    }

    /// Waits until the program ends, or `stop` says so.
    ///
    /// # Errors
    /// When it ends with an error.
    pub fn wait(&mut self, stop: &dyn Fn() -> bool) -> Result<()> {
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
    fn drop(&mut self) {
        end(&mut self.child, Duration::from_secs(5));
    }
}

/// Gathers what a child prints.
fn listen_to(child: &mut Child) -> Result<Arc<Mutex<String>>> {
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
    Ok(said)
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
