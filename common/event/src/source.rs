//! Where frames came from.

use std::sync::Arc;

/// Tags of one interface at most.
pub const INTERFACE_TAGS_MAX: usize = 16;

/// Where frames came from. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// A live interface.
    Interface(Arc<Interface>),
    /// A capture file, by its base name (`pcap_filename` in EVE).
    File(Arc<str>),
    /// Not tied to either: the agent itself.
    Agent,
}

/// An interface as the configuration names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Interface {
    /// Its name (`in_iface` in EVE).
    pub name: String,
    /// What it was tagged with (`tags` in EVE), at most [`INTERFACE_TAGS_MAX`].
    pub tags: Vec<String>,
}

impl Source {
    /// An interface without tags.
    #[must_use]
    pub fn interface(name: &str) -> Self {
        Self::tagged(name, Vec::new())
    }

    /// An interface with its tags.
    #[must_use]
    pub fn tagged(name: &str, tags: Vec<String>) -> Self {
        Self::Interface(Arc::new(Interface { name: name.to_owned(), tags }))
    }
}
