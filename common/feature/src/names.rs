//! `names/1`: what a server name or a DNS query looks like.
//!
//! The public suffix is approximated, without a list of suffixes: it is the last label, and the last two where the last is a
//! country's (two letters) and the one before it is a word registries use for their second level ([`SECOND_LEVEL`]).
//! The registrable name is one label more. So `bbc.co.uk` is registrable, and so is `example.github.io`'s parent.

use crate::schema::flag;

/// Buckets of the pairs of characters.
const PAIRS: usize = 64;
/// Buckets of the triples of characters.
const TRIPLES: usize = 128;
/// Bytes of a name that are read; a name on the wire has at most 253.
const NAME_MAX: usize = 255;

/// Second-level labels under which registries of countries register names.
const SECOND_LEVEL: &[&str] = &[
    "ac", "co", "com", "ed", "edu", "firm", "gen", "go", "gob", "gouv", "gov", "gv", "id", "ind", "info", "ltd", "me",
    "mil", "ne", "net", "nhs", "nic", "nom", "or", "org", "plc", "res", "sch", "web",
];

/// Columns before the buckets: name, unit, meaning.
pub(crate) const COLUMNS: &[(&str, &str, &str)] = &[
    ("name_length", "bytes", "length of the name"),
    ("name_labels", "count", "labels"),
    ("name_longest_label", "bytes", "length of the longest label"),
    ("name_suffix_labels", "count", "labels of the public suffix, approximated"),
    ("name_suffix_length", "bytes", "length of the public suffix"),
    ("name_registrable_length", "bytes", "length of the label before the suffix"),
    ("name_subdomain_labels", "count", "labels before the registrable one"),
    ("name_subdomain_length", "bytes", "their length"),
    ("name_digits", "0..1", "share of digits"),
    ("name_hyphens", "0..1", "share of hyphens"),
    ("name_vowels", "0..1", "share of vowels among the letters"),
    ("name_distinct", "0..1", "different characters over all"),
    ("name_entropy", "bits/byte", "Shannon entropy of the characters"),
    ("name_registrable_entropy", "bits/byte", "the same of the label before the suffix"),
    ("name_longest_consonants", "count", "longest run of consonants"),
    ("name_longest_digits", "count", "longest run of digits"),
    ("name_hexadecimal", "0..1", "share of hexadecimal digits in the longest label"),
    ("name_changes", "0..1", "changes between letter and digit over characters"),
    ("name_punycode", "flag", "a label begins with xn--"),
    ("name_numeric", "flag", "digits and dots, or colons, alone"),
];

/// Features of `names/1`.
pub(crate) const LEN: usize = COLUMNS.len() + PAIRS + TRIPLES;

/// Names of the buckets: shares of hashed pairs and triples of characters, of the name without its suffix.
pub(crate) fn bucket_names() -> impl Iterator<Item = String> {
    let pairs = (0..PAIRS).map(|bucket| format!("name_pair_{bucket:02x}"));
    pairs.chain((0..TRIPLES).map(|bucket| format!("name_triple_{bucket:02x}")))
}

/// Appends `names/1` of a name; all absent without one.
pub fn extract(name: Option<&str>, into: &mut Vec<f32>) {
    let Some(name) = name.map(|name| name.trim_end_matches('.')).filter(|name| !name.is_empty()) else {
        into.extend(std::iter::repeat_n(f32::NAN, LEN));
        return;
    };
    let lower = name.bytes().take(NAME_MAX).map(|byte| byte.to_ascii_lowercase()).collect::<Vec<u8>>();
    let parts = Parts::of(&lower);
    let share = |count: usize| count as f32 / lower.len() as f32;
    let count = |is: fn(u8) -> bool| lower.iter().filter(|byte| is(**byte)).count();
    let letters = count(|byte| byte.is_ascii_lowercase());
    let longest = parts.longest;
    let hex = longest.iter().filter(|byte| byte.is_ascii_hexdigit()).count();
    let changes = lower.windows(2).filter(|pair| match pair {
        [a, b] => a.is_ascii_digit() && b.is_ascii_lowercase() || a.is_ascii_lowercase() && b.is_ascii_digit(),
        _ => false,
    });
    let address = lower.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.') || lower.contains(&b':');
    into.extend_from_slice(&[
        lower.len() as f32,
        parts.labels as f32,
        longest.len() as f32,
        parts.suffix_labels as f32,
        parts.suffix_length as f32,
        parts.registrable.len() as f32,
        parts.subdomain_labels as f32,
        parts.subdomain_length as f32,
        share(count(|byte| byte.is_ascii_digit())),
        share(count(|byte| byte == b'-')),
        count(is_vowel) as f32 / letters.max(1) as f32,
        share(distinct(&lower)),
        entropy(&lower),
        entropy(parts.registrable),
        longest_run(&lower, |byte| byte.is_ascii_lowercase() && !is_vowel(byte)) as f32,
        longest_run(&lower, |byte| byte.is_ascii_digit()) as f32,
        hex as f32 / longest.len().max(1) as f32,
        share(changes.count()),
        flag(lower.split(|byte| *byte == b'.').any(|label| label.starts_with(b"xn--"))),
        flag(address),
    ]);
    let body = lower.get(..lower.len() - parts.suffix_length).unwrap_or_default();
    grams(body, 2, PAIRS, into);
    grams(body, 3, TRIPLES, into);
}

