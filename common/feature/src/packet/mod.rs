//! `packet/1`: the nPrint representation of a packet, one value a bit, every header at a fixed place.
//!
//! Layout and names are those of nPrint 1.2.1; its defects are not copied: TCP payload over IPv6 stands where it
//! belongs, ICMPv6 and other protocols keep their row, VLAN tags and IPv6 extension headers are stepped over, later
//! fragments have no transport header, and no length is trusted beyond what was captured. Of tunnels the outermost
//! headers stand. A row is computed only where it is asked for, from one frame alone.

mod find;
mod layout;

pub use find::{Ends, Found, find};
pub use layout::{Header, Layout};

/// Name and version of the schema.
pub const ID: &str = "packet/1";

/// The bits of one packet: two planes, most significant bit first. The form a classifier reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PacketBits {
    present: Vec<u8>,
    value: Vec<u8>,
}

impl PacketBits {
    /// Fills the planes from the headers found in a frame. Reuses its memory.
    pub fn fill(&mut self, layout: &Layout, found: &Found<'_>) {
        for plane in [&mut self.present, &mut self.value] {
            plane.clear();
            plane.resize(layout.bytes(), 0);
        }
        if let Some([a, b, c]) = found.ethernet {
            let place = layout.place(Header::Ethernet);
            for (bytes, offset) in [(a, 0), (b, 6), (c, 12)] {
                self.put(place.map(|place| place + offset), bytes, bytes.len());
            }
        }
        for (header, bytes) in [
            (Header::Ipv4, found.ipv4),
            (Header::Ipv6, found.ipv6),
            (Header::Tcp, found.tcp),
            (Header::Udp, found.udp),
            (Header::Icmp, found.icmp),
        ] {
            self.put(layout.place(header), bytes, header.bytes());
        }
        let payload = usize::from(layout.payload());
        self.put(layout.bytes().checked_sub(payload), found.payload, payload);
    }

    fn put(&mut self, place: Option<usize>, bytes: &[u8], most: usize) {
        let Some(place) = place else { return };
        let bytes = bytes.get(..most).unwrap_or(bytes);
        let places = place..place + bytes.len();
        if let Some(value) = self.value.get_mut(places.clone()) {
            value.copy_from_slice(bytes);
        }
        if let Some(present) = self.present.get_mut(places) {
            present.fill(0xff);
        }
    }

    /// Takes away the bits of a mask ([`Layout::identifying`]): they are absent then.
    pub fn clear(&mut self, mask: &[u8]) {
        for plane in [&mut self.present, &mut self.value] {
            plane.iter_mut().zip(mask).for_each(|(byte, mask)| *byte &= !mask);
        }
    }

    /// The plane that says which bits are there.
    #[must_use]
    pub fn present(&self) -> &[u8] {
        &self.present
    }

    /// The plane of their values; 0 where a bit is absent.
    #[must_use]
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// The bits as numbers, in the columns' order: 0, 1, or -1 for absent.
    pub fn numbers(&self) -> impl Iterator<Item = i8> {
        self.present.iter().zip(&self.value).flat_map(|(present, value)| {
            (0..8).map(move |bit| {
                let at = |plane: &u8| plane << bit & 0x80 != 0;
                if at(present) { i8::from(at(value)) } else { -1 }
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A UDP datagram over IPv4 over two VLAN tags.
    fn datagram() -> Vec<u8> {
        let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xa8, 0, 1, 0x81, 0, 0, 2, 8, 0];
        frame.extend([0x45, 0, 0, 33, 0, 9, 0x40, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]);
        frame.extend([0x13, 0x88, 0, 53, 0, 13, 0xab, 0xcd]);
        frame.extend(b"hello padding that is no payload");
        frame
    }

    #[test]
    fn places_and_absence() {
        let frame = datagram();
        let layout = Layout::new(&Header::ALL, 8);
        let mut bits = PacketBits::default();
        bits.fill(&layout, &find(1, &frame).unwrap());
        let numbers: Vec<i8> = bits.numbers().collect();
        let names = layout.names();
        let field = |name: &str| -> Vec<i8> {
            let of = |column: &&String| column.rsplit_once('_').is_some_and(|(field, _)| field == name);
            let at = names.iter().position(|column| of(&column)).unwrap();
            numbers[at..at + names.iter().filter(of).count()].to_vec()
        };
        let number = |name: &str| field(name).iter().fold(0i64, |n, bit| n << 1 | i64::from(*bit));
        assert_eq!((number("eth_ethertype"), number("udp_dport"), number("ipv4_tl")), (0x0800, 53, 33));
        assert!(field("ipv4_opt").iter().all(|bit| *bit == -1) && field("tcp_seq").iter().all(|bit| *bit == -1));
        assert_eq!(field("payload_bit")[40..], [-1; 24], "five bytes of payload, no padding");
        let masked = layout.identifying();
        bits.clear(&masked);
        assert!(bits.numbers().zip(&names).all(|(bit, name)| !name.starts_with("ipv4_src") || bit == -1));
        assert!(bits.value().iter().zip(bits.present()).all(|(value, present)| value & !present == 0));
    }

    proptest::proptest! {
        /// Any bytes under any link type give a row or nothing, and never more than was captured.
        #[test]
        fn any_bytes_are_borne(link in 0u16..300, mut frame in proptest::collection::vec(0u8.., 0..200), cut in 0usize..90) {
            let mut whole = datagram();
            whole.truncate(cut);
            whole.append(&mut frame);
            let mut bits = PacketBits::default();
            let layout = Layout::new(&Header::ALL, 20);
            if let Some(found) = find(link, &whole) {
                bits.fill(&layout, &found);
                proptest::prop_assert_eq!(bits.numbers().count(), layout.columns());
                let known: u32 = bits.present().iter().map(|byte| byte.count_ones()).sum();
                proptest::prop_assert!(known as usize <= whole.len() * 8);
            }
        }
    }
}
