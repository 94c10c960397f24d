//! The administrator's routes on the local socket: officers, tokens, trust, health; no case can be reached from here.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;

use crate::node::casework::{
    Desk, MailboxView, NewMailbox, NewQualification, NewToken, NewUser, QualificationView,
    TokenListed, TokenView, UserView,
};
use crate::node::http::document::Document;
use crate::node::http::health::Readiness;
use crate::node::http::pairing::{self, Pairing};
use crate::node::http::problem::Problem;
use crate::policy::{Action, Actor, Permit};

/// `/admin/...`, for whoever can open the socket (mode 0600).
pub fn routes(desk: Arc<Desk>, pairing: Arc<dyn Pairing>, readiness: Arc<dyn Readiness>) -> Router {
    let status = async move || {
        let lacks = readiness.lacks().await;
        Json(Status { ready: lacks.is_empty(), lacks, limits: readiness.limits().await })
    };
    Router::new()
        .route("/admin/users", get(users).post(add_user))
        .route("/admin/users/{name}/disable", post(disable_user))
        .route("/admin/users/{name}/mailbox", post(set_mailbox))
        .route("/admin/users/{name}/qualifications", get(qualifications_of).post(add_qualification))
        .route("/admin/qualifications", get(qualifications))
        .route("/admin/qualifications/{id}/revoke", post(revoke_qualification))
        .route("/admin/tokens", get(tokens).post(new_token))
        .route("/admin/tokens/{id}/revoke", post(revoke_token))
        .with_state(desk)
        .route("/admin/status", get(status))
        .merge(pairing::routes(pairing))
}

#[derive(Serialize)]
struct Status {
    ready: bool,
    lacks: Vec<String>,
    limits: Vec<String>,
}

/// Whoever has the machine may manage users and read health, and the rules know it.
async fn permit(desk: &Desk, action: Action) -> Result<Permit, Problem> {
    Ok(desk.permit(&Actor::local_socket(), action, None, None).await?)
}

/// `GET /admin/users`
async fn users(State(desk): State<Arc<Desk>>) -> Result<Json<Vec<UserView>>, Problem> {
    let permit = permit(&desk, Action::UserRead).await?;
    Ok(Json(desk.users(&permit).await?))
}

/// `POST /admin/users`
async fn add_user(
    State(desk): State<Arc<Desk>>,
    Document(user): Document<NewUser>,
) -> Result<(StatusCode, Json<UserView>), Problem> {
    let permit = permit(&desk, Action::UserManage).await?;
    Ok((StatusCode::CREATED, Json(desk.add_user(&permit, user).await?)))
}

/// `POST /admin/users/{name}/disable`
async fn disable_user(
    State(desk): State<Arc<Desk>>,
    Path(name): Path<String>,
) -> Result<Json<UserView>, Problem> {
    let permit = permit(&desk, Action::UserManage).await?;
    Ok(Json(desk.disable_user(&permit, &name).await?))
}

/// `POST /admin/users/{name}/mailbox`
async fn set_mailbox(
    State(desk): State<Arc<Desk>>,
    Path(name): Path<String>,
    Document(mailbox): Document<NewMailbox>,
) -> Result<Json<MailboxView>, Problem> {
    let permit = permit(&desk, Action::UserManage).await?;
    Ok(Json(desk.set_mailbox(&permit, &name, mailbox).await?))
}

/// `GET /admin/qualifications`
async fn qualifications(
    State(desk): State<Arc<Desk>>,
) -> Result<Json<Vec<QualificationView>>, Problem> {
    let permit = permit(&desk, Action::UserRead).await?;
    Ok(Json(desk.qualifications(&permit, None).await?))
}

/// `GET /admin/users/{name}/qualifications`
async fn qualifications_of(
    State(desk): State<Arc<Desk>>,
    Path(name): Path<String>,
) -> Result<Json<Vec<QualificationView>>, Problem> {
    let permit = permit(&desk, Action::UserRead).await?;
    Ok(Json(desk.qualifications(&permit, Some(&name)).await?))
}

/// `POST /admin/users/{name}/qualifications`
async fn add_qualification(
    State(desk): State<Arc<Desk>>,
    Path(name): Path<String>,
    Document(input): Document<NewQualification>,
) -> Result<(StatusCode, Json<QualificationView>), Problem> {
    let permit = permit(&desk, Action::UserManage).await?;
    Ok((StatusCode::CREATED, Json(desk.add_qualification(&permit, &name, input).await?)))
}

/// `POST /admin/qualifications/{id}/revoke`
async fn revoke_qualification(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
) -> Result<Json<QualificationView>, Problem> {
    let permit = permit(&desk, Action::UserManage).await?;
    Ok(Json(desk.revoke_qualification(&permit, &id).await?))
}

/// `GET /admin/tokens`
async fn tokens(State(desk): State<Arc<Desk>>) -> Result<Json<Vec<TokenListed>>, Problem> {
    let permit = permit(&desk, Action::UserRead).await?;
    Ok(Json(desk.tokens(&permit).await?))
}

/// `POST /admin/tokens/{id}/revoke`
async fn revoke_token(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
) -> Result<Json<TokenListed>, Problem> {
    let permit = permit(&desk, Action::UserManage).await?;
    Ok(Json(desk.revoke_token(&permit, &id).await?))
}

/// `POST /admin/tokens`
async fn new_token(
    State(desk): State<Arc<Desk>>,
    Document(wanted): Document<NewToken>,
) -> Result<(StatusCode, Json<TokenView>), Problem> {
    let permit = permit(&desk, Action::UserManage).await?;
    Ok((StatusCode::CREATED, Json(desk.new_token(&permit, wanted).await?)))
}
