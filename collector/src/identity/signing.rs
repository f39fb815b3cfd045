//! The key that signs model bundles for agents; they learn its public half at enrolment.

use super::IdentityError;
use crate::store::kept_key;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use std::io::ErrorKind;
use std::path::Path;

/// Reads `signing.key` (PKCS#8) of a state directory, or makes it.
///
/// # Errors
/// [`IdentityError`].
pub fn signing_key(directory: &Path) -> Result<Ed25519KeyPair, IdentityError> {
    let path = directory.join("signing.key");
    let file = |what| {
        let path = path.clone();
        move |source| IdentityError::File { what, path, source }
    };
    let make = || {
        let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
        made.map(|made| made.as_ref().to_vec()).map_err(|_| std::io::Error::other("the system gives no random numbers"))
    };
    let der = kept_key(&path, make).map_err(file("read or make"))?;
    Ed25519KeyPair::from_pkcs8(&der).map_err(|error| {
        file("understand")(std::io::Error::new(
            ErrorKind::InvalidData,
            format!("{error}; restore it from a backup, or remove it and enrol agents again that fetch bundles"),
        ))
    })
}

/// The public half.
#[must_use]
pub fn public_key(key: &Ed25519KeyPair) -> Vec<u8> {
    key.public_key().as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn the_key_stays_and_is_its_owners_alone() {
        let place = tempfile::tempdir().unwrap();
        let first = public_key(&signing_key(place.path()).unwrap());
        assert_eq!(public_key(&signing_key(place.path()).unwrap()), first);
        let path = place.path().join("signing.key");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::write(&path, "no key").unwrap();
        assert!(signing_key(place.path()).unwrap_err().to_string().contains("signing.key"));
    }
}
