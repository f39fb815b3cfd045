//! SipHash-1-3 over whole words (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012): one is made for every
//! packet, of two words where the addresses are IPv4.

/// The hash of the words' bytes, least significant first. Up to 31 words.
#[inline]
pub(crate) fn hash<const N: usize>([first, second]: [u64; 2], words: [u64; N]) -> u64 {
    let mut state = [
        first ^ 0x736f_6d65_7073_6575,
        second ^ 0x646f_7261_6e64_6f6d,
        first ^ 0x6c79_6765_6e65_7261,
        second ^ 0x7465_6462_7974_6573,
    ];
    // Behind the words goes their length in bytes, modulo 256, in the highest byte.
    for word in words.into_iter().chain([(N as u64 * 8) << 56]) {
        let [a, b, c, d] = state;
        let [a, b, c, d] = round([a, b, c, d ^ word]);
        state = [a ^ word, b, c, d];
    }
    let [a, b, c, d] = state;
    let [a, b, c, d] = round(round(round([a, b, c ^ 0xff, d])));
    a ^ b ^ c ^ d
}

#[inline]
const fn round([mut a, mut b, mut c, mut d]: [u64; 4]) -> [u64; 4] {
    a = a.wrapping_add(b);
    c = c.wrapping_add(d);
    b = b.rotate_left(13) ^ a;
    d = d.rotate_left(16) ^ c;
    a = a.rotate_left(32).wrapping_add(d);
    c = c.wrapping_add(b);
    d = d.rotate_left(21) ^ a;
    b = b.rotate_left(17) ^ c;
    c = c.rotate_left(32);
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::hash;
    use proptest::prelude::*;
    use siphasher::sip::SipHasher13;

    proptest! {
        #[test]
        fn is_siphash(first: u64, second: u64, words: [u64; 5]) {
            let hasher = SipHasher13::new_with_keys(first, second);
            let [a, b, ..] = words;
            prop_assert_eq!(hash([first, second], words), hasher.hash(words.map(u64::to_le_bytes).as_flattened()));
            prop_assert_eq!(hash([first, second], [a, b]), hasher.hash([a, b].map(u64::to_le_bytes).as_flattened()));
        }
    }
}
