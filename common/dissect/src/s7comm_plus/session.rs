//! One S7comm-plus conversation being read.

use super::parse::{self, Message};
use super::table;
use crate::codes::Code;
use crate::iso::Upper;
use crate::{Context, Output};
use picket_event::body::{Asset, Ics};
use picket_event::{Body, Direction, Endpoints, MessageKind, Protocol};

/// Longest text about a device that is kept, bytes.
const TEXT_LIMIT: usize = 32;

/// The session above the transport.
#[derive(Debug, Default)]
pub(super) struct S7commPlus {
    /// The next fragment of a direction goes on with a message.
    open: [bool; 2],
    /// What follows is TLS: nothing can be read any more.
    secured: bool,
}

impl Upper for S7commPlus {
    fn fits(bytes: &[u8]) -> bool {
        parse::fits(bytes)
    }

    fn message(&mut self, direction: Direction, bytes: &[u8], context: &Context, output: &mut Output) {
        if self.secured || matches!(bytes, [0x14..=0x17, 3, 0..=4, ..]) {
            self.secured = true;
            return;
        }
        let Ok(fragment) = parse::fragment(bytes, true) else {
            return output.malformed.push("s7comm-plus: fragment");
        };
        if fragment.system {
            return;
        }
        let open = self.open.get_mut(direction.index());
        let goes_on = open.is_some_and(|open| std::mem::replace(open, !fragment.last));
        // Behind a gap a new message may begin.
        if goes_on && !parse::begins(fragment.inside) {
            return;
        }
        match parse::message(fragment.inside) {
            Ok(message) => self.say(&message, direction, context, output),
            Err(_) => output.malformed.push("s7comm-plus: message"),
        }
    }
}

impl S7commPlus {
    fn say(&mut self, message: &Message<'_>, direction: Direction, context: &Context, output: &mut Output) {
        let ics = match *message {
            Message::Request(code) => event(&table::function(code), MessageKind::Request),
            Message::Response(code, failed, rest) => {
                if code == table::CREATE_OBJECT {
                    output.events.extend(asset(rest, direction, context));
                }
                let kind = if failed { MessageKind::Exception } else { MessageKind::Response };
                event(&table::function(code), kind)
            }
            Message::Notification => event(&table::NOTIFICATION, MessageKind::Unsolicited),
        };
        output.ics(ics);
    }
}

fn event(function: &Code<u16>, kind: MessageKind) -> Ics {
    Ics::new(Protocol::S7COMM_PLUS, function.operation, kind, function.code.into(), function.name)
}

/// What a device said of itself when a session was made.
fn asset(bytes: &[u8], direction: Direction, context: &Context) -> Option<Body> {
    let (order, firmware) = parse::identity(bytes)?;
    let text = |bytes: &[u8]| {
        let text = bytes.get(..TEXT_LIMIT).unwrap_or(bytes).escape_ascii().to_string();
        (!text.is_empty()).then(|| text.trim().to_owned())
    };
    let ip = match (context.endpoints, direction) {
        (Endpoints::Ip { dest, .. }, Direction::ToClient) => Some(dest),
        (Endpoints::Ip { src, .. }, Direction::ToServer) => Some(src),
        (Endpoints::Link { .. }, _) => None,
    };
    Some(Body::Asset(Box::new(Asset {
        ip,
        vendor: Some("Siemens".to_owned()),
        model: text(order),
        firmware: text(firmware),
        roles: vec!["plc".to_owned()],
        source: "s7comm_plus".to_owned(),
        ..Asset::default()
    })))
}
