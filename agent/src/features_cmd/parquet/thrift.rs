//! The compact protocol of Thrift, as far as Parquet's headers need it.

/// Types of fields and of list elements.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    I32 = 5,
    I64 = 6,
    Binary = 8,
    List = 9,
    Struct = 12,
}

/// Writes one structure; nested ones are written by closures.
#[derive(Debug, Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
    last: i16,
}

impl Writer {
    /// The bytes of the structure.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bytes.push(0);
        self.bytes
    }

    fn field(&mut self, id: i16, kind: Kind) {
        // Ids grow by less than 16 in every structure of Parquet, so the short form always fits.
        self.bytes.push(((id - self.last) as u8) << 4 | kind as u8);
        self.last = id;
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    fn zigzag(&mut self, value: i64) {
        self.varint((value << 1 ^ value >> 63).cast_unsigned());
    }

    fn list_head(&mut self, kind: Kind, length: usize) {
        match u8::try_from(length) {
            Ok(short) if short < 15 => self.bytes.push(short << 4 | kind as u8),
            _ => {
                self.bytes.push(0xf0 | kind as u8);
                self.varint(length as u64);
            }
        }
    }

    fn raw_text(&mut self, text: &str) {
        self.varint(text.len() as u64);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    pub(super) fn i32(&mut self, id: i16, value: i32) {
        self.field(id, Kind::I32);
        self.zigzag(value.into());
    }

    pub(super) fn i64(&mut self, id: i16, value: u64) {
        self.field(id, Kind::I64);
        self.zigzag(value.cast_signed());
    }

    pub(super) fn text(&mut self, id: i16, text: &str) {
        self.field(id, Kind::Binary);
        self.raw_text(text);
    }

    pub(super) fn texts(&mut self, id: i16, texts: &[&str]) {
        self.field(id, Kind::List);
        self.list_head(Kind::Binary, texts.len());
        texts.iter().for_each(|text| self.raw_text(text));
    }

    pub(super) fn i32s(&mut self, id: i16, values: &[i32]) {
        self.field(id, Kind::List);
        self.list_head(Kind::I32, values.len());
        values.iter().for_each(|value| self.zigzag((*value).into()));
    }

    pub(super) fn nested(&mut self, id: i16, fill: impl FnOnce(&mut Self)) {
        self.field(id, Kind::Struct);
        self.structure(fill);
    }

    pub(super) fn list<T>(&mut self, id: i16, items: &[T], mut fill: impl FnMut(&mut Self, &T)) {
        self.field(id, Kind::List);
        self.list_head(Kind::Struct, items.len());
        items.iter().for_each(|item| self.structure(|writer| fill(writer, item)));
    }

    fn structure(&mut self, fill: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.last, 0);
        fill(self);
        self.bytes.push(0);
        self.last = outer;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes by the specification of the compact protocol.
    #[test]
    fn bytes_by_hand() {
        let mut writer = Writer::default();
        writer.i32(1, -1);
        writer.text(4, "ab");
        writer.i32s(5, &[0, 300]);
        writer.nested(6, |inner| inner.i64(2, 64));
        let expected = [0x15, 1, 0x38, 2, b'a', b'b', 0x19, 0x25, 0, 0xd8, 0x04, 0x1c, 0x26, 0x80, 1, 0, 0];
        assert_eq!(writer.finish(), expected);
    }

    #[test]
    fn long_lists_carry_their_length_apart() {
        let mut writer = Writer::default();
        writer.i32s(1, &[0; 200]);
        assert_eq!(writer.finish()[..4], [0x19, 0xf5, 0xc8, 0x01]);
    }
}
