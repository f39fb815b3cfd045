//! The collector's durable log on a simulated disk.

use picket_collector::store::{AcceptedFrame, Position};
use picket_event::AgentId;
use picket_event::wire::Decoder;
use picket_event::{Body, Event};
use picket_tests::disk::Disk;
use std::collections::BTreeMap;
use std::io::Result;

/// One stored event: agent, epoch, sequence, and what it says.
pub(super) type Row = (AgentId, u64, u64, String);

/// What the collector keeps over its crashes: frames and positions, all of a commit or nothing.
pub(super) trait Log {
    /// Opens it as a start does.
    fn reopen(&mut self) -> Result<()>;
    /// Makes them durable; nothing counts as durable after an error.
    fn commit(&mut self, frames: &[AcceptedFrame], positions: &[Position]) -> Result<()>;
    /// Highest durable sequence.
    fn acknowledged(&mut self, agent: &AgentId, epoch: u64) -> Result<u64>;
    /// Every event.
    fn rows(&mut self) -> Result<Vec<Row>>;
}

/// A log of plain records: length, check sum, positions and frames.
pub(super) struct Plain {
    disk: Disk,
    file: u64,
    end: u64,
    positions: BTreeMap<(String, u64), u64>,
    frames: Vec<(String, u64, Vec<u8>)>,
}

type Record = (Vec<(String, u64, u64)>, Vec<(String, u64, Vec<u8>)>);

impl Plain {
    pub(super) fn new(disk: &Disk) -> Self {
        Self { disk: disk.clone(), file: 0, end: 0, positions: BTreeMap::new(), frames: Vec::new() }
    }

    fn write(&self, at: u64, bytes: &[u8]) -> Result<()> {
        let mut written = 0;
        while written < bytes.len() {
            written += self.disk.write(self.file, at + written as u64, &bytes[written..])?;
        }
        Ok(())
    }

    fn take(&mut self, (positions, frames): Record) {
        for (agent, epoch, acknowledged) in positions {
            self.positions.insert((agent, epoch), acknowledged);
        }
        self.frames.extend(frames);
    }
}

fn record(bytes: &[u8]) -> Option<(Record, usize)> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    let body = rest.get(..u32::from_le_bytes(*length) as usize)?;
    let good = !body.is_empty() && crc32c::crc32c(body) == u32::from_le_bytes(*sum);
    let record = if good { serde_json::from_slice(body).ok()? } else { return None };
    Some((record, 8 + body.len()))
}

impl Log for Plain {
    fn reopen(&mut self) -> Result<()> {
        let file = self.disk.find("log").or_else(|_| self.disk.create("log"))?;
        self.disk.sync_names()?;
        *self = Self { file, ..Self::new(&self.disk) };
        let bytes = self.disk.read(file, 0, usize::MAX)?;
        while let Some((record, length)) = bytes.get(self.end as usize..).and_then(record) {
            self.end += length as u64;
            self.take(record);
        }
        // What a killed collector had not flushed counts from now on. Written again, since a flush that failed before may have
        // left it in the cache alone, where no later flush looks.
        self.disk.cut(file, self.end)?;
        self.write(0, &bytes[..self.end as usize])?;
        self.disk.sync(file)
    }

    fn commit(&mut self, frames: &[AcceptedFrame], positions: &[Position]) -> Result<()> {
        let position = |p: &Position| (p.agent.as_str().to_owned(), p.epoch, p.acknowledged);
        let frame = |f: &AcceptedFrame| (f.agent.as_str().to_owned(), f.epoch, f.bytes.clone());
        let record: Record = (positions.iter().map(position).collect(), frames.iter().map(frame).collect());
        let body = serde_json::to_vec(&record)?;
        let mut bytes = (body.len() as u32).to_le_bytes().to_vec();
        bytes.extend(crc32c::crc32c(&body).to_le_bytes());
        bytes.extend(body);
        self.disk.cut(self.file, self.end)?;
        self.write(self.end, &bytes)?;
        self.disk.sync(self.file)?;
        self.end += bytes.len() as u64;
        self.take(record);
        Ok(())
    }

    fn acknowledged(&mut self, agent: &AgentId, epoch: u64) -> Result<u64> {
        Ok(self.positions.get(&(agent.as_str().to_owned(), epoch)).copied().unwrap_or(0))
    }

    fn rows(&mut self) -> Result<Vec<Row>> {
        let mut decoder = Decoder::new().unwrap();
        let mut rows = Vec::new();
        for (agent, epoch, bytes) in &self.frames {
            for (sequence, event) in decoder.events(bytes).unwrap().events {
                rows.push((AgentId::new(agent), *epoch, sequence, said(&event)));
            }
        }
        Ok(rows)
    }
}

/// What an event of the simulation says.
pub(super) fn said(event: &Event) -> String {
    match &event.body {
        Body::Anomaly(anomaly) => anomaly.detail.clone(),
        other => panic!("{other:?}"),
    }
}
