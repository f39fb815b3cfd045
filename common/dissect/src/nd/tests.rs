//! What is neighbour discovery by its shape, and what only looks a little like it.

use super::parse::looks;

#[test]
fn echoes_are_no_discovery() {
    let echo = b"\x00\x01\x00\x01abcdefghijklmnopqrstuvwabcdefghi";
    assert_eq!(looks(echo), Ok(None));
    assert_eq!(looks(&[0; 4]), Ok(None));
    assert_eq!(looks(&[0; 64]), Ok(None));
}

#[test]
fn the_four_messages_are_told_by_their_shape() {
    let target = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let address = [1, 1, 2, 2, 2, 2, 2, 2];
    let neighbour = [&[0; 4][..], &target].concat();
    assert_eq!(looks(&neighbour), Ok(Some(0.9)));
    assert_eq!(looks(&[&neighbour[..], &address].concat()), Ok(Some(0.9)));
    assert_eq!(looks(&[&[0; 4][..], &address].concat()), Ok(Some(0.9)));
    assert_eq!(looks(&[&[64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0][..], &address].concat()), Ok(Some(0.9)));
}
