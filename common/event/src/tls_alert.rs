//! Alerts of TLS: numbers and names (IANA, TLS Alerts; RFC 8446 section 6).

/// An alert that went in clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TlsAlert {
    /// Whether it ends the connection; else it is a warning.
    pub fatal: bool,
    /// Its number.
    pub description: u8,
    /// Whether the server sent it; else the client did.
    pub from_server: bool,
}

const NAMES: &[(u8, &str)] = &[
    (0, "close_notify"),
    (10, "unexpected_message"),
    (20, "bad_record_mac"),
    (21, "decryption_failed"),
    (22, "record_overflow"),
    (30, "decompression_failure"),
    (40, "handshake_failure"),
    (41, "no_certificate"),
    (42, "bad_certificate"),
    (43, "unsupported_certificate"),
    (44, "certificate_revoked"),
    (45, "certificate_expired"),
    (46, "certificate_unknown"),
    (47, "illegal_parameter"),
    (48, "unknown_ca"),
    (49, "access_denied"),
    (50, "decode_error"),
    (51, "decrypt_error"),
    (60, "export_restriction"),
    (70, "protocol_version"),
    (71, "insufficient_security"),
    (80, "internal_error"),
    (86, "inappropriate_fallback"),
    (90, "user_canceled"),
    (100, "no_renegotiation"),
    (109, "missing_extension"),
    (110, "unsupported_extension"),
    (111, "certificate_unobtainable"),
    (112, "unrecognized_name"),
    (113, "bad_certificate_status_response"),
    (114, "bad_certificate_hash_value"),
    (115, "unknown_psk_identity"),
    (116, "certificate_required"),
    (120, "no_application_protocol"),
    (121, "ech_required"),
];

/// What stands before the number of one without a name.
const UNNAMED: &str = "alert_";

/// The name of an alert's number; `alert_200` for one that has none.
pub(crate) fn alert_name(description: u8) -> std::borrow::Cow<'static, str> {
    match NAMES.iter().find(|(number, _)| *number == description) {
        Some((_, name)) => (*name).into(),
        None => format!("{UNNAMED}{description}").into(),
    }
}

/// The number of such a name.
pub(crate) fn alert_number(name: &str) -> Option<u8> {
    match NAMES.iter().find(|(_, known)| *known == name) {
        Some((number, _)) => Some(*number),
        None => name.strip_prefix(UNNAMED)?.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_one_name() {
        assert!((0..=u8::MAX).all(|number| alert_number(&alert_name(number)) == Some(number)));
        assert_eq!((alert_name(48).as_ref(), alert_name(200).as_ref()), ("unknown_ca", "alert_200"));
        assert_eq!(alert_number("no such"), None);
    }
}
