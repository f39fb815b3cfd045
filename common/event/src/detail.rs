//! What the messages of a conversation say of it, for protocols that have no events of their own.
//!
//! Lists of short texts, in the order they were first met. What is said again is there once.

use bincode::{Decode, Encode};

/// Texts of one list at most.
pub const DETAIL_TEXTS_MAX: usize = 16;
/// Length of a text at most, bytes.
pub const DETAIL_TEXT_BYTES_MAX: usize = 128;

/// The one list of fields, in the order of the wire; only ever appended to. Hands it to a macro.
macro_rules! detail_fields {
    ($make:ident) => {
        $make! {
            {versions "Versions of the protocol."}
            {messages "Kinds of its messages."}
            {identifiers "Numbers that the ends have chosen for the conversation, hexadecimal (SPIs, indices, sessions)."}
            {offers "What was offered: algorithms, ways of protection."}
            {choices "What was chosen of it."}
            {programs "What the programs at the ends say of themselves."}
            {notices "Notifications and errors."}
            {nat "What they tell of address translation."}
            {addresses "Addresses that are told inside: what they are for, then address and port."}
            {realms "Realms and naming contexts."}
            {authentication "How a client proves who it is; never names or passwords."}
            {strata "Distance from a clock's reference, 1 to 16."}
            {references "What clocks are set by: a source, or the address of the next server."}
            {continues "The flow that a tunnel went on from, between other addresses: its flow_id."}
        }
    };
}
pub(crate) use detail_fields;

macro_rules! detail {
    ($({$name:ident $doc:literal})*) => {
        /// What the messages of a conversation say of it.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
        pub struct AppDetail {
            $(#[doc = $doc] pub $name: Vec<String>,)*
        }

        impl AppDetail {
            pub(crate) fn lists(&self) -> Vec<&Vec<String>> {
                vec![$(&self.$name),*]
            }

            pub(crate) fn lists_mut(&mut self) -> Vec<&mut Vec<String>> {
                vec![$(&mut self.$name),*]
            }
        }
    };
}

detail_fields!(detail);

impl AppDetail {
    /// Adds a text to one of its lists, where it is not there yet and there is room; longer ones are cut.
    pub fn add(list: &mut Vec<String>, text: &str) {
        Self::insert(list, text);
    }

    /// The same; answers whether it was added.
    fn insert(list: &mut Vec<String>, text: &str) -> bool {
        let cut = text.get(..text.floor_char_boundary(DETAIL_TEXT_BYTES_MAX)).unwrap_or(text);
        let is_new = !cut.is_empty() && list.len() < DETAIL_TEXTS_MAX && !list.iter().any(|known| known == cut);
        if is_new {
            list.push(cut.to_owned());
        }
        is_new
    }

    /// Adds what other messages say; answers whether any of it was new.
    pub fn merge(&mut self, other: &Self) -> bool {
        let mut is_new = false;
        for (mine, theirs) in self.lists_mut().into_iter().zip(other.lists()) {
            for text in theirs {
                is_new |= Self::insert(mine, text);
            }
        }
        is_new
    }

    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lists().into_iter().all(Vec::is_empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_bounded_and_say_nothing_twice() {
        let mut detail = AppDetail::default();
        for number in 0..40 {
            AppDetail::add(&mut detail.messages, &format!("{}{}", number / 2, "é".repeat(200)));
        }
        AppDetail::add(&mut detail.messages, "");
        assert_eq!(detail.messages.len(), DETAIL_TEXTS_MAX);
        assert!(detail.messages.iter().all(|text| text.len() <= DETAIL_TEXT_BYTES_MAX));
        let before = detail.clone();
        assert!(!detail.merge(&before));
        assert_eq!(detail, before);
        assert!(!detail.is_empty() && AppDetail::default().is_empty());
    }
}
