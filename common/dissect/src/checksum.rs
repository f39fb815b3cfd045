//! Checksums that industrial protocols carry, each from a table that is made at build time.

/// A checksum of 16 bits. Eight bytes are taken at a time ("slicing by 8", Kounavis and Berry, 2005): table `n` holds what a byte
/// does with `n` others behind it.
struct Sliced {
    tables: [[u16; 256]; 8],
}

/// One bit of a reflected checksum, and of one that is not.
const fn step(crc: u16, polynomial: u16, reflected: bool) -> u16 {
    match reflected {
        true if crc & 1 == 1 => crc >> 1 ^ polynomial,
        true => crc >> 1,
        false if crc & 0x8000 != 0 => crc << 1 ^ polynomial,
        false => crc << 1,
    }
}

impl Sliced {
    #[allow(clippy::indexing_slicing, reason = "constant: checked when it is made")]
    const fn new(polynomial: u16, reflected: bool) -> Self {
        let mut tables = [[0u16; 256]; 8];
        let mut at = 0usize;
        while at < 256 {
            let (mut crc, mut bit) = (if reflected { at as u16 } else { (at as u16) << 8 }, 0usize);
            while bit < 64 {
                crc = step(crc, polynomial, reflected);
                bit += 1;
                if bit.is_multiple_of(8) {
                    tables[bit / 8 - 1][at] = crc;
                }
            }
            at += 1;
        }
        Self { tables }
    }

    /// What eight bytes come to, the checksum so far added to the first two.
    #[inline]
    fn eight(&self, [a, b, c, d, e, f, g, h]: [u8; 8]) -> u16 {
        let [last, seventh, sixth, fifth, fourth, third, second, first] = &self.tables;
        of(first, a)
            ^ of(second, b)
            ^ of(third, c)
            ^ of(fourth, d)
            ^ of(fifth, e)
            ^ of(sixth, f)
            ^ of(seventh, g)
            ^ of(last, h)
    }

    /// Of a checksum whose polynomial is reflected.
    fn reflected(&self, begin: u16, bytes: &[u8]) -> u16 {
        let (eights, rest) = bytes.as_chunks::<8>();
        let crc = eights
            .iter()
            .fold(begin, |crc, bytes| self.eight((u64::from_le_bytes(*bytes) ^ u64::from(crc)).to_le_bytes()));
        let [single, ..] = &self.tables;
        rest.iter().fold(crc, |crc, byte| crc >> 8 ^ of(single, crc as u8 ^ byte))
    }

    /// Of one whose is not.
    fn straight(&self, begin: u16, bytes: &[u8]) -> u16 {
        let (eights, rest) = bytes.as_chunks::<8>();
        let crc = eights
            .iter()
            .fold(begin, |crc, bytes| self.eight((u64::from_be_bytes(*bytes) ^ u64::from(crc) << 48).to_be_bytes()));
        let [single, ..] = &self.tables;
        rest.iter().fold(crc, |crc, byte| crc << 8 ^ of(single, (crc >> 8) as u8 ^ byte))
    }
}

#[inline]
fn of(table: &[u16; 256], byte: u8) -> u16 {
    table.get(usize::from(byte)).copied().unwrap_or(0)
}

static DNP: Sliced = Sliced::new(0xa6bc, true);
static IBM: Sliced = Sliced::new(0xa001, true);
static HDLC: Sliced = Sliced::new(0x8408, true);
static CCITT: Sliced = Sliced::new(0x1021, false);

/// CRC-16/DNP (IEEE 1815 clause 9.2): polynomial 0x3d65, inverted at the end.
pub(crate) fn dnp(bytes: &[u8]) -> u16 {
    !DNP.reflected(0, bytes)
}

/// CRC-16/ARC: polynomial 0x8005, begun with 0.
pub(crate) fn arc(bytes: &[u8]) -> u16 {
    IBM.reflected(0, bytes)
}

/// CRC-16/MODBUS: the same, begun with ones.
pub(crate) fn modbus(bytes: &[u8]) -> u16 {
    IBM.reflected(0xffff, bytes)
}

/// The frame check sequence of HDLC (ISO/IEC 13239): polynomial 0x1021 reflected, begun with ones, inverted at the end.
pub(crate) fn hdlc(bytes: &[u8]) -> u16 {
    !HDLC.reflected(0xffff, bytes)
}

/// CRC-CCITT as C37.118.2 uses it: polynomial 0x1021, begun with ones, not reflected.
pub(crate) fn ccitt(bytes: &[u8]) -> u16 {
    CCITT.straight(0xffff, bytes)
}

/// CRC-32 of IEEE 802.3.
pub(crate) fn ieee(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        let mut crc = crc ^ u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
        crc
    })
}

#[cfg(test)]
mod tests {
    /// The check values of "123456789" in the catalogue of parametrised CRC algorithms.
    #[test]
    fn check_values() {
        let digits = b"123456789";
        assert_eq!(super::dnp(digits), 0xea82);
        assert_eq!(super::arc(digits), 0xbb3d);
        assert_eq!(super::modbus(digits), 0x4b37);
        assert_eq!(super::hdlc(digits), 0x906e);
        assert_eq!(super::ccitt(digits), 0x29b1);
        assert_eq!(super::ieee(digits), 0xcbf4_3926);
    }

    /// However many bytes there are, they come to what they do bit by bit.
    #[test]
    fn eight_at_a_time_is_one_at_a_time() {
        let bytes: Vec<u8> = (0..67u8).map(|at| at.wrapping_mul(151).wrapping_add(29)).collect();
        let by_bit = |begin: u16, bytes: &[u8], polynomial, reflected| {
            bytes.iter().fold(begin, |crc, byte| {
                let added = crc ^ if reflected { u16::from(*byte) } else { u16::from(*byte) << 8 };
                (0..8).fold(added, |crc, _| super::step(crc, polynomial, reflected))
            })
        };
        for part in (0..bytes.len()).filter_map(|length| bytes.get(..length)) {
            assert_eq!(super::dnp(part), !by_bit(0, part, 0xa6bc, true));
            assert_eq!(super::modbus(part), by_bit(0xffff, part, 0xa001, true));
            assert_eq!(super::arc(part), by_bit(0, part, 0xa001, true));
            assert_eq!(super::hdlc(part), !by_bit(0xffff, part, 0x8408, true));
            assert_eq!(super::ccitt(part), by_bit(0xffff, part, 0x1021, false));
        }
    }
}
