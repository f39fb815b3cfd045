//! What dissectors of every kind of shared session have in common.

use picket_event::Transport;

/// A dissector without memory: where it is met, how it judges a beginning, and which session it opens. The macros of the
/// shared kinds of sessions (`describer`, `framed`, `teller`) fill it in.
macro_rules! dissector {
    ($(#[$doc:meta])* $type:ident: $protocol:ident {
        transports: $transports:expr, ether_types: $ether_types:expr, ports: $ports:expr, needs_port: $needs:expr,
        probe: $probe:expr, session: $session:expr, limit: $limit:expr,
    }) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $type;

        impl $type {
            /// Where it is met.
            pub const HOME: $crate::Home = $crate::Home {
                transports: $transports, ether_types: $ether_types, ports: $ports, needs_port: $needs,
            };
        }

        impl $crate::Dissector for $type {
            fn protocol(&self) -> picket_event::Protocol {
                picket_event::Protocol::$protocol
            }

            fn probe(&self, head: &$crate::Head<'_>) -> $crate::Probe {
                ($probe)(head)
            }

            fn open(&self, _context: &$crate::Context) -> $crate::SessionBox {
                $session
            }

            fn session_limit(&self) -> usize {
                $limit
            }
        }
    };
}
pub(crate) use dissector;

/// Over TCP alone.
pub(crate) const TCP: &[Transport] = &[Transport::TCP];
/// Over UDP alone.
pub(crate) const UDP: &[Transport] = &[Transport::UDP];
/// Over TCP and UDP.
pub(crate) const BOTH: &[Transport] = &[Transport::TCP, Transport::UDP];
/// Below IP alone.
pub(crate) const LINK: &[Transport] = &[];
