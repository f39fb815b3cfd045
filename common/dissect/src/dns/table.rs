//! Record types whose data has a presentation form, opcodes and codes.

/// How a record's data is written (RFC 1035 section 3.3, RFC 3596, 2782, 3403, 4034, 5155, 6698, 6891, 8659, 9460).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// IPv4 address.
    A,
    /// IPv6 address.
    Aaaa,
    /// One name.
    Name,
    /// A number and a name.
    Mx,
    /// Two names.
    TwoNames,
    /// Two names and five numbers.
    Soa,
    /// Three numbers and a name.
    Srv,
    /// Character strings.
    Text,
    /// Two numbers, three character strings, a name.
    Naptr,
    /// Flags, tag and value.
    Caa,
    /// Priority, name and parameters.
    Svcb,
    /// One-byte numbers or two-byte ones, then hex.
    Digest(&'static [u8]),
    /// Options of EDNS.
    Opt,
    /// As RFC 3597 writes unknown data.
    Unknown,
}

/// The shape of a record type's data.
pub(crate) fn shape(record_type: u16) -> Shape {
    match record_type {
        1 => Shape::A,
        28 => Shape::Aaaa,
        // NS, CNAME, MB, MG, MR, PTR, DNAME
        2 | 5 | 7 | 8 | 9 | 12 | 39 => Shape::Name,
        // MX, AFSDB, RT, KX
        15 | 18 | 21 | 36 => Shape::Mx,
        // MINFO, RP
        14 | 17 => Shape::TwoNames,
        6 => Shape::Soa,
        33 => Shape::Srv,
        // HINFO, TXT, SPF
        13 | 16 | 99 => Shape::Text,
        35 => Shape::Naptr,
        257 => Shape::Caa,
        // SVCB, HTTPS
        64 | 65 => Shape::Svcb,
        // DS and CDS: key tag, algorithm, digest type; DNSKEY and CDNSKEY: flags, protocol, algorithm
        43 | 59 | 48 | 60 => Shape::Digest(&[2, 1, 1]),
        // TLSA, SMIMEA
        52 | 53 => Shape::Digest(&[1, 1, 1]),
        // SSHFP
        44 => Shape::Digest(&[1, 1]),
        41 => Shape::Opt,
        _ => Shape::Unknown,
    }
}

/// Opcodes in use (RFC 1035, 1996, 2136, 8490).
pub(crate) const fn is_opcode(code: u8) -> bool {
    matches!(code, 0 | 1 | 2 | 4 | 5 | 6)
}

/// Classes in use: IN, CH, HS, NONE, ANY.
pub(crate) const fn is_class(class: u16) -> bool {
    matches!(class, 1 | 3 | 4 | 254 | 255)
}

/// Record types that a question of ours can be about: assigned by IANA up to 2024, or meta types.
pub(crate) const fn is_type(record_type: u16) -> bool {
    matches!(record_type, 1..=67 | 99..=109 | 249..=262 | 32_768 | 32_769 | 65_280..=65_534)
}
