//! The name of a conversation that its bytes did not tell: by how its packets follow each other, the port beside it.

use super::Settings;
use super::report::Row;
use picket_dissect::by_port;
use picket_event::body::App;
use picket_event::{Endpoints, Method, Protocol, Transport, Unit};
use picket_feature::Observation;
use picket_score::Bundle;
use std::sync::Arc;

/// What a port alone is worth, as the recognition by structure has it.
const PORT_ALONE: f32 = 0.2;

/// Recognises rows of conversations.
#[derive(Debug)]
pub(crate) struct Recogniser {
    bundle: Option<Arc<Bundle>>,
    only: Option<Method>,
}

impl Recogniser {
    pub(crate) fn new(settings: &Settings) -> Self {
        let bundle = settings.bundle.clone().filter(|bundle| bundle.recognises());
        Self { bundle, only: settings.only }
    }

    /// Names a row that has no name yet; where one method alone is asked for, by that one.
    #[inline]
    pub(crate) fn name(&self, row: &mut Row) {
        match self.only {
            // A port alone says less than behaviour does; what the bytes told stays.
            None if row.app.method.is_some_and(|method| method != Method::Port) => {}
            None => {
                if let Some((protocol, confidence)) = self.behaves_like(row) {
                    let confidence = combined(confidence, by_port(&row.flow.endpoints).as_ref(), &protocol);
                    row.app = App { protocol, confidence, method: Some(Method::Behaviour) };
                }
            }
            Some(Method::Behaviour) => {
                let found = self.behaves_like(row);
                row.app = named(Method::Behaviour, found);
            }
            Some(Method::Port) => {
                let found = by_port(&row.flow.endpoints).map(|protocol| (protocol, Unit::new(PORT_ALONE)));
                row.app = named(Method::Port, found);
            }
            Some(method) if row.app.method != Some(method) => row.app = App::unknown(),
            Some(_) => {}
        }
    }

    #[cold]
    fn behaves_like(&self, row: &Row) -> Option<(Protocol, Unit)> {
        let (bundle, evidence) = (self.bundle.as_ref()?, row.evidence.as_ref()?);
        let (transport, server_port) = match row.flow.endpoints {
            Endpoints::Ip { transport, dest_port, .. } => (transport, dest_port),
            Endpoints::Link { .. } => (Transport(0), 0),
        };
        bundle.recognise(&Observation {
            stats: &evidence.stats,
            detail: None,
            records: None,
            polling: Some(evidence.polling.as_deref()?),
            transport,
            server_port,
            app: &row.app.protocol,
            handshake: None,
            pair: None,
            start: row.start,
        })
    }
}

fn named(method: Method, found: Option<(Protocol, Unit)>) -> App {
    found.map_or_else(App::unknown, |(protocol, confidence)| App { protocol, confidence, method: Some(method) })
}

/// A port that says the same takes away a part of the doubt; one that says something else, a part of the confidence.
fn combined(confidence: Unit, port: Option<&Protocol>, protocol: &Protocol) -> Unit {
    let sure = confidence.get();
    Unit::new(match port {
        None => sure,
        Some(meant) if meant == protocol => sure + (1.0 - sure) * PORT_ALONE,
        Some(_) => sure * (1.0 - PORT_ALONE),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreement_raises_and_disagreement_lowers() {
        let half = Unit::new(0.5);
        assert_eq!(combined(half, None, &Protocol::MODBUS).get(), 0.5);
        assert!((combined(half, Some(&Protocol::MODBUS), &Protocol::MODBUS).get() - 0.6).abs() < 1e-6);
        assert!((combined(half, Some(&Protocol::TLS), &Protocol::MODBUS).get() - 0.4).abs() < 1e-6);
    }
}
