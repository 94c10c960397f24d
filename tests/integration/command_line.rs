//! The command line as a user meets it: the real program against a small server in the real HTTP frame.
//!
//! It verifies exit codes, streaming, TLS with a CA of one's own, and what is printed; the API itself is not under test.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Query;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use sealane::node::http::server::{Caps, bind_unix, serve_tcp, serve_unix};
use sealane::node::http::{Bounds, Kind, Problem, frame, tls};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn a_reading_command_prints_for_people_and_for_scripts() {
    let address = serve(None).await;
    let table = sealane(&format!("http://{address}"), &["case", "list"]).await;
    assert_eq!(table.status.code(), Some(0), "{table:?}");
    assert_eq!(
        text(&table.stdout),
        "ID  REFERENCE  STATE  PROPOSED  TYPE  TITLE\n7   -          open   -         -     Tiles \u{fffd}[2J\n"
    );
    let scripted = sealane(&format!("http://{address}"), &["case", "list", "--json"]).await;
    let answer: Value = serde_json::from_slice(&scripted.stdout).unwrap();
    assert_eq!(answer["items"][0]["id"], "7");
}

#[tokio::test]
async fn a_problem_ends_with_exit_code_1_and_says_why() {
    let address = serve(None).await;
    let refused = sealane(&format!("http://{address}"), &["case", "show", "../8"]).await;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(text(&refused.stderr).contains("Not found: No case that you may see has this id."));
}

#[tokio::test]
async fn usage_unreachable_and_unverified_have_their_own_exit_codes() {
    let address = serve(None).await;
    let url = format!("http://{address}");
    assert_eq!(sealane(&url, &["case"]).await.status.code(), Some(2));
    assert_eq!(sealane(&url, &["case", "edit", "7"]).await.status.code(), Some(2));
    assert_eq!(sealane(&url, &["--help"]).await.status.code(), Some(0));
    assert_eq!(sealane("ftp://x", &["case", "list"]).await.status.code(), Some(2));
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap();
    let unreachable = sealane(&format!("http://{closed}"), &["case", "list"]).await;
    assert_eq!(unreachable.status.code(), Some(4), "{unreachable:?}");
    assert!(text(&unreachable.stderr).contains("sealane serve"));
    let unverified = sealane(&url, &["evidence", "verify", "e1"]).await;
    assert_eq!(unverified.status.code(), Some(3), "{unverified:?}");
}

#[tokio::test]
async fn evidence_is_streamed_there_and_back() {
    let address = serve(None).await;
    let url = format!("http://{address}");
    let folder = tempfile::tempdir().unwrap();
    let (file, copy) = (folder.path().join("manifest & more.bin"), folder.path().join("copy.bin"));
    let content = vec![b'x'; 3_000_001];
    std::fs::write(&file, &content).unwrap();
    let add = ["evidence", "add", "7", file.to_str().unwrap(), "--description", "a=b & c"];
    let added = sealane(&url, &add).await;
    assert_eq!(added.status.code(), Some(0), "{added:?}");
    let printed = text(&added.stdout);
    assert!(
        printed.contains("registered evidence 3000001 manifest & more.bin a=b & c"),
        "{printed}"
    );
    let got = sealane(&url, &["evidence", "get", "e1", "--out", copy.to_str().unwrap()]).await;
    assert_eq!(got.status.code(), Some(0), "{got:?}");
    assert_eq!(std::fs::read(&copy).unwrap(), content);
    let again = sealane(&url, &["evidence", "get", "e1", "--out", copy.to_str().unwrap()]).await;
    assert_eq!(again.status.code(), Some(1), "an existing file is kept");
}

