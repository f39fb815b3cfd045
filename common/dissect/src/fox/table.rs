//! Commands: known ones by name, others by the word they begin with.

use picket_event::Operation;

/// Commands of the channel `fox`, and the words that other channels' commands begin with.
const COMMANDS: &[(&str, Operation)] = &[
    ("hello", Operation::Identify),
    ("challenge", Operation::Session),
    ("login", Operation::Session),
    ("authenticate", Operation::Session),
    ("rejected", Operation::Session),
    ("keepalive", Operation::Session),
    ("goodbye", Operation::Session),
    ("open", Operation::Session),
    ("close", Operation::Session),
    ("read", Operation::Read),
    ("load", Operation::Read),
    ("write", Operation::Write),
    ("set", Operation::Write),
    ("invoke", Operation::Control),
    ("subscribe", Operation::Subscribe),
    ("unsubscribe", Operation::Subscribe),
];

/// What a command does.
pub(crate) fn operation(command: &str) -> Operation {
    let begins = |known: &str| command.get(..known.len()).is_some_and(|start| start.eq_ignore_ascii_case(known));
    COMMANDS.iter().find(|(known, _)| begins(known)).map_or(Operation::Other, |(_, operation)| *operation)
}
