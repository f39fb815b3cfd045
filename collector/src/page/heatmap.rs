//! A matrix as a heat map: places, shades, marks and titles; the template only writes them down.

use crate::api::view::{CellView, MatrixView};

/// Rows or columns drawn at most; those with the most in them stay.
const MAX_LINES: usize = 40;
const CELL: usize = 17;
const HOURS: usize = 24;
/// Deviations from which on a cell is marked: about 1 in 100, and 1 in 10,000, where deviations are tails in nats.
const ODD: f64 = 4.6;
const VERY_ODD: f64 = 9.2;

/// A drawn matrix.
#[derive(Debug, Default)]
pub struct HeatMap {
    /// Its name.
    pub name: String,
    /// Sum of the deviations.
    pub sum: f64,
    /// Pixels.
    pub width: usize,
    /// Pixels.
    pub height: usize,
    /// Words round it.
    pub labels: Vec<Label>,
    /// Cells, empty ones too.
    pub cells: Vec<Cell>,
    /// Rows and columns that found no place.
    pub left_out: usize,
    /// The most unusual cells, in words.
    pub oddest: Vec<String>,
}

impl HeatMap {
    /// Whether nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }
}

/// A word beside a row or above a column.
#[derive(Debug)]
pub struct Label {
    /// Its class in the style sheet.
    pub class: &'static str,
    /// Pixels.
    pub x: usize,
    /// Pixels.
    pub y: usize,
    /// Whether it is turned to fit over its column.
    pub turned: bool,
    /// What is drawn.
    pub text: String,
    /// What is meant.
    pub full: String,
}

/// One cell.
#[derive(Debug)]
pub struct Cell {
    /// Pixels.
    pub x: usize,
    /// Pixels.
    pub y: usize,
    /// Shade of what is expected, 0 to 5.
    pub expected: u8,
    /// Shade of what was seen, 0 to 5.
    pub seen: u8,
    /// `odd`, `very`, or nothing.
    pub mark: &'static str,
    /// Its numbers in words.
    pub title: String,
}

impl Cell {
    /// Whether the inner square is drawn: something was seen, or its absence is unusual.
    #[must_use]
    pub fn is_seen(&self) -> bool {
        self.seen > 0 || !self.mark.is_empty()
    }

    /// The inner square's class.
    #[must_use]
    pub fn seen_class(&self) -> String {
        if self.mark.is_empty() { format!("s{}", self.seen) } else { self.mark.to_owned() }
    }
}

/// A line of cells: its index in the matrix and its label.
struct Line {
    index: usize,
    label: String,
}

/// Draws a matrix. Hours always run across, 24 for workdays and 24 for weekends.
#[must_use]
pub fn draw(matrix: &MatrixView) -> HeatMap {
    let mut map = HeatMap { name: spoken(&matrix.name), sum: matrix.sum, ..HeatMap::default() };
    if matrix.cells.is_empty() {
        return map;
    }
    let timed = matrix.rows.iter().any(|label| hour(label).is_some());
    // With hours in the rows, the matrix is turned: (down, across) = (column, row).
    let turned = |cell: &CellView| if timed { (cell.column, cell.row) } else { (cell.row, cell.column) };
    let (down_labels, across_labels) =
        if timed { (&matrix.columns, &matrix.rows) } else { (&matrix.rows, &matrix.columns) };
    let (down, down_left) = heaviest(down_labels, &matrix.cells, |cell| turned(cell).0);
    let left = 14 + 7 * down.iter().map(|line| line.label.chars().count().min(34)).max().unwrap_or(0);
    let (places, top, across_left) = if timed {
        let places =
            across_labels.iter().map(|label| hour(label).map(|(weekend, h)| left + hour_place(weekend, h))).collect();
        hour_labels(&mut map.labels, left);
        map.width = left + hour_place(true, HOURS) + 4;
        (places, 34, 0)
    } else {
        let (across, across_left) = heaviest(across_labels, &matrix.cells, |cell| turned(cell).1);
        let mut places = vec![None; across_labels.len()];
        let longest = across.iter().map(|line| line.label.chars().count().min(28)).max().unwrap_or(0);
        let top = 16 + longest * 5;
        for (n, line) in across.iter().enumerate() {
            places[line.index] = Some(left + n * CELL);
            let (x, y) = (left + n * CELL + 9, top - 6);
            map.labels.push(Label {
                class: "column",
                x,
                y,
                turned: true,
                text: cut(&line.label, 28),
                full: line.label.clone(),
            });
        }
        map.width = left + across.len() * CELL + longest * 5 + 12;
        (places, top, across_left)
    };
    for (n, line) in down.iter().enumerate() {
        let (x, y) = (left - 7, top + n * CELL + 11);
        map.labels.push(Label {
            class: "row",
            x,
            y,
            turned: false,
            text: cut(&line.label, 34),
            full: line.label.clone(),
        });
    }
    map.height = top + down.len() * CELL + 2;
    map.left_out = down_left + across_left;
    fill(&mut map, matrix, &down, &places, top, turned);
    if timed {
        empty_hours(&mut map, &places, left, top, down.len());
    }
    map.oddest = oddest(matrix);
    map
}

