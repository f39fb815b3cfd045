//! A cluster in words, with the description a site can name it by.

use super::clusters::{Cluster, Clusters, Role};
use super::format::Format;
use super::length::{Counts, LengthField, Order};
use super::operation::Relation;
use picket_event::{Direction, Transport};
use std::fmt::{self, Display, Formatter};

/// Sizes and values listed.
const LISTED: usize = 12;

impl Display for Clusters {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.iter().next().is_none() {
            return writeln!(f, "No unknown conversation has the format of an industrial protocol.");
        }
        for cluster in self.iter() {
            writeln!(f, "{cluster}")?;
        }
        if self.left_out() > 0 {
            writeln!(f, "{} more conversations were left out: there are too many formats", self.left_out())?;
        }
        Ok(())
    }
}

impl Display for Cluster {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let format = self.common();
        let messages: usize = self.messages().iter().map(Vec::len).sum();
        let sure = self.format.confidence.get();
        writeln!(
            f,
            "{}: {} conversation(s), {messages} messages looked at, confidence {sure:.2}",
            self.format.protocol(),
            self.conversations
        )?;
        writeln!(f, "  framing    {}", framing(&format))?;
        if let Some(field) = format.length {
            writeln!(f, "  length     {}", length(&field))?;
        }
        if let Some(counter) = format.counter {
            let (at, end) = (counter.at, counter.at + counter.width - 1);
            writeln!(f, "  counter    bytes {at} to {end}: new with each request, the same in its response")?;
        }
        self.operation(f, &format)?;
        self.header(f, &format)?;
        for (name, direction) in [("requests ", Direction::ToServer), ("responses", Direction::ToClient)] {
            let sizes = self.sizes(direction);
            let listed: Vec<String> = sizes.iter().take(LISTED).map(|(length, n)| format!("{length} ({n})")).collect();
            writeln!(f, "  {name}  of {} sizes, bytes (messages): {}", sizes.len(), listed.join(", "))?;
        }
        if let Some(period) = self.period() {
            writeln!(f, "  period     {period:.3} s between requests, median")?;
        }
        writeln!(f, "  to name it, put this into a file of the folder of protocols and choose the operations:\n")?;
        self.fingerprint(f, &format)
    }
}

fn framing(format: &Format) -> String {
    let transport = if format.transport == Transport::TCP { "TCP" } else { "UDP" };
    let split = match (format.length, format.transport) {
        (Some(_), Transport::TCP) => "messages are split by their length field",
        (Some(_), _) => "datagrams hold messages with a length field",
        (None, Transport::TCP) => "a message is a segment",
        (None, _) => "a message is a datagram",
    };
    let magic: Vec<String> = format.magic.iter().map(|byte| format!("{byte:02x}")).collect();
    let begins = if magic.is_empty() { String::new() } else { format!("; each begins {}", magic.join(" ")) };
    format!("{transport}, {split}{begins}")
}

fn length(field: &LengthField) -> String {
    let LengthField { at, width, counts, .. } = *field;
    let order = match (width, field.order) {
        (1, _) => "",
        (_, Order::Big) => ", most significant first",
        (_, Order::Little) => ", least significant first",
    };
    let counted = match counts {
        Counts::Plus(0) => "counts the whole message".to_owned(),
        Counts::Plus(base) if base == field.end() => "counts what is behind it".to_owned(),
        Counts::Plus(base) => format!("a message has {base} bytes more than it says"),
        Counts::Ft3 => "counts what is behind it without the checksums of FT3 blocks".to_owned(),
    };
    format!("{width} byte(s) at {at}{order}; {counted}")
}

impl Cluster {
    fn operation(&self, f: &mut Formatter<'_>, format: &Format) -> fmt::Result {
        let Some(field) = format.operation else { return Ok(()) };
        let tied = match field.relation {
            Relation::Equal => "the response repeats it".to_owned(),
            Relation::Plus(by) => format!("the response has it plus {by:#04x}"),
            Relation::Constant(value) => format!("every response has {value:#04x}"),
            Relation::Shared => "both ends use the same values".to_owned(),
        };
        let (request, response) = (field.request_at, field.response_at);
        writeln!(f, "  operation  byte {request} of requests, byte {response} of responses; {tied}")?;
        for code in self.codes(format) {
            let (requests, others) = code.counts;
            let operation = code.operation.name();
            writeln!(
                f,
                "               {:#04x}  {requests} requests, {others} others; {operation}, inferred",
                code.value
            )?;
        }
        Ok(())
    }

    fn header(&self, f: &mut Formatter<'_>, format: &Format) -> fmt::Result {
        for (at, role) in self.roles(format).into_iter().enumerate() {
            let lead = if at == 0 { "  header   " } else { "           " };
            match role {
                Role::Constant(value) => writeln!(f, "{lead}  {at:2} always {value:02x}"),
                Role::Length => writeln!(f, "{lead}  {at:2} length"),
                Role::Counter => writeln!(f, "{lead}  {at:2} transaction counter"),
                Role::Operation => writeln!(f, "{lead}  {at:2} operation"),
                Role::Session(values) => {
                    writeln!(f, "{lead}  {at:2} session: one value a conversation, {values} over all")
                }
                Role::Enumerated(values) => writeln!(f, "{lead}  {at:2} {values} values"),
                Role::Random => writeln!(f, "{lead}  {at:2} any value"),
            }?;
        }
        Ok(())
    }

    /// The description as the agent reads it.
    fn fingerprint(&self, f: &mut Formatter<'_>, format: &Format) -> fmt::Result {
        let transport = if format.transport == Transport::TCP { "tcp" } else { "udp" };
        writeln!(f, "name = \"{}\"\ntransport = \"{transport}\"", format.protocol())?;
        for (at, value) in format.magic.iter().enumerate() {
            writeln!(f, "\n[[constant]]\nat = {at}\nvalue = {value:#04x}")?;
        }
        if let Some(field) = format.length {
            let order = if field.order == Order::Big { "big" } else { "little" };
            writeln!(f, "\n[length]\nat = {}\nwidth = {}\norder = \"{order}\"", field.at, field.width)?;
            match field.counts {
                Counts::Plus(base) => writeln!(f, "plus = {base}")?,
                Counts::Ft3 => writeln!(f, "ft3 = true")?,
            }
        }
        if let Some(field) = format.operation {
            writeln!(f, "\n[operation]\nrequest = {}\nresponse = {}", field.request_at, field.response_at)?;
            match field.relation {
                Relation::Equal => writeln!(f, "relation = \"equal\"")?,
                Relation::Shared => writeln!(f, "relation = \"shared\"")?,
                Relation::Plus(by) => writeln!(f, "relation = {{ plus = {by} }}")?,
                Relation::Constant(value) => writeln!(f, "relation = {{ constant = {value} }}")?,
            }
        }
        for code in self.codes(format).iter().filter(|code| code.counts.0 > 0 || format.is_shared()) {
            let operation = code.operation.name();
            writeln!(f, "\n[[code]]\nvalue = {:#04x}\noperation = \"{operation}\"\nname = \"\"", code.value)?;
        }
        Ok(())
    }
}

impl Format {
    fn is_shared(&self) -> bool {
        self.operation.is_some_and(|field| field.relation == Relation::Shared)
    }
}
