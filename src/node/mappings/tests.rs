//! Mapping files as officers write them, sound and not.

use super::*;

const GOOD: &str = "kind = \"seizure\"\n[fields.number]\ncolumn = \"No\"\n[fields.description]\ncolumn = \"Goods\"\n";

fn fault(text: &str) -> (usize, String) {
    let error = Mapping::parse(text).unwrap_err();
    (error.line, error.reason)
}

#[test]
fn every_mapping_that_ships_is_sound_and_each_kind_has_one() {
    for (name, text) in SHIPPED {
        let mapping = Mapping::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!mapping.title.is_empty(), "{name} says what it is for");
    }
    for kind in Kind::ALL {
        assert_eq!(Mapping::parse(kind.default_mapping()).unwrap().kind, kind);
        assert_eq!(kind.name().parse(), Ok(kind));
    }
}

#[test]
fn a_rule_says_where_a_field_stands_and_how_its_codes_read() {
    let text = format!(
        "{GOOD}[fields.date]\ncolumn = \"On\"\ndate = \"%d.%m.%Y\"\noptional = true\n\
         [fields.container]\ncolumns = [\"A\", \"B\"]\nsplit = \";\"\n\
         [fields.unit]\ncolumn = \"U\"\nunlisted = \"refuse\"\n[fields.unit.values]\nkilos = \"KGM\"\n\
         [fields.legal_power]\nconstant = \"Art. 198 UCC\"\n"
    );
    let mapping = Mapping::parse(&text).unwrap();
    assert_eq!((mapping.kind, mapping.format), (Kind::Seizure, Format::Csv(b',')));
    let rule = |name: &str| mapping.rules.iter().find(|rule| rule.field.name == name).unwrap();
    assert_eq!(rule("date").date.as_deref(), Some("%d.%m.%Y"));
    assert!(rule("date").is_optional && !rule("number").is_optional);
    assert_eq!(rule("container").place, Place::Columns(vec!["A".to_owned(), "B".to_owned()]));
    assert_eq!(rule("container").split.as_deref(), Some(";"));
    assert_eq!(rule("unit").values["kilos"], "KGM");
    assert!(rule("unit").refuses_unlisted);
    assert_eq!(rule("legal_power").place, Place::Constant("Art. 198 UCC".to_owned()));
}

#[test]
fn a_mistake_is_told_with_its_line_and_the_nearest_word() {
    for (text, line, says) in [
        ("kind = ", 1, "TOML"),
        ("kind = \"cargo\"\n", 1, "declaration, manifest or seizure"),
        ("title = \"x\"\n", 1, "kind"),
        ("knd = \"seizure\"\n", 1, "did you mean 'kind'"),
        (&format!("{GOOD}[fields.datte]\ncolumn = \"x\"\n"), 6, "did you mean 'date'"),
        (&format!("{GOOD}[fields.date]\ncolum = \"x\"\n"), 7, "did you mean 'column'"),
        (&format!("{GOOD}[fields.date]\ncolumn = \"x\"\ndate = \"%d.%m\"\n"), 8, "date format"),
        (&format!("{GOOD}[fields.place]\ncolumn = \"x\"\ndate = \"%F\"\n"), 8, "no date"),
        (&format!("{GOOD}[fields.date]\ncolumn = 5\n"), 7, "text in quotes"),
        (&format!("{GOOD}[fields.date]\noptional = true\n"), 6, "exactly one of"),
        (&format!("{GOOD}[fields.date]\npointer = \"/x\"\n"), 7, "name a column"),
        (&format!("{GOOD}[fields.place]\ncolumn = \"x\"\nsplit = \";\"\n"), 8, "several"),
        (&format!("{GOOD}[file]\nformat = \"xls\"\n"), 7, "csv, json or json_lines"),
        (&format!("{GOOD}[file]\ndelimiter = \"--\"\n"), 7, "delimiter"),
        ("kind = \"seizure\"\n[fields.number]\ncolumn = \"No\"\n", 2, "fields.description"),
    ] {
        let (at, reason) = fault(text);
        assert!(at == line && reason.contains(says), "{text}\nline {at}: {reason}");
    }
    assert!(fault(&"#".repeat(FILE_BYTES_MAX + 1)).1.contains("64 KiB"));
}