fn fill(
    map: &mut HeatMap,
    matrix: &MatrixView,
    down: &[Line],
    places: &[Option<usize>],
    top: usize,
    turned: impl Fn(&CellView) -> (usize, usize),
) {
    let most = matrix.cells.iter().map(|cell| cell.seen.max(cell.expected)).fold(0.0, f64::max);
    for (n, line) in down.iter().enumerate() {
        let mut row: Vec<Option<&CellView>> = vec![None; places.len()];
        for cell in matrix.cells.iter().filter(|cell| turned(cell).0 == line.index) {
            if let Some(slot) = row.get_mut(turned(cell).1) {
                *slot = Some(cell);
            }
        }
        for (cell, x) in row.into_iter().zip(places).filter_map(|(cell, place)| place.map(|x| (cell, x))) {
            let (seen, expected, deviation) = cell.map_or((0.0, 0.0, 0.0), |c| (c.seen, c.expected, c.deviation));
            let title = cell.map_or_else(String::new, |cell| sentence(matrix, cell));
            map.cells.push(Cell {
                x,
                y: top + n * CELL,
                expected: shade(expected, most),
                seen: shade(seen, most),
                mark: mark(deviation),
                title,
            });
        }
    }
}

/// Cells for the hours in which the matrix holds nothing, so that a day always has 24.
fn empty_hours(map: &mut HeatMap, places: &[Option<usize>], left: usize, top: usize, rows: usize) {
    let hours = [false, true].into_iter().flat_map(|weekend| (0..HOURS).map(move |h| left + hour_place(weekend, h)));
    for x in hours.filter(|x| !places.contains(&Some(*x))) {
        for n in 0..rows {
            map.cells.push(Cell { x, y: top + n * CELL, expected: 0, seen: 0, mark: "", title: "nothing".to_owned() });
        }
    }
}

fn mark(deviation: f64) -> &'static str {
    match deviation {
        d if d >= VERY_ODD => "very",
        d if d >= ODD => "odd",
        _ => "",
    }
}

/// 0 for nothing, then 1 to 5 by the logarithm, so that one behaviour can be told from none beside a thousand.
fn shade(value: f64, most: f64) -> u8 {
    if value <= 0.005 || most <= 0.0 {
        return 0;
    }
    (1.0 + 4.0 * (1.0 + value).ln() / (1.0 + most).ln()).round().clamp(1.0, 5.0) as u8
}

/// The lines with the most in them, in their own order, and how many were left out.
fn heaviest(labels: &[String], cells: &[CellView], of: impl Fn(&CellView) -> usize) -> (Vec<Line>, usize) {
    let mut weights = vec![(0.0_f64, 0.0_f64); labels.len()];
    for cell in cells {
        if let Some(weight) = weights.get_mut(of(cell)) {
            *weight = (weight.0.max(cell.deviation), weight.1 + cell.seen.max(cell.expected));
        }
    }
    let mut order: Vec<usize> = (0..labels.len()).filter(|i| weights[*i] != (0.0, 0.0)).collect();
    order.sort_by(|a, b| weights[*b].partial_cmp(&weights[*a]).unwrap_or(std::cmp::Ordering::Equal));
    let left_out = order.len().saturating_sub(MAX_LINES);
    order.truncate(MAX_LINES);
    order.sort_unstable();
    (order.into_iter().map(|index| Line { index, label: labels[index].clone() }).collect(), left_out)
}

/// `workday-03` is (false, 3), `weekend-22` is (true, 22).
fn hour(label: &str) -> Option<(bool, usize)> {
    let (day, hour) = label.split_once('-')?;
    let weekend = match day {
        "workday" => false,
        "weekend" => true,
        _ => return None,
    };
    hour.parse().ok().filter(|h| *h < HOURS).map(|h| (weekend, h))
}

