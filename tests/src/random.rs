//! A small generator (xorshift64*), so that chance is the same every time.

/// Its state: any number but 0.
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    /// The next 48 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    /// A number below the bound; 0 where that is 0.
    pub const fn below(&mut self, bound: u64) -> u64 {
        self.bits() % if bound == 0 { 1 } else { bound }
    }

    /// A place below a length; 0 where that is 0.
    pub const fn index(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }
}
