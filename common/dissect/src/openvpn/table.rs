//! Codes of operations (upper five bits of the first byte) and lengths that tell how packets are protected.

pub(super) const CONTROL: u8 = 4;
pub(super) const ACKNOWLEDGE: u8 = 5;
pub(super) const RESET_CLIENT_V2: u8 = 7;
pub(super) const RESET_SERVER_V2: u8 = 8;
/// Of `tls-crypt-v2`: the client's key, wrapped for the server, stands behind the packet.
pub(super) const RESET_CLIENT_V3: u8 = 10;

/// Operation and number of the session.
pub(super) const HEAD: usize = 9;
/// Lengths of codes of integrity of `tls-auth`: MD5, SHA-1, SHA-224 to SHA-512.
pub(super) const CODES: [usize; 6] = [16, 20, 28, 32, 48, 64];
/// What stands behind such a code: the packet's number and the time.
pub(super) const COUNTER: usize = 8;
/// `tls-crypt`: head, number and time, a tag of 32 bytes, and what is hidden of an opening.
pub(super) const CRYPTED_OPENING: usize = 54;
/// The numbers of a session's first packet: usual, and where a client can do without the server keeping a state of it.
pub(super) const FIRST: [[u8; 4]; 2] = [[0, 0, 0, 1], [0x0f, 0, 0, 1]];
/// The length of an answer.
pub(super) const CRYPTED_ANSWER: usize = 66;
