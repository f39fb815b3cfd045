//! Control messages: records of a control frame, each of a kind that a release may skip.

use super::asked::{BundlePart, BundleWant, DetailAnswer, DetailDurable, DetailPart, DetailRequest};
use super::body::WireLedger;
use super::frame::{Frame, FrameKind, open, seal};
use super::record::{Records, append, inflate, value};
use super::{Class, WireError};
use crate::Ledger;
use bincode::{Decode, Encode};

const HELLO: u16 = 0x200;
const ANSWER: u16 = 0x201;
const ACK: u16 = 0x202;
const LEDGER: u16 = 0x203;
const REFUSAL: u16 = 0x204;
// 0x205 stood for a policy of another shape that was never sent.
// 0x206 and 0x207 stood for offers of bundles and requests of another shape that were never sent.
const RENEWAL: u16 = 0x208;
const CERTIFICATE: u16 = 0x209;
const HOST: u16 = 0x20a;
const AUTHORITIES: u16 = 0x20b;
const POLICY_ANSWER: u16 = 0x20c;
const BEAT: u16 = 0x20d;
const POLICY: u16 = 0x20e;
const DETAIL_REQUEST: u16 = 0x20f;
const DETAIL_ANSWER: u16 = 0x210;
const DETAIL_PART: u16 = 0x211;
const DETAIL_DURABLE: u16 = 0x212;
const BUNDLE_WANT: u16 = 0x213;
const BUNDLE_PART: u16 = 0x214;
const AHEAD: u16 = 0x215;

/// The agent's first message.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Hello {
    /// Oldest version the agent reads.
    pub oldest: u8,
    /// Newest version the agent reads and writes.
    pub newest: u8,
    /// What the agent calls itself; who it is, its certificate says.
    pub agent: String,
    /// The agent's release.
    pub release: String,
    /// Id of the model bundle in force; empty where there is none.
    pub bundle: String,
    /// The agent's clock, nanoseconds since 1970.
    pub clock: i64,
    /// The spool's epoch.
    pub epoch: u64,
    /// The sequence the next new event will have.
    pub next: u64,
}

/// The collector's answer; only after it is the agent connected.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct HelloAnswer {
    /// The version both speak.
    pub version: u8,
    /// Highest sequence of the epoch that is durable, with all before it; 0 for none.
    pub acknowledged: u64,
    /// The site the agent belongs to.
    pub site: String,
    /// The collector's clock, nanoseconds since 1970.
    pub clock: i64,
}

/// Why a connection is refused or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum RefusalCode {
    /// No version in common.
    Version,
    /// The agent is revoked.
    Revoked,
    /// The collector does not know the agent.
    Unknown,
    /// A frame was over a limit, cut or altered.
    Frame,
    /// Sequences did not follow each other.
    Sequence,
    /// The same agent connected again.
    Replaced,
    /// The collector has no room now.
    Busy,
    /// The collector is going down.
    Stopping,
    /// The message order was not kept.
    Protocol,
    /// A person has yet to approve the agent.
    Pending,
}

impl RefusalCode {
    const ALL: [Self; 10] = [
        Self::Version,
        Self::Revoked,
        Self::Unknown,
        Self::Frame,
        Self::Sequence,
        Self::Replaced,
        Self::Busy,
        Self::Stopping,
        Self::Protocol,
        Self::Pending,
    ];

    /// The application's close code in QUIC; 0 is an ordinary end.
    #[must_use]
    pub const fn number(self) -> u32 {
        self as u32 + 1
    }

    /// The code of a number.
    #[must_use]
    pub fn from_number(number: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|code| u64::from(code.number()) == number)
    }

    /// Whether a person must act before another attempt can succeed.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Version | Self::Revoked | Self::Unknown)
    }
}

/// The collector's no.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Refusal {
    /// Why.
    pub code: RefusalCode,
    /// In words.
    pub reason: String,
    /// The frame's first sequence, where a frame was refused; 0 otherwise.
    pub sequence: u64,
}

/// The host an agent runs on, and which run of it this is. Hashes are keyed, so that they tell hosts apart and say no
/// more; texts are empty where the system does not tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct HostNote {
    /// Chosen at random by each start of the agent.
    pub instance: u64,
    /// The host's name.
    pub name: String,
    /// Hash of the machine id, hexadecimal.
    pub machine: String,
    /// Hash of the boot id, hexadecimal.
    pub boot: String,
}

