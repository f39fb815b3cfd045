//! The connection to the collector.
