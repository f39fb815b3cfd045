//! Told by sub-headers, modules and lengths that fit, commands that exist; 1E by its device letters.

use super::{melsoft, old, parse};
use crate::recognise::{Guess, spoken};
use crate::{Head, Probe};
use picket_event::Transport;
use picket_reader::Fault;

/// The judgement of both directions.
pub(crate) fn probe(head: &Head<'_>) -> Probe {
    if head.transport == Transport::UDP {
        return spoken(head, |bytes| client(bytes, true), |bytes| server(bytes, true));
    }
    spoken(head, |bytes| client(bytes, false), |bytes| server(bytes, false))
}

fn client(bytes: &[u8], datagram: bool) -> Guess {
    judge(bytes, datagram, false)
}

fn server(bytes: &[u8], datagram: bool) -> Guess {
    judge(bytes, datagram, true)
}

fn judge(bytes: &[u8], datagram: bool, answer: bool) -> Guess {
    if let Some((answers, _)) = melsoft::search(bytes).filter(|_| datagram) {
        return if answers == answer { Guess::Yes(0.93) } else { Guess::No };
    }
    let length = match bytes {
        [0x57 | 0xd7, ..] => melsoft::length(bytes),
        [0x50 | 0x54 | 0xd0 | 0xd4, 0, ..] | [b'5' | b'D', b'0' | b'4', ..] => {
            parse::head(bytes).map(|head| head.total)
        }
        _ => return old_frame(bytes, datagram, answer),
    };
    match length {
        Ok(total) if datagram && total != bytes.len() => Guess::No,
        Ok(total) => match bytes.get(..total) {
            Some(whole) => judge_whole(whole, answer),
            None => Guess::Open,
        },
        Err(Fault::Incomplete { .. }) if !datagram => Guess::Open,
        Err(_) => Guess::No,
    }
}

fn judge_whole(bytes: &[u8], answer: bool) -> Guess {
    if matches!(bytes, [0x57 | 0xd7, ..]) {
        let fits = melsoft::frame(bytes).is_ok_and(|frame| frame.answer == answer);
        return if fits { Guess::Yes(0.98) } else { Guess::No };
    }
    let Ok(head) = parse::head(bytes) else { return Guess::No };
    match (head.answer, answer) {
        (false, false) => match parse::request(&head, bytes) {
            Ok(request) if parse::exists(&request) => Guess::Yes(0.98),
            Ok(_) if head.module == 0x03ff => Guess::Yes(0.85),
            _ => Guess::No,
        },
        // What the controller sends of itself has the form of a request.
        (false, true) => match parse::request(&head, bytes) {
            Ok(request) if request.command == super::table::ON_DEMAND => Guess::Yes(0.98),
            _ => Guess::No,
        },
        (true, true) if matches!(head.module, 0x03d0..) => Guess::Yes(0.9),
        _ => Guess::No,
    }
}

/// Frame 1E: a batch access has device letters; the other requests and all answers are too short to tell.
fn old_frame(bytes: &[u8], datagram: bool, answer: bool) -> Guess {
    if answer {
        let code = bytes.first().copied().unwrap_or(0);
        let known = code & 0x80 != 0 && !old::function(code & 0x7f).name.is_empty();
        return if known { Guess::Open } else { Guess::No };
    }
    match old::request(bytes) {
        Ok(request) if request.device.is_none() => Guess::Open,
        Ok(request) if datagram && request.total != bytes.len() => Guess::No,
        // No device has numbers of more than three bytes: the later frames give them no more.
        Ok(request) if request.range.is_none_or(|(_, last)| last >= 1 << 24) => Guess::Yes(0.75),
        Ok(request) if request.controller == 0xff || request.controller <= 64 => Guess::Yes(0.97),
        Err(Fault::Incomplete { .. }) if !datagram => Guess::Open,
        _ => Guess::No,
    }
}