/// A name's labels, by the rule of the module.
struct Parts<'a> {
    labels: usize,
    longest: &'a [u8],
    suffix_labels: usize,
    suffix_length: usize,
    registrable: &'a [u8],
    subdomain_labels: usize,
    subdomain_length: usize,
}

impl<'a> Parts<'a> {
    fn of(name: &'a [u8]) -> Self {
        let labels: Vec<&[u8]> = name.split(|byte| *byte == b'.').collect();
        let from_end =
            |n: usize| labels.len().checked_sub(n).and_then(|at| labels.get(at)).copied().unwrap_or_default();
        let country = from_end(1).len() == 2 && from_end(1).iter().all(u8::is_ascii_lowercase);
        let second = country && labels.len() > 2 && SECOND_LEVEL.iter().any(|word| word.as_bytes() == from_end(2));
        let suffix_labels = if labels.len() < 2 { 0 } else { 1 + usize::from(second) };
        let suffix_length = (1..=suffix_labels).map(|n| from_end(n).len() + 1).sum::<usize>();
        let before = labels.len().saturating_sub(suffix_labels + 1);
        let subdomain = labels.get(..before).unwrap_or_default();
        Self {
            labels: labels.len(),
            longest: labels.iter().copied().max_by_key(|label| label.len()).unwrap_or_default(),
            suffix_labels,
            suffix_length,
            registrable: from_end(suffix_labels + 1),
            subdomain_labels: subdomain.len(),
            subdomain_length: subdomain.iter().map(|label| label.len() + 1).sum::<usize>().saturating_sub(1),
        }
    }
}

const fn is_vowel(byte: u8) -> bool {
    matches!(byte, b'a' | b'e' | b'i' | b'o' | b'u')
}

fn longest_run(bytes: &[u8], is: fn(u8) -> bool) -> usize {
    bytes.split(|byte| !is(*byte)).map(<[u8]>::len).max().unwrap_or(0)
}

fn distinct(bytes: &[u8]) -> usize {
    let mut sorted = bytes.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    sorted.len()
}

/// Bits a byte; 0 of nothing.
pub(crate) fn entropy(bytes: &[u8]) -> f32 {
    let mut counts = [0u16; 256];
    for byte in bytes {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count = count.saturating_add(1);
        }
    }
    let n = bytes.len().max(1) as f32;
    counts.iter().filter(|count| **count > 0).map(|count| f32::from(*count) / n).map(|p| -p * p.log2()).sum()
}

/// Shares of the hashed runs of `size` characters; FNV-1a, folded to the buckets.
fn grams(bytes: &[u8], size: usize, buckets: usize, into: &mut Vec<f32>) {
    let start = into.len();
    into.resize(start + buckets, 0.0);
    let Some(slots) = into.get_mut(start..) else { return };
    let count = (bytes.len() + 1).saturating_sub(size).max(1) as f32;
    for gram in bytes.windows(size) {
        let hash = gram.iter().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
        if let Some(slot) = slots.get_mut((hash ^ hash >> 16) as usize % buckets) {
            *slot += 1.0 / count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Vec<f32> {
        let mut vector = Vec::new();
        extract(Some(name), &mut vector);
        vector
    }

    fn named(vector: &[f32], name: &str) -> f32 {
        vector[COLUMNS.iter().position(|(known, _, _)| *known == name).unwrap()]
    }

    #[test]
    fn suffixes_by_the_rule() {
        for (name, suffix, registrable, below) in [
            ("www.bbc.co.uk", 5, 3, 1),
            ("a.b.example.com", 3, 7, 2),
            ("co.uk", 2, 2, 0),
            ("localhost", 0, 9, 0),
            ("x.com.example.org.", 3, 7, 2),
        ] {
            let vector = of(name);
            let found = ["name_suffix_length", "name_registrable_length", "name_subdomain_labels"]
                .map(|column| named(&vector, column) as usize);
            assert_eq!(found, [suffix + usize::from(suffix > 0), registrable, below], "{name}");
        }
    }

    #[test]
    fn shape_by_hand() {
        let vector = of("xj4k2qqz9.example.com");
        assert_eq!(vector.len(), LEN);
        assert!((named(&vector, "name_digits") - 3.0 / 21.0).abs() < 1e-6);
        assert_eq!(named(&vector, "name_longest_consonants"), 3.0);
        assert_eq!(named(&vector, "name_labels"), 3.0);
        let pairs: f32 = vector[COLUMNS.len()..COLUMNS.len() + PAIRS].iter().sum();
        assert!((pairs - 1.0).abs() < 1e-4);
        assert_eq!(named(&of("10.0.0.1"), "name_numeric"), 1.0);
        assert_eq!(named(&of("xn--bcher-kva.example"), "name_punycode"), 1.0);
    }

    #[test]
    fn case_and_final_dot_mean_nothing() {
        assert_eq!(of("WWW.Example.COM."), of("www.example.com"));
        let mut vector = Vec::new();
        extract(None, &mut vector);
        extract(Some("."), &mut vector);
        assert!(vector.len() == 2 * LEN && vector.iter().all(|value| value.is_nan()));
    }
}
