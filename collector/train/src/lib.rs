//! Training of models. Pure: no I/O, no clock, no threads.
#![forbid(unsafe_code)]
