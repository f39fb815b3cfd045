//! Checksums that industrial protocols carry, each from a table that is made at build time.

/// A reflected checksum of 16 bits.
struct Reflected([u16; 256]);

impl Reflected {
    const fn new(polynomial: u16) -> Self {
        let mut table = [0u16; 256];
        let mut at = 0usize;
        while at < 256 {
            let (mut crc, mut bit) = (at as u16, 0);
            while bit < 8 {
                crc = if crc & 1 == 1 { crc >> 1 ^ polynomial } else { crc >> 1 };
                bit += 1;
            }
            #[allow(clippy::indexing_slicing, reason = "constant: checked when it is made")]
            {
                table[at] = crc;
            }
            at += 1;
        }
        Self(table)
    }

    fn of(&self, begin: u16, bytes: &[u8]) -> u16 {
        bytes.iter().fold(begin, |crc, byte| {
            let [low, _] = (crc ^ u16::from(*byte)).to_le_bytes();
            crc >> 8 ^ self.0.get(usize::from(low)).copied().unwrap_or(0)
        })
    }
}

static DNP: Reflected = Reflected::new(0xa6bc);
static IBM: Reflected = Reflected::new(0xa001);
static HDLC: Reflected = Reflected::new(0x8408);

/// CRC-16/DNP (IEEE 1815 clause 9.2): polynomial 0x3d65, inverted at the end.
pub(crate) fn dnp(bytes: &[u8]) -> u16 {
    !DNP.of(0, bytes)
}

/// CRC-16/ARC: polynomial 0x8005, begun with 0.
pub(crate) fn arc(bytes: &[u8]) -> u16 {
    IBM.of(0, bytes)
}

/// CRC-16/MODBUS: the same, begun with ones.
pub(crate) fn modbus(bytes: &[u8]) -> u16 {
    IBM.of(0xffff, bytes)
}

/// The frame check sequence of HDLC (ISO/IEC 13239): polynomial 0x1021 reflected, begun with ones, inverted at the end.
pub(crate) fn hdlc(bytes: &[u8]) -> u16 {
    !HDLC.of(0xffff, bytes)
}

/// CRC-CCITT as C37.118.2 uses it: polynomial 0x1021, begun with ones, not reflected.
pub(crate) fn ccitt(bytes: &[u8]) -> u16 {
    let of = |table: &[u16; 256], byte: u8| table.get(usize::from(byte)).copied().unwrap_or(0);
    let (pairs, last) = bytes.as_chunks::<2>();
    let crc = pairs.iter().fold(0xffff, |crc: u16, pair| {
        let [high, low] = (crc ^ u16::from_be_bytes(*pair)).to_be_bytes();
        of(&CCITT.1, high) ^ of(&CCITT.0, low)
    });
    last.iter().fold(crc, |crc, byte| crc << 8 ^ of(&CCITT.0, (crc >> 8) as u8 ^ byte))
}

/// What a byte does to it, and what it does with another one behind: two bytes are taken at a time.
static CCITT: ([u16; 256], [u16; 256]) = {
    let mut tables = ([0u16; 256], [0u16; 256]);
    let mut at = 0usize;
    while at < 256 {
        let (mut crc, mut bit) = ((at as u16) << 8, 0);
        while bit < 16 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 };
            bit += 1;
            #[allow(clippy::indexing_slicing, reason = "constant: checked when it is made")]
            match bit {
                8 => tables.0[at] = crc,
                16 => tables.1[at] = crc,
                _ => {}
            }
        }
        at += 1;
    }
    tables
};

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
        // As many as come in pairs.
        assert_eq!(super::ccitt(b"12345678"), 0xa12b);
        assert_eq!(super::ieee(digits), 0xcbf4_3926);
    }
}
