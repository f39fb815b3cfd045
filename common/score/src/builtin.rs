//! The bundle that is built in, pinned by hash.

use crate::bundle::{Bundle, Trust};
use crate::refusal::Refusal;

/// The file. Signed by a key that was used once and forgotten; nothing but its hash makes it trusted.
pub const DEFAULT_BUNDLE: &[u8] = include_bytes!("../default.bundle");

/// SHA-256 of [`DEFAULT_BUNDLE`], hexadecimal.
pub const DEFAULT_SHA256: &str = include_str!("../default.sha256");

impl Bundle {
    /// The bundle that is built in.
    ///
    /// # Errors
    /// [`Refusal`] where the file does not have the pinned hash or is damaged: the program was built wrongly.
    pub fn built_in() -> Result<Self, Refusal> {
        let mut pin = [0u8; 32];
        for (slot, two) in pin.iter_mut().zip(DEFAULT_SHA256.trim().as_bytes().chunks_exact(2)) {
            let digits = std::str::from_utf8(two).ok().and_then(|two| u8::from_str_radix(two, 16).ok());
            *slot = digits.ok_or_else(|| Refusal::Format("the pinned hash is not hexadecimal".to_owned()))?;
        }
        Self::load(DEFAULT_BUNDLE, &Trust { pinned: vec![pin], ..Trust::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_bundle_is_the_pinned_one_and_small() {
        let bundle = Bundle::built_in().unwrap();
        assert_eq!(crate::bundle::hex(bundle.sha256()), DEFAULT_SHA256.trim());
        assert!(DEFAULT_BUNDLE.len() < 1 << 20);
        assert!(bundle.manifest().members.len() >= 2);
        assert!(bundle.manifest().card.sources_left_out.contains_key("auc"));
    }
}
