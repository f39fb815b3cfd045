//! Rows of every kind: the same leading columns, then the features or bits of the kind.

use super::labels::Known;
use picket_feature::packet::PacketBits;
use std::fmt::Write as _;
use std::io;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A port, 0 to 65,535.
    Port,
    /// 0, 1 or -1.
    Bit,
    /// A number.
    Double,
    /// A feature, which may be absent.
    Float,
}

impl Kind {
    /// Whether a value may be absent.
    #[must_use]
    pub const fn is_optional(self) -> bool {
        matches!(self, Self::Float)
    }
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
}

/// One value.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)] // as the columns' kinds
pub enum Value<'a> {
    Text(&'a str),
    Port(u16),
    Bit(i8),
    Double(f64),
    /// `NaN` stands for absent.
    Float(f32),
}

/// The leading columns of a row. For joining and splitting, never features.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// Base name of the capture.
    pub file: &'a str,
    /// What is known of it from the labels.
    pub known: Known<'a>,
    /// The client's address (of a packet: the sender's; of a host: its own).
    pub src_ip: &'a str,
    /// The client's port; 0 without.
    pub src_port: u16,
    /// The server's address (of a packet: the receiver's; of a host: empty).
    pub dest_ip: &'a str,
    /// The server's port; 0 without.
    pub dest_port: u16,
    /// The transport as EVE names it.
    pub proto: &'a str,
    /// Start, seconds since 1970 (of a packet: its time; of a pair and a host: the end of what was watched).
    pub time: f64,
    /// The protocol as identified.
    pub app: &'a str,
}

impl Head<'_> {
    /// The leading columns, in their order.
    #[must_use]
    pub fn columns() -> Vec<Column> {
        let text = ["file", "group", "label", "family"].map(|name| (name, Kind::Text));
        let ends = [
            ("src_ip", Kind::Text),
            ("src_port", Kind::Port),
            ("dest_ip", Kind::Text),
            ("dest_port", Kind::Port),
            ("proto", Kind::Text),
            ("time", Kind::Double),
            ("app", Kind::Text),
        ];
        text.into_iter().chain(ends).map(|(name, kind)| Column { name: name.to_owned(), kind }).collect()
    }

    /// Gives the values in the columns' order.
    pub fn each(&self, put: &mut impl FnMut(Value<'_>)) {
        for text in [self.file, self.known.group, self.known.label, self.known.family, self.src_ip] {
            put(Value::Text(text));
        }
        put(Value::Port(self.src_port));
        put(Value::Text(self.dest_ip));
        put(Value::Port(self.dest_port));
        put(Value::Text(self.proto));
        put(Value::Double(self.time));
        put(Value::Text(self.app));
    }
}

/// What follows the leading columns.
#[derive(Clone, Copy, Debug)]
pub enum Cells<'a> {
    /// Features.
    Features(&'a [f32]),
    /// Bits of a packet.
    Bits(&'a PacketBits),
}

impl Cells<'_> {
    /// Gives the values in the columns' order.
    pub fn each(&self, put: &mut impl FnMut(Value<'_>)) {
        match self {
            Self::Features(values) => values.iter().for_each(|value| put(Value::Float(*value))),
            Self::Bits(bits) => bits.numbers().for_each(|bit| put(Value::Bit(bit))),
        }
    }
}

/// Writes the names of the columns as a line of CSV (RFC 4180, lines ended by LF).
///
/// # Errors
/// Of the writer.
pub fn csv_header(columns: &[Column], out: &mut impl io::Write) -> io::Result<()> {
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    writeln!(out, "{}", names.join(","))
}

/// Writes a row as a line of CSV. What is absent is empty.
///
/// # Errors
/// Of the writer.
pub fn csv_row(head: &Head<'_>, cells: &Cells<'_>, line: &mut String, out: &mut impl io::Write) -> io::Result<()> {
    line.clear();
    let mut put = |value: Value<'_>| {
        // Writing to a text cannot fail.
        let _ = match value {
            Value::Text(text) if text.contains([',', '"', '\n', '\r']) => {
                write!(line, "\"{}\",", text.replace('"', "\"\""))
            }
            Value::Text(text) => write!(line, "{text},"),
            Value::Port(port) => write!(line, "{port},"),
            Value::Bit(bit) => write!(line, "{bit},"),
            Value::Double(number) => write!(line, "{number},"),
            Value::Float(number) if number.is_nan() => write!(line, ","),
            Value::Float(number) => write!(line, "{number},"),
        };
    };
    head.each(&mut put);
    cells.each(&mut put);
    line.pop();
    line.push('\n');
    out.write_all(line.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_by_hand() {
        let known = Known { label: "benign", family: "a \"b\", c", group: "g" };
        let head = Head {
            file: "x.pcap",
            known,
            src_ip: "10.0.0.1",
            src_port: 4_000,
            dest_ip: "192.0.2.1",
            dest_port: 443,
            proto: "TCP",
            time: 1.5,
            app: "tls",
        };
        let (mut out, mut line) = (Vec::new(), String::new());
        csv_header(&Head::columns(), &mut out).unwrap();
        csv_row(&head, &Cells::Features(&[0.5, f32::NAN, 3.0]), &mut line, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let expected = "file,group,label,family,src_ip,src_port,dest_ip,dest_port,proto,time,app\n\
                        x.pcap,g,benign,\"a \"\"b\"\", c\",10.0.0.1,4000,192.0.2.1,443,TCP,1.5,tls,0.5,,3\n";
        assert_eq!(text, expected);
    }
}
