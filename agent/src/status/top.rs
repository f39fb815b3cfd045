//! `picket-agent top`: rates, protocols and the ledger on one screen, refreshed each second.

use super::render::up;
use super::{Snapshot, text};
use ratatui::Frame;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Style, Stylize};
use ratatui::text::Line;
use ratatui::widgets::{Block, Paragraph, Row, Table};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;
use std::time::{Duration, Instant};

const REFRESH: Duration = Duration::from_secs(1);

/// Two snapshots and the time between them: enough for rates.
struct View {
    now: io::Result<Snapshot>,
    before: Option<Snapshot>,
    seconds: f64,
}

impl View {
    fn rate(&self, of: impl Fn(&Snapshot) -> u64) -> f64 {
        let (Ok(now), Some(before)) = (&self.now, &self.before) else { return 0.0 };
        of(now).saturating_sub(of(before)) as f64 / self.seconds.max(0.001)
    }
}

/// Shows the screen until q, Escape or Ctrl-C.
///
/// # Errors
/// When the terminal fails.
pub fn screen(ask: impl Fn() -> io::Result<Snapshot>) -> io::Result<()> {
    let mut terminal = ratatui::try_init()?;
    let mut view = View { now: ask(), before: None, seconds: 1.0 };
    let mut asked = Instant::now();
    let result = loop {
        if let Err(error) = terminal.draw(|frame| draw(frame, &view)) {
            break Err(error);
        }
        let wait = REFRESH.saturating_sub(asked.elapsed());
        match event::poll(wait).and_then(|ready| if ready { event::read().map(Some) } else { Ok(None) }) {
            Ok(Some(Event::Key(key))) if key.kind == KeyEventKind::Press => {
                let control_c = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
                if control_c || matches!(key.code, KeyCode::Char('q') | KeyCode::Esc) {
                    break Ok(());
                }
            }
            Ok(_) => {}
            Err(error) => break Err(error),
        }
        if asked.elapsed() >= REFRESH {
            let seconds = asked.elapsed().as_secs_f64();
            asked = Instant::now();
            let before = std::mem::replace(&mut view.now, ask()).ok();
            view = View { before: before.or(view.before), seconds, ..view };
        }
    };
    ratatui::restore();
    result
}

fn draw(frame: &mut Frame<'_>, view: &View) {
    let snapshot = match &view.now {
        Ok(snapshot) => snapshot,
        Err(error) => {
            let words = format!("no agent answers: {error}\n\nq quits; it is asked again each second");
            frame.render_widget(Paragraph::new(words).block(Block::bordered().title("picket-agent")), frame.area());
            return;
        }
    };
    let ledger_lines = u16::try_from(snapshot.ledger_text.lines().count()).unwrap_or(8);
    let inputs = u16::try_from(snapshot.inputs.len()).unwrap_or(8).min(8);
    let areas = Layout::vertical([
        Constraint::Length(4),
        Constraint::Length(inputs + 3),
        Constraint::Min(5),
        Constraint::Length(ledger_lines + 2),
        Constraint::Length(1),
    ])
    .split(frame.area());
    let [head, middle, tables, ledger, foot] = areas.as_ref() else { return };
    frame.render_widget(header(snapshot, view), *head);
    frame.render_widget(input_table(snapshot), *middle);
    let columns = Layout::horizontal([Constraint::Fill(1); 3]).split(*tables);
    let before = view.before.as_ref();
    for (area, (title, now, earlier)) in columns.iter().zip([
        ("flows by protocol", &snapshot.protocols, before.map(|b| &b.protocols)),
        ("events by kind", &snapshot.kinds, before.map(|b| &b.kinds)),
        ("verdicts", &snapshot.verdicts, before.map(|b| &b.verdicts)),
    ]) {
        frame.render_widget(counts(title, now, earlier, view.seconds), *area);
    }
    frame
        .render_widget(Paragraph::new(snapshot.ledger_text.as_str()).block(Block::bordered().title("ledger")), *ledger);
    frame.render_widget(Line::from(" q quits").dim(), *foot);
}

