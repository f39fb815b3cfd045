//! Guesses at the operating system, from the ways of TCP and from what programs say of themselves.

/// What a browser says it runs on (`User-Agent`, RFC 9110 section 10.1.5): its word, not a proof.
pub(super) fn system_of_agent(agent: &str) -> Option<&'static str> {
    const SIGNS: [(&str, &str); 10] = [
        ("Windows NT 10.0", "Windows 10 or 11"),
        ("Windows NT 6.3", "Windows 8.1"),
        ("Windows NT 6.1", "Windows 7"),
        ("Windows NT 5.1", "Windows XP"),
        ("Windows NT", "Windows"),
        ("Android", "Android"),
        ("iPhone OS", "iOS"),
        ("iPad; CPU OS", "iPadOS"),
        ("Macintosh;", "macOS"),
        ("X11; Linux", "Linux"),
    ];
    SIGNS.iter().find(|(sign, _)| agent.contains(sign)).map(|(_, system)| *system)
}

/// What an SSH server's banner names: distributions put themselves into it.
pub(super) fn system_of_banner(software: &str) -> Option<&'static str> {
    const SIGNS: [(&str, &str); 6] = [
        ("Ubuntu", "Ubuntu"),
        ("Debian", "Debian"),
        ("Raspbian", "Raspbian"),
        ("FreeBSD", "FreeBSD"),
        ("NetBSD", "NetBSD"),
        ("for_Windows", "Windows"),
    ];
    SIGNS.iter().find(|(sign, _)| software.contains(sign)).map(|(_, system)| *system)
}
