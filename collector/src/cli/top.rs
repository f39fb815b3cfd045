//! `top`: the fleet on a terminal, renewed every second; once and plain where there is no terminal.

use super::agents::agent_row;
use super::client::{Client, Remote};
use super::fleet::{alert_row, print_json};
use super::table::{self, harmless};
use crate::api::view::{AgentView, EntityPage, FindingPage, FleetView};
use crate::page::human_bytes;
use ratatui::Frame;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Cell, Paragraph, Row, Table};
use serde::Serialize;
use std::io::{IsTerminal, Write, stdin, stdout};
use std::path::Path;
use std::time::{Duration, Instant};

/// Arguments of `top`.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    remote: Remote,
}

/// What one look at the collector shows.
#[derive(Debug, Serialize)]
struct Look {
    fleet: FleetView,
    agents: Vec<AgentView>,
    entities: EntityPage,
    alerts: FindingPage,
}

/// Totals of the look before, for rates.
#[derive(Clone, Copy, Debug)]
struct Before {
    at: Instant,
    packets: u64,
    events: u64,
    bytes: u64,
}

/// Rates a second.
#[derive(Clone, Copy, Debug, Default)]
struct Rates {
    packets: f64,
    events: f64,
    bytes: f64,
}

/// Runs `top`.
///
/// # Errors
/// When the collector cannot be asked.
pub fn run(args: &Args, path: Option<&Path>) -> anyhow::Result<()> {
    let client = Client::new(&args.remote, path)?;
    let first = look(&client)?;
    if args.remote.json {
        return print_json(&first);
    }
    if !stdout().is_terminal() || !stdin().is_terminal() {
        return plain(&first);
    }
    let mut terminal = ratatui::try_init()?;
    let result = screen(&mut terminal, &client, first);
    ratatui::restore();
    result
}

fn look(client: &Client) -> anyhow::Result<Look> {
    Ok(Look {
        fleet: client.get("/fleet")?,
        agents: client.get("/agents")?,
        entities: client.get("/entities?limit=50")?,
        alerts: client.get("/alerts?state=open&limit=20")?,
    })
}

fn screen(terminal: &mut ratatui::DefaultTerminal, client: &Client, first: Look) -> anyhow::Result<()> {
    let mut shown = first;
    let mut trouble = None;
    let mut rates = Rates::default();
    let mut before = Before::of(&shown, Instant::now());
    loop {
        terminal.draw(|frame| draw(frame, &shown, rates, trouble.as_deref()))?;
        let next = before.at + Duration::from_secs(1);
        while event::poll(next.saturating_duration_since(Instant::now()))? {
            if let Event::Key(key) = event::read()?
                && key.kind == KeyEventKind::Press
            {
                let interrupt = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
                if interrupt || matches!(key.code, KeyCode::Char('q') | KeyCode::Esc) {
                    return Ok(());
                }
            }
            terminal.draw(|frame| draw(frame, &shown, rates, trouble.as_deref()))?;
        }
        match look(client) {
            Ok(fresh) => {
                let now = Before::of(&fresh, Instant::now());
                rates = now.since(before);
                (before, shown, trouble) = (now, fresh, None);
            }
            Err(error) => {
                before.at = Instant::now();
                trouble = Some(super::exit::sentence(&error));
            }
        }
    }
}

impl Before {
    fn of(look: &Look, at: Instant) -> Self {
        let fleet = &look.fleet;
        Self { at, packets: fleet.ledger.frames, events: fleet.events, bytes: fleet.wire_bytes }
    }

    fn since(&self, earlier: Self) -> Rates {
        let seconds = self.at.saturating_duration_since(earlier.at).as_secs_f64().max(0.001);
        let rate = |now: u64, then: u64| now.saturating_sub(then) as f64 / seconds;
        Rates {
            packets: rate(self.packets, earlier.packets),
            events: rate(self.events, earlier.events),
            bytes: rate(self.bytes, earlier.bytes),
        }
    }
}

fn draw(frame: &mut Frame<'_>, look: &Look, rates: Rates, trouble: Option<&str>) {
    let alerts = u16::try_from(look.alerts.findings.len().min(8)).unwrap_or(8);
    let agents = u16::try_from(look.agents.len().min(8)).unwrap_or(8);
    let areas = Layout::vertical([
        Constraint::Length(2),
        Constraint::Length(agents + 2),
        Constraint::Min(5),
        Constraint::Length(alerts + 2),
    ]);
    let [head, agents, entities, alerts] = areas.areas(frame.area());
    frame.render_widget(heading(look, rates, trouble), head);
    let rows = look.agents.iter().map(|agent| row(agent_row(agent)));
    let titles = ["agent", "site", "state", "last heard", "packets", "flows", "dropped", "events", "wire", "books"];
    let widths = [16, 10, 14, 20, 10, 9, 8, 10, 10, 12].map(Constraint::Length);
    section(frame, agents, &format!("Agents {}", look.agents.len()), rows.collect(), &titles, &widths);
    let rows = look.entities.entities.iter().map(|e| {
        let why = e.reasons.first().cloned().unwrap_or_default();
        let cells =
            [e.rank.to_string(), format!("{:.1}", e.risk), e.entity.clone(), e.role.clone(), e.zone.clone(), why];
        row(cells.to_vec()).style(risk_style(e.risk))
    });
    let widths = [
        Constraint::Length(4),
        Constraint::Length(5),
        Constraint::Length(24),
        Constraint::Length(12),
        Constraint::Length(14),
        Constraint::Min(20),
    ];
    let title = format!("Entities {}", look.entities.total);
    section(frame, entities, &title, rows.collect(), &["#", "risk", "entity", "role", "zone", "why"], &widths);
    let rows = look.alerts.findings.iter().map(|f| row(alert_row(f)).style(risk_style(f.risk)));
    let widths = [
        Constraint::Length(17),
        Constraint::Length(20),
        Constraint::Length(5),
        Constraint::Length(14),
        Constraint::Length(20),
        Constraint::Length(10),
        Constraint::Length(6),
        Constraint::Min(20),
    ];
    let title = format!("Open alerts {}", look.alerts.total);
    section(
        frame,
        alerts,
        &title,
        rows.collect(),
        &["id", "time", "risk", "kind", "entity", "site", "state", "why"],
        &widths,
    );
}

