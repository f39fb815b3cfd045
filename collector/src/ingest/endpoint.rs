//! The QUIC endpoint: limits, and who is let in at all.

use super::link::Handle;
use super::{Serving, connection};
use crate::identity::{Authority, IdentityError, event_tls};
use quinn::{Endpoint, EndpointConfig, IdleTimeout, ServerConfig, TransportConfig, VarInt};
use quinn_proto::HashedConnectionIdGenerator;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Handshakes at once above which an address has to prove that it receives what is sent to it.
const UNPROVEN: usize = 64;
/// Longest time for a handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Bytes one agent may have on its way to us.
const WINDOW: u32 = 8 << 20;

/// Least time between two resets: a thousand agents are told within a second.
const RESET_INTERVAL: Duration = Duration::from_millis(1);

/// The server's configuration.
pub(super) fn server(authority: &Arc<Authority>, idle: Duration) -> Result<ServerConfig, IdentityError> {
    let tls = event_tls(authority)?;
    let quic = quinn::crypto::rustls::QuicServerConfig::try_from(tls).map_err(|e| IdentityError::Tls(e.to_string()))?;
    let mut config = ServerConfig::with_crypto(Arc::new(quic));
    let mut transport = TransportConfig::default();
    // One control stream and one event stream; a second pair for a release that needs it.
    transport.max_concurrent_bidi_streams(VarInt::from_u32(2));
    transport.max_concurrent_uni_streams(VarInt::from_u32(4));
    transport.stream_receive_window(VarInt::from_u32(WINDOW / 2));
    transport.receive_window(VarInt::from_u32(WINDOW));
    // Acknowledgements and answers are small; a reader that does not read gets no more than this.
    transport.send_window(1 << 20);
    transport.max_idle_timeout(IdleTimeout::try_from(idle).ok());
    transport.datagram_receive_buffer_size(None);
    config.transport_config(Arc::new(transport));
    config.max_incoming(1_024);
    config.incoming_buffer_size(64 << 10);
    config.incoming_buffer_size_total(16 << 20);
    Ok(config)
}

/// What outlives a restart. An agent that still sends over a connection of the program's last life is answered with the
/// reset token that it was given with that connection (RFC 9000 section 10.3), and connects again at once instead of when its
/// idle time-out has passed. Connection ids carry a checksum, so that packets made up by strangers are not answered.
pub(super) fn lasting(authority: &Authority) -> Result<EndpointConfig, IdentityError> {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &authority.derive(b"quic stateless reset")?);
    let [a, b, c, d, e, f, g, h, ..] = authority.derive(b"quic connection ids")?;
    let ids = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
    let mut config = EndpointConfig::new(Arc::new(key));
    config.cid_generator(move || Box::new(HashedConnectionIdGenerator::from_key(ids)));
    config.min_reset_interval(RESET_INTERVAL);
    Ok(config)
}

/// Takes connections until the endpoint closes. Ends them all when it is dropped.
pub(super) async fn accept(endpoint: Endpoint, serving: Arc<Serving>, max_connections: usize) {
    let mut tasks = JoinSet::new();
    while let Some(incoming) = endpoint.accept().await {
        while tasks.try_join_next().is_some() {}
        if tasks.len() >= max_connections {
            serving.counts.refused("too_many");
            incoming.refuse();
            continue;
        }
        let handshakes = endpoint.open_connections().saturating_sub(super::hold(&serving.live).len());
        if handshakes > UNPROVEN && !incoming.remote_address_validated() && incoming.may_retry() {
            serving.counts.refused("address_unproven");
            // Only an incoming connection that was validated before cannot be asked to retry.
            let _ = incoming.retry();
            continue;
        }
        let serving = serving.clone();
        tasks.spawn(async move {
            let Ok(connecting) = incoming.accept() else { return };
            match tokio::time::timeout(HANDSHAKE, connecting).await {
                Ok(Ok(connection)) => connection::serve(serving, Handle::Quic(connection), None).await,
                Ok(Err(e)) => {
                    tracing::debug!("handshake: {e}");
                    serving.counts.refused("handshake");
                }
                Err(_) => serving.counts.refused("handshake_timeout"),
            }
        });
    }
}
