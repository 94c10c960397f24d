//! Every path of the API on one screen; what is not in this table cannot be reached.

use axum::{Router, middleware, routing};

use crate::node::http::api::{
    audit, cases, deadlines, declarations, erasures, evidence, imported, imports, log as own_log,
    officers, packs, requests, search, session, statistics, summaries, task_forces, workflows,
};
use crate::node::http::frame::{Bounds, frame};
use crate::node::http::repeat::InFlight;
use crate::node::http::state::ApiState;
use crate::node::http::{log, repeat, witness};

/// A method and a path with its handler on each line, `ordinary` ones under all bounds, `streaming` ones without a
/// limit on length and time.
macro_rules! paths {
    ($($kind:ident { $($method:ident $path:literal => $handler:path;)+ })+) => {
        /// Every method and path, and whether it is `ordinary` or `streaming`.
        pub const PATHS: &[(&str, &str, &str)] =
            &[$($((stringify!($method), $path, stringify!($kind)),)+)+];

        $(fn $kind() -> Router<ApiState> {
            Router::new()$(.route($path, routing::$method($handler)))+
        })+
    };
}

paths! {
    ordinary {
        get "/api/v1/whoami" => session::whoami;
        get "/api/v1/status" => session::status;
        get "/api/v1/officers/{id}/qualifications" => officers::qualifications;
        get "/api/v1/cases" => cases::list;
        post "/api/v1/cases" => cases::open;
        get "/api/v1/cases/{id}" => cases::show;
        patch "/api/v1/cases/{id}" => cases::update;
        post "/api/v1/cases/{id}/move" => cases::step;
        post "/api/v1/cases/{id}/proposal/approve" => cases::approve;
        post "/api/v1/cases/{id}/proposal/refuse" => cases::refuse;
        post "/api/v1/cases/{id}/proposal/withdraw" => cases::withdraw;
        post "/api/v1/cases/{id}/workflow" => cases::workflow;
        post "/api/v1/cases/{id}/links" => cases::link;
        post "/api/v1/cases/{id}/team" => cases::add_to_team;
        post "/api/v1/cases/{id}/team/remove" => cases::remove_from_team;
        get "/api/v1/cases/{id}/evidence" => evidence::of_case;
        post "/api/v1/cases/{id}/erasures" => erasures::order;
        get "/api/v1/erasures" => erasures::list;
        get "/api/v1/erasures/{id}" => erasures::show;
        post "/api/v1/erasures/{id}/confirm" => erasures::confirm;
        post "/api/v1/erasures/{id}/refuse" => erasures::refuse;
        get "/api/v1/evidence/{id}" => evidence::show;
        get "/api/v1/evidence/{id}/custody" => evidence::custody;
        post "/api/v1/evidence/{id}/transfer" => evidence::transfer;
        post "/api/v1/evidence/{id}/receive" => evidence::receive;
        get "/api/v1/workflows" => workflows::list;
        post "/api/v1/workflows" => workflows::adopt;
        get "/api/v1/workflows/{case_type}/{version}" => workflows::show;
        get "/api/v1/statistics" => statistics::show;
        get "/api/v1/search" => search::by_identifier;
        get "/api/v1/deadlines" => deadlines::list;
        get "/api/v1/notices" => deadlines::notices;
        post "/api/v1/notices/{id}/read" => deadlines::read;
        get "/api/v1/declarations" => declarations::list;
        get "/api/v1/declarations/{id}" => declarations::show;
        get "/api/v1/imports" => imports::list;
        post "/api/v1/imports" => imports::begin;
        get "/api/v1/imports/{id}" => imports::show;
        get "/api/v1/imports/{id}/refusals" => imports::refusals;
        get "/api/v1/imported" => imported::list;
        get "/api/v1/imported/{kind}/{id}" => imported::show;
        get "/api/v1/requests" => requests::list;
        post "/api/v1/requests" => requests::draft;
        get "/api/v1/requests/{id}" => requests::show;
        post "/api/v1/requests/{id}/acts" => requests::act;
        get "/api/v1/summaries" => summaries::list;
        post "/api/v1/summaries" => summaries::share;
        get "/api/v1/summaries/{id}" => summaries::show;
        post "/api/v1/summaries/{id}/withdraw" => summaries::withdraw;
        get "/api/v1/task-forces" => task_forces::list;
        post "/api/v1/task-forces" => task_forces::form;
        get "/api/v1/task-forces/{id}" => task_forces::show;
        post "/api/v1/task-forces/{id}/join" => task_forces::join;
        post "/api/v1/task-forces/{id}/posts" => task_forces::post;
        post "/api/v1/task-forces/{id}/team" => task_forces::add_to_team;
        post "/api/v1/task-forces/{id}/team/remove" => task_forces::remove_from_team;
        post "/api/v1/task-forces/{id}/leave" => task_forces::leave;
        post "/api/v1/task-forces/{id}/close" => task_forces::close;
        get "/api/v1/log/checkpoint" => own_log::checkpoint;
        get "/api/v1/log/proof/{record}" => own_log::proof;
        get "/api/v1/audit-trail" => audit::trail;
        get "/log/{year}/{*path}" => log::file;
        post "/witness/v1/add-checkpoint" => witness::add_checkpoint;
        get "/witness/v1/{origin}/checkpoint" => witness::checkpoint;
    }

    streaming {
        post "/api/v1/cases/{id}/evidence" => evidence::add;
        get "/api/v1/evidence/{id}/content" => evidence::content;
        post "/api/v1/evidence/{id}/verify" => evidence::verify;
        post "/api/v1/evidence/{id}/fetch" => evidence::fetch;
        post "/api/v1/imports/{id}/rows" => imports::rows;
        post "/api/v1/packs" => packs::export;
    }
}

/// The API, in its frame.
pub fn router(state: ApiState, bounds: Bounds) -> Router {
    let once = middleware::from_fn_with_state((state.clone(), InFlight::default()), repeat::once);
    let ordinary = ordinary().route_layer(once).with_state(state.clone());
    let streaming = streaming().route_layer(middleware::from_fn(repeat::refused)).with_state(state);
    frame(ordinary, streaming, bounds)
}