/// Settings that a group's agents put over their configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Policy {
    /// The group.
    pub group: String,
    /// Grows with every change of the group's policy; 0 takes the policy away.
    pub version: u64,
    /// TOML, as in the agent's own file.
    pub text: String,
}

/// What became of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum PolicyOutcome {
    /// All of it is in force.
    Applied,
    /// Some of it waits for a restart; the words say what.
    Partly,
    /// None of it: the words say why. What was in force before still is.
    Refused,
    /// It was taken, then kept the agent from working, and the one before it is in force again.
    RolledBack,
}

/// An agent's answer to a policy.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct PolicyAnswer {
    /// The policy's version.
    pub version: u64,
    /// What became of it.
    pub outcome: PolicyOutcome,
    /// One sentence a key.
    pub words: Vec<String>,
}

/// A control message.
#[derive(Clone, Debug, PartialEq)]
pub enum Control {
    /// Agent to collector, first.
    Hello(Hello),
    /// Collector to agent, in answer.
    HelloAnswer(HelloAnswer),
    /// Collector to agent: everything of the epoch up to this sequence is durable.
    Ack {
        /// The epoch.
        epoch: u64,
        /// The sequence.
        acknowledged: u64,
    },
    /// Collector to agent, beside the answer to the hello and beside each [`Control::Ack`] while there are any: the ranges ahead of
    /// what is acknowledged that are durable too. Beside the hello it says that the collector takes frames ahead of others.
    Ahead {
        /// The epoch.
        epoch: u64,
        /// First and last sequence of each.
        ranges: Vec<(u64, u64)>,
    },
    /// Agent to collector: the sensor's totals.
    Ledger(Box<Ledger>),
    /// Collector to agent, last.
    Refusal(Refusal),
    /// Collector to agent: settings of its group.
    Policy(Policy),
    /// Agent to collector: what became of them.
    PolicyAnswer(PolicyAnswer),
    /// Collector to agent: packets are wanted.
    DetailRequest(DetailRequest),
    /// Agent to collector: how it stands to a request for packets.
    DetailAnswer(DetailAnswer),
    /// Agent to collector: a piece of the packets.
    DetailPart(DetailPart),
    /// Collector to agent: how far they are stored.
    DetailDurable(DetailDurable),
    /// Agent to collector: a piece of a bundle is wanted.
    BundleWant(BundleWant),
    /// Collector to agent: that piece.
    BundlePart(BundlePart),
    /// Agent to collector: a certificate signing request (DER) for the same key and name.
    Renewal(Vec<u8>),
    /// Collector to agent: the renewed certificate.
    Certificate {
        /// DER.
        certificate: Vec<u8>,
        /// Its end, seconds since 1970.
        not_after: i64,
    },
    /// Agent to collector, beside the hello.
    Host(HostNote),
    /// Collector to agent: the authorities to trust from now on.
    Authorities {
        /// DER, the one that signs the collector's own certificate first.
        certificates: Vec<Vec<u8>>,
        /// Whether the agent is to renew its certificate now, because another authority signs from now on.
        renew: bool,
    },
    /// Either way, over TCP: I am here. The collector answers each.
    Beat,
}

/// Makes a control frame of one message.
///
/// # Errors
/// [`WireError::Records`] when the message is over the limit of a record.
pub fn encode_control(message: &Control) -> Result<Frame, WireError> {
    encode_controls(std::slice::from_ref(message))
}

/// Makes a control frame of several messages. A release that does not know one of them reads the others.
///
/// # Errors
/// [`WireError::Records`] when a message is over the limit of a record.
pub fn encode_controls(messages: &[Control]) -> Result<Frame, WireError> {
    let mut out = Vec::new();
    if !messages.iter().all(|message| put(&mut out, message)) {
        return Err(WireError::Records);
    }
    let count = u32::try_from(messages.len()).map_err(|_| WireError::Records)?;
    let body = zstd::bulk::compress(&out, 1).map_err(|_| WireError::Compression)?;
    seal(FrameKind::Control, Class::Alert, 0, count, &body)
}

