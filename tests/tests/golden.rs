//! Golden captures: the sensor says of each what stands beside it, line for line.
//! `PICKET_BLESS=1` rewrites what stands beside them; the difference is then read by a person.

use picket_event::Kind;
use picket_tests::golden::{all, events, folder, lines};
use picket_tests::place::{files, repository};
use std::collections::BTreeSet;

#[test]
fn golden_captures_give_the_events_beside_them() {
    let bless = std::env::var_os("PICKET_BLESS").is_some();
    let mut problems = Vec::new();
    let captures = files(&repository().join("common/dissect/src"), &["pcap", "pcapng"]);
    assert!(captures.len() >= 20, "only {} golden captures found", captures.len());
    for capture in captures {
        let expected = capture.with_extension("jsonl");
        // Findings are the sensor's judgement of what a dissector said, and have tests of their own.
        let said: Vec<_> = events(&capture).into_iter().filter(|event| event.kind() != Kind::Alert).collect();
        let said = lines(&said);
        if bless {
            std::fs::write(&expected, &said).unwrap();
        }
        let wanted = std::fs::read_to_string(&expected).unwrap_or_default();
        if let Some((at, (said, wanted))) = said
            .lines()
            .map(Some)
            .chain([None])
            .zip(wanted.lines().map(Some).chain([None]))
            .enumerate()
            .find(|(_, (a, b))| a != b)
        {
            problems.push(format!(
                "{} line {}:\n  said   {}\n  wanted {}",
                expected.display(),
                at + 1,
                said.unwrap_or("(the end)"),
                wanted.unwrap_or("(the end)")
            ));
        }
    }
    assert!(problems.is_empty(), "PICKET_BLESS=1 rewrites the expectations:\n{}", problems.join("\n"));
}

/// The captures that are made by program are the ones that are committed.
#[test]
fn golden_captures_are_what_their_maker_makes() {
    for (protocol, name, capture) in all() {
        let path = folder(protocol).join(name).with_extension("pcap");
        let committed = std::fs::read(&path).unwrap_or_default();
        assert!(
            committed == capture.to_pcap(),
            "{} differs from what is made: run `cargo run -p picket-tests --bin make-golden`, then PICKET_BLESS=1",
            path.display()
        );
    }
}

/// Every operation that a dissector's table can give occurs in one of its goldens.
#[test]
fn every_operation_of_a_table_is_in_a_golden() {
    let mut tables = 0;
    for table in files(&repository().join("common/dissect/src"), &["rs"]) {
        if table.file_name().is_none_or(|name| name != "table.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&table).unwrap();
        let wanted: BTreeSet<String> = text
            .split("Operation::")
            .skip(1)
            .filter_map(|rest| {
                let name: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
                let all = picket_event::Operation::ALL;
                all.iter().find(|known| format!("{known:?}") == name).map(|known| known.name().to_owned())
            })
            .collect();
        if wanted.is_empty() {
            continue;
        }
        tables += 1;
        let golden = table.with_file_name("golden");
        let said: String =
            files(&golden, &["jsonl"]).iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
        for operation in wanted {
            let found = said.contains(&format!("\"operation\":\"{operation}\""));
            assert!(found, "{} can give {operation}, and no golden of {} has it", table.display(), golden.display());
        }
    }
    assert!(tables >= 1, "no table of operations was found");
}
