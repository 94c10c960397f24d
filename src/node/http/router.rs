//! Every path of the API on one screen; what is not in this table cannot be reached.

use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use axum::{Router, middleware, routing};

use crate::node::http::api::{
    audit, case_file, cases, compartments, conflicts, deadlines, declarations, erasures, evidence,
    imported, imports, log as own_log, notice_events, officers, packs, requests, retention, search,
    session, statistics, summaries, task_forces, workflows,
};
use crate::node::http::frame::{Bounds, frame};
use crate::node::http::openapi::{self, Route, described};
use crate::node::http::problem::Kind;
use crate::node::http::repeat::InFlight;
use crate::node::http::state::ApiState;
use crate::node::http::{log, repeat, witness};

/// The header by which a training node says on every answer what it is.
pub const TRAINING: HeaderName = HeaderName::from_static("sealane-training");

/// What it is for, a method and a path with its handler, and what it may refuse beside what its form tells:
/// `ordinary` ones under all bounds, `streaming` ones without a limit on length and time.
macro_rules! paths {
    ($($kind:ident { $(
        $(#[doc = $text:literal])+
        $method:ident $path:literal => $handler:path $([$($fault:ident),+])?;
    )+ })+) => {
        /// Every method and path, and whether it is `ordinary` or `streaming`.
        pub const PATHS: &[(&str, &str, &str)] =
            &[$($((stringify!($method), $path, stringify!($kind)),)+)+];

        /// The same with what each takes and answers.
        pub(crate) const ROUTES: &[Route] = &[$($(Route {
            method: stringify!($method),
            path: $path,
            kind: stringify!($kind),
            handler: stringify!($handler),
            summary: concat!($($text),+),
            faults: &[$($(Kind::$fault),+)?],
            describe: |operation, schemas| described($handler, operation, schemas),
        },)+)+];

        $(fn $kind() -> Router<ApiState> {
            Router::new()$(.route($path, routing::$method($handler)))+
        })+
    };
}

paths! {
    ordinary {
        /// This description.
        get "/openapi.json" => openapi::show;
        /// The JSON Schema of the file of a case.
        get "/api/v1/schemas/case-file" => case_file::schema;
        /// The officer whose token it is, with roles and training.
        get "/api/v1/whoami" => session::whoami;
        /// How the node is: counts without content.
        get "/api/v1/status" => session::status;
        /// What an officer is trained in, by name, pseudonym or id.
        get "/api/v1/officers/{id}/qualifications" => officers::qualifications;
        /// The compartments that an officer is in, by name, pseudonym or id.
        get "/api/v1/officers/{id}/compartments" => compartments::list;
        /// Lets an officer into a compartment; nobody decides on themselves.
        post "/api/v1/officers/{id}/compartments" => compartments::grant;
        /// Takes an officer out of a compartment.
        post "/api/v1/officers/{id}/compartments/revoke" => compartments::revoke;
        /// Cases, newest first, page by page.
        get "/api/v1/cases" => cases::list;
        /// Opens a case.
        post "/api/v1/cases" => cases::open;
        /// Everything that is kept of a case, as one document for other programs.
        get "/api/v1/cases/{id}/file" => case_file::file;
        /// Everything that is kept of a case, as a page to print.
        get "/api/v1/cases/{id}/report" => case_file::report;
        /// A case with content, findings, steps and history.
        get "/api/v1/cases/{id}" => cases::show;
        /// Changes fields of a case.
        patch "/api/v1/cases/{id}" => cases::update;
        /// Moves a case on, or proposes the move where another officer must approve it.
        post "/api/v1/cases/{id}/move" => cases::step;
        /// Approves the proposed move of a case.
        post "/api/v1/cases/{id}/proposal/approve" => cases::approve;
        /// Refuses the proposed move of a case.
        post "/api/v1/cases/{id}/proposal/refuse" => cases::refuse;
        /// Takes back the proposed move of a case.
        post "/api/v1/cases/{id}/proposal/withdraw" => cases::withdraw;
        /// Puts a case under another version of its workflow.
        post "/api/v1/cases/{id}/workflow" => cases::workflow;
        /// Acknowledges warnings: the values stand although something is odd about them.
        post "/api/v1/cases/{id}/acknowledge" => cases::acknowledge;
        /// A case as it stood in an earlier version, from 1.
        get "/api/v1/cases/{id}/versions/{version}" => cases::version;
        /// What changed of a case between two versions.
        get "/api/v1/cases/{id}/difference" => cases::difference;
        /// Links a case with another.
        post "/api/v1/cases/{id}/links" => cases::link;
        /// Adds an officer to the team of a case.
        post "/api/v1/cases/{id}/team" => cases::add_to_team;
        /// Takes an officer out of the team of a case.
        post "/api/v1/cases/{id}/team/remove" => cases::remove_from_team;
        /// Sets classification level and compartment of a case.
        post "/api/v1/cases/{id}/protection" => cases::protect;
        /// Gives a case to another officer to lead.
        post "/api/v1/cases/{id}/owner" => cases::assign;
        /// The conflicts of interest that stand in a case.
        get "/api/v1/cases/{id}/conflicts" => conflicts::list;
        /// Puts a conflict of interest on record: the case is closed to that officer at once.
        post "/api/v1/cases/{id}/conflicts" => conflicts::declare;
        /// Lifts a conflict of interest of another officer.
        post "/api/v1/cases/{id}/conflicts/lift" => conflicts::lift;
        /// The evidence items of a case.
        get "/api/v1/cases/{id}/evidence" => evidence::of_case;
        /// How long a case is kept: its clocks, and what restricts it.
        get "/api/v1/cases/{id}/retention" => retention::show;
        /// Reviews whether the data of a case are still needed.
        post "/api/v1/cases/{id}/review" => retention::review;
        /// Restricts the data of a case: they are kept for review, hold and erasure alone.
        post "/api/v1/cases/{id}/restrict" => retention::restrict;
        /// Lifts a restriction that was ordered.
        post "/api/v1/cases/{id}/unrestrict" => retention::unrestrict;
        /// Reviews and erasures of cases that are due, the soonest first, page by page.
        get "/api/v1/retention" => retention::list;
        /// Orders that content of a case is erased; another officer decides.
        post "/api/v1/cases/{id}/erasures" => erasures::order;
        /// Orders that an import with all its rows is erased; another officer decides.
        post "/api/v1/imports/{id}/erasures" => erasures::order_import;
        /// Erasures, newest first, page by page.
        get "/api/v1/erasures" => erasures::list;
        /// An erasure with its certificate.
        get "/api/v1/erasures/{id}" => erasures::show;
        /// Confirms an erasure ordered by another officer, and carries it out.
        post "/api/v1/erasures/{id}/confirm" => erasures::confirm;
        /// Refuses an erasure ordered by another officer.
        post "/api/v1/erasures/{id}/refuse" => erasures::refuse;
        /// An evidence item with its custody and history.
        get "/api/v1/evidence/{id}" => evidence::show;
        /// Registers a thing, of which there is no file, as evidence of a case.
        post "/api/v1/cases/{id}/things" => evidence::add_thing;
        /// The chain of custody of an evidence item.
        get "/api/v1/evidence/{id}/custody" => evidence::custody;
        /// Records what happened to an evidence item: sealed, opened, sampled, split and so on.
        post "/api/v1/evidence/{id}/custody" => evidence::record;
        /// The custody sheet of an evidence item, a page to print.
        get "/api/v1/evidence/{id}/custody-sheet" => evidence::sheet;
        /// Offers an evidence item to another holder.
        post "/api/v1/evidence/{id}/transfer" => evidence::transfer;
        /// Takes over an evidence item that was offered.
        post "/api/v1/evidence/{id}/receive" => evidence::receive;
        /// The workflow versions of all case types.
        get "/api/v1/workflows" => workflows::list;
        /// Tries a workflow version, or takes it into use.
        post "/api/v1/workflows" => workflows::adopt;
        /// The text of a workflow version.
        get "/api/v1/workflows/{case_type}/{version}" => workflows::show;
        /// Counts and durations, as JSON or CSV.
        get "/api/v1/statistics" => statistics::show;
        /// Cases by words, names in other spellings, identifiers and columns.
        get "/api/v1/search" => search::find;
        /// What is due, the nearest first.
        get "/api/v1/deadlines" => deadlines::list;
        /// What the officer was told of deadlines.
        get "/api/v1/notices" => deadlines::notices;
        /// Marks a notice as read.
        post "/api/v1/notices/{id}/read" => deadlines::read;
        /// Declarations by suspicion, page by page.
        get "/api/v1/declarations" => declarations::list;
        /// A declaration with the parts of its score.
        get "/api/v1/declarations/{id}" => declarations::show;
        /// Files that were taken in, newest first, page by page.
        get "/api/v1/imports" => imports::list;
        /// Begins the import of a file, or tells how far it came before.
        post "/api/v1/imports" => imports::begin;
        /// An import: how many rows were kept, warned about and refused.
        get "/api/v1/imports/{id}" => imports::show;
        /// The rows of a file that were refused, each with its line and reason.
        get "/api/v1/imports/{id}/refusals" => imports::refusals;
        /// Rows of imported files, by identifier or kind, page by page.
        get "/api/v1/imported" => imported::list;
        /// A row of an imported file.
        get "/api/v1/imported/{kind}/{id}" => imported::show;
        /// Requests for mutual assistance, newest first, page by page.
        get "/api/v1/requests" => requests::list;
        /// Drafts a request.
        post "/api/v1/requests" => requests::draft;
        /// A request with its acts, clocks and documents.
        get "/api/v1/requests/{id}" => requests::show;
        /// Acts on a request: submits, answers, refuses, closes and so on.
        post "/api/v1/requests/{id}/acts" => requests::act;
        /// Shared summaries, sent and received, page by page.
        get "/api/v1/summaries" => summaries::list;
        /// Shares fields of a case with other authorities.
        post "/api/v1/summaries" => summaries::share;
        /// A summary with its fields and receivers.
        get "/api/v1/summaries/{id}" => summaries::show;
        /// Withdraws a summary that was shared.
        post "/api/v1/summaries/{id}/withdraw" => summaries::withdraw;
        /// Task forces, newest first, page by page.
        get "/api/v1/task-forces" => task_forces::list;
        /// Forms a task force with other authorities.
        post "/api/v1/task-forces" => task_forces::form;
        /// A task force with members and posts.
        get "/api/v1/task-forces/{id}" => task_forces::show;
        /// Joins a task force that this authority was invited to.
        post "/api/v1/task-forces/{id}/join" => task_forces::join;
        /// Posts to a task force.
        post "/api/v1/task-forces/{id}/posts" => task_forces::post;
        /// Gives an officer a place in a task force.
        post "/api/v1/task-forces/{id}/team" => task_forces::add_to_team;
        /// Takes an officer out of a task force.
        post "/api/v1/task-forces/{id}/team/remove" => task_forces::remove_from_team;
        /// Leaves a task force.
        post "/api/v1/task-forces/{id}/leave" => task_forces::leave;
        /// Closes a task force.
        post "/api/v1/task-forces/{id}/close" => task_forces::close;
        /// The newest checkpoint of the own log, with its cosignatures.
        get "/api/v1/log/checkpoint" => own_log::checkpoint;
        /// The proof that a record is in the own log, by the hash of the record.
        get "/api/v1/log/proof/{record}" => own_log::proof;
        /// Who did, saw and was refused what, newest first.
        get "/api/v1/audit-trail" => audit::trail;
        /// A published file of the own log (c2sp.org/tlog-tiles); its path may hold slashes.
        get "/log/{year}/{*path}" => log::file;
        /// Cosigns a checkpoint of a log that is known (c2sp.org/tlog-witness).
        post "/witness/v1/add-checkpoint" => witness::add_checkpoint [NotFound];
        /// The newest checkpoint cosigned here of a log, by the SHA-256 of its origin.
        get "/witness/v1/{origin}/checkpoint" => witness::checkpoint;
    }

    streaming {
        /// The officer's notices as they are given (server-sent events).
        get "/api/v1/notices/events" => notice_events::watch;
        /// Registers a file as evidence, the file as the body.
        post "/api/v1/cases/{id}/evidence" => evidence::add;
        /// The bytes of an evidence item, whole or in part.
        get "/api/v1/evidence/{id}/content" => evidence::content;
        /// Reads an evidence item again and compares its hashes.
        post "/api/v1/evidence/{id}/verify" => evidence::verify;
        /// Fetches an evidence item that another authority released.
        post "/api/v1/evidence/{id}/fetch" => evidence::fetch [PeerFailed];
        /// Takes in the rows of a file whose import was begun, the file as the body; the same file again gives the report again.
        post "/api/v1/imports/{id}/rows" => imports::rows;
        /// A part of the audit trail as a file, signed, chained and in the log; `sealane-verify` checks it.
        post "/api/v1/audit-trail/exports" => audit::export;
        /// A court pack: records, proofs and files in one archive.
        post "/api/v1/packs" => packs::export;
    }
}

/// The API, in its frame.
pub fn router(state: ApiState, bounds: Bounds) -> Router {
    let is_training = state.desk.is_training();
    let once = middleware::from_fn_with_state((state.clone(), InFlight::default()), repeat::once);
    let ordinary = ordinary().route_layer(once).with_state(state.clone());
    let streaming = streaming().route_layer(middleware::from_fn(repeat::refused)).with_state(state);
    let app = frame(ordinary, streaming, bounds);
    if is_training { app.layer(middleware::map_response(training)) } else { app }
}

/// Says on every answer that the node is for training (R48).
async fn training(mut answer: Response) -> Response {
    answer.headers_mut().insert(TRAINING, HeaderValue::from_static("yes"));
    answer
}