/// Appends a message; `false` when it is over the limit.
fn put(out: &mut Vec<u8>, message: &Control) -> bool {
    match message {
        Control::Hello(hello) => append(out, HELLO, hello),
        Control::HelloAnswer(answer) => append(out, ANSWER, answer),
        Control::Ack { epoch, acknowledged } => append(out, ACK, &(*epoch, *acknowledged)),
        Control::Ahead { epoch, ranges } => append(out, AHEAD, &(*epoch, ranges)),
        Control::Ledger(ledger) => append(out, LEDGER, &WireLedger::from(&**ledger)),
        Control::Refusal(refusal) => append(out, REFUSAL, refusal),
        Control::Policy(policy) => append(out, POLICY, policy),
        Control::PolicyAnswer(answer) => append(out, POLICY_ANSWER, answer),
        Control::DetailRequest(request) => append(out, DETAIL_REQUEST, request),
        Control::DetailAnswer(answer) => append(out, DETAIL_ANSWER, answer),
        Control::DetailPart(part) => append(out, DETAIL_PART, part),
        Control::DetailDurable(durable) => append(out, DETAIL_DURABLE, durable),
        Control::BundleWant(want) => append(out, BUNDLE_WANT, want),
        Control::BundlePart(part) => append(out, BUNDLE_PART, part),
        Control::Renewal(csr) => append(out, RENEWAL, csr),
        Control::Certificate { certificate, not_after } => append(out, CERTIFICATE, &(certificate, *not_after)),
        Control::Host(host) => append(out, HOST, host),
        Control::Authorities { certificates, renew } => append(out, AUTHORITIES, &(certificates, *renew)),
        // A byte, because a record of none could not be told from one that was cut.
        Control::Beat => append(out, BEAT, &0u8),
    }
}

/// Reads a control frame: its messages, and how many records were of unknown kinds.
///
/// # Errors
/// What is wrong with it; a known message that cannot be read is [`WireError::Records`].
pub fn decode_control(frame: &[u8]) -> Result<(Vec<Control>, u32), WireError> {
    let (header, body) = open(frame)?;
    if header.kind != FrameKind::Control {
        return Err(WireError::Kind(0));
    }
    let mut zstd = zstd::bulk::Decompressor::new().map_err(|_| WireError::Compression)?;
    let all = inflate(&mut zstd, body)?;
    let mut records = Records(&all);
    let (mut messages, mut unknown) = (Vec::new(), 0u32);
    while let Some((kind, payload)) = records.next()? {
        if messages.len() as u64 + u64::from(unknown) >= u64::from(header.count) {
            return Err(WireError::Records);
        }
        let message = match kind {
            HELLO => value(payload).map(Control::Hello),
            ANSWER => value(payload).map(Control::HelloAnswer),
            ACK => value(payload).map(|(epoch, acknowledged)| Control::Ack { epoch, acknowledged }),
            AHEAD => value(payload).map(|(epoch, ranges)| Control::Ahead { epoch, ranges }),
            LEDGER => value::<WireLedger>(payload).map(|ledger| Control::Ledger(Box::new(ledger.ledger()))),
            REFUSAL => value(payload).map(Control::Refusal),
            POLICY => value(payload).map(Control::Policy),
            DETAIL_REQUEST => value(payload).map(Control::DetailRequest),
            DETAIL_ANSWER => value(payload).map(Control::DetailAnswer),
            DETAIL_PART => value(payload).map(Control::DetailPart),
            DETAIL_DURABLE => value(payload).map(Control::DetailDurable),
            BUNDLE_WANT => value(payload).map(Control::BundleWant),
            BUNDLE_PART => value(payload).map(Control::BundlePart),
            RENEWAL => value(payload).map(Control::Renewal),
            CERTIFICATE => {
                value(payload).map(|(certificate, not_after)| Control::Certificate { certificate, not_after })
            }
            POLICY_ANSWER => value(payload).map(Control::PolicyAnswer),
            HOST => value(payload).map(Control::Host),
            AUTHORITIES => value(payload).map(|(certificates, renew)| Control::Authorities { certificates, renew }),
            BEAT => value::<u8>(payload).map(|_| Control::Beat),
            _ => {
                unknown += 1;
                continue;
            }
        };
        messages.push(message.ok_or(WireError::Records)?);
    }
    Ok((messages, unknown))
}
