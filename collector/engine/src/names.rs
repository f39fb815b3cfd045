//! Numbers for spaces and relations: labels are kept once, cells hold numbers.

use picket_event::{Operation, Protocol};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Where the other side is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Space {
    /// Beyond the cap.
    Other,
    /// A zone, by its number in the configuration.
    Zone(u16),
    /// From one zone to another, for what others did to an entity.
    Between(u16, u16),
    /// Inside, in no zone: the /24 or /64.
    Subnet(IpAddr),
    /// Outside, a server that several hosts or days know.
    Internet,
    /// Outside, a server that hardly anybody knows.
    Rare,
    /// To a group of hosts.
    Multicast,
    /// The same link, without addresses of IP.
    Link,
}

/// How a conversation is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// As it is.
    Plain,
    /// The entity's first with this partner and service.
    First,
    /// Nobody answered.
    Unanswered,
    /// After another operation in the same conversation.
    After(Operation),
    /// The entity shows another MAC than before.
    Identity,
    /// Mebibytes sent out, in steps of ten.
    Upload,
}

/// What was done with the other side.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Relation {
    /// The service.
    pub protocol: Protocol,
    /// The operation, for plant messages.
    pub operation: Option<Operation>,
    /// Whether the entity was the one who was asked.
    pub received: bool,
    /// How it is counted.
    pub mark: Mark,
}

impl Relation {
    /// In words: `modbus write`, `smb, first contact`.
    #[must_use]
    pub fn label(&self) -> String {
        let mut text = self.protocol.name().to_owned();
        if let Some(operation) = self.operation {
            text.push(' ');
            text.push_str(operation.name());
        }
        if let Mark::After(before) = self.mark {
            text.push_str(" after ");
            text.push_str(before.name());
        }
        text.push_str(match self.mark {
            Mark::Plain | Mark::After(_) => "",
            Mark::Identity => ", another MAC",
            Mark::First => ", first contact",
            Mark::Unanswered => ", unanswered",
            Mark::Upload => ", upload",
        });
        if self.received {
            text.push_str(", received");
        }
        text
    }
}

/// Numbers given out in order; number 0 is what does not fit.
#[derive(Clone, Debug)]
pub struct Numbers<K> {
    by_key: BTreeMap<K, u16>,
    keys: Vec<K>,
    cap: usize,
}

impl<K: Ord + Clone> Numbers<K> {
    /// Room for `cap` keys beside `rest`, which is number 0.
    #[must_use]
    pub fn new(rest: K, cap: usize) -> Self {
        Self { by_key: BTreeMap::from([(rest.clone(), 0)]), keys: vec![rest], cap }
    }

    /// The number of a key; 0 and `false` when there is no room.
    pub fn number(&mut self, key: &K) -> (u16, bool) {
        if let Some(number) = self.by_key.get(key) {
            return (*number, true);
        }
        let Ok(number) = u16::try_from(self.keys.len()) else { return (0, false) };
        if self.keys.len() >= self.cap {
            return (0, false);
        }
        self.by_key.insert(key.clone(), number);
        self.keys.push(key.clone());
        (number, true)
    }

    /// The key of a number.
    #[must_use]
    pub fn key(&self, number: u16) -> Option<&K> {
        self.keys.get(usize::from(number))
    }
}
