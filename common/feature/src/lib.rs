//! The feature stage of the line.
#![forbid(unsafe_code)]
