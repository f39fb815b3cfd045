//! Agents, tokens and policies as they are stored.

use picket_event::{AgentId, Site};

/// An enrolled agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// Its id.
    pub id: AgentId,
    /// Its site; empty where none was given.
    pub site: Site,
    /// Its group, whose policy it gets; empty where none was given.
    pub group: String,
    /// Whether its certificate counts.
    pub status: AgentStatus,
    /// When it was enrolled, nanoseconds since 1970.
    pub enrolled_at: i64,
    /// End of its newest certificate, nanoseconds since 1970.
    pub certificate_until: i64,
    /// SHA-256 of its public key.
    pub key: Vec<u8>,
    /// When something came from it last, nanoseconds since 1970; 0 never.
    pub seen_at: i64,
    /// Where it connected from last.
    pub address: String,
    /// How it connected last: `quic`, `tcp`, or empty.
    pub transport: String,
    /// The host it ran on last.
    pub host: HostNote,
    /// The release it runs.
    pub release: String,
    /// The model bundle it runs.
    pub bundle: String,
    /// Its clock minus ours at the last hello, nanoseconds.
    pub clock_offset: i64,
    /// Events stored from it.
    pub events: u64,
    /// Bytes of its frames.
    pub bytes: u64,
    /// The policy it answered last, 0 for none.
    pub policy_version: u64,
    /// What it answered, in words.
    pub policy_state: String,
}

/// Whether an agent may connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentStatus {
    /// It may.
    Active,
    /// It may not, ever again; its events and ledger are kept.
    Revoked,
    /// It may once a person approves.
    Pending,
    /// A person said no; the name is free again.
    Rejected,
    /// It gave its identity up; the name is free again.
    Left,
}

impl AgentStatus {
    const ALL: [Self; 5] = [Self::Active, Self::Revoked, Self::Pending, Self::Rejected, Self::Left];

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Revoked => "revoked",
            Self::Pending => "pending",
            Self::Rejected => "rejected",
            Self::Left => "left",
        }
    }

    /// As stored.
    #[must_use]
    pub const fn number(self) -> i64 {
        self as i64
    }

    /// As stored; a number nobody knows may not connect.
    #[must_use]
    pub fn from_number(number: i64) -> Self {
        Self::ALL.into_iter().find(|status| status.number() == number).unwrap_or(Self::Revoked)
    }
}

/// What an agent says of the host it runs on. The ids are keyed hashes: they tell hosts apart and say no more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostNote {
    /// The host's name.
    pub name: String,
    /// Of the machine id.
    pub machine: String,
    /// Of the boot id.
    pub boot: String,
}

/// What an agent says of itself in its hello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// When, nanoseconds since 1970.
    pub at: i64,
    /// From where.
    pub address: String,
    /// `quic` or `tcp`.
    pub transport: &'static str,
    /// On which host; an older release does not say.
    pub host: Option<HostNote>,
    /// Its release.
    pub release: String,
    /// Its bundle.
    pub bundle: String,
    /// Its clock minus ours, nanoseconds.
    pub clock_offset: i64,
}

/// An identity that was seen twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Double {
    /// What was seen: a word of `identity::watch`.
    pub kind: String,
    /// When first, nanoseconds since 1970.
    pub first_at: i64,
    /// When last, nanoseconds since 1970.
    pub last_at: i64,
    /// How often.
    pub count: u64,
    /// One side, in words.
    pub one: String,
    /// The other side, in words.
    pub other: String,
}

/// One version of a group's policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The group.
    pub group: String,
    /// Its number, from 1.
    pub version: u64,
    /// What agents of the group put over their configuration, TOML.
    pub text: String,
    /// When it was made, nanoseconds since 1970.
    pub made_at: i64,
    /// By whom.
    pub made_by: String,
}

/// An enrolment token as stored: never its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRecord {
    /// Public part, names the token in lists.
    pub id: String,
    /// SHA-256 of the secret.
    pub digest: Vec<u8>,
    /// The site its agents get.
    pub site: Site,
    /// The group its agents get.
    pub group: String,
    /// Whether a person approves each agent.
    pub by_person: bool,
    /// When it was made, nanoseconds since 1970.
    pub created_at: i64,
    /// When it ends, nanoseconds since 1970.
    pub expires_at: i64,
    /// Enrolments it still allows.
    pub uses_left: u32,
}

/// Who wants in.
#[derive(Clone, Copy, Debug)]
pub struct Applicant<'a> {
    /// The name it asks for.
    pub agent: &'a AgentId,
    /// SHA-256 of its public key.
    pub key: &'a [u8],
    /// Where it asks from.
    pub address: &'a str,
    /// End of its certificate, nanoseconds since 1970.
    pub certificate_until: i64,
    /// Nanoseconds since 1970.
    pub now: i64,
}

/// As what an agent was let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// Its site.
    pub site: Site,
    /// Its group.
    pub group: String,
    /// Active, or pending until a person approves.
    pub status: AgentStatus,
}

/// What became of an attempt to use a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenUse {
    /// One use was taken; the agent is entered.
    Taken,
    /// It is past its end.
    Expired,
    /// Nothing is left of it.
    UsedUp,
    /// There is none of this id and secret.
    Unknown,
    /// The agent's name belongs to another key.
    NameTaken,
    /// The agent of this name is revoked.
    Revoked,
}
