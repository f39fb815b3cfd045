//! How an agent gets and renews its identity.
//!
//! The token names the collector and the fingerprint of its authority, so the agent knows whom it talks to
//! before it has a certificate. The private key is made here and never leaves the host.

mod files;
mod host;
mod pin;
mod request;

pub use files::Material;
pub use host::host_note;
pub use request::renewal_request;

use std::path::{Path, PathBuf};

/// An enrolled agent's key and certificates, as files of its state directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The directory that holds them.
    pub directory: PathBuf,
    /// The agent's id.
    pub agent: String,
    /// Its site; empty where it has none.
    pub site: String,
    /// Collectors for events, `host:port` over QUIC.
    pub collectors: Vec<String>,
    /// Enrolment and renewal, `host:port` over HTTPS.
    pub enrolment: Vec<String>,
    /// When the certificate was made, seconds since 1970, by this host's clock.
    pub issued_at: i64,
    /// End of the certificate's validity, seconds since 1970.
    pub not_after: i64,
    /// Public half (Ed25519) of the collector's key that signs bundles; empty where it has none.
    pub signer: Vec<u8>,
}

/// What an enrolment brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolled {
    /// The identity.
    pub identity: Identity,
    /// Whether a person has yet to approve it.
    pub pending: bool,
    /// The group whose policy it gets; empty where it has none.
    pub group: String,
}

/// Why enrolment, renewal or loading failed.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The token cannot be read.
    #[error("the enrolment token is not one: {0}; copy the whole line that `picket-collector token create` printed")]
    Token(String),
    /// Nobody answers there.
    #[error("reach the collector at {address}: {why}; check that it runs and that TCP port {port} is open")]
    Unreachable {
        /// `host:port`.
        address: String,
        /// Its port.
        port: u16,
        /// What happened.
        why: String,
    },
    /// Whoever answers is not the collector that made the token.
    #[error("{address} shows another authority than the token names: {why}; nothing was sent to it")]
    WrongAuthority {
        /// `host:port`.
        address: String,
        /// What differs.
        why: String,
    },
    /// The collector said no: expired, used up, unknown token, revoked, clock.
    #[error("the collector refused: {0}")]
    Refused(String),
    /// It let nobody in from this address for as long as it was asked again.
    #[error("the collector let nobody in for two minutes: {0}")]
    Busy(String),
    /// This host has another identity already.
    #[error(
        "this host is enrolled as {0} already: leave --name out to renew that, or run `picket-agent unenrol` first"
    )]
    Enrolled(String),
    /// This host has no identity yet.
    #[error("{} holds no identity: run `picket-agent enrol TOKEN` first", .0.display())]
    NotEnrolled(PathBuf),
    /// A file could not be read or written, or holds something else.
    #[error("{what} {}: {why}", path.display())]
    File {
        /// What was being done.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        why: String,
    },
}

impl EnrolError {
    /// The program's exit status: 4 not reached, 5 refused, 2 usage, 1 otherwise.
    #[must_use]
    pub const fn exit_status(&self) -> u8 {
        match self {
            Self::Token(_) | Self::Enrolled(_) => 2,
            Self::Unreachable { .. } | Self::Busy(_) => 4,
            Self::WrongAuthority { .. } | Self::Refused(_) => 5,
            Self::NotEnrolled(_) | Self::File { .. } => 1,
        }
    }
}

/// Enrols this host: makes a key in `directory`, proves the token, stores the certificate. Blocks.
///
/// `name` is the agent's id; `None` makes one of the host name and a short random part. A host that is enrolled keeps
/// its name and key: the collector then knows it again, with everything it has of it.
///
/// # Errors
/// [`EnrolError`]; an identity that was there before stays untouched.
pub fn enrol(token: &str, name: Option<&str>, directory: &Path) -> Result<Enrolled, EnrolError> {
    let token = picket_event::wire::EnrolmentToken::parse(token).map_err(|why| EnrolError::Token(why.to_owned()))?;
    let (agent, key, csr) = match files::load(directory) {
        Ok(known) if name.is_some_and(|name| name != known.agent) => return Err(EnrolError::Enrolled(known.agent)),
        Ok(known) => {
            let csr = renewal_request(&known)?;
            (known.agent, files::key(directory)?, csr)
        }
        Err(EnrolError::NotEnrolled(_)) => {
            let agent = name.map_or_else(files::made_up_name, |name| Ok(name.to_owned()))?;
            let (key, csr) = request::new_key(&agent)?;
            (agent, key, csr)
        }
        Err(other) => return Err(other),
    };
    let mut last = EnrolError::Token("it names no collector".to_owned());
    for address in &token.addresses {
        match request::enrol(&token, address, &agent, &csr) {
            Ok(answer) => return files::store(directory, &key, &answer, address, &token.addresses),
            // Another address of the same collector may be reachable; a refusal is the same everywhere.
            Err(unreachable @ EnrolError::Unreachable { .. }) => last = unreachable,
            Err(other) => return Err(other),
        }
    }
    Err(last)
}

/// Gives this host's identity up at the collector. Blocks. The files stay; [`forget`] removes them.
///
/// # Errors
/// [`EnrolError`].
pub fn leave(identity: &Identity) -> Result<(), EnrolError> {
    let mut last = EnrolError::Token("the identity names no collector".to_owned());
    for address in &identity.enrolment {
        match request::leave(identity, address) {
            Ok(()) => return Ok(()),
            Err(unreachable @ EnrolError::Unreachable { .. }) => last = unreachable,
            Err(other) => return Err(other),
        }
    }
    Err(last)
}

/// Removes this host's key and certificates.
///
/// # Errors
/// [`EnrolError::File`].
pub fn forget(directory: &Path) -> Result<(), EnrolError> {
    files::remove(directory)
}

impl Identity {
    /// Reads the identity of `directory`.
    ///
    /// # Errors
    /// [`EnrolError::NotEnrolled`] where there is none, [`EnrolError::File`] where it cannot be read.
    pub fn load(directory: &Path) -> Result<Self, EnrolError> {
        files::load(directory)
    }

    /// The key and certificates.
    ///
    /// # Errors
    /// [`EnrolError::File`] where they cannot be read.
    pub fn material(&self) -> Result<Material, EnrolError> {
        files::material(&self.directory)
    }

    /// Puts a renewed certificate (DER) in the place of the old one.
    ///
    /// # Errors
    /// [`EnrolError::File`] where it is no certificate for this agent's key, or cannot be written.
    pub fn renew(&mut self, certificate: &[u8], not_after: i64) -> Result<(), EnrolError> {
        files::replace_certificate(&self.directory, certificate, not_after)?;
        *self = Self::load(&self.directory)?;
        Ok(())
    }

    /// Trusts these authorities (DER) from now on, the one that signs the collector's own certificate first. One of them
    /// must be known already: whoever could name all of them anew could take the agent away.
    ///
    /// # Errors
    /// [`EnrolError::Refused`] where none is known, [`EnrolError::File`] where they cannot be written.
    pub fn trust(&mut self, authorities: &[Vec<u8>]) -> Result<bool, EnrolError> {
        files::replace_authorities(&self.directory, authorities)
    }

    /// Whether two thirds of the certificate's life are over. `now` is seconds since 1970.
    #[must_use]
    pub const fn is_renewal_due(&self, now: i64) -> bool {
        now >= self.issued_at + (self.not_after - self.issued_at) / 3 * 2
    }
}

#[cfg(test)]
mod tests;
