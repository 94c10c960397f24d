//! Identifiers as others read them: python-stdnum, and a second writing of what it does not know.
//!
//! Needs what `foreign` needs. `SEALANE_FUZZ_SEED` sets the seed, which a failure prints.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod differences;
mod second;
mod second_mrz;
mod values;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use differences::{DIFFERENCES, Outcome};
use sealane::domain::identifier::{Check, Identifier, Scheme};
use values::{Values, mutations};

use crate::foreign::{environment, foreign, text};

/// Sound values of a scheme; each gives nine more or less unsound ones.
const SOUND: usize = 250;

/// What both sides say of a text.
#[derive(Debug)]
struct Case {
    scheme: Scheme,
    text: String,
    /// What we say, if it can be of the scheme at all.
    ours: Option<Identifier>,
    /// `valid` or the name of the exception, and the normal form.
    theirs: (String, String),
}

impl Case {
    fn is_ours(&self) -> bool {
        // A BIC has nothing to compute: it is in form or it is not.
        let nothing_wrong = |seen: &Identifier| match self.scheme {
            Scheme::Bic => seen.check != Check::Fail,
            _ => seen.check == Check::Pass,
        };
        self.ours.as_ref().is_some_and(nothing_wrong)
    }

    fn is_theirs(&self) -> bool {
        self.theirs.0 == "valid"
    }

    /// Both take it and have one form for it, or both do not.
    fn agrees(&self) -> bool {
        match (self.is_ours(), self.is_theirs()) {
            // A CAS number is written with hyphens there.
            (true, true) => {
                self.ours.as_ref().unwrap().normalised == self.theirs.1.replace('-', "")
            }
            (ours, theirs) => ours == theirs,
        }
    }
}

#[test]
fn stdnum_takes_what_we_take_but_for_the_differences_in_the_table() {
    let mut values = Values::new(values::seed());
    let forms = iban_forms();
    let mut asked = Vec::new();
    for scheme in differences::SCHEMES {
        for number in 0..SOUND {
            let sound = values.sound(scheme, number, &forms);
            asked.push((scheme, sound.clone()));
            asked.extend(mutations(&mut values, &sound).map(|text| (scheme, text)));
        }
        asked.extend(differences::telling(scheme).iter().map(|text| (scheme, (*text).to_owned())));
    }
    assert!(asked.len() > 20_000, "{}", asked.len());
    let cases = ask(asked);
    for scheme in differences::SCHEMES {
        let of_scheme = cases.iter().filter(|case| case.scheme == scheme);
        let (taken, refused): (Vec<_>, Vec<_>) = of_scheme.partition(|case| case.is_theirs());
        assert!(taken.len() > SOUND && refused.len() > SOUND, "{scheme} is hardly tried");
    }
    let apart: Vec<Case> = cases.into_iter().filter(|case| !case.agrees()).collect();
    let mut used = [0; DIFFERENCES.len()];
    let mut unexplained = Vec::new();
    for case in &apart {
        match DIFFERENCES.iter().position(|difference| difference.explains(case)) {
            Some(at) => used[at] += 1,
            None => unexplained.push(case),
        }
    }
    let seed = values::seed();
    let shown = &unexplained[..unexplained.len().min(20)];
    assert!(unexplained.is_empty(), "seed {seed}, {}: {shown:#?}", unexplained.len());
    for (difference, used) in DIFFERENCES.iter().zip(used) {
        assert!(used > 0, "no value shows this difference any more: {}", difference.reason);
    }
}

#[test]
fn a_difference_that_is_not_in_the_table_is_seen() {
    let case = |ours: &str, theirs: &str| Case {
        scheme: Scheme::Container,
        text: ours.to_owned(),
        ours: Identifier::observe(Scheme::Container, ours).ok(),
        theirs: (theirs.to_owned(), ours.to_owned()),
    };
    assert!(case("CSQU3054383", "valid").agrees());
    for apart in [case("CSQU3054383", "InvalidChecksum"), case("CSQU3054384", "valid")] {
        assert!(!apart.agrees());
        assert!(!DIFFERENCES.iter().any(|difference| difference.explains(&apart)));
    }
}

/// The rows that are explained by another reading of the text are asked again with it.
#[test]
fn what_stdnum_reads_by_another_spelling_it_takes_in_ours() {
    let mut values = Values::new(values::seed());
    let forms = iban_forms();
    let mut asked = Vec::new();
    for difference in DIFFERENCES.iter().filter(|one| one.outcome == Outcome::OursOnly) {
        let Some(respell) = difference.respell else { continue };
        for number in 0..SOUND {
            let sound = values.sound(difference.scheme, number, &forms);
            let respelled = mutations(&mut values, &sound).map(|text| respell(&text));
            asked.extend(respelled.map(|text| (difference.scheme, text)));
        }
    }
    let apart: Vec<Case> = ask(asked).into_iter().filter(|case| !case.agrees()).collect();
    let unexplained: Vec<_> = apart
        .iter()
        .filter(|case| !DIFFERENCES.iter().any(|one| one.respell.is_none() && one.explains(case)))
        .collect();
    assert!(unexplained.is_empty(), "seed {}: {unexplained:#?}", values::seed());
}

#[test]
fn the_protocol_names_every_scheme() {
    let protocol = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/PROTOCOL.md");
    let protocol = fs::read_to_string(protocol).unwrap();
    for scheme in Scheme::ALL {
        assert!(protocol.contains(&format!("`{scheme}`")), "{scheme} is not in docs/PROTOCOL.md");
    }
}

/// Has stdnum read texts, in one run of Python.
fn ask(asked: Vec<(Scheme, String)>) -> Vec<Case> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("texts.json");
    let named: Vec<_> = asked.iter().map(|(scheme, text)| (scheme.name(), text)).collect();
    fs::write(&file, serde_json::to_vec(&named).unwrap()).unwrap();
    let answers: Vec<(String, String)> = python(file.to_str().unwrap());
    assert_eq!(answers.len(), asked.len());
    let case = |((scheme, text), theirs): ((Scheme, String), _)| {
        let ours = Identifier::observe(scheme, &text).ok();
        Case { scheme, text, ours, theirs }
    };
    asked.into_iter().zip(answers).map(case).collect()
}

/// The form of the account number of each country, from the IBAN registry as stdnum has it.
fn iban_forms() -> Vec<(String, String)> {
    python::<BTreeMap<String, String>>("ibans").into_iter().collect()
}

fn python<T: serde::de::DeserializeOwned>(argument: &str) -> T {
    let done = Command::new(environment().join("bin/python"))
        .arg(foreign("identifiers.py"))
        .arg(argument)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", text(&done));
    serde_json::from_slice(&done.stdout).unwrap()
}
