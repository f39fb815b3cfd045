//! Headers that tell something, and devices whose kind is a role.

pub(super) const SERVER: &[u8] = b"server";
pub(super) const LOCATION: &[u8] = b"location";
pub(super) const KIND: &[u8] = b"nt";
pub(super) const FOUND: &[u8] = b"st";

/// Kinds of devices (UPnP Forum, device control protocols) that are roles.
pub(super) const ROLES: &[(&str, &str)] = &[
    (":device:InternetGatewayDevice:", "gateway"),
    (":device:WLANAccessPointDevice:", "access-point"),
    (":device:MediaServer:", "media-server"),
    (":device:MediaRenderer:", "media-player"),
    (":device:Printer:", "printer"),
    (":device:DigitalSecurityCamera:", "camera"),
];
