//! Asks a node's HTTP API and reads its answers and problems; knows paths and JSON, not what they mean.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::Duration;

use clap::Args;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::{Method, Request, Response, header};
use serde::Serialize;
use serde_json::Value;

use crate::node::cli::exit::Failure;
use crate::node::cli::output::{plain, word};
use crate::node::cli::transport::{Body, Target};
use crate::node::config::admin_socket;
use crate::node::http::TRAINING;
use crate::node::http::escape::escaped;

/// The longest JSON answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// A node answers within its own deadline of 30 s; this is beyond it.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(1);

/// How to reach a node's API as an officer.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Which node, and who asks")]
pub(super) struct Connection {
    /// The node's URL
    #[arg(long, env = "SEALANE_URL", default_value = "http://127.0.0.1:8710", global = true)]
    url: String,
    /// A token; better in the environment, where other users do not see it
    #[arg(long, env = "SEALANE_TOKEN", hide_env_values = true, global = true)]
    token: Option<String>,
    /// PEM file of the certificates to trust, for https
    #[arg(long, env = "SEALANE_CA", value_name = "FILE", global = true)]
    ca: Option<PathBuf>,
    /// What your work is for; it stands in the records and in the audit trail
    // Not `--purpose`, which sharing has for what others may do.
    #[arg(
        long = "purpose-of-use",
        id = "purpose-of-use",
        env = "SEALANE_PURPOSE",
        value_name = "PURPOSE",
        default_value = "customs_enforcement",
        global = true
    )]
    purpose: String,
}

impl Connection {
    /// The client of this node.
    pub(super) fn client(&self) -> Result<Client, Failure> {
        let target = Target::parse(&self.url, self.ca.clone())?;
        match &self.token {
            Some(token) => {
                let token = Some(token.trim().to_owned());
                Ok(Client { target, token, purpose: Some(self.purpose.clone()) })
            }
            None => Err(Failure::Usage(
                "no token: make one with `sealane token new USER --dir DIR` on the node's machine, then export SEALANE_TOKEN=...".into(),
            )),
        }
    }
}

/// The data directory of a node on this machine, whose administrator asks.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Which node")]
pub(super) struct Local {
    /// The node's data directory
    #[arg(long, env = "SEALANE_DIR", value_name = "DIR", default_value = ".", global = true)]
    dir: PathBuf,
}

impl Local {
    /// The directory as it was named: the node's folder, where `init` put its configuration, or its data directory.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The argument that names this directory in the next command, with a space before it; nothing for the current one.
    pub(super) fn option(&self) -> String {
        if self.dir == Path::new(".") {
            String::new()
        } else {
            format!(" --dir {}", self.dir.display())
        }
    }

    /// The client of the node that runs on this directory, or on the `data` folder in it that `init` makes.
    pub(super) fn client(&self) -> Client {
        let inner = admin_socket(&self.dir.join("data"));
        let socket = if inner.exists() { inner } else { admin_socket(&self.dir) };
        Client::local(&socket)
    }
}

/// Asks one node.
#[derive(Clone, Debug)]
pub(super) struct Client {
    target: Target,
    token: Option<String>,
    purpose: Option<String>,
}

impl Client {
    /// The administrator at a node's local socket.
    pub(super) fn local(socket: &Path) -> Self {
        Self { target: Target::Local(socket.to_owned()), token: None, purpose: None }
    }

    /// An officer with a token.
    pub(super) fn officer(url: &str, token: &str) -> Result<Self, Failure> {
        Ok(Self {
            target: Target::parse(url, None)?,
            token: Some(token.to_owned()),
            purpose: Some("customs_enforcement".to_owned()),
        })
    }

    /// Reads.
    pub(super) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.json(Method::GET, path, empty()).await
    }

    /// Makes something, or makes something happen.
    pub(super) async fn post(&self, path: &str, body: &impl Serialize) -> Result<Value, Failure> {
        self.json(Method::POST, path, document(body)?).await
    }

    /// As [`Client::post`], for what takes as long as a file is: the node ends it, not the clock.
    pub(super) async fn post_patiently(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Value, Failure> {
        value(self.stream(path, Some(body)).await?).await
    }

    /// Changes what has that head; if it has another one by now, the node refuses.
    pub(super) async fn patch(
        &self,
        path: &str,
        head: &str,
        body: &impl Serialize,
    ) -> Result<Value, Failure> {
        let mut request = self.request(Method::PATCH, path, document(body)?)?;
        let tag = format!("\"{head}\"")
            .parse()
            .map_err(|_| Failure::Usage(format!("'{head}' is not the head of anything")))?;
        request.headers_mut().insert(header::IF_MATCH, tag);
        self.answered(request).await
    }

    /// Removes.
    pub(super) async fn delete(&self, path: &str) -> Result<Value, Failure> {
        self.json(Method::DELETE, path, empty()).await
    }

    /// Sends any body of that type and length, and reads a JSON answer, however long the sending takes.
    pub(super) async fn upload(
        &self,
        path: &str,
        media_type: &str,
        length: u64,
        body: Body,
    ) -> Result<Value, Failure> {
        let mut request = self.request(Method::POST, path, body)?;
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_LENGTH, length.into());
        let media_type = media_type
            .parse()
            .map_err(|_| Failure::Usage(format!("'{media_type}' is not a media type")))?;
        headers.insert(header::CONTENT_TYPE, media_type);
        value(accepted(self.target.send(request).await?).await?).await
    }

    /// The answer to a GET or, with a body, a POST, to be read as a stream.
    pub(super) async fn stream<B: Serialize>(
        &self,
        path: &str,
        body: Option<&B>,
    ) -> Result<Response<Incoming>, Failure> {
        let request = match body {
            Some(body) => self.request(Method::POST, path, document(body)?)?,
            None => self.request(Method::GET, path, empty())?,
        };
        accepted(self.target.send(request).await?).await
    }

    async fn json(&self, method: Method, path: &str, body: Body) -> Result<Value, Failure> {
        self.answered(self.request(method, path, body)?).await
    }

    async fn answered(&self, request: Request<Body>) -> Result<Value, Failure> {
        let answer = async { value(accepted(self.target.send(request).await?).await?).await };
        tokio::time::timeout(ANSWER_TIMEOUT, answer).await.unwrap_or_else(|_| {
            let seconds = ANSWER_TIMEOUT.as_secs();
            Err(Failure::Unreachable(format!(
                "the node did not answer within {seconds} s; look at its log"
            )))
        })
    }

    fn request(&self, method: Method, path: &str, body: Body) -> Result<Request<Body>, Failure> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.target.authority())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json, application/problem+json");
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(purpose) = &self.purpose {
            request = request.header("sealane-purpose", purpose);
        }
        request.body(body).map_err(|_| {
            Failure::Usage("the token or an argument has a character that cannot be sent".into())
        })
    }
}

