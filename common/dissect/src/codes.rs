//! Tables of functions: a code, the protocol's own name of it, what it does.

use picket_event::Operation;

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
