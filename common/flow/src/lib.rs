//! The flow stage of the line.
#![forbid(unsafe_code)]
