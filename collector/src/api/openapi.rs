//! The OpenAPI document, made from the handlers; `docs/openapi.json` is its copy.

use super::{agents, alerts, authority, detail, entities, fleet, models, people, policy};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(title = "Picket collector", description = "Agents, entities ranked by risk, findings and alerts.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")),
    paths(
        fleet::health, fleet::fleet, agents::list, agents::one, agents::approve, agents::reject, agents::revoke,
        agents::settle, agents::set_group, agents::list_enrolment, agents::create_enrolment, agents::remove_enrolment, agents::enrol,
        agents::leave, authority::show, authority::rotate, authority::finish, policy::list, policy::set, detail::list, detail::ask, detail::approve, detail::reject,
        detail::packets, detail::end, models::list, models::publish, models::remove, entities::list, entities::get, entities::events, alerts::findings, alerts::get,
        alerts::list, alerts::acknowledge, alerts::mute, people::users, people::add_user, people::change_user,
        people::remove_user, people::tokens, people::add_token, people::revoke_token, people::audit, people::setup_link,
    ),
    security(("token" = [])),
    modifiers(&Token),
)]
struct Document;

struct Token;

impl Modify for Token {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme =
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("`picket-collector token api`")).build();
        document.components.get_or_insert_default().add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

/// The document, as pretty JSON with a final newline.
#[must_use]
pub fn document() -> String {
    let mut text = Document::openapi().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Need, PREFIX, routes};
    use std::collections::BTreeSet;

    #[test]
    fn every_route_is_in_the_document_and_the_reverse() {
        let json: serde_json::Value = serde_json::from_str(&document()).unwrap();
        let mut documented = BTreeSet::new();
        for (path, methods) in json["paths"].as_object().unwrap() {
            documented
                .extend(methods.as_object().unwrap().keys().map(|method| format!("{} {path}", method.to_uppercase())));
        }
        let served: BTreeSet<String> = routes().iter().map(|r| format!("{} {PREFIX}{}", r.method, r.path)).collect();
        assert_eq!(documented, served);
    }

    #[test]
    fn only_health_and_what_agents_ask_is_open() {
        let open: Vec<&str> = routes().iter().filter(|r| r.need == Need::Nothing).map(|r| r.path).collect();
        assert_eq!(open, ["/health", "/enrol", "/leave"]);
    }

    /// `PICKET_BLESS=1` rewrites the copy.
    #[test]
    fn the_copy_in_docs_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
        if std::env::var_os("PICKET_BLESS").is_some() {
            std::fs::write(path, document()).unwrap();
        }
        let copy = std::fs::read_to_string(path).unwrap();
        assert!(copy == document(), "docs/openapi.json is stale: run this test with PICKET_BLESS=1 and read the diff");
    }
}
