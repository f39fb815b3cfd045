//! What part an entity plays, judged from what it does: its peer group.

/// A peer group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Begins conversations and serves nobody.
    Workstation,
    /// Serves others.
    Server,
    /// Answers industrial protocols.
    Controller,
    /// Asks controllers.
    Supervision,
    /// A device of one purpose: printer, camera.
    Appliance,
    /// A sensor of the product.
    Agent,
}

impl Role {
    /// Every role.
    pub const ALL: &'static [Self] =
        &[Self::Workstation, Self::Server, Self::Controller, Self::Supervision, Self::Appliance, Self::Agent];

    /// The name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Workstation => "workstation",
            Self::Server => "server",
            Self::Controller => "controller",
            Self::Supervision => "supervision",
            Self::Appliance => "appliance",
            Self::Agent => "agent",
        }
    }

    /// Default weights of time x space, time x relation, relation x space; they sum to 1. Relation x space holds
    /// a whole period and is the calmest, so it weighs most; a controller's hours count for less than its
    /// relations, a workstation's for more.
    #[must_use]
    pub const fn weights(self) -> [f64; 3] {
        match self {
            Self::Workstation | Self::Agent => [0.15, 0.1, 0.75],
            Self::Server | Self::Appliance => [0.1, 0.15, 0.75],
            Self::Controller | Self::Supervision => [0.05, 0.2, 0.75],
        }
    }
}
