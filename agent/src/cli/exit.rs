//! The ways out of the program.

use std::process::ExitCode;

/// Exit status of every verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Failed.
    Failed = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// Done, but some inputs were bad; each was named with file, offset and reason.
    BadInputs = 3,
    /// Could not reach the other side.
    Unreachable = 4,
    /// Refused: permission, revoked, signature.
    Refused = 5,
}

impl Exit {
    /// What `--help` says of the statuses.
    pub const HELP: &str = "Exit status: 0 done; 1 failed; 2 usage or configuration; 3 done, but some inputs were bad (each named \
with file, offset and reason); 4 could not reach the other side; 5 refused (permission, revoked, signature).";

    /// The status after so many inputs were read and so many were bad, `refused` of them for want of permission.
    #[must_use]
    pub const fn of_inputs(good: usize, bad: usize, refused: usize) -> Self {
        match (good, bad) {
            (_, 0) => Self::Done,
            (0, bad) if bad == refused => Self::Refused,
            _ => Self::BadInputs,
        }
    }

    /// The status of a number that another module gave; an unknown one is [`Exit::Failed`].
    #[must_use]
    pub const fn from_status(status: u8) -> Self {
        match status {
            0 => Self::Done,
            2 => Self::Usage,
            3 => Self::BadInputs,
            4 => Self::Unreachable,
            5 => Self::Refused,
            _ => Self::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a verb ended early: what a person reads, and the status a script reads.
#[derive(Debug)]
pub struct Fault {
    /// The way out.
    pub exit: Exit,
    /// What, where, why and what to do.
    pub error: anyhow::Error,
}

impl Fault {
    /// A failure with its status.
    pub fn new(exit: Exit, error: impl Into<anyhow::Error>) -> Self {
        Self { exit, error: error.into() }
    }

    /// A failure that is only a sentence.
    #[must_use]
    pub fn say(exit: Exit, sentence: String) -> Self {
        Self { exit, error: anyhow::Error::msg(sentence) }
    }
}
