//! `token` and `user`: who may join the fleet, and who may look at it.

use super::client::{Client, Remote};
use super::fleet::print_json;
use super::table::{self, moment};
use crate::api::Role;
use crate::api::agents::{EnrolmentTokenView, MadeEnrolmentToken};
use crate::api::people::{MadeToken, SetupLink};
use crate::config::Span;
use crate::page::encoded;
use anyhow::{Context, ensure};
use hyper::Method;
use serde_json::{Value, json};
use std::io::{BufRead, IsTerminal, Write, stdin, stdout};
use std::path::Path;

/// Arguments of `token`.
#[derive(clap::Args, Debug)]
pub struct Token {
    #[command(subcommand)]
    action: TokenAction,
    #[command(flatten)]
    remote: Remote,
}

#[derive(clap::Subcommand, Debug)]
enum TokenAction {
    /// Make an enrolment token for agents; it is shown once
    Create {
        /// The site its agents belong to
        #[arg(long, default_value = "")]
        site: String,
        /// The group its agents belong to, whose policy they get
        #[arg(long, default_value = "")]
        group: String,
        /// Who lets an agent in: the token alone, or a person for each (`agents approve`)
        #[arg(long, value_enum, default_value = "token")]
        approval: Approval,
        /// How many agents may use it
        #[arg(long, default_value_t = 1)]
        uses: u32,
        /// How long it works, such as 1h or 7d
        #[arg(long, value_name = "DURATION", default_value = "1h")]
        expires: Span,
    },
    /// Enrolment tokens
    List,
    /// Remove an enrolment token; agents that enrolled with it stay
    Remove {
        /// Its id
        id: String,
    },
    /// Make an API token; it is shown once
    Api {
        /// What it is for
        #[arg(long)]
        label: String,
        /// What it may do
        #[arg(long, value_enum, default_value = "viewer")]
        role: Role,
        /// How long it works; access.api_token of the configuration where it is left out
        #[arg(long, value_name = "DURATION")]
        expires: Option<Span>,
    },
    /// API tokens
    ApiList,
    /// Revoke an API token
    ApiRevoke {
        /// Its id
        id: String,
    },
}

/// Who lets an agent in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Approval {
    /// Whoever has the token is let in
    Token,
    /// Each agent waits until a person approves it
    Person,
}

/// Runs `token`.
///
/// # Errors
/// When the collector cannot be asked or refuses.
pub fn token(args: &Token, path: Option<&Path>) -> anyhow::Result<()> {
    let client = Client::new(&args.remote, path)?;
    let mut out = stdout().lock();
    match &args.action {
        TokenAction::Create { site, group, approval, uses, expires } => {
            let by_person = *approval == Approval::Person;
            let seconds = expires.0.as_secs();
            let body = json!({"site": site, "group": group, "by_person": by_person, "uses": uses, "seconds": seconds});
            let made: MadeEnrolmentToken =
                serde_json::from_value(client.change(Method::POST, "/enrolment-tokens", &body)?)?;
            drop(out);
            return shown_once(&args.remote, &made, &made.token);
        }
        TokenAction::Api { label, role, expires } => {
            let body = json!({"label": label, "role": role, "seconds": expires.map(|span| span.0.as_secs())});
            let made: MadeToken = serde_json::from_value(client.change(Method::POST, "/tokens", &body)?)?;
            drop(out);
            return shown_once(&args.remote, &made, &made.token);
        }
        TokenAction::List => {
            let tokens: Vec<EnrolmentTokenView> = client.get("/enrolment-tokens")?;
            if args.remote.json {
                drop(out);
                return print_json(&tokens);
            }
            let row = |t: &EnrolmentTokenView| {
                let approval = if t.by_person { "person" } else { "token" }.to_owned();
                let (site, group) = (t.site.clone(), t.group.clone());
                vec![t.id.clone(), site, group, approval, t.uses_left.to_string(), moment(&t.expires_at)]
            };
            let rows: Vec<Vec<String>> = tokens.iter().map(row).collect();
            table::write(&mut out, &["id", "site", "group", "approval", "uses left", "ends (UTC)"], &rows)?;
        }
        TokenAction::ApiList => {
            listing(&client, &mut out, args.remote.json, "/tokens", &["id", "label", "role", "created_by"])?
        }
        TokenAction::Remove { id } => {
            client.change(Method::DELETE, &format!("/enrolment-tokens/{}", encoded(id)), &json!({}))?;
            writeln!(out, "removed")?;
        }
        TokenAction::ApiRevoke { id } => {
            client.change(Method::DELETE, &format!("/tokens/{}", encoded(id)), &json!({}))?;
            writeln!(out, "revoked")?;
        }
    }
    Ok(())
}

