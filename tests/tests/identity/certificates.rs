//! F54: certificates that are of no use, each refused with its reason; F71: a session that tries to be resumed.

use super::*;
use picket_collector::identity::Authority;
use picket_event::AgentId;
use picket_event::wire::{ALPN, RefusalCode, SERVER_NAME};
use rustls::pki_types::CertificateDer;
use std::sync::Arc;

const MONTH: Duration = Duration::from_secs(30 * 86_400);

/// Gives the agent a certificate of its own key under `name`, made by `authority` at `made`.
fn give(agent: &mut AgentAt, authority: &Authority, name: &str, made: i64) {
    let csr = picket_agent::enrol::renewal_request(&agent.identity).unwrap();
    let (certificate, _) = authority.sign_agent(&csr, &AgentId::new(name), made, MONTH).unwrap();
    agent.identity.renew(&certificate, made + 30 * 86_400).unwrap();
}

/// Starts the agent and waits until it says this; it never connects.
fn refused(agent: &AgentAt, words: &str) {
    let forward = agent.start().unwrap();
    says(&forward, words);
    let status = forward.status();
    assert!(!status.connected && status.refused, "{status:?}");
    forward.stop();
}

fn counted(collector: &CollectorAt, reason: &str) {
    until(&format!("{reason} is counted"), || collector.ingest.health().refused.contains_key(reason));
}

#[test]
fn f54_an_agents_certificate_is_refused_with_the_reason() {
    let place = tempfile::tempdir().unwrap();
    let (collector, mut agent) = pair(place.path());
    let authority = collector.authority.clone();
    give(&mut agent, &authority, "sensor-1", now() - 40 * 86_400);
    refused(&agent, "this agent's certificate ended at");
    counted(&collector, "certificate_expired");
    give(&mut agent, &authority, "sensor-1", now() + 5 * 86_400);
    refused(&agent, "one of the two clocks is wrong");
    counted(&collector, "certificate_not_yet_valid");
    give(&mut agent, &authority, "nobody", now());
    refused(&agent, "this collector does not know nobody");
    let other = AgentAt::enrol(&collector.token("", 1, DAY).unwrap(), "sensor-2", place.path()).unwrap();
    give(&mut agent, &authority, "sensor-2", now());
    refused(&agent, "the key is not the one sensor-2 enrolled with last");
    let stranger = Authority::open(&place.path().join("stranger"), &[], now()).unwrap();
    give(&mut agent, &stranger, "sensor-1", now());
    refused(&agent, "does not know the authority of this agent's certificate");
    counted(&collector, "certificate_wrong_authority");
    // Enrolling again mends all of it, under the same name.
    let token = collector.token("", 1, DAY).unwrap();
    agent.identity = picket_agent::enrol::enrol(&token, None, &agent.identity.directory).unwrap().identity;
    let forward = agent.start().unwrap();
    forward.send(events(1).take(50));
    drained(&forward);
    forward.stop();
    drop(other);
    collector.stop();
}

#[test]
fn f54_a_collectors_certificate_is_refused_with_the_reason() {
    let place = tempfile::tempdir().unwrap();
    let (collector, agent) = pair(place.path());
    let (home, port) = (place.path().join("collector"), collector.ingest.address());
    collector.stop();
    for (clock, words) in [
        (now() + 3 * 86_400, "is not valid yet by this host's clock"),
        (now() - 400 * 86_400, "has ended by this host's clock"),
    ] {
        let collector = CollectorAt::start_at(&home, port, clock).unwrap();
        refused(&agent, words);
        collector.stop();
    }
    let other = CollectorAt::start_on(&place.path().join("other"), port).unwrap();
    refused(&agent, "a certificate of another authority");
    other.stop();
    let collector = CollectorAt::start_on(&home, port).unwrap();
    let forward = agent.start().unwrap();
    until("it is connected", || forward.status().connected);
    forward.stop();
    collector.stop();
}

/// A client of another make, that would resume its session if it could.
pub(super) fn resuming(agent: &AgentAt) -> quinn::ClientConfig {
    let material = agent.identity.material().unwrap();
    let mut roots = rustls::RootCertStore::empty();
    for authority in &material.authorities {
        roots.add(CertificateDer::from(authority.to_vec())).unwrap();
    }
    let mut tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![material.certificate.clone()], material.key.clone_key())
        .unwrap();
    tls.alpn_protocols = vec![ALPN.to_vec()];
    tls.enable_early_data = true;
    let quic = quinn::crypto::rustls::QuicClientConfig::try_from(tls).unwrap();
    quinn::ClientConfig::new(Arc::new(quic))
}

#[test]
fn f71_a_resumed_session_of_a_revoked_agent_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let (collector, agent) = pair(place.path());
    let (config, to) = (resuming(&agent), collector.ingest.address());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let endpoint = quinn::Endpoint::client(free()).unwrap();
        let first = endpoint.connect_with(config.clone(), to, SERVER_NAME).unwrap().await.unwrap();
        let (mut send, _receive) = first.open_bi().await.unwrap();
        // Long enough for a ticket to arrive, if there were one.
        tokio::time::sleep(Duration::from_millis(200)).await;
        send.finish().unwrap();
        first.close(0u32.into(), b"");
        assert!(collector.store.revoke(&AgentId::new("sensor-1")).unwrap());
        let again = endpoint.connect_with(config.clone(), to, SERVER_NAME).unwrap();
        let connection = match again.into_0rtt() {
            Ok(_) => panic!("the collector gave a ticket"),
            Err(connecting) => connecting.await.unwrap(),
        };
        let (mut send, _receive) = connection.open_bi().await.unwrap();
        // The stream shows at the other side only with something in it.
        send.write_all(&[0; 28]).await.unwrap();
        let begin = Instant::now();
        let ended = tokio::time::timeout(Duration::from_secs(5), connection.closed()).await.unwrap();
        assert!(begin.elapsed() < Duration::from_secs(5));
        let quinn::ConnectionError::ApplicationClosed(close) = &ended else { panic!("{ended}") };
        assert_eq!(RefusalCode::from_number(close.error_code.into_inner()), Some(RefusalCode::Revoked));
    });
    collector.stop();
}

/// Whoever has another certificate of the same authority is not the collector.
#[test]
fn f54_a_certificate_of_another_name_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let (collector, agent) = pair(place.path());
    let (home, port) = (place.path().join("collector"), collector.ingest.address());
    collector.stop();
    let text = |name: &str| std::fs::read_to_string(home.join(name)).unwrap();
    let key = rcgen::KeyPair::from_pem(&text("authority.key")).unwrap();
    let issuer = rcgen::Issuer::from_ca_cert_pem(&text("authority.pem"), key).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let names = rcgen::CertificateParams::new(vec!["elsewhere.example".to_owned()]).unwrap();
    let certificate = names.signed_by(&key, &issuer).unwrap().der().clone();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let mut tls = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    tls.alpn_protocols = vec![ALPN.to_vec()];
    let quic = quinn::crypto::rustls::QuicServerConfig::try_from(tls).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let guard = runtime.enter();
    let endpoint = quinn::Endpoint::server(quinn::ServerConfig::with_crypto(Arc::new(quic)), port).unwrap();
    drop(guard);
    runtime.spawn(async move {
        while let Some(incoming) = endpoint.accept().await {
            let _ = incoming.await;
        }
    });
    refused(&agent, "a certificate of another name, so it is not the collector");
}
