//! The columns in `docs/features.md` are those of the schemas.
#![allow(clippy::disallowed_methods, reason = "tests do I/O")]

use picket_feature::packet::{self, Header, Layout};
use picket_feature::schema::{Column, PAIR_ID, Schema, host_columns, pair_columns};
use std::fmt::Write as _;

const BEGIN: &str = "<!-- columns: made from the schemas -->\n";

/// Columns that differ in a last number alone, as one line.
fn table(columns: &[Column]) -> String {
    let mut text = "| column | unit | what it says |\n|---|---|---|\n".to_owned();
    let stem = |column: &Column| {
        let (stem, number) = column.name.rsplit_once('_')?;
        number
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit())
            .then(|| (stem.to_owned(), number.len() > 1 || column.meaning.is_empty()))
    };
    let mut at = 0;
    while let Some(first) = columns.get(at) {
        let alike = |other: &&Column| stem(other).is_some() && stem(other) == stem(first) && other.unit == first.unit;
        let run = columns[at..].iter().take_while(|other| alike(other)).count().max(1);
        let last = &columns[at + run - 1];
        let _ = match run {
            1 => writeln!(text, "| `{}` | {} | {} |", first.name, first.unit, first.meaning),
            _ => writeln!(text, "| `{}` to `{}` ({run}) | {} | |", first.name, last.name, first.unit),
        };
        at += run;
    }
    text
}

fn chapters() -> String {
    let mut text = String::new();
    for schema in Schema::ALL {
        let columns = schema.columns();
        let _ = writeln!(
            text,
            "\n### {} ({} columns)\n\n{}\n\n{}",
            schema.id(),
            columns.len(),
            schema.about(),
            table(&columns)
        );
    }
    for (id, about, columns) in [
        (
            PAIR_ID,
            "Regularity of the connections of one client, server and port, over at most 24 hours.",
            pair_columns(),
        ),
        (picket_feature::host::ID, "One local host over a window of five minutes.", host_columns()),
    ] {
        let _ = writeln!(text, "\n### {id} ({} columns)\n\n{about}\n\n{}", columns.len(), table(&columns));
    }
    let all = Layout::new(&Header::ALL, 1);
    let columns: Vec<Column> =
        all.names().into_iter().map(|name| Column { name: name.into(), unit: "-1, 0, 1", meaning: "" }).collect();
    let _ = writeln!(
        text,
        "\n### {} ({} columns with every header, and 8 a byte of payload)\n\nThe bits of one packet, as nPrint lays them out.\n\n{}",
        packet::ID,
        columns.len() - 8,
        table(&columns)
    );
    text
}

/// `PICKET_BLESS=1` writes the tables anew.
#[test]
fn the_columns_in_docs_are_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/features.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (prose, tables) = text.split_once(BEGIN).expect("docs/features.md has its mark");
    let wanted = chapters();
    if std::env::var_os("PICKET_BLESS").is_some() {
        std::fs::write(path, format!("{prose}{BEGIN}{wanted}")).unwrap();
        return;
    }
    assert_eq!(tables, wanted, "docs/features.md is old: PICKET_BLESS=1 rewrites its tables");
}
