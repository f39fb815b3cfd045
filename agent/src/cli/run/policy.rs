//! The policy of the agent's group at work: taken, applied as far as that goes, and answered.

use super::super::{Fault, config};
use super::books::Books;
use super::governing::Governing;
use super::{RunArgs, options};
use crate::config::Loaded;
use crate::forward::Forward;
use crate::policy::{Policy, Version, overlay};
use crate::sensor::Level;
use picket_event::wire::{Policy as Sent, PolicyAnswer};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// An agent that ran for so long works with what is in force.
const TRIAL: Duration = Duration::from_secs(5);

/// The policy while the agent runs.
pub(super) struct Policing {
    policy: Policy,
    state: PathBuf,
    started: Instant,
}

/// Before anything is opened: takes back what did not let the agent start before.
pub(super) fn start(args: &RunArgs) -> Result<Policing, Fault> {
    let loaded = config::load(&args.place)?;
    let state = loaded.config.agent.state.clone();
    let mut policy = Policy::open(&state);
    if policy.kept.current().is_some() {
        if let Some(failed) = policy.kept.start() {
            eprintln!("picket-agent: version {} of the policy of group {} is taken back", failed.version, failed.group);
        }
        save(&policy);
        // Another release than the one that took it may not know a key.
        if let Err(why) = overlay(loaded, &state)
            && let Some(current) = policy.kept.current().cloned()
        {
            policy.kept.refuse(&current, why);
        }
    }
    Ok(Policing { policy, state, started: Instant::now() })
}

fn save(policy: &Policy) {
    if let Err(error) = policy.save() {
        tracing::warn!("keep the policy: {error}");
    }
}

impl Policing {
    /// Looks whether a policy came, and whether the one on trial has proved itself.
    pub(super) fn turn(&mut self, books: &Books, args: &RunArgs, governing: &mut Option<Governing>) {
        if self.started.elapsed() >= TRIAL {
            self.worked(books);
        }
        let Some(Sent { group, version, text }) = books.with_uplink(Forward::take_policy).flatten() else { return };
        let answer = match self.policy.kept.known(&group, version) {
            Some(answer) => answer,
            None => self.take(books, args, governing, Version { group, version, text }),
        };
        tell(books, answer);
    }

    /// The agent works with what is in force.
    pub(super) fn worked(&mut self, books: &Books) {
        if let Some(answer) = self.policy.kept.works() {
            save(&self.policy);
            tell(books, answer);
        }
    }

    /// The agent ended with an error: what is on trial is taken back at once.
    pub(super) fn failed(state: &Path, why: &str) {
        let mut policy = Policy::open(state);
        if let Some(failed) = policy.kept.roll_back(format!("the agent did not start: {why}")) {
            save(&policy);
            eprintln!(
                "picket-agent: version {} of the policy of group {} is taken back; the next start does without it",
                failed.version, failed.group
            );
        }
    }

    /// The state directory.
    pub(super) fn state(&self) -> PathBuf {
        self.state.clone()
    }

    fn take(&mut self, books: &Books, args: &RunArgs, governing: &mut Option<Governing>, new: Version) -> PolicyAnswer {
        let words = |fault: Fault| format!("{:#}", fault.error);
        let tried = config::load(&args.place).map_err(words);
        let tried = tried.and_then(|loaded| self.policy.try_text(&loaded, &new.text));
        let (number, group) = (new.version, new.group.clone());
        let answer = match tried.and_then(|loaded| options(args, loaded).map_err(words)) {
            Err(why) => {
                tracing::warn!("version {number} of the policy of group {group} is refused: {why}");
                self.policy.kept.refuse(&new, why)
            }
            Ok(loaded) => {
                let waiting = apply(books, &loaded, governing);
                tracing::info!("version {number} of the policy of group {group} is taken; {} keys wait", waiting.len());
                self.policy.kept.take(new, waiting)
            }
        };
        save(&self.policy);
        answer
    }
}

/// Applies what can be applied live; answers what waits for a restart, one sentence a key.
pub(super) fn apply(books: &Books, loaded: &Loaded, governing: &mut Option<Governing>) -> Vec<String> {
    let changes = books.apply(loaded);
    if changes.iter().any(|change| change.key.starts_with("governor.")) {
        *governing = Governing::start(&loaded.config.governor);
        if governing.is_none() {
            books.set_level(Level::Full);
        }
    }
    if changes.is_empty() {
        tracing::info!("nothing has changed");
    }
    changes.iter().for_each(|change| tracing::info!("{}", change.words));
    changes.into_iter().filter(|change| !change.live).map(|change| change.words).collect()
}

fn tell(books: &Books, answer: PolicyAnswer) {
    books.with_uplink(|forward| forward.answer_policy(answer));
}
