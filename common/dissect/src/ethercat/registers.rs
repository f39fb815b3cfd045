//! Registers of a slave's controller (ETG.1000.4): who it is, and what is asked of it outside its mailbox.
//!
//! Process data and the everyday reading and setting up of registers are no events. Told is what no start of a network needs: the
//! state in which firmware is replaced, a reset of a controller, and writes to the memory that a slave takes its identity from.

use super::parse::Datagram;
use super::table::{self, READ_STATION, WRITE_BROADCAST, WRITE_STATION, WRITES_ALL};
use crate::Output;
use crate::codes::{Code, ics};
use crate::teller::{Message, text};
use picket_event::body::{Asset, Ics};
use picket_event::{MessageKind, Protocol};
use picket_reader::Reader;
use std::collections::BTreeMap;

/// Slaves of a conversation that are remembered; the lowest address is forgotten.
const SLAVES_MAX: usize = 64;

/// What is known of the slaves of a conversation.
#[derive(Debug, Default)]
pub(super) struct Registers {
    slaves: BTreeMap<u16, Slave>,
    /// Whom a reset was begun for, and how many of its bytes were written in order.
    reset: (u16, usize),
}

/// One slave, by its station address.
#[derive(Debug, Default)]
struct Slave {
    address: u16,
    /// The word of its memory that was asked for last.
    word: u16,
    identity: Identity,
    /// What was told of it.
    told: Identity,
    /// It was asked into BOOT, and nowhere else since.
    boots: bool,
}

/// Maker, product, revision and serial number, as far as they are known.
type Identity = [Option<u32>; table::IDENTITY_WORDS.len()];

impl Registers {
    pub(super) const LIMIT: usize = SLAVES_MAX * 2 * size_of::<(u16, Slave)>();

    /// Looks at a datagram that is no mailbox.
    pub(super) fn hear(&mut self, datagram: &Datagram<'_>, said: &Message<'_>, output: &mut Output) {
        if WRITES_ALL.contains(&datagram.command) {
            self.written(datagram, said, output);
        } else if datagram.command == READ_STATION && datagram.worked != 0 {
            self.read(datagram, said, output);
        }
    }

    /// A write is told on its way out.
    fn written(&mut self, datagram: &Datagram<'_>, said: &Message<'_>, output: &mut Output) {
        let mut r = Reader::new(datagram.data);
        let told = match datagram.place {
            table::AL_CONTROL => {
                let Ok(state) = r.u8("state") else { return };
                let boots = state & 15 == table::BOOT;
                self.asked(datagram, boots, said, output);
                boots.then(|| (table::STATE, "BOOT".to_owned()))
            }
            table::ESC_RESET if datagram.worked == 0 => {
                let resets = r.u8("key").is_ok_and(|key| self.resets(datagram.slave, key));
                resets.then(|| (table::RESET, String::new()))
            }
            table::SII_CONTROL => {
                let Ok(control) = r.u16_le("control") else { return };
                // Some masters write its low half alone, which reaches every word there is.
                let word = r.u16_le("word").ok();
                self.seek(datagram, word);
                let writes = control & table::SII_COMMANDS == table::SII_WRITE;
                writes.then(|| (table::STORE, word.map_or_else(String::new, |word| format!("SII word 0x{word:04x}"))))
            }
            table::SII_ADDRESS => {
                self.seek(datagram, r.u16_le("word").ok());
                None
            }
            _ => None,
        };
        if let Some((code, object)) = told.filter(|_| datagram.worked == 0) {
            output.ics(event(code, datagram, object));
        }
    }

    /// A state is asked for: what is known of a slave by then is what its start has read of it.
    fn asked(&mut self, datagram: &Datagram<'_>, boots: bool, said: &Message<'_>, output: &mut Output) {
        if datagram.command == WRITE_STATION {
            let slave = self.slave(datagram.slave);
            slave.boots = boots;
            slave.tell(said, output);
        } else if datagram.command == WRITE_BROADCAST {
            for slave in self.slaves.values_mut() {
                slave.boots = boots;
                slave.tell(said, output);
            }
        }
    }

    /// Whether a slave was asked into the state in which its firmware is replaced.
    pub(super) fn boots(&self, slave: u16) -> bool {
        self.slaves.get(&slave).is_some_and(|slave| slave.boots)
    }

    fn seek(&mut self, datagram: &Datagram<'_>, word: Option<u16>) {
        if let (WRITE_STATION, Some(word)) = (datagram.command, word) {
            self.slave(datagram.slave).word = word;
        }
    }

