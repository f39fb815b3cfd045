//! How an agent gets and renews its identity.
//!
//! The token names the collector and the fingerprint of its authority, so the agent knows whom it talks to
//! before it has a certificate. The private key is made here and never leaves the host.

mod files;
mod pin;
mod request;

pub use files::Material;
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
            Self::Token(_) => 2,
            Self::Unreachable { .. } => 4,
            Self::WrongAuthority { .. } | Self::Refused(_) => 5,
            Self::NotEnrolled(_) | Self::File { .. } => 1,
        }
    }
}

/// Enrols this host: makes a key in `directory`, proves the token, stores the certificate. Blocks.
///
/// `name` is the agent's id; `None` makes one of the host name and a short random part.
///
/// # Errors
/// [`EnrolError`]; an identity that was there before stays untouched.
pub fn enrol(token: &str, name: Option<&str>, directory: &Path) -> Result<Identity, EnrolError> {
    let token = picket_event::wire::EnrolmentToken::parse(token).map_err(|why| EnrolError::Token(why.to_owned()))?;
    let agent = match name {
        Some(name) => name.to_owned(),
        None => files::made_up_name()?,
    };
    let (key, csr) = request::new_key(&agent)?;
    let mut last = EnrolError::Token("it names no collector".to_owned());
    for address in &token.addresses {
        match request::post(&token, address, &agent, &csr) {
            Ok(answer) => return files::store(directory, &key, &answer, address, &token.addresses),
            // Another address of the same collector may be reachable; a refusal is the same everywhere.
            Err(unreachable @ EnrolError::Unreachable { .. }) => last = unreachable,
            Err(other) => return Err(other),
        }
    }
    Err(last)
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

    /// Whether two thirds of the certificate's life are over. `now` is seconds since 1970.
    #[must_use]
    pub const fn is_renewal_due(&self, now: i64) -> bool {
        now >= self.issued_at + (self.not_after - self.issued_at) / 3 * 2
    }
}

#[cfg(test)]
mod tests;