#[tokio::test]
async fn https_is_believed_under_the_named_authority_alone() {
    let folder = tempfile::tempdir().unwrap();
    let identity = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
    std::fs::write(&certificate, identity.cert.pem()).unwrap();
    std::fs::write(&key, identity.signing_key.serialize_pem()).unwrap();
    let address = serve(Some((&certificate, &key))).await;
    let url = format!("https://{address}");
    let trusting = ["--ca", certificate.to_str().unwrap()];
    let listed = sealane(&url, &[&["case", "list"], &trusting[..]].concat()).await;
    assert_eq!(listed.status.code(), Some(0), "{listed:?}");
    let other = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let other_file = folder.path().join("other.pem");
    std::fs::write(&other_file, other.cert.pem()).unwrap();
    let doubting = sealane(&url, &["case", "list", "--ca", other_file.to_str().unwrap()]).await;
    assert_eq!(doubting.status.code(), Some(4), "{doubting:?}");
    let naked = sealane(&format!("http://{address}"), &["case", "list"]).await;
    assert_eq!(naked.status.code(), Some(4), "{naked:?}");
}

#[tokio::test]
async fn the_administrator_is_heard_over_the_local_socket_without_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let listener = bind_unix(&folder.path().join("admin.sock")).unwrap();
    let tokens = post(async |Json(body): Json<Value>| {
        Json(json!({ "token": format!("for-{}", body["user"]) }))
    });
    let app = frame(Router::new().route("/admin/tokens", tokens), Router::new(), bounds());
    tokio::spawn(serve_unix(listener, app, CancellationToken::new()));
    let folder = folder.path().to_str().unwrap();
    let made = sealane("http://unused", &["token", "new", "anna", "--dir", folder]).await;
    assert_eq!(made.status.code(), Some(0), "{made:?}");
    assert_eq!(text(&made.stdout), "for-\"anna\"\n");
}

#[tokio::test]
async fn a_reader_that_leaves_is_no_failure() {
    let address = serve(None).await;
    let mut child = program(&format!("http://{address}"), &["case", "list"]).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(text(&output.stderr), "");
}

fn program(url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sealane"));
    command
        .args(arguments)
        .env_remove("SEALANE_CA")
        .env_remove("SEALANE_DIR")
        .env("SEALANE_URL", url)
        .env("SEALANE_TOKEN", "sesame")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

async fn sealane(url: &str, arguments: &[&str]) -> Output {
    program(url, arguments).output().await.unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

const fn bounds() -> Bounds {
    Bounds { body_bytes_max: 1024, timeout: Duration::from_secs(5) }
}

/// A few answers of an API, over TLS if there is a certificate.
async fn serve(identity: Option<(&Path, &Path)>) -> SocketAddr {
    let list = get(async |headers: HeaderMap| {
        let token = headers.get("authorization").is_some_and(|value| value == "Bearer sesame");
        let items = json!([{ "id": "7", "status": "open", "title": "Tiles \u{1b}[2J" }]);
        if token { Ok(Json(json!({ "items": items }))) } else { Err(StatusCode::UNAUTHORIZED) }
    });
    let missing =
        get(async || Problem::new(Kind::NotFound, "No case that you may see has this id."));
    let ordinary = Router::new()
        .route("/api/v1/cases", list)
        .route("/api/v1/cases/{id}", missing)
        .route("/api/v1/evidence/{id}/verify", post(async || Json(json!({ "verified": false }))));
    let take = post(async |Query(about): Query<Value>, body: Body| {
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let word = |key: &str| about[key].as_str().unwrap_or("-").to_owned();
        let id = format!("{} {} {}", body.len(), word("filename"), word("description"));
        Json(json!({ "id": id }))
    });
    let give = get(async || Body::from(vec![b'x'; 3_000_001]));
    let streaming = Router::new()
        .route("/api/v1/cases/{id}/evidence", take)
        .route("/api/v1/evidence/{id}/content", give);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let tls = identity.map(|(certificate, key)| tls::server(certificate, key).unwrap());
    let caps = Caps { connections_max: 16, per_address_max: 16 };
    let app = frame(ordinary, streaming, bounds());
    tokio::spawn(serve_tcp(listener, tls, app, caps, CancellationToken::new()));
    address
}
