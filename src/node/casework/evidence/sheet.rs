//! The custody sheet of an item, to print and to sign on paper too; it proves nothing that the records do not.

use std::fmt::Write as _;

use crate::audit::pack::escape;
use crate::domain::id::AuthorityName;
use crate::node::casework::evidence::{CustodyView, EvidenceView};
use crate::node::casework::permits::Covers;
use crate::node::casework::print::Sheet;
use crate::node::casework::views::time_text;
use crate::node::casework::{Desk, Error};
use crate::policy::{Action, Permit};

impl Desk {
    /// The custody sheet of the item of the permit, an HTML page without scripts that loads nothing (R33).
    ///
    /// # Errors
    /// If the permit is for something else, or the store fails.
    pub async fn custody_sheet(&self, permit: &Permit) -> Result<String, Error> {
        let id = permit.object_for(Action::EvidenceRead)?;
        self.note_seen(permit).await?;
        let item = self.evidence_view(id).await?;
        let case = self.standing(item.row.case.parse().map_err(Error::internal)?).await?.case;
        let facts = [
            ("Authority", Some(self.authority.to_string())),
            ("Case", Some(case.reference)),
            ("Evidence item", Some(item.row.id.clone())),
            ("Form", Some(form(&item))),
            ("Quantity now", quantity(item.row.quantity.as_deref(), item.row.unit.as_deref())),
            ("State", Some(item.row.state.replace('_', " "))),
            ("Holder", Some(item.row.holder.clone())),
            ("Seals now", Some(item.seals_now.clone().unwrap_or_else(|| "none".to_owned()))),
            ("Collected", item.collected_at.clone()),
            ("Place", item.place.clone()),
            ("Legal power", item.legal_power.clone()),
            ("File", item.file_name.clone()),
            ("SHA-256", item.row.sha256.clone()),
            ("Newest record", Some(item.head.clone())),
            ("Printed", Some(time_text(self.clock.now().0))),
        ];
        Ok(page(&self.authority, &item, &facts))
    }
}

fn form(item: &EvidenceView) -> String {
    let form = item.row.form.replace('_', " ");
    match &item.row.parent {
        Some(parent) => format!("{form} of {parent}"),
        None => form,
    }
}

fn quantity(amount: Option<&str>, unit: Option<&str>) -> Option<String> {
    Some(format!("{} {}", amount?, unit.unwrap_or_default()))
}

fn page(
    authority: &AuthorityName,
    item: &EvidenceView,
    facts: &[(&str, Option<String>)],
) -> String {
    let mut sheet = Sheet::new(authority, "Custody sheet", &item.row.description);
    sheet.facts(facts);
    sheet.raw(
        "<table><thead><tr><th>#</th><th>Time (UTC)</th><th>Event</th><th>From</th><th>To</th>\
         <th>Why, where, condition; the signed record</th><th>Seals</th><th>Left</th></tr></thead><tbody>\n",
    );
    for link in &item.custody {
        sheet.raw(&row(link, item.row.unit.as_deref()));
    }
    sheet.raw(
        "</tbody></table>\n<p>Each line is a record signed under the token of the officer who acted. This sheet proves \
         nothing by itself; a court pack of the item does.</p>\n\
         <table><thead><tr><th>Next hand-over</th><th>Name</th><th>Signature</th><th>Date, time, place</th></tr></thead><tbody>\n\
         <tr class=\"sign\"><td>Given by</td><td></td><td></td><td></td></tr>\n\
         <tr class=\"sign\"><td>Received by</td><td></td><td></td><td></td></tr>\n</tbody></table>\n",
    );
    sheet.end()
}

fn row(link: &CustodyView, unit: Option<&str>) -> String {
    let text = |text: &Option<String>| escape(text.as_deref().unwrap_or_default());
    let words: Vec<_> =
        [&link.reason, &link.place, &link.condition].into_iter().flatten().cloned().collect();
    let mut said = escape(&words.join("; "));
    for part in &link.parts {
        let taken = quantity(part.quantity.as_deref(), unit).map(|q| format!(", {q}"));
        let _ = write!(said, "<br>made: {}{}", part.item, escape(&taken.unwrap_or_default()));
    }
    if let Some(warning) = &link.warning {
        let _ = write!(said, "<br><span class=\"warning\">{}</span>", escape(warning));
    }
    let seals = if link.seals_before == link.seals {
        text(&link.seals)
    } else {
        let before = link.seals_before.as_deref().unwrap_or("none");
        let after = link.seals.as_deref().unwrap_or("none");
        escape(&if link.position == 0 { after.to_owned() } else { format!("{before} → {after}") })
    };
    format!(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{said}<br><code>{}</code></td>\
         <td>{seals}</td><td>{}</td></tr>\n",
        link.position + 1,
        escape(&link.at),
        escape(&link.event),
        text(&link.from),
        text(&link.to),
        escape(&link.record),
        text(&quantity(link.quantity.as_deref(), unit)),
    )
}
