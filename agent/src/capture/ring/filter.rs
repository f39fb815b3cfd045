//! Filter programs for packet sockets, made from what libpcap compiled.
#![cfg_attr(not(feature = "libpcap"), allow(dead_code, reason = "without libpcap nothing compiles filters"))]

use super::sys::Instruction;
#[cfg(feature = "libpcap")]
use pcap::BpfProgram;
use serde::{Deserialize, Serialize};

/// Classic BPF (linux/filter.h): class, mode, and the sources that matter here.
const CLASS: u16 = 0x07;
const LOAD: u16 = 0x00;
const LOAD_INDEX: u16 = 0x01;
const RETURN: u16 = 0x06;
const RETURN_SOURCE: u16 = 0x18;
const RETURN_CONSTANT: u16 = 0x00;
const MODE: u16 = 0xe0;
const ABSOLUTE: u16 = 0x20;
const INDIRECT: u16 = 0x40;
const HEADER_LENGTH: u16 = 0xa0;
/// What the kernel offers besides the frame's bytes, at negative offsets.
const ANCILLARY: u32 = -0x1000i32 as u32;
const ANCILLARY_PROTOCOL: u32 = ANCILLARY;
const ANCILLARY_KIND: u32 = ANCILLARY + 4;
/// Bytes of the header that libpcap imagines before cooked frames (LINKTYPE_LINUX_SLL).
const COOKED_HEADER: u32 = 16;
const COOKED_PROTOCOL_AT: u32 = 14;

/// A program that says how many bytes of a frame are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::capture) struct Program(Vec<Instruction>);

impl Program {
    /// Keeps so many bytes of every frame.
    pub(super) fn everything(snap: u32) -> Self {
        Self(vec![(RETURN | RETURN_CONSTANT, 0, 0, snap)])
    }

    /// Keeps nothing, and counts nothing as dropped.
    pub(super) fn nothing() -> Self {
        Self::everything(0)
    }

    /// What libpcap made of a filter; what passes is cut to `snap` bytes. `None` where an instruction cannot be read.
    #[cfg(feature = "libpcap")]
    pub(super) fn compiled(program: &BpfProgram, snap: u32) -> Option<Self> {
        // The crate shows instructions only as text.
        let read = |text: String| -> Option<Instruction> {
            let mut numbers = text.split(' ');
            let code = numbers.next()?.parse().ok()?;
            let (jt, jf) = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
            Some((code, jt, jf, numbers.next()?.parse().ok()?))
        };
        let instructions =
            program.get_instructions().iter().map(|i| read(i.to_string())).collect::<Option<Vec<_>>>()?;
        Some(Self(instructions).cut_to(snap))
    }

    fn cut_to(mut self, snap: u32) -> Self {
        for (code, _, _, k) in &mut self.0 {
            if *code & CLASS == RETURN && *code & RETURN_SOURCE == RETURN_CONSTANT && *k != 0 {
                *k = snap;
            }
        }
        self
    }

    /// For a socket whose frames come without the header that libpcap imagines before them. `None` where the
    /// program looks at a field of that header which the kernel does not offer.
    pub(super) fn cooked(mut self) -> Option<Self> {
        for (code, _, _, k) in &mut self.0 {
            let loads = matches!(*code & CLASS, LOAD | LOAD_INDEX);
            if !loads || !matches!(*code & MODE, ABSOLUTE | INDIRECT | HEADER_LENGTH) || *k >= 1 << 31 {
                continue;
            }
            *k = match *k {
                COOKED_HEADER.. => *k - COOKED_HEADER,
                COOKED_PROTOCOL_AT => ANCILLARY_PROTOCOL,
                0 => ANCILLARY_KIND,
                _ => return None,
            };
        }
        Some(self)
    }

    /// The instructions.
    pub(super) fn instructions(&self) -> &[Instruction] {
        &self.0
    }
}

#[cfg(test)]
#[cfg(feature = "libpcap")]
mod tests {
    use super::*;
    use pcap::{Capture, Linktype};

    fn program(link: i32, filter: &str) -> Program {
        let compiled = Capture::dead(Linktype(link)).unwrap().compile(filter, true).unwrap();
        Program::compiled(&compiled, 96).unwrap()
    }

    #[test]
    fn what_passes_is_cut_to_the_snap_length() {
        let program = program(1, "udp port 53");
        let returns: Vec<u32> = program.instructions().iter().filter(|i| i.0 & CLASS == RETURN).map(|i| i.3).collect();
        assert_eq!(returns, [96, 0], "{program:?}");
        assert_eq!(program.instructions()[0], (0x28, 0, 0, 12), "the ethertype is loaded first");
    }

    #[test]
    fn cooked_programs_ask_the_kernel_for_what_no_header_says() {
        let plain = program(113, "ip proto 17");
        let cooked = plain.clone().cooked().unwrap();
        assert_eq!(plain.instructions()[0], (0x28, 0, 0, 14));
        assert_eq!(cooked.instructions()[0], (0x28, 0, 0, ANCILLARY_PROTOCOL));
        let (before, after) = (plain.instructions()[2], cooked.instructions()[2]);
        assert_eq!((before.3, after.3), (16 + 9, 9), "the address header is gone");
        assert_eq!(program(113, "link[2:2] = 1").cooked(), None, "the hardware type is nowhere to be had");
    }
}
