//! The policy of the agent's group at work: taken, applied as far as that goes, and answered.

use super::super::{Fault, config};
use super::books::Books;
use super::steering::Steering;
use super::{RunArgs, options};
use crate::enrol::Identity;
use crate::forward::Forward;
use crate::policy::bundle::{self, Fetch, Progress};
use crate::policy::{Policy, Version, overlay};
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
    /// When what is in force began to be.
    taken: Instant,
    /// The bundle that a policy waits for.
    waiting: Option<(Version, Fetch)>,
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
    let now = Instant::now();
    Ok(Policing { policy, state, started: now, taken: now, waiting: None })
}

fn save(policy: &Policy) {
    if let Err(error) = policy.save() {
        tracing::warn!("keep the policy: {error}");
    }
}

impl Policing {
    /// Looks whether a policy came, and whether the one on trial has proved itself.
    pub(super) fn turn(&mut self, books: &Books, args: &RunArgs, steering: &mut Steering<'_>) {
        if self.taken.elapsed() >= TRIAL {
            self.worked(books);
        }
        let fetched = self.fetch(books);
        let sent = books.with_uplink(Forward::take_policy).flatten();
        let sent = sent.map(|Sent { group, version, text }| Version { group, version, text });
        let answer = match (sent, fetched) {
            (Some(new), _) => match self.policy.kept.known(&new.group, new.version) {
                Some(answer) => Some(answer),
                None => self.take(args, steering, new),
            },
            (None, Some((new, Ok(())))) => self.take(args, steering, new),
            (None, Some((new, Err(why)))) => Some(self.refuse(&new, why)),
            (None, None) => None,
        };
        answer.into_iter().for_each(|answer| tell(books, answer));
    }

    /// Gets on with the bundle that a policy waits for; the policy, once that is here or never will be.
    fn fetch(&mut self, books: &Books) -> Option<(Version, Result<(), String>)> {
        let (_, fetch) = self.waiting.as_mut()?;
        let part = books.with_uplink(Forward::take_bundle).flatten();
        let done = match part.map(|part| fetch.take(&part)) {
            Some(Ok(Progress::Whole(bytes))) => {
                let signer = Identity::load(&self.state).map(|identity| identity.signer).unwrap_or_default();
                Some(bundle::keep(&self.state, fetch.digest(), &bytes, &signer))
            }
            Some(Err(why)) => Some(Err(why)),
            Some(Ok(Progress::Under)) | None => None,
        };
        if done.is_none()
            && let Some(want) = fetch.want(self.started.elapsed())
        {
            books.with_uplink(|forward| forward.want_bundle(want));
        }
        let done = done?;
        self.waiting.take().map(|(version, _)| (version, done))
    }

    fn refuse(&mut self, new: &Version, why: String) -> PolicyAnswer {
        tracing::warn!("version {} of the policy of group {} is refused: {why}", new.version, new.group);
        let answer = self.policy.kept.refuse(new, why);
        save(&self.policy);
        answer
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

    /// Takes a policy; no answer while it waits for its bundle.
    fn take(&mut self, args: &RunArgs, steering: &mut Steering<'_>, new: Version) -> Option<PolicyAnswer> {
        self.waiting = None;
        let words = |fault: Fault| format!("{:#}", fault.error);
        let tried = config::load(&args.place).map_err(words);
        let tried = tried.and_then(|loaded| self.policy.try_text(&loaded, &new.text));
        let (number, group) = (new.version, new.group.clone());
        let loaded = match tried.and_then(|loaded| options(args, loaded).map_err(words)) {
            Ok(loaded) => loaded,
            Err(why) => return Some(self.refuse(&new, why)),
        };
        let digest = &loaded.config.score.digest;
        if !digest.is_empty() && !bundle::is_here(&self.state, digest) {
            tracing::info!("version {number} of the policy of group {group} waits for bundle {digest}");
            self.waiting = Fetch::new(digest).map(|fetch| (new, fetch));
            return None;
        }
        let waiting = match steering.apply(&loaded) {
            Ok(waiting) => waiting,
            Err(why) => return Some(self.refuse(&new, why)),
        };
        tracing::info!("version {number} of the policy of group {group} is taken; {} keys wait", waiting.len());
        let answer = self.policy.kept.take(new, waiting);
        self.taken = Instant::now();
        save(&self.policy);
        Some(answer)
    }

    /// The bundle that the policy in force names cannot be used: a policy on trial is taken back.
    pub(super) fn without_bundle(&mut self, why: &str) {
        tracing::warn!("{why}; the bundle of this host's configuration is used");
        if self.policy.kept.roll_back(why.to_owned()).is_some() {
            save(&self.policy);
        }
    }
}

fn tell(books: &Books, answer: PolicyAnswer) {
    books.with_uplink(|forward| forward.answer_policy(answer));
}