fn header<'a>(snapshot: &Snapshot, view: &View) -> Paragraph<'a> {
    let name = if snapshot.agent.is_empty() { "not enrolled".to_owned() } else { snapshot.agent.clone() };
    let collector = snapshot.uplink.as_ref().map_or("none".to_owned(), |uplink| uplink.state.clone());
    let frames = view.rate(|s| s.inputs.iter().map(|input| input.frames).sum());
    let bits = view.rate(|s| s.inputs.iter().map(|input| input.bytes).sum()) * 8.0;
    let events = view.rate(|s| s.kinds.values().sum());
    let open = snapshot.ledger.get("flows_open").and_then(serde_json::Value::as_u64).unwrap_or(0);
    let rates = format!("{frames:.0} packets/s   {:.2} Mbit/s   {events:.0} events/s   {open} flows open", bits / 1e6);
    let title = format!("picket-agent {} {name}, up {}", snapshot.version, up(snapshot.uptime_seconds));
    Paragraph::new(vec![Line::from(rates).bold(), Line::from(format!("collector: {collector}"))])
        .block(Block::bordered().title(title))
}

fn input_table(snapshot: &Snapshot) -> Table<'_> {
    let rows = snapshot.inputs.iter().map(|input| {
        let drops = input.kernel_drops + input.interface_drops;
        let style = if drops > 0 { Style::new().yellow() } else { Style::new() };
        Row::new([input.name.clone(), input.state.clone(), input.frames.to_string(), drops.to_string()]).style(style)
    });
    let widths = [Constraint::Fill(1), Constraint::Fill(2), Constraint::Length(14), Constraint::Length(10)];
    Table::new(rows, widths)
        .header(Row::new(["input", "state", "frames", "dropped"]).dim())
        .block(Block::bordered().title("inputs"))
}

fn counts<'a>(
    title: &'a str,
    now: &BTreeMap<String, u64>,
    before: Option<&BTreeMap<String, u64>>,
    seconds: f64,
) -> Table<'a> {
    let mut sorted: Vec<(&String, &u64)> = now.iter().collect();
    sorted.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), (*name).clone()));
    let rows = sorted.into_iter().map(|(name, count)| {
        let earlier = before.and_then(|before| before.get(name)).unwrap_or(if before.is_some() { &0 } else { count });
        let rate = count.saturating_sub(*earlier) as f64 / seconds.max(0.001);
        Row::new([name.clone(), count.to_string(), format!("{rate:.1}/s")])
    });
    let rows: Vec<Row<'_>> = rows.collect();
    Table::new(rows, [Constraint::Fill(1), Constraint::Length(10), Constraint::Length(9)])
        .block(Block::bordered().title(title))
}

/// One page of text, for where there is no terminal.
#[must_use]
pub fn plain(snapshot: &Snapshot) -> String {
    let mut out = text(snapshot);
    for (title, map) in [("protocol", &snapshot.protocols), ("kind", &snapshot.kinds), ("verdict", &snapshot.verdicts)]
    {
        for (name, count) in map {
            let _ = writeln!(out, "{title:<9} {name} {count}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    #[test]
    fn the_screen_shows_rates_and_counters() {
        let mut before = Snapshot { agent: "probe".into(), ..Snapshot::default() };
        before.inputs.push(super::super::InputStatus { name: "eth0".into(), frames: 100, ..Default::default() });
        before.protocols.insert("modbus".into(), 4);
        let mut now = before.clone();
        now.ledger_text = "frames    300\n".into();
        now.inputs.iter_mut().for_each(|input| input.frames = 300);
        now.protocols.insert("modbus".into(), 6);
        let view = View { now: Ok(now), before: Some(before), seconds: 2.0 };
        let mut terminal = Terminal::new(TestBackend::new(100, 30)).unwrap();
        terminal.draw(|frame| draw(frame, &view)).unwrap();
        let screen = terminal.backend().to_string();
        for words in ["100 packets/s", "eth0", "modbus", "1.0/s", "frames    300", "probe"] {
            assert!(screen.contains(words), "{words} is not on\n{screen}");
        }
        let gone = View { now: Err(io::ErrorKind::NotFound.into()), before: None, seconds: 1.0 };
        terminal.draw(|frame| draw(frame, &gone)).unwrap();
        assert!(terminal.backend().to_string().contains("no agent answers"));
    }
}
