//! Letters to officers through a mail server that nobody of this project wrote, over STARTTLS and with a password.

use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::api::node::ApiNode;
use crate::foreign::{environment, foreign};

/// The server; it ends with the test.
struct MailServer {
    process: Child,
    port: String,
    folder: TempDir,
    lines: Option<Lines<BufReader<ChildStdout>>>,
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl MailServer {
    async fn start() -> Self {
        tokio::task::spawn_blocking(Self::start_here).await.expect("a server")
    }

    fn start_here() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        write_certificates(folder.path());
        std::fs::write(at("password"), "open sesame\n").expect("a file");
        std::fs::write(at("wrong"), "open barley\n").expect("a file");
        let mut process = Command::new(environment().join("bin/python"))
            .arg(foreign("mail.py"))
            .args([at("server.pem"), at("server.key")])
            .args(["sealane", "open sesame"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("python");
        let mut lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        let port = lines.next().expect("a port").expect("a line");
        Self { process, port, folder, lines: Some(lines) }
    }

    /// The settings of a node that uses it, with that password file.
    fn settings(&self, password: &str) -> [(&'static str, String); 5] {
        let file = |name: &str| self.folder.path().join(name).display().to_string();
        [
            (
                "#server = \"mail.customs.example:587\"",
                format!("server = \"localhost:{}\"", self.port),
            ),
            ("#ca_file = \"tls/mail-ca.pem\"", format!("ca_file = \"{}\"", file("ca.pem"))),
            ("#from = \"sealane@customs.example\"", "from = \"sealane@xa.example\"".to_owned()),
            ("#user = \"sealane\"", "user = \"sealane\"".to_owned()),
            (
                "#password_file = \"secrets/mail-password\"",
                format!("password_file = \"{}\"", file(password)),
            ),
        ]
    }

    /// The next letter that it takes.
    async fn letter(&mut self) -> Value {
        let mut lines = self.lines.take().expect("the pipe");
        let (line, lines) =
            tokio::task::spawn_blocking(move || (lines.next(), lines)).await.expect("a line");
        self.lines = Some(lines);
        serde_json::from_str(&line.expect("a letter").expect("a line")).expect("JSON")
    }
}

fn write_certificates(folder: &Path) {
    let mut root = CertificateParams::default();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(root, KeyPair::generate().expect("a key"));
    let root = root.expect("a root");
    let key = KeyPair::generate().expect("a key");
    let server = CertificateParams::new(["localhost".to_owned()]).expect("a name");
    let server = server.signed_by(&key, &root).expect("a certificate");
    for (name, pem) in
        [("ca.pem", root.pem()), ("server.pem", server.pem()), ("server.key", key.serialize_pem())]
    {
        std::fs::write(folder.join(name), pem).expect("a file");
    }
}

async fn overdue_task(node: &ApiNode, token: &str, assignee: &str) -> Value {
    let case = json!({
        "title": "Tea that is no tea",
        "case_type": "tobacco_excise",
        "fields": {
            "tasks/70/title": "Weigh the goods", "tasks/70/state": "open",
            "tasks/70/due": "2020-01-31", "tasks/70/assignee": assignee,
        },
    });
    node.ask("POST", "/api/v1/cases", token, &case).await.good()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_officer_gets_one_letter_about_what_the_node_told_and_a_refused_address_holds_up_nobody()
{
    let mut server = MailServer::start().await;
    let settings = server.settings("password");
    let changes: Vec<_> = settings.iter().map(|(from, to)| (*from, to.as_str())).collect();
    let mut node = ApiNode::start(&changes).await;
    let bert = node.officer("bert", "case_officer").await;
    let anna = node.officer("anna", "case_officer").await;
    for (name, address, pace) in
        [("bert", "nobody@xa.example", "each"), ("anna", "anna@xa.example", "daily")]
    {
        let mailbox = json!({"address": address, "pace": pace});
        let path = format!("/admin/users/{name}/mailbox");
        let set = node.administer("POST", &path, &mailbox).await.good();
        assert_eq!((&set["address"], &set["pace"]), (&json!(address), &json!(pace)));
    }
    for bad in [json!({"address": "anna"}), json!({"address": "a@b.c", "pace": "hourly"})] {
        let told = node.administer("POST", "/admin/users/anna/mailbox", &bad).await;
        told.problem(422, "invalid");
    }
    overdue_task(&node, &bert, "bert").await;
    let case = overdue_task(&node, &anna, "anna").await;

    // The node looks for what is due when it starts; a daily digest is due at any hour that began with the day.
    node.set("digest_hour = 6", "digest_hour = 0");
    node.restart().await;
    let letter = server.letter().await;
    assert_eq!(letter["tls"], true);
    assert_eq!(letter["from"], "sealane@xa.example");
    assert_eq!(letter["to"], json!(["anna@xa.example"]));
    let text = letter["text"].as_str().unwrap();
    let about = format!("case {}", case["reference"].as_str().unwrap());
    for line in [
        format!("- {about}: the task tasks/70 was due on 2020-01-31 and is not done"),
        format!("- overdue since 2020-01-31: {about}, tasks/70"),
    ] {
        assert!(text.contains(&line), "no '{line}' in {text}");
    }
    assert!(!text.contains("Weigh") && !text.contains("Tea"), "no content: {text}");

    // What was told is not told again, over a restart as little as in the hour after it; what is new is.
    let mailbox = json!({"address": "anna@xa.example", "pace": "each"});
    node.administer("POST", "/admin/users/anna/mailbox", &mailbox).await.good();
    let second = overdue_task(&node, &anna, "anna").await;
    node.restart().await;
    let letter = server.letter().await;
    let text = letter["text"].as_str().unwrap();
    assert!(text.contains(second["reference"].as_str().unwrap()), "{text}");
    assert!(!text.contains(case["reference"].as_str().unwrap()), "{text}");
    assert_eq!(letter["subject"], "[customs.xa.example] a notice for you");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_wrong_password_held_back_is_sent_once_it_is_right() {
    let mut server = MailServer::start().await;
    let settings = server.settings("wrong");
    let changes: Vec<_> = settings.iter().map(|(from, to)| (*from, to.as_str())).collect();
    let mut node = ApiNode::start(&changes).await;
    let anna = node.officer("anna", "case_officer").await;
    let mailbox = json!({"address": "anna@xa.example"});
    node.administer("POST", "/admin/users/anna/mailbox", &mailbox).await.good();
    let case = overdue_task(&node, &anna, "anna").await;
    node.restart().await;
    assert_eq!(server.letter().await["turned_away"], "sealane");
    node.set("/wrong\"", "/password\"");
    node.restart().await;
    let mut letter = server.letter().await;
    while letter.get("turned_away").is_some() {
        letter = server.letter().await;
    }
    let text = letter["text"].as_str().unwrap();
    assert!(text.contains(case["reference"].as_str().unwrap()), "{text}");
    node.stop().await;
}
