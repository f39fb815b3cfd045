//! Lines: a head, then a body of keys and values between braces.

/// The longest line that is read; of longer ones the rest is passed over.
pub(crate) const LINE_MAX: usize = 4096;

/// The head of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head<'a> {
    pub(crate) kind: &'a str,
    pub(crate) number: u32,
    /// The number of what it answers.
    pub(crate) answers: Option<u32>,
    pub(crate) channel: &'a str,
    pub(crate) command: &'a str,
}

/// Reads a head: `fox a 1 -1 fox hello`.
pub(crate) fn head(line: &[u8]) -> Option<Head<'_>> {
    let line = std::str::from_utf8(line.trim_ascii_end()).ok()?;
    let mut words = line.strip_prefix("fox ")?.split(' ');
    let (kind, number, answers) = (words.next()?, words.next()?, words.next()?);
    let (channel, command) = (words.next()?, words.next()?);
    let word = |text: &str| !text.is_empty() && text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_graphic());
    if kind.len() != 1 || !word(kind) || !word(channel) || !word(command) || words.next().is_some() {
        return None;
    }
    let answers: i64 = answers.parse().ok()?;
    let answers = if answers < 0 { None } else { Some(u32::try_from(answers).ok()?) };
    Some(Head { kind, number: number.parse().ok()?, answers, channel, command })
}

/// A key and its text: `app.version=s:3.5.41.1`.
pub(crate) fn pair(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = line.iter().position(|byte| *byte == b'=')?;
    let (key, value) = (line.get(..at)?, line.get(at.saturating_add(1)..)?);
    Some((key, value.strip_prefix(b"s:")?))
}
