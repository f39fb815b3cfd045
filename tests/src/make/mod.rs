//! Captures of our own making: conversations put together frame by frame, with right checksums and times.
//!
//! ```
//! use picket_tests::make::{Capture, Host, Tcp};
//! let (client, server) = (Host::new(1, "10.0.0.1"), Host::new(2, "10.0.0.2"));
//! let mut capture = Capture::default();
//! let mut tcp = Tcp::open(&mut capture, 1_000_000_000, (&client, 40_000), (&server, 502));
//! tcp.to_server(b"request").to_client(b"answer").close();
//! assert_eq!(capture.frames(), 11);
//! ```

mod capture;
pub mod conversation;
pub mod dtls;
mod frame;
pub mod message;
pub mod quic;
mod tcp;
mod tunnel;

pub use capture::Capture;
pub use frame::{Host, icmp6, layer2, udp};
pub use tcp::Tcp;
pub use tunnel::Wrap;
