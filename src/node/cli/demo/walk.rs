//! The main job, end to end: from an imported declaration to a court pack that an auditor accepts.

use std::future::Future;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context as _;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::audit::Verdict;
use crate::node::cli::client::segment;
use crate::node::cli::demo::authority::{Authority, free_addresses};
use crate::node::cli::demo::data::Declarations;
use crate::node::cli::demo::desk::Desk;
use crate::node::cli::demo::evidence::{Exhibit, hand_over, large_file, register, register_file};
use crate::node::cli::demo::tell::{Summary, Teller};
use crate::node::cli::demo::{data, story, verdict};
use crate::node::cli::output::{items, word};
use crate::node::cli::transfer;

/// The three authorities and the desks of their officers.
pub(super) struct Walk {
    dir: PathBuf,
    pub(super) xa: Authority,
    pub(super) xb: Authority,
    pub(super) xc: Authority,
    xa_officer: Desk,
    pub(super) xa_supervisor: Desk,
    pub(super) xa_contact: Desk,
    xa_custodian: Desk,
    xb_officer: Desk,
    pub(super) xb_contact: Desk,
    pub(super) xc_contact: Desk,
    started: Instant,
}

impl Walk {
    /// Three nodes, paired, with their officers.
    #[expect(clippy::disallowed_methods, reason = "how long the demo took, for its last line")]
    pub(super) async fn begin(
        dir: PathBuf,
        crash_at: Option<&str>,
        teller: &mut Teller,
    ) -> anyhow::Result<Self> {
        let started = Instant::now();
        let [first, second, third] = free_addresses()?;
        let place = |name, title, country, addresses| {
            let dir = dir.clone();
            async move { Authority::begin(&dir, (name, title, country), addresses, crash_at).await }
        };
        let (xa, xb, xc) = tokio::try_join!(
            place("customs.xa.example", "Customs of XA", "XA", first),
            place("customs.xb.example", "Customs of XB", "XB", second),
            place("customs.xc.example", "Customs of XC", "XC", third),
        )?;
        teller.step(
            "nodes",
            "three authorities run, each with its own folder, keys and certificates",
        )?;
        // In an order in which no node has one witness that answers before it knows of both: two shall cosign each log.
        for (one, other) in [(&xc, &xa), (&xc, &xb), (&xb, &xa), (&xb, &xc)] {
            one.pair(other).await?;
        }
        tokio::try_join!(xa.pair(&xb), xa.pair(&xc))?;
        teller.step(
            "paired",
            "they are paired: each compared the others' twelve words and pinned their root keys",
        )?;
        Ok(Self {
            xa_officer: xa.officer("anna", &["case_officer"]).await?,
            xa_supervisor: xa.officer("bert", &["supervisor"]).await?,
            xa_contact: xa.officer("carla", &["contact_point"]).await?,
            xa_custodian: xa.officer("dora", &["evidence_custodian"]).await?,
            xb_officer: xb.officer("emil", &["case_officer"]).await?,
            xb_contact: xb.officer("frida", &["contact_point"]).await?,
            xc_contact: xc.officer("greta", &["contact_point"]).await?,
            dir,
            xa,
            xb,
            xc,
            started,
        })
    }

    /// Walks through the job.
    pub(super) async fn tell(
        &mut self,
        declarations: Declarations,
        teller: &mut Teller,
    ) -> anyhow::Result<Summary> {
        let declaration = self.import(declarations, teller).await?;
        let case = self.open(&declaration, teller).await?;
        let exhibit = self.seize(&case, teller).await?;
        let request = self.ask(&case, teller).await?;
        self.answer(&request, teller).await?;
        self.conclude(&request, teller).await?;
        let summary = self.share(&case, teller).await?;
        let room = self.join_forces(teller).await?;
        let cosigned = self.witnessed(teller).await?;
        let objects = [case.as_str(), &exhibit, &request, &summary, &room];
        let (pack, pack_verdict, forged_verdict) = self.prove(&objects, teller).await?;
        self.summary(&request, cosigned, (pack, pack_verdict, forged_verdict)).await
    }

