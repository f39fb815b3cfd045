//! Keys of Initial packets, which anyone can derive, and what they open (RFC 9001 section 5).

use super::table::{Family, TAG};
use picket_event::Direction;
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey, quic};
use ring::error::Unspecified;
use ring::hkdf;
use std::ops::Range;

/// Length of a sample of the protected payload (RFC 9001 section 5.4.2).
const SAMPLE: usize = 16;
/// The sample is taken as if the packet number were four bytes long.
const NUMBER_MAX: usize = 4;

/// What protects the Initial packets of one direction.
pub(crate) struct Keys {
    aead: LessSafeKey,
    header: quic::HeaderProtectionKey,
    iv: [u8; 12],
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

/// Says to ring how many bytes are wanted.
struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF-Expand-Label with an empty context (RFC 8446 section 7.1).
fn expand<const N: usize>(secret: &hkdf::Prk, label: &str) -> Result<[u8; N], Unspecified> {
    let name = 6usize.saturating_add(label.len());
    let (Ok(length), Ok(name)) = (u16::try_from(N), u8::try_from(name)) else { return Err(Unspecified) };
    let info: [&[u8]; 5] = [&length.to_be_bytes(), &[name], b"tls13 ", label.as_bytes(), &[0]];
    let mut out = [0; N];
    secret.expand(&info, Length(N))?.fill(&mut out)?;
    Ok(out)
}

/// Key, initialisation vector and header protection key of one direction.
type Material = ([u8; 16], [u8; 12], [u8; 16]);

/// The material of a direction, from a connection id.
fn material(family: &Family, id: &[u8], from: Direction) -> Result<Material, Unspecified> {
    let initial = hkdf::Salt::new(hkdf::HKDF_SHA256, &family.salt).extract(id);
    let side = if from == Direction::ToServer { "client in" } else { "server in" };
    let secret = hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, &expand::<32>(&initial, side)?);
    let [key, iv, header] = family.labels;
    Ok((expand(&secret, key)?, expand(&secret, iv)?, expand(&secret, header)?))
}

impl Keys {
    /// The keys of the packets that go in a direction, from the destination connection id of the client's first
    /// Initial packet (or the one a Retry packet has asked for).
    pub(crate) fn derive(family: &Family, id: &[u8], from: Direction) -> Option<Self> {
        let (key, iv, header) = material(family, id, from).ok()?;
        let aead = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).ok()?);
        Some(Self { aead, header: quic::HeaderProtectionKey::new(&quic::AES_128, &header).ok()?, iv })
    }

    /// Takes the protection off a packet whose number begins at `number_at`, in `buffer`. Answers the packet
    /// number and where the payload lies in the buffer, or `None` when these keys do not fit the packet.
    pub(crate) fn open(
        &self,
        packet: &[u8],
        number_at: usize,
        largest: Option<u64>,
        buffer: &mut Vec<u8>,
    ) -> Option<(u64, Range<usize>)> {
        let sample_at = number_at.checked_add(NUMBER_MAX)?;
        let sample = packet.get(sample_at..sample_at.checked_add(SAMPLE)?)?;
        let [first_mask, number_mask @ ..] = self.header.new_mask(sample).ok()?;
        buffer.clear();
        buffer.extend_from_slice(packet);
        let first = buffer.first_mut()?;
        *first ^= first_mask & 0x0f;
        let width = usize::from(*first & 3) + 1;
        let body_at = number_at.checked_add(width)?;
        let mut truncated = 0u64;
        for (byte, mask) in buffer.get_mut(number_at..body_at)?.iter_mut().zip(number_mask) {
            *byte ^= mask;
            truncated = truncated << 8 | u64::from(*byte);
        }
        let number = full_number(truncated, width, largest);
        let mut nonce = self.iv;
        for (byte, part) in nonce.iter_mut().rev().zip(number.to_le_bytes()) {
            *byte ^= part;
        }
        let (header, body) = buffer.split_at_mut_checked(body_at)?;
        let nonce = Nonce::assume_unique_for_key(nonce);
        let length = self.aead.open_in_place(nonce, Aad::from(&*header), body).ok()?.len();
        Some((number, body_at..body_at.saturating_add(length)))
    }
}

/// The packet number that a truncated one stands for (RFC 9000 appendix A.3).
pub(crate) fn full_number(truncated: u64, width: usize, largest: Option<u64>) -> u64 {
    let expected = largest.map_or(0, |number| number.saturating_add(1));
    let window = 1u64 << (8 * width.min(NUMBER_MAX));
    let candidate = expected & !(window - 1) | truncated;
    let half = window / 2;
    if candidate.saturating_add(half) <= expected && candidate < (1 << 62) - window {
        candidate + window
    } else if candidate > expected.saturating_add(half) && candidate >= window {
        candidate - window
    } else {
        candidate
    }
}

/// Whether the tag of a Retry packet fits the connection id that the client began with (RFC 9001 section 5.8);
/// `None` where the version has no tag.
pub(crate) fn retry_is_whole(family: &Family, original: &[u8], pseudo: &[u8], tag: &[u8; TAG]) -> Option<bool> {
    let (key, nonce) = family.retry?;
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).ok()?);
    let length = u8::try_from(original.len()).ok()?;
    let text = [&[length], original, pseudo].concat();
    let mut sealed = *tag;
    Some(key.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(text), &mut sealed).is_ok())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The derived key, initialisation vector and header protection key, for tests against published values.
    pub(crate) fn derived(family: &Family, id: &[u8], from: Direction) -> Material {
        material(family, id, from).unwrap()
    }

    /// The example of RFC 9000 appendix A.3, and the ends of the range.
    #[test]
    fn truncated_numbers() {
        assert_eq!(full_number(0x9b32, 2, Some(0xa82f_30ea)), 0xa82f_9b32);
        assert_eq!(full_number(0, 1, None), 0);
        assert_eq!(full_number(2, 4, None), 2);
        assert_eq!(full_number(0xff, 1, Some(0x100)), 0xff);
        assert_eq!(full_number(0x00, 1, Some(0xff)), 0x100);
    }
}
