//! A running `picket-agent run`.

use super::end;
use crate::place::program;
use anyhow::{Context as _, Result, ensure};
use picket_agent::status::{Snapshot, ask};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// An agent of a state directory, which it was enrolled into.
#[derive(Debug)]
pub struct Agent {
    child: Child,
    state: PathBuf,
}

impl Agent {
    /// Starts `run` with these arguments over what the agent's `agent.toml` says; metrics are off. What it prints lies in
    /// `words` in the state directory.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(state: &Path, config: &str, arguments: &[&str]) -> Result<Self> {
        let file = state.join("agent.toml");
        std::fs::write(&file, format!("[metrics]\nlisten = \"\"\n{config}"))?;
        let words = std::fs::File::create(state.join("words"))?;
        let child = Command::new(program("picket-agent"))
            .arg("run")
            .args(arguments)
            .arg("--config")
            .arg(&file)
            .arg("--state")
            .arg(state)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(words)
            .spawn()
            .context("start picket-agent")?;
        Ok(Self { child, state: state.to_path_buf() })
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it says of itself, where it answers.
    #[must_use]
    pub fn snapshot(&self) -> Option<Snapshot> {
        ask(&self.state.join("agent.sock")).ok()
    }

    /// Waits until what it says of itself holds.
    ///
    /// # Errors
    /// When it does not within `patience`.
    pub fn wait_for(&self, what: &str, patience: Duration, holds: impl Fn(&Snapshot) -> bool) -> Result<Snapshot> {
        let began = Instant::now();
        loop {
            let snapshot = self.snapshot();
            if let Some(snapshot) = snapshot.as_ref().filter(|snapshot| holds(snapshot)) {
                return Ok(snapshot.clone());
            }
            let words = self.words();
            ensure!(began.elapsed() < patience, "the agent was never {what}: {snapshot:?}\n{words}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What it printed.
    #[must_use]
    pub fn words(&self) -> String {
        std::fs::read_to_string(self.state.join("words")).unwrap_or_default()
    }

    /// Whether it has ended by itself.
    ///
    /// # Errors
    /// The system's.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it does not come within `patience`, or with another status than success.
    pub fn finish(mut self, patience: Duration) -> Result<()> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                ensure!(status.success(), "picket-agent ended with {status}:\n{}", self.words());
                return Ok(());
            }
            ensure!(began.elapsed() < patience, "picket-agent did not end:\n{}", self.words());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it without warning (SIGKILL).
    ///
    /// # Errors
    /// The system's.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        end(&mut self.child, Duration::from_secs(5));
    }
}