    async fn import(&self, file: Declarations, teller: &mut Teller) -> anyhow::Result<Value> {
        let desk = &self.xa_officer;
        let Declarations { source, bytes } = file;
        let length = bytes.len() as u64;
        let file = json!({
            "source": source, "sha256": hex::encode(Sha256::digest(&bytes)), "bytes": length,
        });
        let import =
            desk.post_again("/api/v1/imports", &file).await.context("beginning an import")?;
        let path = format!("/api/v1/imports/{}/rows", segment(&word(import.get("id"))));
        let report = crate::node::cli::demo::evidence::post_bytes(desk, &path, "text/csv", bytes)
            .await
            .with_context(|| format!("importing {length} bytes of declarations"))?;
        let worst = desk.get("/api/v1/declarations?order=score&limit=1").await?;
        let worst = items(&worst).first().context("no declaration was imported")?.clone();
        teller.step(
            "imported",
            &format!(
                "XA imported {} declarations ({} refused); the most suspicious is {}: {}",
                word(report.get("accepted")),
                word(report.get("refused")),
                word(worst.get("id")),
                word(worst.get("reasons"))
            ),
        )?;
        Ok(worst)
    }

    async fn open(&self, declaration: &Value, teller: &mut Teller) -> anyhow::Result<String> {
        let desk = &self.xa_officer;
        let body = json!({
            "title": story::TITLE,
            "case_type": "tobacco_excise",
            "fields": story::case_fields(declaration),
        });
        let case = desk
            .ensure(
                "opening the case",
                || desk.find("/api/v1/cases", "title", story::TITLE),
                || desk.client.post("/api/v1/cases", &body),
            )
            .await?;
        let id = word(case.get("id"));
        for to in ["triage", "open", "investigation"] {
            self.move_case(&id, to).await?;
        }
        teller.step(
            "case_opened",
            &format!(
                "XA opened case {} and moved it to investigation; each step is a signed record",
                word(case.get("reference"))
            ),
        )?;
        Ok(id)
    }

    async fn move_case(&self, case: &str, to: &str) -> anyhow::Result<()> {
        let desk = &self.xa_officer;
        let path = format!("/api/v1/cases/{}", segment(case));
        let is_there = || async {
            let case = desk.get(&path).await?;
            Ok((word(case.get("status")) == to).then_some(case))
        };
        let (step, body) = (format!("{path}/move"), json!({ "to": to, "reason": "facts found" }));
        desk.ensure(&format!("moving the case to {to}"), is_there, || {
            desk.client.post(&step, &body)
        })
        .await?;
        Ok(())
    }

    async fn seize(&self, case: &str, teller: &mut Teller) -> anyhow::Result<String> {
        let mut first = String::new();
        for (name, media_type, description, bytes) in data::FILES {
            let item =
                register(&self.xa_officer, case, &Exhibit { name, media_type, description }, bytes)
                    .await?;
            if first.is_empty() {
                first = word(item.get("id"));
            }
        }
        let large = Exhibit {
            name: "disk-image.bin",
            media_type: "application/octet-stream",
            description: "Image of a disk found in the lorry",
        };
        let file = tokio::task::spawn_blocking(large_file).await??;
        let item = register_file(&self.xa_officer, case, &large, &file, teller).await?;
        teller.step(
            "evidence",
            &format!("XA registered five files as evidence, one of 64 MiB (SHA-256 {}...); each is hashed, signed and sealed", word(item.get("sha256")).get(..12).unwrap_or_default()),
        )?;
        hand_over(&first, &self.xa_officer, &self.xa_custodian).await?;
        teller.step("custody", "the invoice went from the officer to the custodian: two records, signed by giver and receiver")?;
        Ok(first)
    }

    async fn ask(&self, case: &str, teller: &mut Teller) -> anyhow::Result<String> {
        let desk = &self.xa_officer;
        let body = json!({
            "to": self.xb.name,
            "case": case,
            "instrument": "generic.policy",
            "fields": story::request_fields(),
        });
        let request = desk
            .ensure(
                "drafting the request",
                || desk.find("/api/v1/requests", "peer", self.xb.name),
                || desk.client.post("/api/v1/requests", &body),
            )
            .await?;
        let id = word(request.get("id"));
        self.act(&self.xa_contact, &id, "submit", json!({}), "RECEIVED").await?;
        self.xb_contact.await_item("/api/v1/requests", "id", &id).await?;
        teller.step(
            "requested",
            "XA asked XB for enquiries under generic.policy: drafted by one officer, released by another, receipted by XB's log",
        )?;
        Ok(id)
    }

    /// Signs an act and waits until this side computes the state that follows.
    async fn act(
        &self,
        desk: &Desk,
        request: &str,
        act: &str,
        fields: Value,
        state: &str,
    ) -> anyhow::Result<Value> {
        let path = format!("/api/v1/requests/{}", segment(request));
        let mut body = fields;
        if let Some(members) = body.as_object_mut() {
            members.insert("act".to_owned(), json!(act));
        }
        let signed = || async {
            let request = desk.get(&path).await?;
            let acts = request.get("acts").and_then(Value::as_array).cloned().unwrap_or_default();
            Ok(acts.iter().any(|a| word(a.get("act")) == act).then_some(request))
        };
        let acts = format!("{path}/acts");
        desk.ensure(&format!("signing {act}"), signed, || desk.client.post(&acts, &body)).await?;
        desk.wait(&path, |request| word(request.get("state")) == state).await
    }

