//! What encoders are written with: bytes of fields, and fields that are random from a seed.

/// What the state of a [`Random`] grows by.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A small generator (splitmix64): the same fields every time.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
    /// Where the fields are those of one of many messages of a conversation.
    turn: Option<Turn>,
}

/// Which message of a conversation is made: [`Random::repeated`].
#[derive(Clone, Copy, Debug)]
struct Turn {
    conversation: u64,
    message: u64,
    number: u64,
    /// How many of a hundred choices are made anew each time.
    fickle: u64,
}

const fn mixed(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Random {
    /// One that begins here.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed, turn: None }
    }

    /// The fields of a message that a conversation sends again and again, for the `number`th time: what is chosen (kinds, counts,
    /// lengths) stays as it is in this message, but for `fickle` of a hundred choices; a value stays in the conversation, stays in the
    /// message, counts up or is new each time, each in its place.
    #[must_use]
    pub const fn repeated(conversation: u64, message: u64, number: u64, fickle: u64) -> Self {
        Self { state: 0, turn: Some(Turn { conversation, message, number, fickle }) }
    }

    /// The next draw: of a choice, or of a value of so many bits.
    const fn draw(&mut self, choice: bool) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        let Some(Turn { conversation, message, number, fickle }) = self.turn else { return mixed(self.state) };
        let place = mixed(conversation ^ self.state);
        let of_message = mixed(place ^ message.wrapping_mul(STEP));
        let anew = mixed(of_message ^ number.wrapping_mul(STEP).rotate_left(17));
        // In every other conversation most values are naught, as inputs of a plant at rest are.
        let quiet = conversation & 1 == 0;
        match place % 100 {
            _ if choice => {
                if anew % 100 < fickle {
                    mixed(anew)
                } else {
                    of_message
                }
            }
            0..60 if quiet => 0,
            0..45 => mixed(place),
            45..65 => of_message,
            65..80 => mixed(place).wrapping_add(number),
            _ => anew,
        }
    }

    /// Any 64 bits.
    pub const fn u64(&mut self) -> u64 {
        self.draw(false)
    }

    /// Any 32 bits.
    pub const fn u32(&mut self) -> u32 {
        self.u64() as u32
    }

    /// Any 16 bits.
    pub const fn u16(&mut self) -> u16 {
        self.u64() as u16
    }

    /// Any 8 bits.
    pub const fn u8(&mut self) -> u8 {
        self.u64() as u8
    }

    /// One of `least` to `most`, both included.
    pub const fn within(&mut self, least: usize, most: usize) -> usize {
        least + (self.draw(true) % (most - least + 1) as u64) as usize
    }

    /// True once in so many times.
    pub const fn once_in(&mut self, times: usize) -> bool {
        self.within(1, times) == 1
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.within(0, all.len() - 1)]
    }

    /// Any bytes, `least` to `most` of them.
    pub fn bytes(&mut self, least: usize, most: usize) -> Vec<u8> {
        (0..self.within(least, most)).map(|_| self.u8()).collect()
    }

    /// So many bytes.
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.u8())
    }

    /// A name of letters, digits and underscores that begins with a letter.
    pub fn name(&mut self, least: usize, most: usize) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
        let length = self.within(least, most);
        let at = |random: &mut Self, most| char::from(LETTERS[random.within(0, most)]);
        (0..length).map(|place| at(self, if place == 0 { 51 } else { LETTERS.len() - 1 })).collect()
    }
}

/// Bytes of a message, field by field.
#[derive(Clone, Debug, Default)]
pub struct Bytes(Vec<u8>);

/// A message that is empty yet.
#[must_use]
pub const fn b() -> Bytes {
    Bytes(Vec::new())
}

impl Bytes {
    /// One byte.
    #[must_use]
    pub fn u8(self, value: u8) -> Self {
        self.put([value])
    }

    /// Two bytes, the high one first.
    #[must_use]
    pub fn be16(self, value: impl TryInto<u16>) -> Self {
        self.put(value.try_into().unwrap_or(u16::MAX).to_be_bytes())
    }

    /// Four bytes, the high one first.
    #[must_use]
    pub fn be32(self, value: impl TryInto<u32>) -> Self {
        self.put(value.try_into().unwrap_or(u32::MAX).to_be_bytes())
    }

    /// Two bytes, the low one first.
    #[must_use]
    pub fn le16(self, value: impl TryInto<u16>) -> Self {
        self.put(value.try_into().unwrap_or(u16::MAX).to_le_bytes())
    }

    /// Four bytes, the low one first.
    #[must_use]
    pub fn le32(self, value: impl TryInto<u32>) -> Self {
        self.put(value.try_into().unwrap_or(u32::MAX).to_le_bytes())
    }

    /// These bytes.
    #[must_use]
    pub fn put(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.0.extend_from_slice(bytes.as_ref());
        self
    }

    /// A value of BER: tag, length, content.
    #[must_use]
    pub fn ber(self, tag: u8, content: impl AsRef<[u8]>) -> Self {
        self.put(ber(tag, content))
    }

    /// The message.
    #[must_use]
    pub fn done(self) -> Vec<u8> {
        self.0
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// A value of BER (X.690 clause 8.1): tag, definite length, content.
#[must_use]
pub fn ber(tag: u8, content: impl AsRef<[u8]>) -> Vec<u8> {
    let content = content.as_ref();
    let head = match content.len() {
        short @ 0..=0x7f => vec![tag, short as u8],
        long @ 0x80..=0xff => vec![tag, 0x81, long as u8],
        long => vec![tag, 0x82, (long >> 8) as u8, long as u8],
    };
    [head, content.to_vec()].concat()
}

/// A checksum of 16 bits, low bit first: polynomial (reversed), start.
#[must_use]
pub fn crc_low(polynomial: u16, start: u16, bytes: &[u8]) -> u16 {
    bytes.iter().fold(start, |sum, byte| {
        (0..8).fold(sum ^ u16::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ polynomial } else { sum >> 1 })
    })
}

/// A checksum of 16 bits, high bit first: polynomial 0x1021, start.
#[must_use]
pub fn crc_high(start: u16, bytes: &[u8]) -> u16 {
    bytes.iter().fold(start, |sum, byte| {
        (0..8).fold(sum ^ u16::from(*byte) << 8, |sum, _| if sum >> 15 == 1 { sum << 1 ^ 0x1021 } else { sum << 1 })
    })
}

/// The checksum of Ethernet (IEEE 802.3 clause 3.2.9).
#[must_use]
pub fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 })
    })
}
