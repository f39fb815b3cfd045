//! One conversation, line by line: a body may be long, and only hellos are read.

use super::parse::{self, Head, LINE_MAX};
use super::table;
use crate::Output;
use crate::codes::{code, ics};
use crate::framed::Framing;
use crate::pending::Pending;
use crate::teller::{self, Message};
use picket_event::body::{Asset, Ics};
use picket_event::{Direction, MessageKind, Operation, Protocol};
use picket_reader::Fault;

/// What an answer takes from its request.
pub(crate) type Waiting = Operation;

/// Where one direction stands.
#[derive(Debug, Default)]
enum Place {
    /// Before a head.
    #[default]
    Head,
    /// In a body nobody reads.
    Body,
    /// In a hello.
    Hello(Box<Asset>),
}

/// What is remembered of a conversation.
#[derive(Debug, Default)]
pub(crate) struct Fox {
    asked: Pending<u64, Waiting>,
    places: [Place; 2],
}

impl Framing for Fox {
    // Two hellos, each with a dozen texts of up to 128 bytes.
    const HELD: usize = Pending::<u64, Waiting>::LIMIT + 2 * (size_of::<Asset>() + 24 * 160);

    fn length(&self, bytes: &[u8], direction: Direction) -> Result<usize, Fault> {
        let head = matches!(self.places.get(direction.index()), Some(Place::Head));
        let begins = |start: &[u8]| start.starts_with(bytes.get(..start.len()).unwrap_or(bytes));
        if head && !begins(b"fox ") && !begins(b"{\n") {
            return Err(Fault::Malformed("fox: no message begins here"));
        }
        match bytes.iter().take(LINE_MAX).position(|byte| *byte == b'\n') {
            Some(end) => Ok(end + 1),
            None if bytes.len() >= LINE_MAX => Ok(LINE_MAX),
            None => Err(Fault::Incomplete { field: "line", missing: 1 }),
        }
    }

    fn message(&mut self, message: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        let Some(place) = self.places.get_mut(message.direction.index()) else { return Ok(()) };
        let line = message.bytes;
        match place {
            Place::Head if line == b"{\n" => {}
            Place::Head => {
                let head = parse::head(line).ok_or(Fault::Malformed("fox: head"))?;
                let hello = head.command == "hello";
                *place = if hello { Place::Hello(Box::new(device(message))) } else { Place::Body };
                output.ics(event(&mut self.asked, &head, message.direction));
            }
            Place::Body if line.ends_with(b"};;\n") => *place = Place::Head,
            Place::Body => {}
            Place::Hello(asset) if line == b"};;\n" => {
                let told = std::mem::take(&mut **asset);
                *place = Place::Head;
                output.asset(told);
            }
            Place::Hello(asset) => tell(asset, line),
        }
        Ok(())
    }

    fn interrupted(&mut self, direction: Direction, _: &mut Output) {
        if let Some(place) = self.places.get_mut(direction.index()) {
            *place = Place::Head;
        }
    }
}

fn event(asked: &mut Pending<u64, Waiting>, head: &Head<'_>, direction: Direction) -> Ics {
    let own = table::operation(head.command);
    // Both sides number what they ask.
    let side = |direction: Direction, number: u32| u64::from(number) << 1 | direction.index() as u64;
    let operation = match head.answers {
        Some(number) => asked.answer(&side(direction.opposite(), number)).unwrap_or(own),
        None => {
            asked.ask(side(direction, head.number), own);
            own
        }
    };
    let refused = head.kind == "e" || matches!(head.command, "rejected" | "error");
    let kind = match (direction, head.answers) {
        _ if refused => MessageKind::Exception,
        (_, Some(_)) => MessageKind::Response,
        (Direction::ToServer, None) => MessageKind::Request,
        // Both sides greet; what a station says in other channels unasked is news.
        (Direction::ToClient, None) if head.channel == "fox" => MessageKind::Response,
        (Direction::ToClient, None) => MessageKind::Unsolicited,
    };
    Ics {
        function_name: head.command.to_owned().into(),
        object: Some(head.channel.to_owned().into()),
        ..ics(Protocol::FOX, code(0, "", operation), kind)
    }
}

fn device(message: &Message<'_>) -> Asset {
    let mut asset = message.about();
    "fox".clone_into(&mut asset.source);
    asset
}

/// Takes what a line of a hello says.
fn tell(asset: &mut Asset, line: &[u8]) {
    let Some((key, value)) = parse::pair(line) else { return };
    match key {
        b"hostName" => {
            if let Some(name) = teller::name(value) {
                teller::add_name(asset, name);
            }
        }
        b"station.name" => {
            if let Some(name) = teller::name(value) {
                teller::add(&mut asset.names, name);
                teller::add(&mut asset.roles, "station".to_owned());
            }
        }
        b"app.name" => asset.model = teller::text(value).map(|app| format!("Niagara {app}")),
        b"app.version" => asset.firmware = teller::text(value),
        b"brandId" => asset.vendor = teller::text(value).map(|brand| format!("Tridium ({brand})")),
        b"os.name" => asset.os = teller::text(value),
        b"os.version" => {
            if let (Some(os), Some(version)) = (&mut asset.os, teller::text(value)) {
                os.push(' ');
                os.push_str(&version);
            }
        }
        _ => {}
    }
}
