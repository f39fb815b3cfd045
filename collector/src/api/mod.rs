//! The REST API: every route with what it asks of its caller, in one table.
//!
//! The same router serves HTTPS (bearer tokens) and the admin socket in the state directory, whose
//! callers are local administrators. Pages stand beside it in [`crate::page`].

pub mod agents;
pub mod alerts;
pub mod auth;
pub mod authority;
pub mod detail;
pub mod entities;
mod error;
pub mod fleet;
mod headers;
pub mod models;
mod openapi;
pub mod people;
pub mod policy;
pub mod secret;
mod throttle;
pub mod view;

pub use auth::{Caller, Need, Role};
pub use error::{ApiError, Problem};
pub use headers::protect;
pub use openapi::document;
pub use throttle::Throttle;

use crate::config::Config;
use crate::desk::Desk;
use crate::serve::{Fleet, Live, Problems};
use auth::Guard;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{self, MethodRouter};
use picket_score::bundle::MAX_BYTES;
use std::ops::Deref;
use std::sync::{Arc, Mutex};

/// Where every route of the API begins.
pub const PREFIX: &str = "/api/v1";

/// The running collector, as API and page see it. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What [`App`] holds.
pub struct Parts {
    /// The configuration in force.
    pub config: Config,
    /// People, findings, audit log.
    pub desk: Desk,
    /// The engine's state.
    pub live: Arc<Live>,
    /// The agents.
    pub fleet: Fleet,
    /// What is wrong at the moment.
    pub problems: Arc<Problems>,
    /// Log-in and setup attempts.
    pub attempts: Mutex<Throttle>,
    /// What enrolment needs.
    pub enrol: crate::identity::EnrolState,
    /// Signs bundles for agents.
    pub signing: Arc<ring::signature::Ed25519KeyPair>,
    /// Passwords hashed at once: each takes 19 MiB and a core.
    pub hashing: tokio::sync::Semaphore,
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// Puts the parts together.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Nanoseconds since 1970, by the machine's clock.
    #[must_use]
    pub fn now(&self) -> i64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
    }

    /// Whether one more attempt under this key may be made now.
    #[must_use]
    pub fn attempt(&self, key: &str) -> bool {
        self.attempts.lock().is_ok_and(|mut attempts| attempts.allow(key, std::time::Instant::now()))
    }

    /// An attempt under this key was right, and does not count.
    pub fn succeeded(&self, key: &str) {
        if let Ok(mut attempts) = self.attempts.lock() {
            attempts.give_back(key);
        }
    }
}

/// One route.
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path below [`PREFIX`].
    pub path: &'static str,
    /// What it asks of its caller.
    pub need: Need,
    handler: MethodRouter<App>,
}

/// Every route of the API.
#[must_use]
pub fn routes() -> Vec<Route> {
    use Need::{Administer, Nothing, Read, Triage};
    let get = |path, need, handler| Route { method: Method::GET, path, need, handler };
    let post = |path, need, handler| Route { method: Method::POST, path, need, handler };
    let delete = |path, need, handler| Route { method: Method::DELETE, path, need, handler };
    vec![
        get("/health", Nothing, routing::get(fleet::health)),
        get("/fleet", Read, routing::get(fleet::fleet)),
        get("/agents", Read, routing::get(agents::list)),
        get("/agents/{name}", Read, routing::get(agents::one)),
        post("/agents/{name}/approve", Administer, routing::post(agents::approve)),
        post("/agents/{name}/reject", Administer, routing::post(agents::reject)),
        post("/agents/{name}/revoke", Administer, routing::post(agents::revoke)),
        post("/agents/{name}/settle", Administer, routing::post(agents::settle)),
        post("/agents/{name}/group", Administer, routing::post(agents::set_group)),
        post("/enrol", Nothing, routing::post(agents::enrol)),
        post("/leave", Nothing, routing::post(agents::leave)),
        get("/authority", Read, routing::get(authority::show)),
        post("/authority/rotate", Administer, routing::post(authority::rotate)),
        post("/authority/finish", Administer, routing::post(authority::finish)),
        get("/policies", Read, routing::get(policy::list)),
        post("/policies/{group}", Administer, routing::post(policy::set)),
        get("/details", Read, routing::get(detail::list)),
        post("/details", Triage, routing::post(detail::ask)),
        post("/details/{id}/approve", Administer, routing::post(detail::approve)),
        post("/details/{id}/reject", Administer, routing::post(detail::reject)),
        get("/details/{id}/packets", Triage, routing::get(detail::packets)),
        delete("/details/{id}", Administer, routing::delete(detail::end)),
        get("/bundles", Read, routing::get(models::list)),
        post("/bundles", Administer, routing::post(models::publish).layer(DefaultBodyLimit::max(MAX_BYTES))),
        delete("/bundles/{sha256}", Administer, routing::delete(models::remove)),
        get("/enrolment-tokens", Administer, routing::get(agents::list_enrolment)),
        post("/enrolment-tokens", Administer, routing::post(agents::create_enrolment)),
        delete("/enrolment-tokens/{id}", Administer, routing::delete(agents::remove_enrolment)),
        get("/entities", Read, routing::get(entities::list)),
        get("/entities/{entity}", Read, routing::get(entities::get)),
        get("/events", Read, routing::get(entities::events)),
        get("/findings", Read, routing::get(alerts::findings)),
        get("/findings/{id}", Read, routing::get(alerts::get)),
        get("/alerts", Read, routing::get(alerts::list)),
        post("/alerts/{id}/acknowledge", Triage, routing::post(alerts::acknowledge)),
        post("/alerts/{id}/mute", Triage, routing::post(alerts::mute)),
        get("/users", Administer, routing::get(people::users)),
        post("/users", Administer, routing::post(people::add_user)),
        post("/users/{name}", Administer, routing::post(people::change_user)),
        delete("/users/{name}", Administer, routing::delete(people::remove_user)),
        get("/tokens", Administer, routing::get(people::tokens)),
        post("/tokens", Administer, routing::post(people::add_token)),
        delete("/tokens/{id}", Administer, routing::delete(people::revoke_token)),
        get("/audit", Administer, routing::get(people::audit)),
        post("/setup-link", Administer, routing::post(people::setup_link)),
    ]
}

/// The router of the API.
pub fn router(app: &App) -> Router {
    let mut router = Router::new();
    for Route { path, need, handler, .. } in routes() {
        let guard = Guard { app: app.clone(), need };
        router = router.route(&format!("{PREFIX}{path}"), handler.layer(from_fn_with_state(guard, auth::guard)));
    }
    let missing = || async { ApiError::not_found("route; docs/openapi.json lists them") };
    router.route(&format!("{PREFIX}/{{*rest}}"), routing::any(missing)).with_state(app.clone())
}
