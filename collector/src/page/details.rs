//! Packets on request: the list, what is decided of one, and the file.

use super::views::frame;
use super::{Frame, PageError, Who, filters, may, render};
use crate::api::detail::{self, DetailView};
use crate::api::{ApiError, App, Caller, Need};
use askama::Template;
use axum::Extension;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use hyper::body::Frame as Part;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc::{Receiver, channel};

#[derive(Template)]
#[template(path = "details.html")]
struct DetailsPage {
    frame: Frame,
    who: Who,
    details: Vec<DetailView>,
}

/// `GET /details`
pub async fn details(State(app): State<App>, Extension(caller): Extension<Caller>) -> Result<Response, PageError> {
    let (frame, who) = frame(&app, &caller, "details").await?;
    let details = app.fleet.details().await?;
    Ok(render(&DetailsPage { frame, who, details }))
}

/// `POST /details/{id}/approve`, `reject` and `end`: as the API does, with the same rights.
pub async fn decide(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((id, verdict)): Path<(u64, String)>,
) -> Result<Response, PageError> {
    may(&caller, Need::Administer)?;
    let (app, caller, id) = (State(app), Extension(caller), Path(id));
    match verdict.as_str() {
        "approve" => detail::approve(app, caller, id).await?,
        "reject" => detail::reject(app, caller, id).await?,
        "end" => detail::end(app, caller, id).await?,
        _ => return Err(ApiError::not_found("page").into()),
    };
    Ok(Redirect::to("/details").into_response())
}

/// `GET /details/{id}/packets`: everything that came by now, as one file.
pub async fn packets(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<u64>,
) -> Result<Response, PageError> {
    may(&caller, Need::Triage)?;
    let known = detail::fetched(&app, &caller, id).await?;
    let first = app.fleet.detail_bytes(id, 0).await?;
    let (give, pages) = channel(1);
    let end = known.bytes;
    tokio::spawn(async move {
        let (mut start, mut page) = (0, first);
        while !page.is_empty() && start < end {
            // What comes while it is read belongs to the next download.
            page.truncate(usize::try_from(end - start).unwrap_or(usize::MAX));
            start += page.len() as u64;
            // Whoever does not read any further has gone.
            if give.send(Ok(Bytes::from(page))).await.is_err() {
                return;
            }
            page = match app.fleet.detail_bytes(id, start).await {
                Ok(page) => page,
                Err(error) => {
                    // A file that is cut must not pass for a whole one: the connection breaks.
                    let _ = give.send(Err(std::io::Error::other(error.message))).await;
                    return;
                }
            };
        }
    });
    let name = format!("attachment; filename=\"request-{id}.pcapng\"");
    let kind = "application/x-pcapng".to_owned();
    let length = known.bytes.to_string();
    let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name), (header::CONTENT_LENGTH, length)];
    Ok((headers, Body::new(Pages(pages))).into_response())
}

/// Pages of a file, in their order.
struct Pages(Receiver<std::io::Result<Bytes>>);

impl HttpBody for Pages {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Part<Bytes>, std::io::Error>>> {
        self.0.poll_recv(context).map(|page| page.map(|page| page.map(Part::data)))
    }
}