fn shown_once(remote: &Remote, made: &impl serde::Serialize, text: &str) -> anyhow::Result<()> {
    if remote.json {
        return print_json(made);
    }
    writeln!(stdout().lock(), "{text}")?;
    Ok(())
}

fn listing(client: &Client, out: &mut impl Write, json: bool, path: &str, columns: &[&str]) -> anyhow::Result<()> {
    let rows: Vec<Value> = client.get(path)?;
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(&rows)?)?;
        return Ok(());
    }
    let text = |row: &Value, column: &str| row.get(column).and_then(Value::as_str).unwrap_or_default().to_owned();
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| columns.iter().map(|column| text(row, column)).collect()).collect();
    Ok(table::write(out, columns, &rows)?)
}

/// Arguments of `user`.
#[derive(clap::Args, Debug)]
pub struct User {
    #[command(subcommand)]
    action: UserAction,
    #[command(flatten)]
    remote: Remote,
}

#[derive(clap::Subcommand, Debug)]
enum UserAction {
    /// Every user
    List,
    /// Add a user; the password is asked for, or read from standard input
    Add {
        /// The name
        name: String,
        /// What the user may do
        #[arg(long, value_enum, default_value = "viewer")]
        role: Role,
    },
    /// Set a user's password; it is asked for, or read from standard input
    Password {
        /// The name
        name: String,
    },
    /// Give a user another role
    Role {
        /// The name
        name: String,
        /// What the user may do from now on
        #[arg(value_enum)]
        role: Role,
    },
    /// Remove a user
    Remove {
        /// The name
        name: String,
    },
    /// Make a new one-time link that makes an administrator
    SetupLink,
}

/// Runs `user`.
///
/// # Errors
/// When the collector cannot be asked or refuses.
pub fn user(args: &User, path: Option<&Path>) -> anyhow::Result<()> {
    let client = Client::new(&args.remote, path)?;
    let said = match &args.action {
        UserAction::List => {
            return listing(&client, &mut stdout().lock(), args.remote.json, "/users", &["name", "role"]);
        }
        UserAction::Add { name, role } => {
            let body = json!({"name": name, "role": role, "password": password()?});
            client.change(Method::POST, "/users", &body)?;
            format!("{name} can log in as {role}")
        }
        UserAction::Password { name } => {
            client.change(Method::POST, &format!("/users/{}", encoded(name)), &json!({"password": password()?}))?;
            "the password is set; open sessions of the user have ended".to_owned()
        }
        UserAction::Role { name, role } => {
            client.change(Method::POST, &format!("/users/{}", encoded(name)), &json!({"role": role}))?;
            format!("{name} is {role}; open sessions of the user have ended")
        }
        UserAction::Remove { name } => {
            client.change(Method::DELETE, &format!("/users/{}", encoded(name)), &json!({}))?;
            format!("{name} is removed")
        }
        UserAction::SetupLink => {
            let link: SetupLink = serde_json::from_value(client.change(Method::POST, "/setup-link", &json!({}))?)?;
            if args.remote.json {
                return print_json(&link);
            }
            format!("open once, below the collector's address: {}", link.path)
        }
    };
    writeln!(stdout().lock(), "{said}")?;
    Ok(())
}

/// A password from the terminal, unseen, or from the first line of standard input.
fn password() -> anyhow::Result<String> {
    let input = stdin();
    let hidden = if input.is_terminal() { Some(Hidden::new()?) } else { None };
    let mut line = String::new();
    input.lock().read_line(&mut line).context("read the password")?;
    drop(hidden);
    let text = line.trim_end_matches(['\n', '\r']).to_owned();
    ensure!(!text.is_empty(), "no password was given: type one, or pipe it to standard input");
    Ok(text)
}

/// Keeps the terminal from showing what is typed.
struct Hidden(rustix::termios::Termios);

impl Hidden {
    fn new() -> anyhow::Result<Self> {
        eprint!("Password: ");
        let before = rustix::termios::tcgetattr(stdin()).context("ask the terminal")?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(rustix::termios::LocalModes::ECHO);
        rustix::termios::tcsetattr(stdin(), rustix::termios::OptionalActions::Flush, &quiet)
            .context("hide the password")?;
        Ok(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        let _ = rustix::termios::tcsetattr(stdin(), rustix::termios::OptionalActions::Flush, &self.0);
        eprintln!();
    }
}
