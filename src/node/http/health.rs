//! The management listener's routes: alive, ready, metrics; loopback only and without sign-in, so nothing personal.

use std::sync::Arc;

use async_trait::async_trait;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use crate::node::telemetry::Metrics;

/// Who knows whether the node can do its work.
#[async_trait]
pub trait Readiness: Send + Sync + 'static {
    /// What the node still waits for or lacks, one sentence each; nothing if it is ready.
    async fn lacks(&self) -> Vec<String>;

    /// What the node does not do for now though it is ready, one sentence each.
    async fn limits(&self) -> Vec<String>;
}

/// `/livez`, `/readyz` and `/metrics`.
pub fn routes(readiness: Arc<dyn Readiness>, metrics: Metrics) -> Router {
    let readyz = async move || {
        let lacks = readiness.lacks().await;
        let status =
            if lacks.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        let limits = readiness.limits().await;
        (status, Json(json!({ "ready": lacks.is_empty(), "lacks": lacks, "limits": limits })))
    };
    let render = async move || {
        let media_type = "text/plain; version=0.0.4; charset=utf-8";
        ([(header::CONTENT_TYPE, media_type)], metrics.render()).into_response()
    };
    Router::new()
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(render))
}
