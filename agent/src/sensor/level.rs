//! How much a sensor does, when the host gives it too little time or memory.

/// The steps, least missed first. Each includes those before it; what each left out is counted in the ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Level {
    /// Everything.
    #[default]
    Full = 0,
    /// Of each conversation only its first bytes are put together and read.
    Heads = 1,
    /// Conversations are read until they are recognised, and no further.
    Recognition = 2,
    /// Besides, nothing is scored.
    Unscored = 3,
    /// Besides, only one in [`SAMPLE`] new conversations is taken.
    Sampled = 4,
}

/// One new conversation in so many is taken at [`Level::Sampled`].
pub const SAMPLE: u64 = 4;
/// Bytes of a conversation that count as its head.
pub(crate) const HEAD_BYTES: u32 = 64 << 10;

impl Level {
    /// All, in their order.
    pub const ALL: [Self; 5] = [Self::Full, Self::Heads, Self::Recognition, Self::Unscored, Self::Sampled];

    /// The level of a number; too large ones mean the last.
    #[must_use]
    pub fn from_number(number: u8) -> Self {
        Self::ALL.get(usize::from(number)).copied().unwrap_or(Self::Sampled)
    }

    /// What this level gives up besides what the one before it does; empty for [`Level::Full`].
    #[must_use]
    pub const fn gives_up(self) -> &'static str {
        match self {
            Self::Full => "",
            Self::Heads => "reassembly",
            Self::Recognition => "detail",
            Self::Unscored => "scoring",
            Self::Sampled => "sampling",
        }
    }
}

/// What was left out, for the ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Missed {
    /// Conversations that were read no further than their head.
    pub(crate) reassembly: u64,
    /// Conversations that were read no further than recognition.
    pub(crate) detail: u64,
    /// Rows without a score.
    pub(crate) scoring: u64,
    /// Packets of conversations that were not taken.
    pub(crate) sampling: u64,
}

impl Missed {
    /// Rows `degraded STEP` of the ledger.
    pub(crate) fn account(&self, ledger: &mut picket_event::Ledger) {
        let counts = [self.reassembly, self.detail, self.scoring, self.sampling];
        for (level, count) in Level::ALL.into_iter().skip(1).zip(counts).filter(|(_, count)| *count > 0) {
            *ledger.capped.entry(format!("degraded {}", level.gives_up())).or_default() += count;
        }
    }
}
