//! Numbers of NTLM (MS-NLMP section 2.2).

pub(super) const SIGNATURE: &[u8] = b"NTLMSSP\0";
pub(super) const CHALLENGE: u32 = 2;
pub(super) const AUTHENTICATE: u32 = 3;

/// Pairs of the target information: end, NetBIOS and DNS name of the computer.
pub(super) const END: u16 = 0;
pub(super) const COMPUTER: u16 = 1;
pub(super) const DNS_COMPUTER: u16 = 3;

/// Flag: the version field holds something.
pub(super) const HAS_VERSION: u32 = 0x0200_0000;

/// Windows by version and build (Microsoft, "Windows 10 release information", "Windows Server release information",
/// "Operating system version"). Samba says 6.1 build 0.
pub(crate) const fn system(major: u8, minor: u8, build: u16) -> Option<&'static str> {
    match (major, minor, build) {
        (6, 1, 0) => Some("Samba"),
        (5, 1, _) => Some("Windows XP"),
        (5, 2, _) => Some("Windows Server 2003"),
        (6, 0, _) => Some("Windows Vista or Server 2008"),
        (6, 1, _) => Some("Windows 7 or Server 2008 R2"),
        (6, 2, _) => Some("Windows 8 or Server 2012"),
        (6, 3, _) => Some("Windows 8.1 or Server 2012 R2"),
        (10, 0, 14_393) => Some("Windows 10 1607 or Server 2016"),
        (10, 0, 17_763) => Some("Windows 10 1809 or Server 2019"),
        (10, 0, 20_348) => Some("Windows Server 2022"),
        (10, 0, 26_100) => Some("Windows 11 24H2 or Server 2025"),
        (10, 0, 10_240..=19_045) => Some("Windows 10"),
        (10, 0, 22_000..) => Some("Windows 11"),
        _ => None,
    }
}
