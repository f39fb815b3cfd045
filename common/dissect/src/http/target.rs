//! What of a target and a host may be told: bounded, printable, without credentials.

use super::table::{CREDENTIAL_LENGTH, CREDENTIALS};
use crate::digits::is_printable;
use memchr::{memchr_iter, memchr3, memrchr};

/// Longest target in an event, bytes.
pub(crate) const URL_LIMIT: usize = 1024;
/// Longest host in an event, bytes.
pub(crate) const HOST_LIMIT: usize = 255;
/// Longest scheme, bytes, and the colon behind it.
const SCHEME_LIMIT: usize = 32;
/// Stands where something was left out.
const MASK: u8 = b'*';

/// A text for an event: at most `limit` bytes, control characters and bytes that are no UTF-8 as `\xNN`.
pub(crate) fn printable(bytes: &[u8], limit: usize) -> String {
    let mut cut = bytes.get(..limit).unwrap_or(bytes);
    if is_printable(cut) {
        return std::str::from_utf8(cut).unwrap_or_default().to_owned();
    }
    if let Err(error) = std::str::from_utf8(cut)
        && error.error_len().is_none()
        && cut.len() < bytes.len()
    {
        // The cut goes through a character.
        cut = cut.get(..error.valid_up_to()).unwrap_or(cut);
    }
    match std::str::from_utf8(cut) {
        Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => {
            let mut text = String::with_capacity(cut.len());
            for byte in cut {
                let whole = text.len();
                match byte {
                    b' '..=b'~' => text.push(char::from(*byte)),
                    _ => text.extend(byte.escape_ascii().map(char::from)),
                }
                if text.len() > limit {
                    // No escape is cut in half.
                    text.truncate(whole);
                    break;
                }
            }
            text
        }
    }
}

/// A target without credentials. User information (RFC 3986 section 3.2.1) is cut out wherever an authority stands in it, the values
/// of parameters that are named like credentials are masked.
pub(crate) fn target(bytes: &[u8]) -> String {
    let mut clean: Vec<u8> = Vec::with_capacity(bytes.len().min(URL_LIMIT));
    // The authority form of CONNECT has no scheme before it.
    let mut rest = if bytes.first() == Some(&b'/') { bytes } else { without_user(bytes) };
    while !rest.is_empty() && clean.len() < URL_LIMIT {
        // Up to the next byte behind which something may have to be left out.
        let stops = |byte: &u8| matches!(byte, b'/' | b'?' | b'&' | b';');
        let run = rest.iter().position(stops).map_or(rest.len(), |at| at.saturating_add(1));
        let (passed, behind) =
            rest.split_at_checked(run.min(URL_LIMIT.saturating_sub(clean.len()))).unwrap_or((rest, &[]));
        clean.extend_from_slice(passed);
        rest = behind;
        if clean.ends_with(b"://") {
            rest = without_user(rest);
        } else if matches!(passed.last(), Some(b'?' | b'&' | b';'))
            && let Some(name) = credential(rest)
        {
            clean.extend_from_slice(rest.get(..name).unwrap_or(rest));
            clean.extend_from_slice(&[b'=', MASK]);
            let value = rest.get(name.saturating_add(1)..).unwrap_or(&[]);
            let end = value.iter().position(|byte| matches!(byte, b'&' | b';' | b'#')).unwrap_or(value.len());
            rest = value.get(end..).unwrap_or(&[]);
        }
    }
    printable(&clean, URL_LIMIT)
}

/// What follows the user information of an authority, which ends at a slash, a question mark or a number sign.
fn without_user(bytes: &[u8]) -> &[u8] {
    let end = memchr3(b'/', b'?', b'#', bytes).unwrap_or(bytes.len());
    let authority = bytes.get(..end).unwrap_or(bytes);
    match memrchr(b'@', authority) {
        Some(at) => bytes.get(at.saturating_add(1)..).unwrap_or(&[]),
        None => bytes,
    }
}

/// The length of the parameter name that stands here, where its value is a credential.
fn credential(bytes: &[u8]) -> Option<usize> {
    let length = bytes.iter().take(CREDENTIAL_LENGTH).position(|byte| *byte == b'=')?;
    let name = bytes.get(..length)?;
    let letters = name.iter().filter(|byte| !matches!(byte, b'-' | b'_' | b'.'));
    let plain: Vec<u8> = letters.map(u8::to_ascii_lowercase).collect();
    CREDENTIALS.contains(&plain.as_slice()).then_some(length)
}

/// The place behind the scheme of an absolute target.
fn behind_scheme(target: &[u8]) -> Option<usize> {
    let is_end = |at: &usize| target.get(*at..).is_some_and(|rest| rest.starts_with(b"://"));
    let at = memchr_iter(b':', target.get(..SCHEME_LIMIT).unwrap_or(target)).find(is_end)?;
    Some(at.saturating_add(3))
}

/// The authority of an absolute target or of CONNECT's, without user information.
pub(crate) fn authority(target: &[u8], connect: bool) -> Option<&[u8]> {
    let from = if connect { 0 } else { behind_scheme(target)? };
    let rest = without_user(target.get(from..)?);
    let end = memchr3(b'/', b'?', b'#', rest).unwrap_or(rest.len());
    rest.get(..end).filter(|authority| !authority.is_empty())
}

/// The host of an authority, lower case, and its port (0 where there is none).
pub(crate) fn host(authority: &[u8]) -> (String, u16) {
    let authority = without_user(authority);
    // The colons of an IPv6 address stand in brackets.
    let inside = memrchr(b']', authority).unwrap_or(0);
    let colon = memrchr(b':', authority).filter(|at| *at > inside || inside == 0);
    let (name, port) = match colon {
        Some(at) => (authority.get(..at), authority.get(at.saturating_add(1)..)),
        None => (Some(authority), None),
    };
    let port = port.and_then(|digits| std::str::from_utf8(digits).ok()).and_then(|digits| digits.parse().ok());
    let mut name = printable(name.unwrap_or(authority), HOST_LIMIT);
    name.make_ascii_lowercase();
    (name, port.unwrap_or(0))
}
