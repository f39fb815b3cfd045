//! Plain tables and lines for people; what came from the network is made harmless for terminals.

use std::io::{self, Write};

/// Characters of a cell at most.
const MAX_CELL: usize = 120;

/// Text without control characters (terminal escapes among them), bidirectional overrides, or endless length.
#[must_use]
pub fn harmless(text: &str) -> String {
    let shown = |c: char| match c {
        '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        other => other,
    };
    text.chars().map(shown).collect()
}

fn cell(text: &str) -> String {
    let text = harmless(text);
    if text.chars().count() <= MAX_CELL {
        return text;
    }
    text.chars().take(MAX_CELL - 1).chain(['…']).collect()
}

/// Writes a table: headings, then rows, columns aligned, two blanks between. Numbers stand to the right.
///
/// # Errors
/// When the output is gone.
pub fn write(out: &mut impl Write, headings: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|text| cell(text)).collect()).collect();
    let width = |column: usize, heading: &str| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|text| text.chars().count());
        cells.chain([heading.chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = headings.iter().enumerate().map(|(column, heading)| width(column, heading)).collect();
    let numeric: Vec<bool> = (0..headings.len())
        .map(|column| !rows.is_empty() && rows.iter().all(|row| row.get(column).is_some_and(|text| is_number(text))))
        .collect();
    let headings = headings.iter().map(|heading| (*heading).to_owned()).collect();
    for row in std::iter::once(&headings).chain(&rows) {
        let mut line = String::new();
        for ((text, width), numeric) in row.iter().zip(&widths).zip(&numeric) {
            let blanks = " ".repeat(width.saturating_sub(text.chars().count()));
            let parts = if *numeric { [blanks.as_str(), text] } else { [text.as_str(), &blanks] };
            line.push_str(parts[0]);
            line.push_str(parts[1]);
            line.push_str("  ");
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn is_number(text: &str) -> bool {
    text == "-" || text.bytes().next().is_some_and(|b| b.is_ascii_digit()) && text.parse::<f64>().is_ok()
}

/// An RFC 3339 time without what people do not read.
#[must_use]
pub fn moment(text: &str) -> String {
    text.get(..19).map_or_else(|| text.to_owned(), |text| text.replacen('T', " ", 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_harmless() {
        let rows =
            vec![vec!["a\u{1b}[31m".to_owned(), "5".to_owned()], vec!["longer name".to_owned(), "12".to_owned()]];
        let mut out = Vec::new();
        write(&mut out, &["name", "n"], &rows).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "name          n\na␛[31m        5\nlonger name  12\n");
    }

    #[test]
    fn endless_text_is_cut() {
        assert_eq!(cell(&"x".repeat(1_000_000)).chars().count(), MAX_CELL);
    }
}
