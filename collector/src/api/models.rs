//! Model bundles that policies name: published, listed, removed.

use super::{ApiError, App, Caller, Problem};
use crate::desk::audit::{self, Change};
use crate::store::BundleRecord;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use picket_score::bundle::{hex, seal, tensors};
use picket_score::{Bundle, Trust};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

/// A bundle that agents may fetch.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct BundleView {
    /// SHA-256 of the file, hexadecimal: what a policy names as `score.digest`.
    pub sha256: String,
    /// The name in its manifest.
    pub name: String,
    /// The public key that signed it, hexadecimal: this collector's.
    pub signer: String,
    /// Its size.
    pub bytes: u64,
    /// When it was published, RFC 3339.
    pub published_at: String,
    /// By whom.
    pub published_by: String,
}

/// Every bundle that agents may fetch, newest first.
#[utoipa::path(get, path = "/api/v1/bundles", tag = "models",
    responses((status = 200, body = Vec<BundleView>), (status = 401, body = Problem)))]
pub async fn list(State(app): State<App>) -> Result<Json<Vec<BundleView>>, ApiError> {
    app.fleet.bundles().await.map(Json)
}

/// Checks a bundle as a sensor does (whoever signed it: who publishes it vouches for it), signs it with the collector's key,
/// and keeps it for agents.
#[utoipa::path(post, path = "/api/v1/bundles", tag = "models",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = BundleView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 409, body = Problem)))]
pub async fn publish(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Result<(StatusCode, Json<BundleView>), ApiError> {
    let signing = app.clone();
    // The self-test takes a moment.
    let sealed = tokio::task::spawn_blocking(move || sign(&signing, &body)).await.map_err(ApiError::internal)?;
    let (bytes, name, signer) = sealed.map_err(|why| ApiError::bad(&why))?;
    let time = app.now();
    let record = BundleRecord {
        sha256: hex(&Sha256::digest(&bytes)),
        name,
        signer,
        made_at: time,
        made_by: caller.name.clone(),
        bytes: bytes.len() as u64,
    };
    if !app.fleet.put_bundle(record.clone(), bytes).await? {
        return Err(ApiError::conflict("64 bundles are kept already: remove one"));
    }
    let (subject, detail) = (record.sha256.clone(), record.name.clone());
    app.desk
        .change(move |db| {
            let change =
                Change { time, actor: &caller.name, action: "bundle.publish", subject: &subject, detail: &detail };
            Ok(audit::append(db, &change)?)
        })
        .await?;
    let listed = app.fleet.bundles().await?.into_iter().find(|bundle| bundle.sha256 == record.sha256);
    let listed = listed.ok_or_else(|| ApiError::internal("a bundle that was just kept is gone"))?;
    Ok((StatusCode::CREATED, Json(listed)))
}

/// The bundle under the collector's signature, its name, the signer.
fn sign(app: &App, bytes: &[u8]) -> Result<(Vec<u8>, String, String), String> {
    let pinned = vec![Sha256::digest(bytes).into()];
    let bundle = Bundle::load(bytes, &Trust { pinned, ..Trust::default() }).map_err(|refusal| refusal.to_string())?;
    let sealed = seal(bundle.manifest(), tensors(bytes), &app.signing).map_err(|refusal| refusal.to_string())?;
    let name: String = bundle.manifest().name.chars().filter(|c| !c.is_control()).take(64).collect();
    Ok((sealed, name, hex(&app.enrol.signer)))
}

/// Removes a bundle; agents that have it keep it.
#[utoipa::path(delete, path = "/api/v1/bundles/{sha256}", tag = "models", params(("sha256" = String, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn remove(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(sha256): Path<String>,
) -> Result<StatusCode, ApiError> {
    if !app.fleet.remove_bundle(sha256.clone()).await? {
        return Err(ApiError::not_found("bundle of this digest"));
    }
    let time = app.now();
    let write = app.desk.change(move |db| {
        let change = Change { time, actor: &caller.name, action: "bundle.remove", subject: &sha256, detail: "" };
        Ok(audit::append(db, &change)?)
    });
    write.await.map(|()| StatusCode::NO_CONTENT)
}
