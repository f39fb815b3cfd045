//! The bundle that a policy names (`score.digest`): fetched from the collector in pieces, checked, and kept in the state directory.
//!
//! It counts only with the digest that the policy names and the signature of the collector's key, which the agent learnt when it
//! enrolled. The last few stay, so that an earlier policy finds its bundle again.

use picket_event::wire::{BundlePart, BundleWant};
use picket_score::{Bundle, DEFAULT_SHA256, Trust, bundle};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Bundles kept.
const KEPT: usize = 4;
/// A piece that does not come is asked for again after so long.
const ASK_AGAIN: Duration = Duration::from_secs(10);

/// Whether a text can be the digest of a bundle: 64 hexadecimal digits, lower case.
#[must_use]
pub fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Where the bundle of a digest lies.
#[must_use]
pub fn file(state: &Path, digest: &str) -> PathBuf {
    state.join("bundles").join(format!("{digest}.bundle"))
}

/// Whether the bundle of a digest is here and as it should be.
#[must_use]
pub fn is_here(state: &Path, digest: &str) -> bool {
    is_built_in(digest) || std::fs::read(file(state, digest)).is_ok_and(|bytes| checked(&bytes, digest, None).is_ok())
}

/// Whether a digest is that of the bundle that is built in.
#[must_use]
pub fn is_built_in(digest: &str) -> bool {
    digest == DEFAULT_SHA256.trim()
}

/// Checks a bundle: its digest, its signature by `signer` (where given; what was kept was checked before), and everything that
/// a sensor checks.
fn checked(bytes: &[u8], digest: &str, signer: Option<[u8; 32]>) -> Result<Bundle, String> {
    let key = bytes.get(16..48).and_then(|key| <[u8; 32]>::try_from(key).ok()).unwrap_or_default();
    let trust = Trust { keys: vec![signer.unwrap_or(key)], ..Trust::default() };
    let loaded = Bundle::load(bytes, &trust).map_err(|refusal| refusal.to_string())?;
    if bundle::hex(loaded.sha256()) != digest {
        return Err("what came has another digest".to_owned());
    }
    Ok(loaded)
}

/// Keeps a bundle that came, once it is checked.
///
/// # Errors
/// In a sentence: why it is refused, or could not be kept.
pub fn keep(state: &Path, digest: &str, bytes: &[u8], signer: &[u8]) -> Result<(), String> {
    let unknown =
        || "this agent learnt no key of bundles when it enrolled: enrol it again, its name is kept".to_owned();
    let signer = <[u8; 32]>::try_from(signer).map_err(|_| unknown())?;
    checked(bytes, digest, Some(signer)).map_err(|why| format!("bundle {digest}: {why}"))?;
    let path = file(state, digest);
    let write = || {
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory)?;
            prune(directory);
        }
        super::write(&path, bytes)
    };
    write().map_err(|error| format!("keep {}: {error}", path.display()))
}