    /// Waits until a side computes a state.
    async fn sees(&self, desk: &Desk, request: &str, state: &str) -> anyhow::Result<()> {
        let path = format!("/api/v1/requests/{}", segment(request));
        desk.wait(&path, |request| word(request.get("state")) == state).await?;
        Ok(())
    }

    async fn answer(&self, id: &str, teller: &mut Teller) -> anyhow::Result<()> {
        let (xa, xb) = (&self.xa_contact, &self.xb_contact);
        self.act(xb, id, "acknowledge", json!({ "local_reference": "XB-77" }), "ACKNOWLEDGED")
            .await?;
        let question = json!({ "question": "Which container is it?" });
        self.act(xb, id, "ask_clarification", question, "CLARIFICATION").await?;
        self.sees(xa, id, "CLARIFICATION").await?;
        let supplied = json!({ "answer": "The one in the bill of lading of the case." });
        self.act(xa, id, "supply", supplied, "ACKNOWLEDGED").await?;
        self.sees(xb, id, "ACKNOWLEDGED").await?;
        teller.step(
            "clarified",
            "XB acknowledged, asked which container is meant, and got the answer",
        )?;
        self.act(xb, id, "accept", json!({}), "IN_EXECUTION").await?;
        let document = self.xb_document().await?;
        let reply = json!({
            "result": "full",
            "findings": "The container was loaded at the premises of an exporter known to XB.",
            "marking": "H1 TLP:AMBER A2",
            "documents": [document],
        });
        self.act(xb, id, "final_reply", reply, "ANSWERED").await?;
        self.sees(xa, id, "ANSWERED").await?;
        teller.step(
            "answered",
            "XB accepted and answered with a document marked H1 TLP:AMBER, graded A2",
        )?;
        Ok(())
    }

    /// XB keeps its own case on the matter, with the document that it will release.
    async fn xb_document(&self) -> anyhow::Result<String> {
        const TITLE: &str = "Enquiries for XA";
        let desk = &self.xb_officer;
        let body = json!({ "title": TITLE, "case_type": "tobacco_excise", "fields": {} });
        let case = desk
            .ensure(
                "opening XB's case",
                || desk.find("/api/v1/cases", "title", TITLE),
                || desk.client.post("/api/v1/cases", &body),
            )
            .await?;
        let (name, media_type, description, bytes) = data::FILES[1];
        let item = register(
            desk,
            &word(case.get("id")),
            &Exhibit { name, media_type, description },
            bytes,
        )
        .await?;
        Ok(word(item.get("id")))
    }

    async fn conclude(&self, id: &str, teller: &mut Teller) -> anyhow::Result<()> {
        let path = format!("/api/v1/requests/{}", segment(id));
        let request = self.xa_contact.get(&path).await?;
        let document = request
            .get("documents")
            .and_then(Value::as_array)
            .and_then(|list| list.first())
            .context("the answer names no document")?;
        let evidence = word(document.get("evidence"));
        let fetch = format!("/api/v1/evidence/{}/fetch", segment(&evidence));
        let nothing = json!({});
        self.retry(|| self.xa_officer.client.post(&fetch, &nothing)).await?;
        teller.step(
            "fetched",
            &format!(
                "XA fetched the document and verified it while it streamed ({} bytes)",
                word(document.get("size"))
            ),
        )?;
        self.act(&self.xa_contact, id, "close", json!({}), "CLOSED").await?;
        self.sees(&self.xb_contact, id, "CLOSED").await?;
        teller.step(
            "closed",
            "XA closed the request; both sides compute the same state from the same acts",
        )?;
        Ok(())
    }

