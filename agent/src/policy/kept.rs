//! What is in force, what was before, and what became of the last policy; without a file or a clock.

use picket_event::wire::{PolicyAnswer, PolicyOutcome};
use serde::{Deserialize, Serialize};

/// Starts that a policy on trial may take.
const TRIALS: u32 = 2;

/// One policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Its group.
    pub group: String,
    /// Its number.
    pub version: u64,
    /// TOML.
    pub text: String,
}

/// What was answered of a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    group: String,
    version: u64,
    outcome: Outcome,
    words: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Outcome {
    Applied,
    Partly,
    Refused,
    RolledBack,
}

/// The state of the policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    current: Option<Version>,
    /// The last that the agent is known to work with, where that is not the current one.
    before: Option<Version>,
    /// Times the agent began to work with the current one, while it is on trial.
    trial: Option<u32>,
    said: Option<Said>,
}

impl Kept {
    /// What is in force.
    #[must_use]
    pub const fn current(&self) -> Option<&Version> {
        self.current.as_ref()
    }

    /// What was answered of this version, if it came before.
    #[must_use]
    pub fn known(&self, group: &str, version: u64) -> Option<PolicyAnswer> {
        self.said.as_ref().filter(|said| said.group == group && said.version == version).map(Said::answer)
    }

    /// Takes a policy of which `waiting` needs a restart, one sentence a key. It is on trial: from now on where all of it is in force,
    /// else from the next start on.
    pub fn take(&mut self, new: Version, waiting: Vec<String>) -> PolicyAnswer {
        if self.trial.is_none() {
            self.before = self.current.take();
        }
        self.trial = Some(u32::from(waiting.is_empty()));
        let outcome = if waiting.is_empty() { Outcome::Applied } else { Outcome::Partly };
        let answer = self.say(&new, outcome, waiting);
        // Version 0 says that there is none.
        self.current = (new.version > 0).then_some(new);
        answer
    }

    /// Refuses a policy; what is in force stays.
    pub fn refuse(&mut self, new: &Version, why: String) -> PolicyAnswer {
        self.say(new, Outcome::Refused, vec![why])
    }

    /// The agent starts. Answers the policy that is taken back because it was on trial and did not let the agent work.
    pub fn start(&mut self) -> Option<Version> {
        match &mut self.trial {
            Some(starts) if *starts >= TRIALS => {
                self.roll_back(format!("the agent did not come up with it in {TRIALS} starts"))
            }
            Some(starts) => {
                *starts += 1;
                None
            }
            None => None,
        }
    }

    /// The agent works with what is in force. Answers what to tell where that is news. What still waits for a restart has proved nothing.
    pub fn works(&mut self) -> Option<PolicyAnswer> {
        self.trial.take_if(|starts| *starts > 0)?;
        self.before = None;
        let current = self.current.clone()?;
        if self.known(&current.group, current.version).is_some_and(|said| said.outcome == PolicyOutcome::Applied) {
            return None;
        }
        Some(self.say(&current, Outcome::Applied, Vec::new()))
    }

    /// Takes the policy on trial back: the one before is in force again. `None` when none is on trial.
    pub fn roll_back(&mut self, why: String) -> Option<Version> {
        self.trial.take()?;
        let failed = std::mem::replace(&mut self.current, self.before.take())?;
        self.say(&failed, Outcome::RolledBack, vec![why]);
        Some(failed)
    }

    fn say(&mut self, version: &Version, outcome: Outcome, words: Vec<String>) -> PolicyAnswer {
        let said = Said { group: version.group.clone(), version: version.version, outcome, words };
        let answer = said.answer();
        self.said = Some(said);
        answer
    }
}

impl Said {
    fn answer(&self) -> PolicyAnswer {
        let outcome = match self.outcome {
            Outcome::Applied => PolicyOutcome::Applied,
            Outcome::Partly => PolicyOutcome::Partly,
            Outcome::Refused => PolicyOutcome::Refused,
            Outcome::RolledBack => PolicyOutcome::RolledBack,
        };
        PolicyAnswer { version: self.version, outcome, words: self.words.clone() }
    }
}
