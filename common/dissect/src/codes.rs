//! Tables of functions: a code, the protocol's own name of it, what it does; and messages made of their rows.

use picket_event::body::Ics;
use picket_event::{MessageKind, Operation, Protocol};

/// A function of a protocol; the code in the width that the protocol gives it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Code<N = u32> {
    pub(crate) code: N,
    pub(crate) name: &'static str,
    pub(crate) operation: Operation,
}

/// One row of a table of functions.
pub(crate) const fn code<N: Copy>(code: N, name: &'static str, operation: Operation) -> Code<N> {
    Code { code, name, operation }
}

/// The row of a code; one nobody knows has no name and does something else.
pub(crate) fn find<N: Copy + PartialEq>(table: &[Code<N>], wanted: N) -> Code<N> {
    table.iter().find(|row| row.code == wanted).copied().unwrap_or(code(wanted, "", Operation::Other))
}

/// The name of a number in a table of names; empty where nobody knows it.
pub(crate) fn name(table: &[(u32, &'static str)], wanted: u32) -> &'static str {
    table.iter().find(|(number, _)| *number == wanted).map_or("", |(_, name)| name)
}

/// A message of which no more than its function is known.
pub(crate) fn ics(protocol: Protocol, code: Code, kind: MessageKind) -> Ics {
    Ics::new(protocol, code.operation, kind, code.code, code.name)
}

/// First and last of `count` places from `start` on; none where there are none or they reach too far.
pub(crate) fn range(start: u32, count: u32) -> Option<(u32, u32)> {
    Some((start, start.checked_add(count.checked_sub(1)?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_do_not_wrap() {
        assert_eq!((range(7, 2), range(7, 0), range(u32::MAX, 2)), (Some((7, 8)), None, None));
    }
}
