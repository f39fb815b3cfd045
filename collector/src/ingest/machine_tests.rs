//! Order, duplicates, commits and aborts.
