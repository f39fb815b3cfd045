//! Frames (IEEE C37.118.2-2011 clause 6).

use super::table::{COMMAND, CONFIGURATION_1, CONFIGURATION_2, CONFIGURATION_3};
use crate::checksum;
use picket_reader::{Fault, Reader};

/// A frame without data: header and checksum.
const SHORTEST: usize = 16;
/// Stations that are named.
const STATIONS_MAX: usize = 16;

/// A frame whose checksum fits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) kind: u8,
    pub(crate) stream: u16,
    pub(crate) data: Reader<'a>,
}

/// The length of the frame at the start.
///
/// # Errors
/// [`Fault::Incomplete`] below [`HEAD`] bytes; [`Fault::Malformed`] where no frame begins so.
pub(crate) fn length(bytes: &[u8]) -> Result<usize, Fault> {
    let mut r = Reader::new(bytes);
    if r.u8("sync")? != 0xaa {
        return Err(Fault::Malformed("synchrophasor: no start of a frame"));
    }
    let kind = r.u8("kind")?;
    if kind >> 4 > CONFIGURATION_3 || !(1..=3).contains(&(kind & 15)) {
        return Err(Fault::Malformed("synchrophasor: kind of a frame"));
    }
    match usize::from(r.u16("length")?) {
        length @ SHORTEST.. => Ok(length),
        _ => Err(Fault::Malformed("synchrophasor: length out of range")),
    }
}

/// Reads a whole frame.
///
/// # Errors
/// [`Fault`] where its checksum does not fit.
pub(crate) fn frame(bytes: &[u8]) -> Result<Frame<'_>, Fault> {
    let mut r = Reader::new(bytes);
    let covered = r.take(bytes.len().saturating_sub(2), "frame")?;
    if checksum::ccitt(covered) != r.u16("checksum")? {
        return Err(Fault::Malformed("synchrophasor: checksum"));
    }
    let mut r = Reader::new(covered);
    r.u8("sync")?;
    let kind = r.u8("kind")? >> 4;
    r.skip(2, "length")?;
    let stream = r.u16("stream")?;
    r.skip(8, "time")?;
    Ok(Frame { kind, stream, data: r })
}

impl<'a> Frame<'a> {
    /// The command's code.
    pub(crate) fn command(&self) -> Option<u16> {
        let mut r = self.data;
        if self.kind == COMMAND { r.u16("command").ok() } else { None }
    }

    /// Names of the stations in a configuration, as far as they can be read.
    pub(crate) fn stations(&self) -> Vec<&'a [u8]> {
        let mut names = Vec::new();
        let mut r = self.data;
        // Damage ends the list.
        let _ = match self.kind {
            CONFIGURATION_1 | CONFIGURATION_2 => stations(&mut r, &mut names),
            CONFIGURATION_3 => first_station(&mut r, &mut names),
            _ => Ok(()),
        };
        names
    }
}

/// Stations of configuration 1 and 2 (table 9).
fn stations<'a>(r: &mut Reader<'a>, names: &mut Vec<&'a [u8]>) -> Result<(), Fault> {
    r.skip(4, "time base")?;
    for _ in 0..usize::from(r.u16("stations")?).min(STATIONS_MAX) {
        let name = r.take(16, "station")?;
        r.skip(4, "stream and format")?;
        let [phasors, analogs, digitals] = [r.u16("phasors")?, r.u16("analogs")?, r.u16("digitals")?].map(usize::from);
        r.skip(16 * (phasors + analogs + 16 * digitals), "names of channels")?;
        r.skip(4 * (phasors + analogs + digitals), "units of channels")?;
        r.skip(4, "frequency and changes")?;
        names.push(name);
    }
    Ok(())
}

/// The first station of configuration 3 (table 10).
fn first_station<'a>(r: &mut Reader<'a>, names: &mut Vec<&'a [u8]>) -> Result<(), Fault> {
    let part = r.u16("part")?;
    r.skip(6, "time base and stations")?;
    // Of several parts only the first begins with a station.
    if part <= 1 {
        names.push(r.vec8("station")?.rest());
    }
    Ok(())
}
