//! One real node of the API tests, in a folder of its own, and a client for its listeners; judges nothing.

use std::path::PathBuf;
use std::sync::Arc;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{HeaderMap, Request, StatusCode};
use hyper_util::rt::TokioIo;
use sealane::node::Node;
use sealane::node::blobs::Disk;
use sealane::node::config::admin_socket;
use sealane::node::store::Store;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use crate::support::node::TestNode;

/// A running node with nobody else.
pub(crate) struct ApiNode(TestNode);

/// What a node answered.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The body of a success.
    pub(crate) fn good(self) -> Value {
        assert!(self.status.is_success(), "{}: {}", self.status, self.text());
        self.json()
    }

    /// Holds the answer to be a problem of that status and type.
    pub(crate) fn problem(&self, status: u16, slug: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.headers[CONTENT_TYPE], "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["type"], format!("urn:sealane:problem:{slug}"), "{problem}");
        problem
    }
}

impl ApiNode {
    /// A node whose configuration has these texts replaced.
    pub(crate) async fn start(changes: &[(&str, &str)]) -> Self {
        let mut node = TestNode::new("xa").await;
        let mut text = std::fs::read_to_string(node.config_file()).unwrap();
        for (from, to) in changes {
            assert!(text.contains(from), "no {from} in {text}");
            text = text.replace(from, to);
        }
        std::fs::write(node.config_file(), text).unwrap();
        node.start().await;
        Self(node)
    }

    /// A node that was started under a name of the test's choice.
    pub(crate) const fn of(node: TestNode) -> Self {
        Self(node)
    }

    /// Ends it in order.
    pub(crate) async fn stop(mut self) {
        self.0.stop().await;
    }

    /// Ends it in order, and opens its store.
    pub(crate) async fn halt(&mut self) -> Store {
        self.0.stop().await;
        self.0.store().await
    }

    /// Ends it in order if it runs, and starts it again.
    pub(crate) async fn restart(&mut self) {
        self.0.stop().await;
        self.0.start().await;
    }

    /// Replaces a text of the configuration; the next start reads it.
    pub(crate) fn set(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.0.config_file()).unwrap();
        assert!(text.contains(from), "no {from} in {text}");
        std::fs::write(self.0.config_file(), text.replace(from, to)).unwrap();
    }

    /// A node whose disk is as a test says.
    pub(crate) async fn with_disk(disk: Arc<dyn Disk>) -> Self {
        let mut node = TestNode::new("xa").await;
        node.set_disk(disk);
        node.start().await;
        Self(node)
    }

    /// The node behind the listeners.
    pub(crate) fn node(&self) -> &Node {
        self.0.node()
    }

    /// Where the node keeps its data.
    pub(crate) fn data(&self) -> PathBuf {
        self.0.data()
    }

    /// Asks the API.
    pub(crate) async fn ask(&self, method: &str, path: &str, token: &str, body: &Value) -> Answer {
        let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        self.send(method, path, token, bytes).await
    }

    /// Sends any bytes to the API.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        token: &str,
        body: Vec<u8>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, "localhost")
            .header(CONTENT_TYPE, "application/json")
            .header("sealane-purpose", "customs_enforcement");
        if !token.is_empty() {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        self.ask_as(request.body(Full::new(Bytes::from(body))).unwrap()).await
    }

    /// Announces a file to import; gives the path to which its bytes are sent.
    pub(crate) async fn begin_import(&self, token: &str, mut about: Value, file: &[u8]) -> String {
        about["sha256"] = hex::encode(Sha256::digest(file)).into();
        about["bytes"] = file.len().into();
        let begun = self.ask("POST", "/api/v1/imports", token, &about).await.good();
        format!("/api/v1/imports/{}/rows", begun["id"].as_str().unwrap())
    }

    /// Asks the API with a request of any form.
    pub(crate) async fn ask_as(&self, request: Request<Full<Bytes>>) -> Answer {
        exchange(TcpStream::connect(self.0.node().addresses().http).await.unwrap(), request).await
    }

    /// Asks the management listener.
    pub(crate) async fn manage(&self, path: &str) -> Answer {
        let request = Request::builder().uri(path).header(HOST, "localhost");
        let stream = TcpStream::connect(self.0.node().addresses().management).await.unwrap();
        exchange(stream, request.body(Full::default()).unwrap()).await
    }

    /// Asks over the administrator's socket.
    pub(crate) async fn administer(&self, method: &str, path: &str, body: &Value) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, "localhost")
            .header(CONTENT_TYPE, "application/json");
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let stream = UnixStream::connect(admin_socket(&self.0.data())).await.unwrap();
        exchange(stream, request.body(Full::new(body)).unwrap()).await
    }

    /// A new officer's token.
    pub(crate) async fn officer(&self, name: &str, role: &str) -> String {
        let user = json!({"name": name, "roles": [role], "unit": "hq", "clearance": 2});
        self.administer("POST", "/admin/users", &user).await.good();
        let wanted = json!({"user": name, "label": "test", "days": 1});
        let token = self.administer("POST", "/admin/tokens", &wanted).await.good();
        token["token"].as_str().unwrap().to_owned()
    }
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> Answer {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    let driven = tokio::spawn(connection);
    let answer = sender.send_request(request).await.unwrap();
    let (parts, body) = answer.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    drop(sender);
    drop(driven.await);
    Answer { status: parts.status, headers: parts.headers, bytes }
}
