//! Reasons in words: a template of one table and what fills it.
//!
//! A verdict travels with its reasons. On the wire a reason is a number and its arguments; the words
//! are put together only where a person reads them, so a reason costs a few bytes.

use bincode::{Decode, Encode};
use std::fmt;

/// Why a classifier, rule or model said what it said.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Reason {
    /// Index into [`TEMPLATES`]. Numbers of a newer release print their arguments alone.
    pub template: u16,
    /// What fills the template's `{}`, in order. At most [`MAX_ARGS`].
    pub args: Vec<ReasonArg>,
}

/// What fills one place of a template.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum ReasonArg {
    /// A number, printed with at most three significant decimals.
    Number(f32),
    /// A text, as seen (bounded by whoever made it).
    Text(String),
}

/// Arguments of one reason at most.
pub const MAX_ARGS: usize = 4;

macro_rules! templates {
    ($($constant:ident = $text:literal,)*) => {
        /// The words of every reason. Appended to, never reordered: indexes stand on the wire.
        pub const TEMPLATES: &[&str] = &[$($text,)*];

        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        #[derive(Clone, Copy)]
        enum Index { $($constant,)* }

        impl Reason {
            $(#[doc = concat!("\"", $text, "\"")] pub const $constant: u16 = Index::$constant as u16;)*
        }
    };
}

templates! {
    LITERAL = "{}",
    SELF_SIGNED = "server certificate is self-signed",
    CERT_NO_ALT_NAMES = "server certificate carries no alternative names",
    CERT_CHAIN_ONE = "server sent a chain of one certificate",
    CERT_NAME_MISMATCH = "server name {} is not in the certificate",
    CERT_FEW_EXTENSIONS = "certificate has only {} extensions",
    CERT_YOUNG = "certificate is {} days old",
    CERT_VALIDITY = "certificate is valid for {} days",
    NO_SERVER_NAME = "client names no server",
    NO_ALPN = "client offers no application protocol",
    FEW_HELLO_EXTENSIONS = "client hello has only {} extensions",
    ODD_PORT = "TLS on port {}",
    MANY_FLOWS = "{} flows of this client to this server and port",
    REGULAR_INTERVALS = "flows come every {} s, varying by {} %",
    ALIKE_DOWNLOADS = "answers of this server are all alike in size",
    FEATURE_HIGH = "{} is high: {}",
    FEATURE_LOW = "{} is low: {}",
    HANDSHAKE_TOKEN_MALICIOUS = "hello offers {}, as in known malicious tools",
    HANDSHAKE_TOKEN_BENIGN = "hello offers {}, as in ordinary clients",
    HANDSHAKE_TOKEN_MISSING = "hello lacks {}, which ordinary clients offer",
    KNOWN_TOOL = "hello is that of {}",
    VALUE_OF_CLASSIFIER = "{} gives {}",
    FEATURE_VALUE = "{} is {}",
    FEATURE_ABSENT = "{} is not known",
    PAIR_REGULAR = "regularity {} of 1 over {} connections in {} hours",
    PAIR_PARTS = "of 1: intervals {}, sizes {}, histogram {}, duration {}",
    PAIR_INTERVAL = "half of the connections come within {} s of the one before",
    ICS_MESSAGE = "{}: {} ({}), {}",
    ICS_FUNCTION = "{}: {} ({})",
    ICS_DETAIL = "{}: {}",
}

impl Reason {
    /// A reason without arguments.
    #[must_use]
    pub const fn plain(template: u16) -> Self {
        Self { template, args: Vec::new() }
    }

    /// A reason with one number.
    #[must_use]
    pub fn number(template: u16, value: f32) -> Self {
        Self { template, args: vec![ReasonArg::Number(value)] }
    }

    /// A reason with one text.
    #[must_use]
    pub fn text(template: u16, value: &str) -> Self {
        Self { template, args: vec![ReasonArg::Text(value.to_owned())] }
    }

    /// A reason that is already a sentence.
    #[must_use]
    pub fn literal(sentence: &str) -> Self {
        Self::text(Self::LITERAL, sentence)
    }
}

impl fmt::Display for ReasonArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(n) if n.fract() == 0.0 && n.abs() < 1e7 => write!(f, "{n:.0}"),
            Self::Number(n) if n.abs() >= 100.0 => write!(f, "{n:.0}"),
            Self::Number(n) => write!(f, "{}", (n * 1000.0).round() / 1000.0),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let template = TEMPLATES.get(usize::from(self.template)).copied().unwrap_or("{} {} {} {}");
        let mut args = self.args.iter();
        let mut parts = template.split("{}");
        f.write_str(parts.next().unwrap_or_default())?;
        for part in parts {
            if let Some(arg) = args.next() {
                write!(f, "{arg}")?;
            }
            f.write_str(part)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        let reason = Reason {
            template: Reason::REGULAR_INTERVALS,
            args: vec![ReasonArg::Number(60.0), ReasonArg::Number(1.23456)],
        };
        assert_eq!(reason.to_string(), "flows come every 60 s, varying by 1.235 %");
        assert_eq!(Reason::literal("as it is {}").to_string(), "as it is {}");
        assert_eq!(Reason { template: 60_000, args: vec![ReasonArg::Text("new".into())] }.to_string().trim(), "new");
    }
}