/// One segment of a path, escaped.
pub(super) fn segment(text: &str) -> String {
    let escaped = escaped(text, b"-_~.");
    // A lone `.` or `..` would be read as a step in the path.
    if escaped.bytes().all(|b| b == b'.') { escaped.replace('.', "%2E") } else { escaped }
}

/// A path with those of the parameters that have a value.
pub(super) fn with_query(path: &str, parameters: &[(&str, Option<&str>)]) -> String {
    let query: Vec<String> = parameters
        .iter()
        .filter_map(|(name, value)| value.map(|value| format!("{name}={}", segment(value))))
        .collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}

/// A file's name without the folders before it, which are nobody else's business.
pub(super) fn file_name(file: &Path) -> String {
    file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn empty() -> Body {
    Full::new(Bytes::new()).map_err(|never| match never {}).boxed_unsync()
}

fn document(body: &impl Serialize) -> Result<Body, Failure> {
    let bytes = serde_json::to_vec(body)
        .map_err(|error| Failure::Usage(format!("an argument cannot be sent as JSON: {error}")))?;
    Ok(Full::new(Bytes::from(bytes)).map_err(|never| match never {}).boxed_unsync())
}

async fn value(answer: Response<Incoming>) -> Result<Value, Failure> {
    let bytes = bytes(answer).await?;
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    // Checkpoints and proofs are text, and are kept as such.
    Ok(serde_json::from_slice(&bytes)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned())))
}

async fn bytes(answer: Response<Incoming>) -> Result<Bytes, Failure> {
    let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
    body.map(http_body_util::Collected::to_bytes)
        .map_err(|error| Failure::Unreachable(format!("the node's answer broke off: {error}")))
}

/// The answer if it is one; a problem becomes the message that the officer reads.
async fn accepted(answer: Response<Incoming>) -> Result<Response<Incoming>, Failure> {
    if answer.headers().contains_key(TRAINING) {
        // Once for a command, however often it asks.
        static SAID: Once = Once::new();
        SAID.call_once(|| {
            let _ = writeln!(
                io::stderr(),
                "TRAINING: this node is for training, and its cases are invented"
            );
        });
    }
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let problem: Value = serde_json::from_slice(&bytes(answer).await?).unwrap_or(Value::Null);
    Err(Failure::Refused(refusal(status.as_u16(), &problem)))
}

fn refusal(status: u16, problem: &Value) -> String {
    let Some(members) = problem.as_object() else {
        return format!(
            "the node answered with status {status} and no explanation; is it a sealane node?"
        );
    };
    let mut text = match (problem.get("title"), problem.get("detail")) {
        (Some(Value::String(title)), Some(Value::String(detail))) => {
            format!("{}: {}", plain(title), plain(detail))
        }
        (title, _) => word(title),
    };
    // The findings stand in the detail already.
    let known = ["type", "title", "status", "detail", "instance", "findings"];
    for (name, value) in members.iter().filter(|(name, _)| !known.contains(&name.as_str())) {
        text.extend(["\n  ", &plain(name), ": ", &word(Some(value))]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_argument_cannot_leave_its_segment() {
        assert_eq!(segment("a/b?c d%é"), "a%2Fb%3Fc%20d%25%C3%A9");
        assert_eq!(segment(".."), "%2E%2E");
        assert_eq!(with_query("/p", &[("a", Some("x&y")), ("b", None)]), "/p?a=x%26y");
        assert_eq!(with_query("/p", &[("b", None)]), "/p");
    }

    #[test]
    fn a_problem_is_told_with_its_members() {
        let problem = json!({"type": "urn:sealane:problem:stale", "title": "Changed", "status": 412,
                             "detail": "Read it again.", "head": "00ff"});
        assert_eq!(refusal(412, &problem), "Changed: Read it again.\n  head: 00ff");
        assert!(refusal(502, &Value::Null).contains("502"));
    }
}
