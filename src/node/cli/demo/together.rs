//! What the three authorities of the demo do together: a shared summary, and a task force.

use serde_json::{Value, json};

use crate::node::cli::client::segment;
use crate::node::cli::demo::tell::Teller;
use crate::node::cli::demo::walk::Walk;
use crate::node::cli::output::word;

impl Walk {
    pub(super) async fn share(&self, case: &str, teller: &mut Teller) -> anyhow::Result<String> {
        const TITLE: &str = "A container that XC may meet";
        let desk = &self.xa_supervisor;
        let body = json!({
            "title": TITLE,
            "case": case,
            "recipients": [self.xc.name],
            "fields": ["identifiers/0/normalised", "goods/0/hs"],
            "marking": "H2 TLP:AMBER",
            "purpose": "customs_enforcement",
        });
        let shared = desk
            .ensure(
                "sharing the summary",
                || desk.find("/api/v1/summaries", "title", TITLE),
                || desk.client.post("/api/v1/summaries", &body),
            )
            .await?;
        let id = word(shared.get("id"));
        self.xc_contact.await_item("/api/v1/summaries", "id", &id).await?;
        teller.step("shared", "XA shared two fields of the case with XC; each verifies against XA's original signature, the others stay hidden")?;
        Ok(id)
    }

    pub(super) async fn join_forces(&self, teller: &mut Teller) -> anyhow::Result<String> {
        const NAME: &str = "Operation Example";
        let list = "/api/v1/task-forces";
        let body = json!({
            "name": NAME,
            "members": [self.xa.name, self.xb.name, self.xc.name],
            "purpose": "find the exporter and the buyers",
        });
        let desk = &self.xa_contact;
        let room = desk
            .ensure(
                "forming the task force",
                || desk.find(list, "name", NAME),
                || desk.client.post(list, &body),
            )
            .await?;
        let id = word(room.get("id"));
        let path = format!("{list}/{}", segment(&id));
        let (join, nothing) = (format!("{path}/join"), json!({}));
        for (desk, name) in [(&self.xb_contact, self.xb.name), (&self.xc_contact, self.xc.name)] {
            desk.await_item(list, "id", &id).await?;
            let joined = || async {
                let room = desk.get(&path).await?;
                Ok(has_joined(&room, name).then_some(room))
            };
            desk.ensure("joining the task force", joined, || desk.client.post(&join, &nothing))
                .await?;
        }
        for desk in [&self.xa_contact, &self.xb_contact, &self.xc_contact] {
            desk.wait(&path, |room| word(room.get("state")) == "active").await?;
        }
        let text = "The exporter ships again on Thursday.";
        let posts = format!("{path}/posts");
        let desk = &self.xb_contact;
        let posted = || async {
            let room = desk.get(&path).await?;
            Ok(has_post(&room, text).then_some(room))
        };
        let post = json!({ "text": text });
        desk.ensure("posting", posted, || desk.client.post(&posts, &post)).await?;
        for desk in [&self.xa_contact, &self.xc_contact] {
            desk.wait(&path, |room| has_post(room, text)).await?;
        }
        teller.step(
            "task_force",
            "XA, XB and XC signed the charter of a task force; what XB posted, XA and XC read",
        )?;
        Ok(id)
    }
}

fn has_joined(room: &Value, name: &str) -> bool {
    let members = room.get("members").and_then(Value::as_array);
    members.is_some_and(|members| {
        members.iter().any(|member| {
            word(member.get("authority")) == name
                && member.get("joined_at").is_some_and(|at| !at.is_null())
        })
    })
}

fn has_post(room: &Value, text: &str) -> bool {
    let posts = room.get("posts").and_then(Value::as_array);
    posts.is_some_and(|posts| posts.iter().any(|post| word(post.get("text")) == text))
}
