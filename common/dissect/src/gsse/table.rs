//! What a message of GSSE does.

use picket_event::Operation;

/// Every message is a report.
pub(crate) const REPORT: Operation = Operation::Report;
/// The one name there is.
pub(crate) const NAME: &str = "GSSE";
