//! Messages of GOOSE by their tags (IEC 61850-8-1 annex A).

use picket_event::Operation;

/// One message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message {
    /// Its tag of BER: an application's, constructed.
    pub(crate) tag: u8,
    /// The number in the tag, which is what stands for a function.
    pub(crate) code: u32,
    pub(crate) name: &'static str,
    pub(crate) operation: Operation,
}

/// Both messages there are.
pub(crate) const MESSAGES: &[Message] = &[
    Message { tag: 0x61, code: 1, name: "goosePdu", operation: Operation::Report },
    Message { tag: 0x62, code: 2, name: "gseMngtPdu", operation: Operation::Report },
];

/// The message of a tag.
pub(crate) fn message(tag: u8) -> Option<Message> {
    MESSAGES.iter().find(|known| known.tag == tag).copied()
}
