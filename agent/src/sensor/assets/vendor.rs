//! Makers by the first three bytes of a MAC address.
//!
//! The table is the IEEE's public listing, made shorter: `tests/make/oui.py` says how and from where.

use picket_event::Mac;
use std::cell::OnceCell;

/// One maker a line: name, tab, assignments in hexadecimal.
const LISTING: &str = include_str!("oui.txt");

/// Assignments in order, each with its maker; made when the first address is asked for, which most captures never do.
#[derive(Debug, Default)]
pub(super) struct Vendors(OnceCell<Vec<(u32, &'static str)>>);

impl Vendors {
    fn table(&self) -> &[(u32, &'static str)] {
        self.0.get_or_init(Self::read)
    }

    fn read() -> Vec<(u32, &'static str)> {
        let mut all: Vec<(u32, &'static str)> = LISTING
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .flat_map(|(name, list)| list.split(' ').map(move |number| (number, name)))
            .filter_map(|(number, name)| Some((u32::from_str_radix(number, 16).ok()?, name)))
            .collect();
        all.sort_unstable();
        all
    }

    /// The maker of an interface. Addresses that were given by software have none.
    pub(super) fn of(&self, mac: Mac) -> Option<&'static str> {
        let [a, b, c, ..] = mac.0;
        if a & 2 != 0 {
            return None;
        }
        let number = u32::from_be_bytes([0, a, b, c]);
        let table = self.table();
        let at = table.binary_search_by_key(&number, |(known, _)| *known).ok()?;
        table.get(at).map(|(_, name)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makers_are_found() {
        let vendors = Vendors::default();
        assert!(vendors.table().len() > 10_000, "{} assignments", vendors.table().len());
        let of = |text: &str| vendors.of(text.parse().unwrap());
        assert_eq!(of("00:1b:1b:01:02:03"), Some("Siemens"));
        assert_eq!(of("00:00:bc:01:02:03"), Some("Rockwell Automation"));
        assert_eq!(of("02:50:00:00:00:01"), None);
    }
}