fn heading<'a>(look: &Look, rates: Rates, trouble: Option<&'a str>) -> Paragraph<'a> {
    let fleet = &look.fleet;
    let books = if fleet.ledger.balanced { "books balanced" } else { "BOOKS DO NOT BALANCE" };
    let first = Line::from(vec![
        Span::styled("Picket ", Style::new().add_modifier(Modifier::BOLD)),
        Span::raw(format!(
            "{} of {} agents  {:.0} packets/s  {:.0} events/s  {}/s  {} entities  {books}",
            fleet.connected,
            fleet.agents,
            rates.packets,
            rates.events,
            human_bytes(rates.bytes as u64),
            fleet.entities,
        )),
    ]);
    let second = match trouble {
        Some(trouble) => Line::styled(trouble, Style::new().fg(Color::Red)),
        None => Line::styled("q quits", Style::new().add_modifier(Modifier::DIM)),
    };
    Paragraph::new(vec![first, second])
}

fn row(cells: Vec<String>) -> Row<'static> {
    Row::new(cells.into_iter().map(|text| Cell::from(harmless(&text))).collect::<Vec<_>>())
}

fn section(
    frame: &mut Frame<'_>,
    area: Rect,
    title: &str,
    rows: Vec<Row<'static>>,
    titles: &[&'static str],
    widths: &[Constraint],
) {
    let header = Row::new(titles.to_vec()).style(Style::new().add_modifier(Modifier::DIM));
    let block = Block::new().borders(Borders::TOP).title(format!(" {title} "));
    frame.render_widget(Table::new(rows, widths.to_vec()).header(header).block(block), area);
}

fn risk_style(risk: f64) -> Style {
    match risk {
        r if r >= 8.0 => Style::new().fg(Color::Red),
        r if r >= 5.0 => Style::new().fg(Color::Yellow),
        _ => Style::new(),
    }
}

fn plain(look: &Look) -> anyhow::Result<()> {
    let mut out = stdout().lock();
    let fleet = &look.fleet;
    writeln!(
        out,
        "{} of {} agents connected, {} packets, {} events, {} on the wire, {} entities, {} open alerts",
        fleet.connected,
        fleet.agents,
        fleet.ledger.frames,
        fleet.events,
        human_bytes(fleet.wire_bytes),
        fleet.entities,
        fleet.open_alerts
    )?;
    let rows: Vec<Vec<String>> = look.agents.iter().map(agent_row).collect();
    writeln!(out)?;
    table::write(
        &mut out,
        &[
            "agent",
            "site",
            "state",
            "last heard (UTC)",
            "packets",
            "flows",
            "dropped",
            "events",
            "on the wire",
            "books",
        ],
        &rows,
    )?;
    let rows: Vec<Vec<String>> = look
        .entities
        .entities
        .iter()
        .take(20)
        .map(|e| {
            vec![
                e.rank.to_string(),
                format!("{:.1}", e.risk),
                e.entity.clone(),
                e.role.clone(),
                e.reasons.first().cloned().unwrap_or_default(),
            ]
        })
        .collect();
    writeln!(out)?;
    table::write(&mut out, &["#", "risk", "entity", "role", "why"], &rows)?;
    let rows: Vec<Vec<String>> = look.alerts.findings.iter().map(alert_row).collect();
    writeln!(out)?;
    Ok(table::write(&mut out, &["id", "time (UTC)", "risk", "kind", "entity", "site", "state", "why"], &rows)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::view::{EntityRow, LedgerView};
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    #[test]
    fn the_screen_shows_the_fleet_and_no_escape() {
        let fleet = FleetView {
            agents: 3,
            connected: 2,
            entities: 1,
            open_alerts: 0,
            events: 10,
            wire_bytes: 400,
            ledger: LedgerView { balanced: true, ..LedgerView::default() },
            sites: Vec::new(),
        };
        let entity = EntityRow {
            rank: 1,
            entity: "plc\u{1b}[2J7".to_owned(),
            aliases: Vec::new(),
            site: "plant".to_owned(),
            zone: "cell".to_owned(),
            role: "controller".to_owned(),
            risk: 9.1,
            yesterday: 4.0,
            terms: [0.0; 4],
            alerts: 1,
            periods: 20.0,
            score: 0.0,
            omega: None,
            last_seen: String::new(),
            reasons: vec!["modbus write at 03:00".to_owned()],
        };
        let entities = EntityPage { total: 1, entities: vec![entity] };
        let look = Look { fleet, agents: Vec::new(), entities, alerts: FindingPage { total: 0, findings: Vec::new() } };
        let mut terminal = Terminal::new(TestBackend::new(140, 30)).unwrap();
        terminal.draw(|frame| draw(frame, &look, Rates { events: 5.0, ..Rates::default() }, Some("gone"))).unwrap();
        let text: String = terminal.backend().buffer().content().iter().map(|cell| cell.symbol()).collect();
        for part in
            ["2 of 3 agents", "5 events/s", "plc␛[2J7", "9.1", "modbus write at 03:00", "gone", "books balanced"]
        {
            assert!(text.contains(part), "{part} is missing");
        }
        assert!(!text.contains('\u{1b}'));
    }
}
