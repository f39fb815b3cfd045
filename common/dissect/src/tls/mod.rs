//! TLS: the handshake as far as it goes in clear.

/// The longest hello that is read, bytes of the handshake message.
pub const HELLO_LIMIT: usize = 20_000;