    /// Repeats what may be repeated until the node answers.
    async fn retry<F>(&self, mut ask: impl FnMut() -> F) -> anyhow::Result<Value>
    where
        F: Future<Output = Result<Value, crate::node::cli::exit::Failure>>,
    {
        let mut tries = 0;
        loop {
            match ask().await {
                Err(crate::node::cli::exit::Failure::Unreachable(why)) => {
                    tries += 1;
                    anyhow::ensure!(tries < 200, "the node could not be reached: {why}");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
                other => return Ok(other?),
            }
        }
    }

    /// Waits until each log's newest records are under a checkpoint that both others cosigned.
    async fn witnessed(&self, teller: &mut Teller) -> anyhow::Result<u64> {
        let mut cosigned = 0;
        for (authority, desk) in self.nodes() {
            let is_done = |status: &Value| {
                let log = status.get("log");
                let number = |key: &str| log.and_then(|log| log.get(key)).and_then(Value::as_u64);
                let waits = status.get("outbox").and_then(Value::as_array).is_none_or(|peers| {
                    peers.iter().any(|peer| peer.get("queued") != Some(&json!(0)))
                });
                number("size").is_some() && number("cosigned") == number("size") && !waits
            };
            desk.wait("/api/v1/status", is_done)
                .await
                .with_context(|| format!("the log of {} was not cosigned", authority.name))?;
            cosigned += 1;
        }
        teller.step(
            "witnessed",
            "the newest checkpoint of each log is cosigned by the other two authorities",
        )?;
        Ok(cosigned)
    }

    async fn prove(
        &self,
        objects: &[&str],
        teller: &mut Teller,
    ) -> anyhow::Result<(String, Verdict, Verdict)> {
        let pack = self.dir.join("court-pack.sealane.zip");
        let body = json!({ "objects": objects });
        let answer = self.xa_supervisor.client.stream("/api/v1/packs", Some(&body)).await?;
        transfer::download(answer, &pack).await?;
        let cards: Vec<PathBuf> =
            [&self.xa, &self.xb, &self.xc].iter().map(|a| a.dir.join("authority.card")).collect();
        let (good, why) = verdict::judge(&pack, &cards)?;
        let told = format!(
            "XA wrote a court pack of {} objects; the offline verifier says: {}",
            objects.len(),
            good.as_str()
        );
        teller.step("packed", &told)?;
        if good != Verdict::Verified {
            teller.note(&why)?;
        }
        let copy = self.dir.join("forged-pack.sealane.zip");
        let victim = verdict::forge(&pack, &copy)?;
        let (bad, why) = verdict::judge(&copy, &cards)?;
        teller.step(
            "forged",
            &format!("a copy with one changed field ({victim}) is refused: {why}"),
        )?;
        Ok((pack.display().to_string(), good, bad))
    }

    async fn summary(
        &self,
        request: &str,
        cosigned: u64,
        (pack, pack_verdict, forged_verdict): (String, Verdict, Verdict),
    ) -> anyhow::Result<Summary> {
        let mut log_sizes = Map::new();
        let mut records = 0;
        for (authority, desk) in self.nodes() {
            let status = desk.get("/api/v1/status").await?;
            records += status.get("records").and_then(Value::as_u64).unwrap_or(0);
            let size = status.get("log").and_then(|log| log.get("size"));
            log_sizes.insert(authority.name.to_owned(), size.cloned().unwrap_or(Value::Null));
        }
        let path = format!("/api/v1/requests/{}", segment(request));
        let mut requests = Vec::new();
        for desk in [&self.xa_contact, &self.xb_contact] {
            let state = word(desk.get(&path).await?.get("state"));
            requests.push(json!({ "id": request, "state": state }));
        }
        let is_closed = requests.iter().all(|r| r.get("state") == Some(&json!("CLOSED")));
        Ok(Summary {
            ok: cosigned == 3
                && is_closed
                && pack_verdict == Verdict::Verified
                && forged_verdict == Verdict::Failed,
            authorities: 3,
            records,
            log_sizes,
            cosigned,
            requests,
            pack,
            pack_verdict: pack_verdict.as_str().to_owned(),
            tampered_verdict: if forged_verdict == Verdict::Failed {
                "refused".to_owned()
            } else {
                forged_verdict.as_str().to_owned()
            },
            restarts: [&self.xa, &self.xb, &self.xc].iter().map(|a| a.restarts()).sum(),
            seconds: self.started.elapsed().as_secs_f64(),
        })
    }

    /// Each authority with a desk in it.
    const fn nodes(&self) -> [(&Authority, &Desk); 3] {
        [(&self.xa, &self.xa_contact), (&self.xb, &self.xb_contact), (&self.xc, &self.xc_contact)]
    }

    /// Where to look at the three nodes.
    pub(super) fn addresses(&self, teller: &Teller) -> anyhow::Result<()> {
        for authority in [&self.xa, &self.xb, &self.xc] {
            teller.note(&format!(
                "{} runs: API http://{}, folder {}",
                authority.title,
                authority.http,
                authority.dir.display()
            ))?;
        }
        teller.note(
            "a token of an officer: sealane token new anna --dir FOLDER (also bert, carla, dora)",
        )?;
        teller.note("end them with Ctrl-C")?;
        Ok(())
    }

    /// Ends the nodes.
    pub(super) async fn stop(self) {
        tokio::join!(self.xa.stop(), self.xb.stop(), self.xc.stop());
    }
}
