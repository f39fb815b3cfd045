//! What was asked for of a host's packets, sealed as it is stored: the store's file alone shows none of it.
//!
//! AES-256-GCM, as in the agent. The key lies beside the store in `evidence.key`, for the collector's user alone. A piece is a
//! nonce chosen at random, then the sealed bytes with their tag; it is bound to its request and its place there.

use super::StoreError;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// The key's file.
pub const EVIDENCE_KEY: &str = "evidence.key";
/// Bytes that sealing adds to a piece: nonce and tag.
pub const SEALING_BYTES: usize = NONCE_LEN + 16;

/// Seals and opens pieces.
#[derive(Debug)]
pub struct Evidence {
    key: LessSafeKey,
    random: SystemRandom,
}

impl Evidence {
    /// Reads the key in a state directory, or makes it.
    ///
    /// # Errors
    /// [`StoreError::Disk`] where it cannot be read or made, or is no key.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        let random = SystemRandom::new();
        let path = directory.join(EVIDENCE_KEY);
        let wrong = |why: String| StoreError::Disk(format!("the key of packets on request, {}: {why}", path.display()));
        let make = || {
            let mut key = vec![0u8; AES_256_GCM.key_len()];
            random.fill(&mut key).map(|()| key).map_err(|_| io::Error::other("the system gives no random numbers"))
        };
        let bytes = kept_key(&path, make).map_err(|error| wrong(error.to_string()))?;
        let key = UnboundKey::new(&AES_256_GCM, &bytes).map(LessSafeKey::new);
        let key = key.map_err(|_| wrong("it is no key: restore it from a backup, or remove it".to_owned()))?;
        Ok(Self { key, random })
    }

    /// A piece as it is stored.
    ///
    /// # Errors
    /// [`StoreError::Database`] where the system gives no random numbers.
    pub fn seal(&self, request: u64, start: u64, bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
        let failed = |_| StoreError::Database("packets could not be sealed".to_owned());
        let mut nonce = [0u8; NONCE_LEN];
        self.random.fill(&mut nonce).map_err(failed)?;
        let mut sealed = bytes.to_vec();
        let place = Aad::from(place(request, start));
        self.key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), place, &mut sealed).map_err(failed)?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// The bytes of a piece.
    ///
    /// # Errors
    /// [`StoreError::Database`] where another key sealed it, or it was altered or moved.
    pub fn unseal(&self, request: u64, start: u64, stored: &[u8]) -> Result<Vec<u8>, StoreError> {
        let failed = || {
            let why = "they were sealed by another key, or altered; a backup of that time has its";
            StoreError::Database(format!("packets of request {request} cannot be read: {why} {EVIDENCE_KEY}"))
        };
        let (nonce, sealed) = stored.split_first_chunk::<NONCE_LEN>().ok_or_else(failed)?;
        let (nonce, place) = (Nonce::assume_unique_for_key(*nonce), Aad::from(place(request, start)));
        let mut bytes = sealed.to_vec();
        let opened = self.key.open_in_place(nonce, place, &mut bytes).map_err(|_| failed())?.len();
        bytes.truncate(opened);
        Ok(bytes)
    }
}

/// Where a piece belongs.
fn place(request: u64, start: u64) -> [u8; 16] {
    (u128::from(request) << 64 | u128::from(start)).to_be_bytes()
}

/// Reads a key's file, or makes it, for its owner alone.
///
/// # Errors
/// The system's.
pub fn kept_key(path: &Path, make: impl FnOnce() -> io::Result<Vec<u8>>) -> io::Result<Vec<u8>> {
    match std::fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        read => return read,
    }
    let made = make()?;
    // Whole or not at all: a key that was cut would refuse every start.
    let part = path.with_extension("part");
    let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
    out.write_all(&made)?;
    out.sync_all()?;
    std::fs::rename(&part, path)?;
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_piece_opens_with_its_key_at_its_place_alone() {
        let (place, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let evidence = Evidence::open(place.path()).unwrap();
        let sealed = evidence.seal(3, 7, b"packets").unwrap();
        assert_eq!(sealed.len(), 7 + SEALING_BYTES);
        assert_ne!(sealed, evidence.seal(3, 7, b"packets").unwrap(), "each under a nonce of its own");
        let again = Evidence::open(place.path()).unwrap();
        assert_eq!(again.unseal(3, 7, &sealed).unwrap(), b"packets");
        for refused in [
            again.unseal(4, 7, &sealed),
            again.unseal(3, 8, &sealed),
            again.unseal(3, 7, &[]),
            again.unseal(3, 7, sealed.split_last().unwrap().1),
            Evidence::open(other.path()).unwrap().unseal(3, 7, &sealed),
        ] {
            assert!(refused.unwrap_err().to_string().contains("request"));
        }
        let path = place.path().join(EVIDENCE_KEY);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::write(&path, "short").unwrap();
        assert!(Evidence::open(place.path()).unwrap_err().to_string().contains("is no key"));
    }
}
