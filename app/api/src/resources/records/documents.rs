//! Uploaded documents: kept as they came, never run, never shown inline.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use serde::Serialize;
use sqlx::Row;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    app::App,
    authz::Action,
    db::{Fault, Stamp},
    http::{Cx, Kind, Path, Problem, Result},
    keys::sha256,
    resources::patients,
    scoped,
};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(upload)).routes(routes!(download))
}

/// What may be uploaded: the type, and how such a file begins.
const KINDS: &[(&str, &[u8])] = &[
    ("application/pdf", b"%PDF-"),
    ("image/png", b"\x89PNG\r\n\x1a\n"),
    ("image/jpeg", b"\xff\xd8\xff"),
    ("application/dicom", b""),
    ("text/plain", b""),
];

/// An upload, to be referred to by an entry of kind `document`.
#[derive(Serialize, ToSchema)]
pub(crate) struct Attachment {
    id: Uuid,
    media_type: String,
    /// In hexadecimal.
    sha256: String,
    bytes: usize,
}

/// Upload a document.
#[utoipa::path(post, path = "/patients/{id}/documents", tag = "records",
    request_body(content((Vec<u8> = "application/pdf"), (Vec<u8> = "image/png"), (Vec<u8> = "image/jpeg"),
        (Vec<u8> = "application/dicom"), (String = "text/plain"))),
    params(("id" = Uuid, Path)), responses((status = 201, body = Attachment)))]
async fn upload(cx: Cx, Path(patient): Path<Uuid>, headers: HeaderMap, bytes: Bytes) -> Result<Response> {
    let mut scope = cx.allow_for(Action::RecordWrite, patient).await?;
    let given = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let given = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (kind, start) = KINDS
        .iter()
        .find(|(kind, _)| *kind == given)
        .ok_or_else(|| Problem::new(Kind::UnsupportedMedia))?;
    let dicom = *kind != "application/dicom" || bytes.get(128..132) == Some(b"DICM");
    let text = *kind != "text/plain" || std::str::from_utf8(&bytes).is_ok();
    if bytes.is_empty() || !bytes.starts_with(start) || !dicom || !text {
        return Err(Problem::new(Kind::UnsupportedMedia)
            .detail("El contenido no es de ese tipo.", "The content is not of that type."));
    }
    patients::hold(&mut scope, patient).await?;
    let (id, author, hash) = (Uuid::now_v7(), scope.actor().id(), sha256(&bytes));
    let query = scope.query(scoped!(
        "INSERT INTO attachment (organization, id, patient, media_type, sha256, bytes, author, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    ));
    query
        .bind(id)
        .bind(patient)
        .bind(*kind)
        .bind(hash.to_vec())
        .bind(bytes.to_vec())
        .bind(author)
        .bind(Stamp::now())
        .execute(scope.db())
        .await?;
    scope.note("attachment", Some(id), Some(patient));
    let sha256 = crate::keys::hex(&hash);
    let made = Attachment {
        id,
        media_type: (*kind).to_owned(),
        sha256,
        bytes: bytes.len(),
    };
    scope
        .created(format!("/api/v1/patients/{patient}/documents/{id}"), 1, &made)
        .await
}

/// Download a document.
#[utoipa::path(get, path = "/patients/{id}/documents/{document}", tag = "records",
    params(("id" = Uuid, Path), ("document" = Uuid, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
async fn download(cx: Cx, Path((patient, id)): Path<(Uuid, Uuid)>) -> Result<Response> {
    let mut scope = cx.allow_for(Action::RecordRead, patient).await?;
    let query = scope.query(scoped!(
        "SELECT media_type, bytes FROM attachment WHERE organization = ? AND patient = ? AND id = ?"
    ));
    let row = query
        .bind(patient)
        .bind(id)
        .fetch_optional(scope.db())
        .await?
        .ok_or(Fault::NoRow)?;
    let kind: String = row.try_get("media_type")?;
    let mut response = Response::new(Body::from(row.try_get::<Vec<u8>, _>("bytes")?));
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(&kind) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    scope.note("attachment", Some(id), Some(patient));
    scope.other(response).await
}
