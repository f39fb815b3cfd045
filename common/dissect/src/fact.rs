//! What later stages need of handshakes and is no event: values, owned and bounded.

use crate::infer::Inferred;
use crate::quic::ConnectionId;
use picket_event::AppDetail;
use picket_event::body::Certificate;

/// Facts for the feature stage.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// A TLS client said hello (the first hello; a second one after a retry request is not reported).
    ClientHello(Box<ClientHello>),
    /// A TLS server answered it.
    ServerHello(Box<ServerHello>),
    /// A TLS server showed its certificates in clear (TLS 1.2 and older).
    Certificates(Box<Certificates>),
    /// A QUIC server has chosen a connection id: packets to it belong to this connection, wherever they come from.
    /// Told just before the connection's event.
    ConnectionIds(Box<ConnectionIds>),
    /// What the messages of a conversation say of it, as far as it is new.
    Detail(Box<AppDetail>),
    /// The format of an unknown conversation was inferred (told only where that is to be explained).
    Inferred(Box<Inferred>),
}

/// The connection ids both ends have chosen (RFC 9000 section 7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionIds {
    /// Where packets to the client go.
    pub client: ConnectionId,
    /// Where packets to the server go.
    pub server: ConnectionId,
}

/// What a ClientHello says (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2). Lists hold the values as
/// sent, in order, GREASE included; together they are no longer than the hello, which is at most
/// [`crate::tls::HELLO_LIMIT`] bytes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClientHello {
    /// Version of the record that carried it; 0x0301, as first records have it, where there are no records.
    pub record_version: u16,
    /// `legacy_version`.
    pub legacy_version: u16,
    /// Length of the handshake message, bytes.
    pub length: u32,
    /// Records it was spread over; packets in QUIC.
    pub records: u16,
    /// Length of `legacy_session_id`, bytes.
    pub session_id_length: u8,
    /// Cipher suites.
    pub ciphers: Vec<u16>,
    /// Compression methods.
    pub compression: Vec<u8>,
    /// Extension types.
    pub extensions: Vec<u16>,
    /// `supported_versions` (43).
    pub versions: Vec<u16>,
    /// `supported_groups` (10).
    pub groups: Vec<u16>,
    /// `ec_point_formats` (11).
    pub point_formats: Vec<u8>,
    /// `signature_algorithms` (13).
    pub signature_schemes: Vec<u16>,
    /// Groups of the key shares (51), each with the length of its share in bytes.
    pub key_shares: Vec<(u16, u16)>,
    /// `psk_key_exchange_modes` (45).
    pub psk_modes: Vec<u8>,
    /// Application protocols (16), as sent.
    pub alpn: Vec<Box<[u8]>>,
    /// Server name (0), where it is one; bounded, lower case, escaped where it is not printable.
    pub sni: Option<String>,
    /// Length of the session ticket (35), where the extension is there.
    pub ticket_length: Option<u16>,
    /// Whether `pre_shared_key` (41) is there.
    pub psk: bool,
    /// Whether `early_data` (42) is there.
    pub early_data: bool,
    /// Whether an outer `encrypted_client_hello` (0xfe0d) is there. Browsers also send it as GREASE.
    pub ech: bool,
    /// Of such an extension the length of its key, and a hash of it as a whole.
    pub ech_outer: Option<(u16, u64)>,
    /// Length of the padding extension (21).
    pub padding_length: u16,
    /// Where GREASE (RFC 8701) was seen.
    pub grease: Grease,
    /// JA3, MD5.
    pub ja3: [u8; 16],
    /// JA4 text.
    pub ja4: String,
}

/// Where a hello carries GREASE values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)] // the names of the lists
pub struct Grease {
    pub ciphers: bool,
    pub extensions: bool,
    pub groups: bool,
    pub versions: bool,
    pub signature_schemes: bool,
    pub key_shares: bool,
    pub alpn: bool,
    pub psk_modes: bool,
}

impl Grease {
    /// Whether any list has it.
    #[must_use]
    pub const fn any(self) -> bool {
        self.ciphers
            || self.extensions
            || self.groups
            || self.versions
            || self.signature_schemes
            || self.key_shares
            || self.alpn
            || self.psk_modes
    }
}

/// What a ServerHello says (RFC 8446 section 4.1.3).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerHello {
    /// `legacy_version`.
    pub legacy_version: u16,
    /// The version chosen: `supported_versions` (43) where it is there, else `legacy_version`.
    pub version: u16,
    /// The cipher suite chosen.
    pub cipher: u16,
    /// Length of the session id, bytes.
    pub session_id_length: u8,
    /// Extension types, in order.
    pub extensions: Vec<u16>,
    /// The group of its key share (51).
    pub key_share_group: Option<u16>,
    /// The application protocol chosen (16), where it went in clear.
    pub alpn: Option<Box<[u8]>>,
    /// Whether a pre-shared key was chosen (41).
    pub psk: bool,
    /// Whether a HelloRetryRequest came before it.
    pub retried: bool,
    /// JA3S, MD5.
    pub ja3s: [u8; 16],
}

/// What a Certificate message says (RFC 5246 section 7.4.2).
#[derive(Clone, Debug, PartialEq)]
pub struct Certificates {
    /// The leaf, as events report it.
    pub leaf: Certificate,
    /// X.509 version, 1 to 3.
    pub version: u8,
    /// Number of extensions of the leaf.
    pub extensions: u16,
    /// Kind of the leaf's key.
    pub key: KeyKind,
    /// Size of the leaf's key, bits; 0 where it is not known.
    pub key_bits: u16,
    /// How the leaf was signed.
    pub signature: SignatureKind,
    /// Length of the leaf, bytes of DER.
    pub length: u32,
    /// Certificates in the chain sent.
    pub chain_length: u8,
    /// Length of all certificates, bytes.
    pub chain_bytes: u32,
}

/// Kinds of public keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)] // the names of the algorithms
pub enum KeyKind {
    Rsa,
    Ec,
    Ed25519,
    Ed448,
    Dsa,
    #[default]
    Other,
}

/// Kinds of signatures on certificates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)] // the names of the algorithms
pub enum SignatureKind {
    RsaMd5,
    RsaSha1,
    RsaSha2,
    RsaPss,
    EcdsaSha1,
    EcdsaSha2,
    Ed25519,
    Ed448,
    #[default]
    Other,
}