    /// Whether a byte completes a reset: three in order for one slave, each in a frame of its own.
    fn resets(&mut self, slave: u16, key: u8) -> bool {
        let before = if self.reset.0 == slave { self.reset.1 } else { 0 };
        let follows = table::RESET_KEYS.get(before) == Some(&key);
        let now = if follows { before + 1 } else { usize::from(table::RESET_KEYS.first() == Some(&key)) };
        let whole = now == table::RESET_KEYS.len();
        self.reset = (slave, if whole { 0 } else { now });
        whole
    }

    /// What stands in a slave's memory.
    fn read(&mut self, datagram: &Datagram<'_>, said: &Message<'_>, output: &mut Output) {
        let held = match datagram.place {
            table::SII_DATA => datagram.data,
            table::SII_CONTROL if is_ready(datagram.data) => datagram.data.get(6..).unwrap_or_default(),
            _ => return,
        };
        let slave = self.slave(datagram.slave);
        let word = slave.word;
        let number = |wanted: u16| {
            let at = usize::from(wanted.checked_sub(word)?).checked_mul(2)?;
            held.get(at..)?.first_chunk().copied().map(u32::from_le_bytes)
        };
        slave.learn(table::IDENTITY_WORDS.map(number), said, output);
    }

    /// What an object of a slave holds.
    pub(super) fn object(
        &mut self,
        (address, (index, sub)): (u16, (u16, u8)),
        data: &[u8],
        said: &Message<'_>,
        output: &mut Output,
    ) {
        let slave = self.slave(address);
        if index == table::IDENTITY {
            let mut identity = Identity::default();
            if let Some(part) = usize::from(sub).checked_sub(1).and_then(|at| identity.get_mut(at)) {
                *part = data.first_chunk().copied().map(u32::from_le_bytes);
            }
            slave.learn(identity, said, output);
            return;
        }
        slave.tell(said, output);
        let what = table::NAMES.iter().find(|(known, _)| (*known, 0) == (index, sub));
        if let Some((what, name)) = what.and_then(|(_, what)| Some((what, text(data)?))) {
            tell(format!("slave {address}: {what}{name}"), said, output);
        }
    }

    fn slave(&mut self, address: u16) -> &mut Slave {
        if self.slaves.len() >= SLAVES_MAX && !self.slaves.contains_key(&address) {
            self.slaves.pop_first();
        }
        self.slaves.entry(address).or_insert(Slave { address, ..Slave::default() })
    }
}

impl Slave {
    /// Notes what was read; tells of it once it is whole.
    fn learn(&mut self, read: Identity, said: &Message<'_>, output: &mut Output) {
        for (known, read) in self.identity.iter_mut().zip(read) {
            *known = read.or(*known);
        }
        if self.identity.iter().all(Option::is_some) {
            self.tell(said, output);
        }
    }

    /// Tells of what is known, where that is enough and new. One name holds it all: a master has room for few.
    fn tell(&mut self, said: &Message<'_>, output: &mut Output) {
        // Memory that was never written.
        let real = |number: &u32| !matches!(*number, 0 | u32::MAX);
        let [vendor, product, revision, serial] = self.identity.map(|number| number.filter(real));
        let (Some(vendor), Some(product)) = (vendor, product) else { return };
        if self.told == self.identity {
            return;
        }
        self.told = self.identity;
        let known = table::VENDORS.iter().find(|(number, _)| *number == vendor);
        let maker = known.map_or_else(|| format!("EtherCAT vendor 0x{vendor:x}"), |(_, name)| (*name).to_owned());
        let revision = revision.map_or_else(String::new, |number| format!(", revision 0x{number:08x}"));
        let serial = serial.map_or_else(String::new, |number| format!(", serial {number}"));
        tell(format!("slave {}: {maker}, product 0x{product:08x}{revision}{serial}", self.address), said, output);
    }
}

/// Whether status, word and data in one read hold the data already, or no error in place of it.
fn is_ready(status: &[u8]) -> bool {
    Reader::new(status).u16_le("status").is_ok_and(|status| status & table::SII_UNREADY == 0)
}

/// Slaves have no address outside their network: they are told where their frames come back from.
fn tell(name: String, said: &Message<'_>, output: &mut Output) {
    output.asset(Asset {
        names: vec![name],
        roles: vec!["server".to_owned()],
        purdue_level: Some(1),
        source: Protocol::ETHERCAT.name().to_owned(),
        ..said.about()
    });
}

fn event(code: Code, datagram: &Datagram<'_>, object: String) -> Ics {
    let unit = (datagram.command == WRITE_STATION).then(|| datagram.slave.into());
    let object = if object.is_empty() { None } else { Some(object.into()) };
    Ics { unit, object, ..ics(Protocol::ETHERCAT, code, MessageKind::Request) }
}
