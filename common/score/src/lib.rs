//! The score stage of the line.
#![forbid(unsafe_code)]
