//! The engine: entities, baselines, findings, risk. Pure: no I/O, no clock, no threads.
#![forbid(unsafe_code)]
