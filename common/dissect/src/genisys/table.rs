//! Control characters that begin messages.

use picket_event::{MessageKind, Operation};

/// One message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message {
    pub(crate) code: u8,
    pub(crate) name: &'static str,
    pub(crate) operation: Operation,
    pub(crate) kind: MessageKind,
}

const fn ask(code: u8, name: &'static str, operation: Operation) -> Message {
    Message { code, name, operation, kind: MessageKind::Request }
}

const fn answer(code: u8, name: &'static str, operation: Operation) -> Message {
    Message { code, name, operation, kind: MessageKind::Response }
}

/// The office asks, the field answers.
const MESSAGES: &[Message] = &[
    answer(ACKNOWLEDGE, "Acknowledge", Operation::Session),
    answer(0xf2, "Indication data", Operation::Report),
    answer(0xf3, "Control data checkback", Operation::Select),
    ask(0xf9, "Common control data", Operation::Control),
    ask(0xfa, "Acknowledge indication and poll", Operation::Session),
    ask(POLL, "Poll", Operation::Read),
    ask(0xfc, "Control data", Operation::Select),
    ask(0xfd, "Recall", Operation::Read),
    ask(0xfe, "Execute controls", Operation::Control),
];

/// A message without data and checksum.
pub(crate) const ACKNOWLEDGE: u8 = 0xf1;
/// A message that may do without a checksum.
pub(crate) const POLL: u8 = 0xfb;

/// The message of a control character.
pub(crate) fn message(code: u8) -> Option<Message> {
    MESSAGES.iter().find(|known| known.code == code).copied()
}
