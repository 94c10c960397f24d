//! The frame of pages to print: HTML without scripts that loads nothing; knows no content.

use std::fmt::Write as _;

use crate::audit::pack::escape;
use crate::domain::id::AuthorityName;

const STYLE: &str = "body{font:11pt/1.4 system-ui,sans-serif;margin:1.5cm;color:#000}h1{font-size:15pt;margin:0}\
h2{font-size:12pt;margin:1.1rem 0 .2rem;break-after:avoid}\
table{border-collapse:collapse;width:100%;margin-top:.6rem;font-size:9.5pt}th,td{border:1px solid #555;padding:.25rem .4rem;\
text-align:left;vertical-align:top;overflow-wrap:break-word}td:last-child{overflow-wrap:anywhere}th{background:#eee}tr{break-inside:avoid}thead{display:table-header-group}\
code{font:7.5pt ui-monospace,monospace;overflow-wrap:anywhere}dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem}dt{color:#444}\
dd{margin:0;overflow-wrap:anywhere}.warning{font-weight:bold}.sign{height:1.6cm}\
.training{position:fixed;top:45%;left:0;right:0;margin:0;text-align:center;font-size:19pt;white-space:nowrap;font-weight:bold;color:#c00;opacity:.3;\
transform:rotate(-30deg);pointer-events:none}@page{size:A4;margin:1.5cm}";

/// What stands on every page of a training node (R48), over its whole length.
const TRAINING_MARK: &str =
    "<p class=\"training\">TRAINING: an invented case, not to be acted upon</p>\n";

/// A page to print, written from the top down.
pub(crate) struct Sheet(String);

impl Sheet {
    /// The beginning of a page: what it is, and what it is about.
    pub(crate) fn new(authority: &AuthorityName, kind: &str, title: &str) -> Self {
        let (kind, title) = (escape(kind), escape(title));
        let mark = if authority.is_training() { TRAINING_MARK } else { "" };
        Self(format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
             <title>{kind}: {title}</title><style>{STYLE}</style></head><body>\n{mark}\
             <h1>{kind}</h1>\n<p>{title}</p>\n",
        ))
    }

    /// Names and values; what has no value is left out.
    pub(crate) fn facts(&mut self, facts: &[(&str, Option<String>)]) {
        self.0.push_str("<dl>");
        for (name, value) in facts {
            if let Some(value) = value {
                let _ = write!(self.0, "<dt>{}</dt><dd>{}</dd>", escape(name), escape(value));
            }
        }
        self.0.push_str("</dl>\n");
    }

    /// The title of a part.
    pub(crate) fn part(&mut self, title: &str) {
        let _ = writeln!(self.0, "<h2>{}</h2>", escape(title));
    }

    /// A paragraph.
    pub(crate) fn says(&mut self, text: &str) {
        let _ = writeln!(self.0, "<p>{}</p>", escape(text));
    }

    /// A table of texts; nothing if it has no rows.
    pub(crate) fn table<const N: usize>(&mut self, heads: [&str; N], rows: &[[String; N]]) {
        if rows.is_empty() {
            return;
        }
        self.0.push_str("<table><thead><tr>");
        for head in heads {
            let _ = write!(self.0, "<th>{}</th>", escape(head));
        }
        self.0.push_str("</tr></thead><tbody>\n");
        for row in rows {
            self.0.push_str("<tr>");
            for cell in row {
                let _ = write!(self.0, "<td>{}</td>", escape(cell));
            }
            self.0.push_str("</tr>\n");
        }
        self.0.push_str("</tbody></table>\n");
    }

    /// Markup that is already escaped.
    pub(crate) fn raw(&mut self, markup: &str) {
        self.0.push_str(markup);
    }

    /// The page.
    pub(crate) fn end(mut self) -> String {
        self.0.push_str("</body></html>\n");
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_an_officer_wrote_becomes_markup() {
        let evil = "<script>alert(1)</script>";
        let real = "customs.xa.example".parse().unwrap();
        let mut sheet = Sheet::new(&real, evil, evil);
        sheet.facts(&[(evil, Some(evil.to_owned())), ("absent", None)]);
        sheet.part(evil);
        sheet.says(evil);
        sheet.table([evil], &[[evil.to_owned()]]);
        let page = sheet.end();
        assert!(!page.contains("<script"), "{page}");
        assert!(!page.contains("absent"), "{page}");
    }

    #[test]
    fn a_page_of_a_training_node_says_so_and_no_other_does() {
        for (name, is_marked) in
            [("training.customs.xa.example", true), ("xa.training.example", false)]
        {
            let page = Sheet::new(&name.parse().unwrap(), "Case report", "Tea").end();
            assert_eq!(page.contains("TRAINING"), is_marked, "{page}");
        }
    }
}
