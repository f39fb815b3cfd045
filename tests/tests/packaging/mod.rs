//! Units, packages, and what an installed program does and may do.

mod manager;
mod packages;
mod programs;
mod takeover;
mod units;
