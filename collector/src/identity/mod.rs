//! Who may talk to the collector: its certificate authority, enrolment tokens, and the certificates of agents.

mod authority;
mod ca;
mod enrolment;
mod leaving;
mod signing;
mod tls;
mod token;
mod watch;

pub use authority::{Authority, Import, Rotation};
pub use enrolment::{EnrolRequest, EnrolResponse, EnrolState, enrol};
pub use leaving::{LeaveRequest, leave};
pub use signing::{public_key, signing_key};
pub use tls::{agent_of, event_tls, https_tls, key_of};
pub use token::{TokenError, TokenRequest, create_token};
pub use watch::{Side, Twins, Watch};

use std::path::PathBuf;

/// Why the collector's identity could not be had.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// A file could not be read or written.
    #[error("{what} {}: {source}", path.display())]
    File {
        /// What was being done.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The files of the authority hold something else.
    #[error(
        "{} is no authority: {why}; restore it and its key from a backup, or remove both and enrol every agent again",
        path.display()
    )]
    Content {
        /// The certificate's file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// What was to be imported cannot be an authority.
    #[error("{} cannot be the authority: {why}", path.display())]
    Import {
        /// The certificate's file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The authority is being changed already, until this time, seconds since 1970.
    #[error(
        "the authority is being changed already; that ends by itself, or with `picket-collector authority finish --now`"
    )]
    UnderWay(i64),
    /// A certificate could not be made.
    #[error("make a certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// TLS does not accept what we made.
    #[error("set up TLS: {0}")]
    Tls(String),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random,
}
