//! Messages of an encoder of its own, what they mean, and what is none.

use super::*;
use crate::trial::{asset, messages, recognises, told};
use picket_event::{Direction, MessageKind, Operation, Protocol, Transport};

fn ams(command: u16, answer: bool, error: u32, invoke: u32, data: &[u8]) -> Vec<u8> {
    let mut out = vec![0, 0];
    out.extend((32 + data.len() as u32).to_le_bytes());
    out.extend([192, 0, 2, 1, 1, 1, 0x21, 3, 192, 0, 2, 2, 1, 1, 1, 0x80]);
    out.extend(command.to_le_bytes());
    out.extend([4 | u8::from(answer), 0]);
    out.extend((data.len() as u32).to_le_bytes());
    out.extend(error.to_le_bytes());
    out.extend(invoke.to_le_bytes());
    out.extend(data);
    out
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

#[test]
fn messages_are_recognised_and_nothing_else() {
    recognises(&Ads, Transport::TCP, |random| {
        let count = random.below(80);
        let mut message =
            ams(random.below(10) as u16, random.below(2) == 0, 0, random.next() as u32, &random.bytes(count));
        message.splice(6..22, random.bytes(16));
        message
    });
    recognises(&Ads, Transport::UDP, |random| {
        let (service, count) = (random.pick(&[1u32, 6, 0x8000_0001, 0x8000_0006]), random.below(60));
        let mut out = words(&[0x7114_6603, random.next() as u32, service]);
        out.extend(random.bytes(8 + 4 + count));
        out
    });
}

#[test]
fn answers_take_what_was_asked_for() {
    let ask = ams(3, false, 0, 7, &[&words(&[0x4020, 8, 2])[..], &[0x39, 5]].concat());
    let control = ams(5, false, 0, 8, &[6, 0, 0, 0, 0, 0, 0, 0]);
    let asks = [ask, control, ams(2, false, 0, 9, &words(&[0xf005, 1, 4]))].concat();
    let answers = [
        ams(3, true, 0, 7, &words(&[0])),
        ams(5, true, 0, 8, &words(&[0x701])),
        ams(2, true, 6, 9, &[]),
        ams(8, false, 0, 0, &words(&[0, 0])),
        ams(77, true, 0, 1, &words(&[0])),
    ]
    .concat();
    let output = told(&Protocol::ADS, Transport::TCP, &[(Direction::ToServer, &asks), (Direction::ToClient, &answers)]);
    let said: Vec<_> = messages(&output).iter().map(|m| (m.operation, m.kind, m.object.as_deref(), m.range)).collect();
    let (request, exception) = (MessageKind::Request, MessageKind::Exception);
    let value = Some("symbol value by handle");
    assert_eq!(
        said,
        [
            (Operation::Write, request, Some("memory"), Some((8, 9))),
            (Operation::Mode, request, Some("stop"), None),
            (Operation::Read, request, value, Some((1, 4))),
            (Operation::Write, MessageKind::Response, Some("memory"), Some((8, 9))),
            (Operation::Mode, MessageKind::Response, Some("error 0x0701"), None),
            (Operation::Read, exception, Some("error 0x0006"), Some((1, 4))),
            (Operation::Report, MessageKind::Unsolicited, None, None),
            (Operation::Other, MessageKind::Response, None, None),
        ]
    );
    assert_eq!(messages(&output)[0].value, Some(1337.0));
}

#[test]
fn devices_and_routers_name_themselves() {
    let info = [&words(&[0])[..], &[2, 11, 0x21, 6], b"Plc30 App\0\0\0\0\0\0\0"].concat();
    let output = told(&Protocol::ADS, Transport::TCP, &[(Direction::ToClient, &ams(1, true, 0, 1, &info))]);
    assert_eq!(
        (asset(&output).model.as_deref(), asset(&output).firmware.as_deref()),
        (Some("Plc30 App"), Some("2.11.1569"))
    );
    let mut router = words(&[0x7114_6603, 0, 0x8000_0001]);
    router.extend([5, 13, 0x75, 0x60, 1, 1, 0x10, 0x27]);
    router.extend(words(&[3]));
    router.extend(*b"\x05\x00\x05\x00CX_1\0");
    router.extend([4, 0, 20, 0]);
    router.extend(words(&[276, 6, 0, 0, 3]));
    router.extend([3, 0, 4, 0, 2, 11, 0xd7, 5]);
    let output = told(&Protocol::ADS, Transport::UDP, &[(Direction::ToClient, &router)]);
    let asset = asset(&output);
    assert_eq!((asset.hostname.as_deref(), asset.os.as_deref()), (Some("cx_1"), Some("Windows CE 6.0")));
    assert_eq!(asset.firmware.as_deref(), Some("TwinCAT 2.11.1495"));
}
