//! Numbers and names of SSH: messages, ciphers, codes of integrity.

/// Message numbers (RFC 4250 section 4.1.2, RFC 4253, RFC 5656, RFC 4419).
pub(crate) mod message {
    pub(crate) const KEXINIT: u8 = 20;
    pub(crate) const NEWKEYS: u8 = 21;
    /// Highest number of transport and key exchange; above are log-in and connection, never in clear.
    pub(crate) const KEX_LAST: u8 = 49;
    /// The client's opening of Diffie-Hellman and of its elliptic form.
    pub(crate) const KEXDH_INIT: u8 = 30;
    /// The server's answer to it, and the group that it chooses.
    pub(crate) const KEXDH_REPLY: u8 = 31;
    /// Group exchange: the client's opening, its part with the group, and the server's (RFC 4419 section 3).
    pub(crate) const GEX_REQUEST: u8 = 34;
    pub(crate) const GEX_INIT: u8 = 32;
    pub(crate) const GEX_REPLY: u8 = 33;
}

/// How a cipher frames packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cipher {
    /// Block, bytes; at least 8 (RFC 4253 section 6).
    pub(crate) block: u8,
    /// Length of the tag, where the cipher authenticates by itself; then the negotiated MAC is not used.
    pub(crate) tag: Option<u8>,
    /// Whether the packet's length goes in clear because of the cipher.
    pub(crate) clear_length: bool,
}

const fn plain(block: u8) -> Cipher {
    Cipher { block, tag: None, clear_length: false }
}

/// The cipher of a name (RFC 4253 section 6.3, RFC 4344, RFC 5647, OpenSSH PROTOCOL and PROTOCOL.chacha20poly1305).
pub(crate) fn cipher(name: &[u8]) -> Option<Cipher> {
    Some(match name {
        b"chacha20-poly1305@openssh.com" | b"chacha20-poly1305" => {
            Cipher { block: 8, tag: Some(16), clear_length: false }
        }
        b"aes128-gcm@openssh.com" | b"aes256-gcm@openssh.com" | b"AEAD_AES_128_GCM" | b"AEAD_AES_256_GCM" => {
            Cipher { block: 16, tag: Some(16), clear_length: true }
        }
        b"aes128-ctr" | b"aes192-ctr" | b"aes256-ctr" | b"aes128-cbc" | b"aes192-cbc" | b"aes256-cbc" => plain(16),
        b"rijndael-cbc@lysator.liu.se" | b"twofish-cbc" | b"twofish128-cbc" | b"twofish256-cbc" => plain(16),
        b"twofish128-ctr" | b"twofish256-ctr" | b"serpent128-cbc" | b"serpent256-cbc" | b"serpent256-ctr" => plain(16),
        b"3des-cbc" | b"3des-ctr" | b"blowfish-cbc" | b"blowfish-ctr" | b"cast128-cbc" | b"cast128-ctr" => plain(8),
        b"arcfour" | b"arcfour128" | b"arcfour256" => plain(8),
        _ => return None,
    })
}

/// Length of a code of integrity, bytes, and whether it covers the encrypted bytes (then lengths go in clear).
pub(crate) fn mac(name: &[u8]) -> Option<(u8, bool)> {
    let (base, etm) = match name.strip_suffix(b"-etm@openssh.com") {
        Some(base) => (base, true),
        None => (name.strip_suffix(b"@openssh.com").unwrap_or(name), false),
    };
    let length = match base {
        b"hmac-sha1" | b"hmac-ripemd160" => 20,
        b"hmac-md5" | b"umac-128" => 16,
        b"hmac-sha1-96" | b"hmac-md5-96" | b"hmac-sha2-256-96" | b"hmac-sha2-512-96" => 12,
        b"hmac-sha2-256" => 32,
        b"hmac-sha2-512" => 64,
        b"umac-64" => 8,
        _ => return None,
    };
    Some((length, etm))
}
