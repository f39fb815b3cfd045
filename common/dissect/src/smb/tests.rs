//! Versions, and fields that point nowhere.

use super::parse::find;
use super::table::system;
use picket_event::body::Asset;
use proptest::prelude::*;

#[test]
fn versions_are_named() {
    assert_eq!(system(10, 0, 17_763), Some("Windows 10 1809 or Server 2019"));
    assert_eq!(system(10, 0, 19_045), Some("Windows 10"));
    assert_eq!(system(6, 1, 0), Some("Samba"));
    assert_eq!(system(6, 1, 7601), Some("Windows 7 or Server 2008 R2"));
    assert_eq!(system(99, 0, 1), None);
}

proptest! {
    #[test]
    fn f32_any_bytes_behind_the_signature(kind in 0u8..5, bytes: Vec<u8>) {
        let message = [b"xNTLMSSP\0", &[kind, 0, 0, 0][..], &bytes].concat();
        let mut asset = Asset::default();
        find(&message, &mut asset);
        prop_assert!(asset.names.len() <= 16);
    }
}
