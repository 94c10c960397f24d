//! The page that shows people what is in a court pack; escaped text, no scripts, nothing loaded; it proves nothing.

use std::fmt::Write as _;

use crate::audit::pack::write::PackInfo;
use crate::domain::id::AuthorityName;
use crate::domain::time::Timestamp;
use crate::record::fields::Fields;
use crate::record::payload::Common;
use crate::record::{StatementHash, Value};

/// The most fields of one record that the page shows.
const FIELDS_SHOWN: usize = 60;
/// The most characters of a value that the page shows.
const VALUE_CHARS: usize = 300;
/// The most bytes of rows: beyond it the page names the files only.
const ROWS_BYTES_MAX: usize = 32 * 1024 * 1024;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1b1f24}\
table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid #d0d7de;padding:.4rem .6rem;text-align:left;\
vertical-align:top}th{background:#f3f5f7}code{font:13px ui-monospace,monospace;overflow-wrap:anywhere}\
summary{cursor:pointer}dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;margin:.4rem 0}\
dt{color:#57606a}dd{margin:0;overflow-wrap:anywhere}.call{background:#fff8e5;border-left:4px solid #bf8700;padding:.6rem 1rem}";

/// One record on the page.
pub(crate) struct Row {
    at: Timestamp,
    hash: StatementHash,
    html: String,
}

/// What the page gathers while a pack is written.
#[derive(Default)]
pub(crate) struct Page {
    rows: Vec<Row>,
    bytes: usize,
    unshown: u64,
}

/// Escapes text for HTML content and attribute values.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Controls, and marks that reverse the direction of text, could make it look like another.
            c if c.is_control() => out.push(' '),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

impl Page {
    /// Adds a record or excerpt.
    pub(crate) fn add(
        &mut self,
        hash: StatementHash,
        issuer: &AuthorityName,
        common: &Common,
        fields: &Fields,
        whole: bool,
    ) {
        if self.bytes > ROWS_BYTES_MAX {
            self.unshown += 1;
            return;
        }
        let html = row(hash, issuer, common, fields, whole);
        self.bytes += html.len();
        self.rows.push(Row { at: common.authored_at, hash, html });
    }

    /// The page.
    pub(crate) fn finish(mut self, info: &PackInfo, withheld: usize, outside: usize) -> String {
        self.rows.sort_by_key(|row| (row.at, row.hash));
        let mut page = format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
             <title>{title}</title><style>{STYLE}</style></head><body>\n<h1>{title}</h1>\n<p>{about}</p>\n\
             <dl><dt>Made by</dt><dd>{by}</dd><dt>Made at</dt><dd>{at}</dd><dt>Pack</dt><dd>{name}</dd>\
             <dt>Records</dt><dd>{records}</dd><dt>Evidence withheld</dt><dd>{withheld}</dd>\
             <dt>Statements left out</dt><dd>{outside}</dd></dl>\n",
            title = escape(&info.title),
            about = escape(&info.description),
            by = escape(info.exporter.as_str()),
            at = info.created,
            name = escape(&info.name),
            records = self.rows.len() as u64 + self.unshown,
        );
        page.push_str(
            "<p class=\"call\"><strong>This page proves nothing by itself.</strong> It was made from the records for \
             reading. Whether they are genuine says <code>sealane-verify PACK.sealane.zip --trust CARD</code>, with the \
             card of each authority obtained from that authority, or the commands in <code>README.txt</code>.</p>\n\
             <h2>Who said what, and when</h2>\n<p>Times are those of the author's clock. The order in a log is proven, \
             these times are stated.</p>\n<table><thead><tr><th>Time (UTC)</th><th>Authority, officer</th><th>What</th>\
             <th>Statement</th></tr></thead><tbody>\n",
        );
        for row in &self.rows {
            page.push_str(&row.html);
        }
        page.push_str("</tbody></table>\n");
        if self.unshown > 0 {
            let _ = writeln!(
                page,
                "<p>{} more records are in <code>records/</code>.</p>",
                self.unshown
            );
        }
        page.push_str("</body></html>\n");
        page
    }
}

