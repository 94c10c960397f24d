//! The rule of files for other tools: keys and policies there are those of the cards and records; trusts none itself.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};

use crate::audit::check::bag::Bag;
use crate::audit::check::cards::Cards;
use crate::audit::check::record::Facts;
use crate::audit::pack::layout::{FileOrigin, Place, policy_path};
use crate::audit::pack::{PackReader, trust_files};
use crate::audit::report::Report;
use crate::audit::rule;

/// Compares the files under `data/trust/` with what they are derived from.
pub(super) fn check<R: Read + Seek>(
    pack: &mut PackReader<R>,
    bag: &Bag,
    cards: &Cards,
    facts: &[Facts],
    report: &mut Report,
) {
    let in_pack: Vec<_> = cards.in_pack.values().collect();
    let former: Vec<_> = cards.former_in_pack.values().collect();
    let derived = trust_files(&in_pack, &former);
    let policies = policies(facts);
    for number in 0..pack.len() {
        let Some(entry) = pack.entry(number) else { continue };
        if entry.place != Some(Place::TrustFile) {
            continue;
        }
        let path = entry.path.clone();
        let Some(bytes) = bag.load(pack, number, report) else { continue };
        let from_card = derived.get(&path).is_some_and(|text| text.as_bytes() == bytes);
        let from_record = policies
            .get(&path)
            .is_some_and(|texts| texts.iter().any(|text| text.as_bytes() == bytes));
        if from_card || from_record {
            report.ok(rule::TRUST_FILE, &path);
        } else {
            let why = "it does not follow from the cards and records in the pack: a tool that uses it would trust other \
                       keys";
            report.fail(rule::TRUST_FILE, path, why);
        }
    }
    for path in derived.keys().filter(|path| pack.find(path).is_none()) {
        report.warn(rule::TRUST_FILE, path.as_str(), "the pack lacks this file for other tools");
    }
}

/// The witness policies that records in the pack set, by the path at which each may stand.
fn policies(facts: &[Facts]) -> BTreeMap<String, BTreeSet<&str>> {
    let mut policies: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for one in facts {
        let Some(policy) = one.said.as_ref().and_then(|said| said.policy.as_deref()) else {
            continue;
        };
        for place in one.places.iter().filter(|place| place.owner == one.issuer) {
            let path = policy_path(&FileOrigin::of(&place.origin));
            policies.entry(path).or_default().insert(policy);
        }
    }
    policies
}
