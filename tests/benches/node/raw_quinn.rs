//! What quinn itself does with mutual TLS on loopback: requests and bulk; uses nothing of ours but the certificates.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{ClientConfig, Connection, Endpoint, EndpointConfig, ServerConfig, TokioRuntime};
use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::server::WebPkiClientVerifier;
use sha2::{Digest, Sha256};

use crate::peers::{Identity, RECEIPT_BYTES};

const SERVER: &str = "customs.xb.example";
const CHUNK_BYTES: usize = 256 * 1024;
/// The first byte of a request says what is wanted.
const WANTS_MEMORY: u8 = 1;
const WANTS_FILE: u8 = 2;

/// A connection to a server in this process.
pub(crate) struct RawPair {
    connection: Connection,
    _endpoints: [Endpoint; 2],
}

impl RawPair {
    /// `evidence` is the file that the server sends when asked for it.
    pub(crate) async fn new(evidence: PathBuf) -> Self {
        let (ours, theirs) = (Identity::new("customs.xa.example"), Identity::new(SERVER));
        let (client, server) = configs(ours, theirs);
        let accepting = endpoint(Some(server));
        let dialling = endpoint(None);
        let address: SocketAddr = accepting.local_addr().unwrap();
        tokio::spawn(serve(accepting.clone(), evidence));
        let connection = dialling.connect_with(client, address, SERVER).unwrap().await.unwrap();
        Self { connection, _endpoints: [accepting, dialling] }
    }

    /// A handle for another task.
    pub(crate) fn connection(&self) -> Connection {
        self.connection.clone()
    }

    /// Reads that many bytes and drops them.
    pub(crate) async fn bulk(&self, bytes: u64) {
        let (mut send, mut receive) = self.connection.open_bi().await.unwrap();
        send.write_all(&[&[WANTS_MEMORY][..], &bytes.to_be_bytes()].concat()).await.unwrap();
        send.finish().unwrap();
        let mut read = 0;
        while let Some(chunk) = receive.read_chunk(CHUNK_BYTES, true).await.unwrap() {
            read += chunk.bytes.len() as u64;
        }
        assert_eq!(read, bytes);
    }

    /// Reads the file, hashes it with SHA-256 and makes it durable, on a thread beside the network.
    pub(crate) async fn evidence(&self, to: &Path) -> u64 {
        let (mut send, mut receive) = self.connection.open_bi().await.unwrap();
        send.write_all(&[WANTS_FILE]).await.unwrap();
        send.finish().unwrap();
        let (chunks, mut waiting) = tokio::sync::mpsc::channel::<Bytes>(64);
        let to = to.to_owned();
        let keeping = tokio::task::spawn_blocking(move || {
            let (mut file, mut hash, mut bytes) = (File::create(&to).unwrap(), Sha256::new(), 0);
            while let Some(chunk) = waiting.blocking_recv() {
                hash.update(&chunk);
                file.write_all(&chunk).unwrap();
                bytes += chunk.len() as u64;
            }
            file.sync_data().unwrap();
            std::hint::black_box(hash.finalize());
            std::fs::remove_file(to).unwrap();
            bytes
        });
        while let Some(chunk) = receive.read_chunk(CHUNK_BYTES, true).await.unwrap() {
            chunks.send(chunk.bytes).await.unwrap();
        }
        drop(chunks);
        keeping.await.unwrap()
    }
}

/// One request and its reply.
pub(crate) async fn request(connection: &Connection, body: &[u8]) {
    let (mut send, mut receive) = connection.open_bi().await.unwrap();
    send.write_all(body).await.unwrap();
    send.finish().unwrap();
    let reply = receive.read_to_end(RECEIPT_BYTES).await.unwrap();
    assert_eq!(reply.len(), RECEIPT_BYTES);
}

async fn serve(endpoint: Endpoint, evidence: PathBuf) {
    while let Some(incoming) = endpoint.accept().await {
        let connection = incoming.await.unwrap();
        let evidence = evidence.clone();
        tokio::spawn(async move {
            while let Ok((send, receive)) = connection.accept_bi().await {
                tokio::spawn(answer(send, receive, evidence.clone()));
            }
        });
    }
}

async fn answer(mut send: quinn::SendStream, mut receive: quinn::RecvStream, evidence: PathBuf) {
    let Ok(request) = receive.read_to_end(1 << 20).await else { return };
    match request.first() {
        Some(&WANTS_MEMORY) => {
            let mut left = u64::from_be_bytes(request[1..9].try_into().unwrap());
            let block = Bytes::from(vec![7; CHUNK_BYTES]);
            while left > 0 {
                let length = left.min(CHUNK_BYTES as u64);
                let chunk = block.slice(..usize::try_from(length).unwrap());
                if send.write_chunk(chunk).await.is_err() {
                    return;
                }
                left -= length;
            }
        }
        Some(&WANTS_FILE) => {
            let (mut file, mut block) = (File::open(evidence).unwrap(), vec![0; CHUNK_BYTES]);
            loop {
                let read = file.read(&mut block).unwrap();
                if read == 0 || send.write_all(&block[..read]).await.is_err() {
                    break;
                }
            }
        }
        _ => drop(send.write_all(&[0; RECEIPT_BYTES]).await),
    }
    // The asker may be gone: then nobody misses the end.
    send.finish().ok();
}

fn configs(client: Identity, server: Identity) -> (ClientConfig, ServerConfig) {
    let provider = Arc::new(default_provider());
    let roots = |anchor| {
        let mut roots = RootCertStore::empty();
        roots.add(anchor).unwrap();
        roots
    };
    let known = Arc::new(roots(client.anchor));
    let verifier = WebPkiClientVerifier::builder_with_provider(known, Arc::clone(&provider));
    let accepting = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(server.chain, server.key)
        .unwrap();
    let dialling = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots(server.anchor))
        .with_client_auth_cert(client.chain, client.key)
        .unwrap();
    let accepting = QuicServerConfig::try_from(accepting).unwrap();
    let dialling = QuicClientConfig::try_from(dialling).unwrap();
    (ClientConfig::new(Arc::new(dialling)), ServerConfig::with_crypto(Arc::new(accepting)))
}

/// As large socket buffers as ours, so that no packets are dropped; all else as quinn has it.
fn endpoint(server: Option<ServerConfig>) -> Endpoint {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let wanted = 4 * 1024 * 1024;
    let buffers = socket2::SockRef::from(&socket);
    buffers.set_recv_buffer_size(wanted).unwrap();
    buffers.set_send_buffer_size(wanted).unwrap();
    Endpoint::new(EndpointConfig::default(), server, socket, Arc::new(TokioRuntime)).unwrap()
}
