//! Files that people bring: a site's descriptions of protocols, and bundles of models.

use picket_agent::cli::describe;
use picket_dissect::infer::{Talk, infer, infer_all, split};
use picket_event::{Direction, Timestamp, Transport};
use picket_score::{Bundle, Manifest, Trust, bundle::seal};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use std::sync::LazyLock;

/// A description, and messages that it is held against; what their format is without it. Input: the text with its length
/// before it, then pieces, each with a length.
pub(super) fn description(data: &[u8]) {
    let mut rest = data;
    let Some(text) = super::take(&mut rest) else { return };
    let described = std::str::from_utf8(text).map_err(|error| error.to_string()).and_then(describe);
    let mut talk = Talk::default();
    let mut time = 0;
    while let Some(piece) = super::take(&mut rest) {
        time += 1_000_000 + piece.len() as i64;
        let direction = if talk.len() % 2 == 0 { Direction::ToServer } else { Direction::ToClient };
        talk.push(direction, piece, Timestamp::from_nanos(time));
    }
    if let Ok(site) = described {
        for piece in talk.pieces() {
            let whole = site.fits(&piece);
            let messages = split(site.length.as_ref(), piece);
            let length: usize = messages.iter().map(|message| message.length).sum();
            assert!(!messages.is_empty() && length <= piece.length, "{whole} {messages:?}");
        }
    }
    for transport in [Transport::TCP, Transport::UDP] {
        let alone = infer(transport, &talk);
        let together = infer_all(transport, &[&talk, &talk]);
        assert!(alone.iter().chain(&together).all(|format| (0.0..=1.0).contains(&format.confidence.get())));
    }
}

static KEY: LazyLock<Ed25519KeyPair> = LazyLock::new(|| Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a key"));

/// A bundle as it lies on disk, or a manifest and its numbers as somebody who is trusted has signed them. Input: a choice, then
/// the file, or the manifest with its length before it and the numbers.
pub(super) fn bundle(data: &[u8]) {
    let Some((choice, mut rest)) = data.split_first() else { return };
    let trusted: [u8; 32] = KEY.public_key().as_ref().try_into().expect("32 bytes");
    let trust = Trust { keys: vec![trusted], ..Trust::default() };
    if choice & 1 == 0 {
        let _ = Bundle::load(rest, &trust);
        return;
    }
    let Some(text) = super::take(&mut rest) else { return };
    let Ok(manifest) = serde_json::from_slice::<Manifest>(text) else { return };
    let _ = Bundle::unsealed(manifest.clone(), rest);
    if let Ok(file) = seal(&manifest, rest, LazyLock::force(&KEY)) {
        let _ = Bundle::load(&file, &trust);
    }
}