fn row(
    hash: StatementHash,
    issuer: &AuthorityName,
    common: &Common,
    fields: &Fields,
    whole: bool,
) -> String {
    let mut details = String::new();
    let free: Vec<_> = fields.free().collect();
    for (key, _, value) in free.iter().take(FIELDS_SHOWN) {
        let _ = write!(details, "<dt>{}</dt><dd>{}</dd>", escape(key), escape(&shown(value)));
    }
    if free.len() > FIELDS_SHOWN {
        let _ = write!(details, "<dt>…</dt><dd>{} more fields</dd>", free.len() - FIELDS_SHOWN);
    }
    let act = fields.text("act").or_else(|_| fields.text("event")).or_else(|_| fields.text("step"));
    let what = act.map_or_else(
        |_| title_of(&common.kind).to_owned(),
        |act| format!("{}: {act}", title_of(&common.kind)),
    );
    let part = if whole { "all fields" } else { "chosen fields only" };
    format!(
        "<tr><td>{at}</td><td>{issuer}<br>{actor} ({role}, {purpose})</td><td><details><summary>{what}</summary>\
         <p>{part}, about <code>{object}</code></p><dl>{details}</dl></details></td>\
         <td><a href=\"records/{hash}.cose\"><code>{hash}</code></a></td></tr>\n",
        at = common.authored_at,
        issuer = escape(issuer.as_str()),
        actor = escape(&common.actor),
        role = escape(&common.role),
        purpose = escape(&common.purpose),
        what = escape(&what),
        object = common.object,
    )
}

/// The kind in an officer's words; an unknown kind by its own name.
fn title_of(kind: &str) -> &str {
    match kind {
        "log.genesis/1" => "Log opened",
        "log.witness_policy/1" => "Witness policy",
        "card/1" => "Card of the authority",
        "case.opened/1" => "Case opened",
        "case.updated/1" => "Case updated",
        "case.moved/1" => "Case moved",
        "case.proposed/1" => "Move of the case proposed",
        "case.proposal_refused/1" => "Proposed move refused",
        "case.acknowledged/1" => "Warnings of a case acknowledged",
        "case.conflict_declared/1" => "Conflict of interest of an officer declared",
        "case.conflict_lifted/1" => "Conflict of interest of an officer lifted",
        "audit.exported/1" => "Part of the audit trail exported",
        "case.protected/1" => "Compartment and classification of a case set",
        "case.workflow_changed/1" => "Case put under another workflow",
        "workflow.adopted/1" => "Workflow taken into use",
        "erasure.ordered/1" => "Erasure ordered",
        "erasure.refused/1" => "Erasure refused",
        "erasure.certified/1" => "Erasure certified",
        "evidence.registered/1" => "Evidence registered",
        "custody.event/1" => "Custody event",
        "request.act/1" => "Mutual assistance",
        "summary.shared/1" => "Summary shared",
        "summary.withdrawn/1" => "Summary withdrawn",
        "task_force.charter/1" => "Task-force charter",
        "task_force.membership/1" => "Task-force membership",
        "task_force.post/1" => "Task-force post",
        "delivery.refused/1" => "Delivery refused",
        other => other,
    }
}

fn shown(value: &Value) -> String {
    let mut text = String::new();
    show(value, &mut text);
    if text.chars().count() > VALUE_CHARS {
        text = text.chars().take(VALUE_CHARS).chain(['…']).collect();
    }
    text
}

fn show(value: &Value, out: &mut String) {
    // A value of half a megabyte is not written out only to be cut.
    if out.len() > 4 * VALUE_CHARS {
        return;
    }
    match value {
        Value::Null => out.push('–'),
        Value::Bool(flag) => out.push_str(if *flag { "yes" } else { "no" }),
        Value::Int(int) => out.push_str(&int.to_string()),
        Value::Bytes(bytes) => {
            out.push_str(&hex::encode(bytes.get(..64).unwrap_or(bytes)));
        }
        Value::Text(text) => out.extend(text.chars().take(VALUE_CHARS + 1)),
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    out.push_str(", ");
                }
                show(item, out);
            }
        }
        Value::Map(pairs) => {
            for (place, (key, item)) in pairs.iter().enumerate() {
                if place > 0 {
                    out.push_str("; ");
                }
                show(key, out);
                out.push_str(": ");
                show(item, out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_cannot_become_markup_or_turn_the_line_around() {
        assert_eq!(escape("<b a=\"'\">&"), "&lt;b a=&quot;&#39;&quot;&gt;&amp;");
        assert_eq!(escape("a\u{202e}b\u{0}c"), "a\u{fffd}b c");
    }

    #[test]
    fn a_huge_value_is_cut() {
        let value = Value::Array(vec![Value::text("x".repeat(1000)); 1000]);
        assert!(shown(&value).chars().count() <= VALUE_CHARS + 1);
    }
}
