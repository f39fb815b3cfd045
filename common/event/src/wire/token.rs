//! The text of an enrolment token.
//!
//! It is pasted by people, so it is one word, starts with a name that can be searched for, and carries a check
//! sum that tells a bad copy from a wrong token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bincode::{Decode, Encode};

const PREFIX: &str = "picket-enrol-";
/// Characters of a token at most.
const MAX_TEXT: usize = 4_096;

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct EnrolmentToken {
    /// Public part: which token of the collector's list it is.
    pub id: String,
    /// Proves the right to enrol. The collector keeps its SHA-256 only.
    pub secret: [u8; 32],
    /// SHA-256 of the collector's authority certificate (DER): whom the agent may talk to.
    pub authority: [u8; 32],
    /// Where to enrol, `host:port` over HTTPS, tried in turn.
    pub addresses: Vec<String>,
}

impl EnrolmentToken {
    /// The text that people copy.
    #[must_use]
    pub fn to_text(&self) -> String {
        let config = bincode::config::standard().with_limit::<MAX_TEXT>();
        // Only a token over the limit does not encode, and its text is then refused by `parse`.
        let mut bytes = bincode::encode_to_vec(self, config).unwrap_or_default();
        bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads the text, with or without white space round it.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        if text.len() > MAX_TEXT {
            return Err("it is too long");
        }
        let body = text.strip_prefix(PREFIX).ok_or("it does not start with picket-enrol-")?;
        let bytes = URL_SAFE_NO_PAD.decode(body).map_err(|_| "it holds characters that no token has")?;
        let (bytes, crc) = bytes.split_last_chunk::<4>().ok_or("it is too short")?;
        if crc32c::crc32c(bytes) != u32::from_le_bytes(*crc) {
            return Err("its check sum is wrong, so it was not copied whole");
        }
        let config = bincode::config::standard().with_limit::<MAX_TEXT>();
        let (token, used): (Self, usize) =
            bincode::decode_from_slice(bytes, config).map_err(|_| "it is of another release")?;
        if used != bytes.len() {
            return Err("it is of another release");
        }
        Ok(token)
    }
}
