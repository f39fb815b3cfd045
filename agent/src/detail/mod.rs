//! Packets of one host, on request: what this host saw lately, kept in memory under a key of this run, and answers to the
//! collector's requests, sealed on disk until the collector has them.
//!
//! A [`Recorder`] copies each frame into a [`Block`] beside the sensor; a full block goes to the [`Keeper`], which seals it into
//! the [`Past`] and puts the packets of hosts that were asked for into their [`Answer`]. Answers travel in pieces over the
//! control stream, no faster than `detail.rate`, and outlive a restart of either side. Everything has a cap: the past by bytes and
//! age, an answer by bytes, answers by number, blocks on their way by number (what finds no room is counted).

mod answer;
mod block;
mod keeper;
mod past;
mod pcapng;
mod recorder;
mod request;

pub use answer::Answer;
pub use block::{BLOCK_BYTES, Block, Packets};
pub use keeper::{Keeper, Settings};
pub use past::Past;
pub use recorder::{Missed, Passed, Recorder, channel};

#[cfg(test)]
mod tests;
