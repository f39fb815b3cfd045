//! Exit statuses, and the sentence an error is told in.

use std::process::ExitCode;

/// Every exit status of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done = 0,
    /// 1: failed.
    Failed = 1,
    /// 2: the command line or the configuration is wrong.
    Usage = 2,
    /// 3: done, but some inputs were bad.
    BadInputs = 3,
    /// 4: the other side could not be reached.
    Unreachable = 4,
    /// 5: refused: permission, revoked, signature.
    Refused = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The other side could not be reached.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unreachable(pub String);

/// The other side, or the system, refused.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

impl Exit {
    /// The status of an error.
    #[must_use]
    pub fn of(error: &anyhow::Error) -> Self {
        for cause in error.chain() {
            if cause.is::<Unreachable>() {
                return Self::Unreachable;
            }
            if cause.is::<Refused>() {
                return Self::Refused;
            }
            if cause.is::<crate::config::ConfigError>() {
                return Self::Usage;
            }
            match cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind) {
                Some(std::io::ErrorKind::PermissionDenied) => return Self::Refused,
                Some(std::io::ErrorKind::BrokenPipe) => return Self::Done,
                _ => {}
            }
        }
        Self::Failed
    }
}

/// An error and its causes on one line, without saying anything twice.
pub fn sentence(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let part = cause.to_string();
        if text.contains(&part) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&part);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn errors_have_their_status() {
        let io = |kind| anyhow::Error::from(std::io::Error::from(kind)).context("read x");
        assert_eq!(Exit::of(&io(std::io::ErrorKind::NotFound)), Exit::Failed);
        assert_eq!(Exit::of(&io(std::io::ErrorKind::PermissionDenied)), Exit::Refused);
        assert_eq!(Exit::of(&anyhow::Error::from(Unreachable("x".into())).context("y")), Exit::Unreachable);
        assert_eq!(Exit::of(&anyhow::Error::from(Refused("x".into()))), Exit::Refused);
    }

    #[test]
    fn nothing_is_said_twice() {
        let error = Err::<(), _>(anyhow::anyhow!("no space")).context("write x: no space").unwrap_err();
        assert_eq!(sentence(&error), "write x: no space");
    }
}
