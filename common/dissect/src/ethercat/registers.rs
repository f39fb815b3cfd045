//! Registers of a slave's controller (ETG.1000.4): who it is, and what is asked of it outside its mailbox.
//!
//! Process data and the everyday reading and setting up of registers are no events. Told is what no start of a network needs: the
//! state in which firmware is replaced, a reset of a controller, and writes to the memory that a slave takes its identity from.

use super::parse::Datagram;
use super::table::{self, READ_STATION, WRITE_STATION, WRITES_ALL};
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
    /// How many bytes of a reset were written in order.
    reset: usize,
}

/// One slave, by its station address.
#[derive(Debug, Default)]
struct Slave {
    address: u16,
    /// The word of its memory that was asked for last.
    word: u32,
    vendor: Option<u32>,
    product: Option<u32>,
}

impl Registers {
    pub(super) const LIMIT: usize = SLAVES_MAX * 2 * size_of::<(u16, Slave)>();

    /// Looks at a datagram that is no mailbox.
    pub(super) fn hear(&mut self, datagram: &Datagram<'_>, said: &Message<'_>, output: &mut Output) {
        if WRITES_ALL.contains(&datagram.command) {
            self.written(datagram, output);
        } else if datagram.command == READ_STATION && datagram.worked != 0 {
            self.read(datagram, said, output);
        }
    }

    /// A write is told on its way out.
    fn written(&mut self, datagram: &Datagram<'_>, output: &mut Output) {
        let mut r = Reader::new(datagram.data);
        let told = match datagram.place {
            table::AL_CONTROL => {
                r.u8("state").ok().filter(|state| state & 15 == table::BOOT).map(|_| (table::STATE, "BOOT".to_owned()))
            }
            table::ESC_RESET if datagram.worked == 0 => {
                let resets = r.u8("key").is_ok_and(|key| self.resets(key));
                resets.then(|| (table::RESET, String::new()))
            }
            table::SII_CONTROL => {
                let Ok(control) = r.u16_le("control") else { return };
                let word = r.u32_le("word").ok();
                if let (WRITE_STATION, Some(word)) = (datagram.command, word) {
                    self.slave(datagram.slave).word = word;
                }
                let writes = control & table::SII_COMMANDS == table::SII_WRITE;
                writes.then(|| (table::STORE, word.map_or_else(String::new, |word| format!("SII word 0x{word:04x}"))))
            }
            table::SII_ADDRESS if datagram.command == WRITE_STATION => {
                if let Ok(word) = r.u32_le("word") {
                    self.slave(datagram.slave).word = word;
                }
                None
            }
            _ => None,
        };
        if let Some((code, object)) = told.filter(|_| datagram.worked == 0) {
            output.ics(event(code, datagram, object));
        }
    }

    /// Whether a byte completes a reset: three in order, each in a frame of its own.
    fn resets(&mut self, key: u8) -> bool {
        let follows = table::RESET_KEYS.get(self.reset) == Some(&key);
        self.reset = if follows { self.reset + 1 } else { usize::from(table::RESET_KEYS.first() == Some(&key)) };
        let whole = self.reset == table::RESET_KEYS.len();
        if whole {
            self.reset = 0;
        }
        whole
    }

    /// What stands in a slave's memory.
    fn read(&mut self, datagram: &Datagram<'_>, said: &Message<'_>, output: &mut Output) {
        let held = match datagram.place {
            table::SII_DATA => datagram.data,
            // Control and word before it.
            table::SII_CONTROL => datagram.data.get(6..).unwrap_or_default(),
            _ => return,
        };
        let slave = self.slave(datagram.slave);
        let word = slave.word;
        let number = |wanted: u32| {
            let at = usize::try_from(wanted.checked_sub(word)?).ok()?.checked_mul(2)?;
            held.get(at..)?.first_chunk().copied().map(u32::from_le_bytes)
        };
        let (vendor, product) = (number(table::SII_VENDOR), number(table::SII_PRODUCT));
        slave.learn(vendor, product, said, output);
    }

    /// What an object of a slave holds.
    pub(super) fn object(
        &mut self,
        (slave, place): (u16, (u16, u8)),
        data: &[u8],
        said: &Message<'_>,
        output: &mut Output,
    ) {
        let number = || data.first_chunk().copied().map(u32::from_le_bytes);
        match place {
            (table::IDENTITY, 1) => self.slave(slave).learn(number(), None, said, output),
            (table::IDENTITY, 2) => self.slave(slave).learn(None, number(), said, output),
            (table::DEVICE_NAME, 0) => {
                if let Some(name) = text(data) {
                    tell(format!("slave {slave}: {name}"), said, output);
                }
            }
            _ => {}
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
    /// Notes maker and product; tells of them when both are known and one is new.
    fn learn(&mut self, vendor: Option<u32>, product: Option<u32>, said: &Message<'_>, output: &mut Output) {
        // Memory that was never written.
        let real = |number: &u32| !matches!(*number, 0 | u32::MAX);
        let before = (self.vendor, self.product);
        self.vendor = vendor.filter(real).or(self.vendor);
        self.product = product.filter(real).or(self.product);
        let (Some(vendor), Some(product)) = (self.vendor, self.product) else { return };
        if before != (self.vendor, self.product) {
            let known = table::VENDORS.iter().find(|(number, _)| *number == vendor);
            let maker = known.map_or_else(|| format!("EtherCAT vendor 0x{vendor:x}"), |(_, name)| (*name).to_owned());
            tell(format!("slave {}: {maker}, product 0x{product:08x}", self.address), said, output);
        }
    }
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