/// Removes the oldest, so that there is room for one more.
fn prune(directory: &Path) {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let age = |path: &Path| std::fs::metadata(path).and_then(|data| data.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.sort_by_key(|path| std::cmp::Reverse(age(path)));
    for old in files.iter().skip(KEPT - 1) {
        // What cannot be removed is tried again with the next one.
        let _ = std::fs::remove_file(old);
    }
}

/// A bundle on its way.
#[derive(Debug)]
pub struct Fetch {
    digest: String,
    sha256: [u8; 32],
    bytes: Vec<u8>,
    /// When the next piece was asked for.
    asked: Option<Duration>,
}

/// How far it is.
#[derive(Debug, PartialEq, Eq)]
pub enum Progress {
    /// More is to come.
    Under,
    /// These are its bytes.
    Whole(Vec<u8>),
}

impl Fetch {
    /// Begins; `None` where the text is no digest.
    #[must_use]
    pub fn new(digest: &str) -> Option<Self> {
        let mut sha256 = [0u8; 32];
        for (byte, at) in sha256.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(digest.get(at..at + 2)?, 16).ok()?;
        }
        Some(Self { digest: digest.to_owned(), sha256, bytes: Vec::new(), asked: None })
    }

    /// Its digest.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// What to ask for at this time, where it is time to.
    pub fn want(&mut self, now: Duration) -> Option<BundleWant> {
        if self.asked.is_some_and(|asked| now.saturating_sub(asked) < ASK_AGAIN) {
            return None;
        }
        self.asked = Some(now);
        Some(BundleWant { sha256: self.sha256, offset: self.bytes.len() as u64 })
    }

    /// Takes a piece.
    ///
    /// # Errors
    /// In a sentence, when it can never become whole.
    pub fn take(&mut self, part: &BundlePart) -> Result<Progress, String> {
        if part.sha256 != self.sha256 || part.offset != self.bytes.len() as u64 {
            return Ok(Progress::Under);
        }
        self.asked = None;
        if part.total == 0 {
            return Err(format!("the collector has no bundle {}: publish it first", self.digest));
        }
        self.bytes.extend_from_slice(&part.bytes);
        if part.total > bundle::MAX_BYTES as u64 || self.bytes.len() as u64 > part.total || part.bytes.is_empty() {
            return Err(format!("bundle {} does not come as the collector said", self.digest));
        }
        if self.bytes.len() as u64 == part.total {
            return Ok(Progress::Whole(std::mem::take(&mut self.bytes)));
        }
        Ok(Progress::Under)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use picket_score::DEFAULT_BUNDLE;
    use ring::rand::SystemRandom;
    use ring::signature::{Ed25519KeyPair, KeyPair as _};
    use sha2::{Digest as _, Sha256};

    fn signed() -> (Vec<u8>, String, Vec<u8>) {
        let der = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let key = Ed25519KeyPair::from_pkcs8(der.as_ref()).unwrap();
        let built_in = Bundle::built_in().unwrap();
        let bytes = bundle::seal(built_in.manifest(), bundle::tensors(DEFAULT_BUNDLE), &key).unwrap();
        let digest = bundle::hex(&Sha256::digest(&bytes));
        (bytes, digest, key.public_key().as_ref().to_vec())
    }

    #[test]
    fn a_bundle_comes_in_pieces_and_is_kept_with_the_right_digest_and_signer_alone() {
        let state = tempfile::tempdir().unwrap();
        let (bytes, digest, signer) = signed();
        let mut fetch = Fetch::new(&digest).unwrap();
        let mut whole = None;
        while whole.is_none() {
            let want = fetch.want(Duration::ZERO).unwrap();
            assert_eq!(fetch.want(Duration::from_secs(9)), None, "one question at a time");
            let rest = bytes.get(want.offset as usize..).unwrap();
            let (sha256, offset, total) = (want.sha256, want.offset, bytes.len() as u64);
            let piece = rest.iter().copied().take(48 << 10).collect();
            match fetch.take(&BundlePart { sha256, offset, total, bytes: piece }).unwrap() {
                Progress::Under => {}
                Progress::Whole(got) => whole = Some(got),
            }
        }
        let whole = whole.unwrap();
        assert_eq!(whole, bytes);
        let (_, _, other) = signed();
        assert!(keep(state.path(), &digest, &whole, &other).unwrap_err().contains("does not trust"));
        assert!(keep(state.path(), &digest, &whole, &[]).unwrap_err().contains("enrol it again"));
        assert!(keep(state.path(), &"0".repeat(64), &whole, &signer).unwrap_err().contains("another digest"));
        let mut altered = whole.clone();
        *altered.last_mut().unwrap() ^= 1;
        assert!(keep(state.path(), &digest, &altered, &signer).unwrap_err().contains("signature"));
        assert!(!is_here(state.path(), &digest));
        keep(state.path(), &digest, &whole, &signer).unwrap();
        assert!(is_here(state.path(), &digest));
        std::fs::write(file(state.path(), &digest), &altered).unwrap();
        assert!(!is_here(state.path(), &digest), "what was altered on disk does not count");
    }

    #[test]
    fn what_the_collector_does_not_have_or_lies_about_ends_the_fetch() {
        let digest = "ab".repeat(32);
        let part = |total, bytes: &[u8]| BundlePart { sha256: [0xab; 32], offset: 0, total, bytes: bytes.to_vec() };
        let refused = |part: BundlePart| Fetch::new(&digest).unwrap().take(&part).unwrap_err();
        assert!(refused(part(0, &[])).contains("publish it first"));
        assert!(refused(part(3, &[1, 2, 3, 4])).contains("does not come"));
        assert!(refused(part(1 << 40, &[1])).contains("does not come"));
        assert!(refused(part(3, &[])).contains("does not come"));
        let other = BundlePart { sha256: [1; 32], ..part(3, &[1]) };
        assert_eq!(Fetch::new(&digest).unwrap().take(&other), Ok(Progress::Under));
        assert!(is_digest(&digest) && !is_digest("AB") && !is_digest(&"AB".repeat(32)));
        assert!(Fetch::new("zz").is_none());
    }
}