fn hour_place(weekend: bool, hour: usize) -> usize {
    hour * CELL + if weekend { HOURS * CELL + 14 } else { 0 }
}

fn hour_labels(labels: &mut Vec<Label>, left: usize) {
    for weekend in [false, true] {
        let text = if weekend { "weekend" } else { "workday" }.to_owned();
        let x = left + hour_place(weekend, 0);
        labels.push(Label { class: "group", x, y: 12, turned: false, full: text.clone(), text });
        for h in (0..HOURS).step_by(3) {
            let text = format!("{h:02}");
            let x = left + hour_place(weekend, h) + 8;
            labels.push(Label { class: "hour", x, y: 28, turned: false, full: format!("{h:02}:00"), text });
        }
    }
}

fn cut(text: &str, characters: usize) -> String {
    if text.chars().count() <= characters {
        return text.to_owned();
    }
    text.chars().take(characters.saturating_sub(1)).chain(['…']).collect()
}

fn spoken(name: &str) -> String {
    let name = name.replace(" x ", " × ");
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn amount(value: f64) -> String {
    if value >= 100.0 || value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

fn sentence(matrix: &MatrixView, cell: &CellView) -> String {
    let label = |labels: &[String], index: usize| labels.get(index).map_or_else(String::new, |label| clock(label));
    let (row, column) = (label(&matrix.rows, cell.row), label(&matrix.columns, cell.column));
    let (seen, expected) = (amount(cell.seen), amount(cell.expected));
    format!("{row}, {column}: {seen} seen, {expected} expected, deviation {:.1}", cell.deviation)
}

/// `workday-03` as `workday 03:00`.
fn clock(label: &str) -> String {
    match hour(label) {
        Some((weekend, h)) => format!("{} {h:02}:00", if weekend { "weekend" } else { "workday" }),
        None => label.to_owned(),
    }
}

fn oddest(matrix: &MatrixView) -> Vec<String> {
    let mut odd: Vec<&CellView> = matrix.cells.iter().filter(|cell| !mark(cell.deviation).is_empty()).collect();
    odd.sort_by(|a, b| b.deviation.total_cmp(&a.deviation));
    odd.into_iter().take(3).map(|cell| sentence(matrix, cell)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix() -> MatrixView {
        MatrixView {
            name: "time x space".to_owned(),
            rows: vec!["workday-03".to_owned(), "weekend-22".to_owned()],
            columns: vec!["Office".to_owned(), "<b>cell</b>".to_owned()],
            cells: vec![
                CellView { row: 0, column: 0, seen: 40.0, expected: 0.2, deviation: 55.0 },
                CellView { row: 1, column: 1, seen: 0.0, expected: 12.0, deviation: 5.0 },
            ],
            sum: 60.0,
        }
    }

    #[test]
    fn hours_run_across_and_marks_stand_where_it_deviates() {
        let map = draw(&matrix());
        assert_eq!(map.name, "Time × space");
        assert_eq!(map.cells.len(), 2 * 48, "two rows of every hour");
        let very: Vec<&Cell> = map.cells.iter().filter(|cell| cell.mark == "very").collect();
        assert_eq!(very.len(), 1);
        assert_eq!(very[0].title, "workday 03:00, Office: 40 seen, 0.20 expected, deviation 55.0");
        let absent = map.cells.iter().find(|cell| cell.mark == "odd").unwrap();
        assert!(absent.is_seen() && absent.seen == 0 && absent.expected > 0, "an unusual absence is drawn");
        assert_eq!(map.oddest.len(), 2);
        assert!(map.cells.iter().all(|cell| cell.x + 15 <= map.width && cell.y + 15 <= map.height));
    }

    #[test]
    fn large_matrices_keep_the_heaviest_lines() {
        let names = |letter: &str| (0..100).map(|n| format!("{letter}{n}")).collect::<Vec<_>>();
        let cell = |n: usize| CellView { row: n, column: n, seen: n as f64, expected: 1.0, deviation: 0.0 };
        let large = MatrixView {
            name: "relation x space".to_owned(),
            rows: names("r"),
            columns: names("s"),
            cells: (0..100).map(cell).collect(),
            sum: 0.0,
        };
        let map = draw(&large);
        assert_eq!(map.cells.len(), MAX_LINES * MAX_LINES);
        assert_eq!(map.left_out, 120);
        assert!(map.labels.iter().any(|label| label.text == "r99"));
    }

    #[test]
    fn nothing_counted_draws_nothing() {
        assert!(draw(&MatrixView { cells: Vec::new(), ..matrix() }).is_empty());
    }
}
