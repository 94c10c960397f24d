//! The rules of cards: each is signed by its own root, and is compared with what the auditor trusts; trusts none itself.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use crate::audit::check::bag::Bag;
use crate::audit::pack::PackReader;
use crate::audit::pack::layout::Place;
use crate::audit::report::Report;
use crate::audit::rule;
use crate::domain::id::AuthorityName;
use crate::record::card::{Card, CardError, SignedCard};
use crate::record::payload::PayloadError;
use crate::record::statement::StatementError;
use crate::transparency::key::VerifierKey;

/// An authority's card, with its vkeys read.
pub(super) struct Known {
    /// The newest card of its root.
    pub(super) card: Card,
    /// Whether the auditor gave a card with the same root.
    pub(super) trusted: bool,
    /// The keys of its logs.
    pub(super) log_keys: Vec<VerifierKey>,
    /// The key of its witness.
    pub(super) witness: Option<VerifierKey>,
}

/// All cards: those in the pack, and the auditor's.
pub(super) struct Cards {
    known: BTreeMap<AuthorityName, Known>,
    /// The cards as the pack has them.
    pub(super) in_pack: BTreeMap<AuthorityName, Card>,
}

impl Cards {
    /// Reads the cards of a pack and sets the auditor's beside them.
    pub(super) fn read<R: Read + Seek>(
        pack: &mut PackReader<R>,
        bag: &Bag,
        trust: &[SignedCard],
        report: &mut Report,
    ) -> Self {
        let mut trusted: BTreeMap<&AuthorityName, &Card> = BTreeMap::new();
        for signed in trust {
            let newest = trusted.entry(&signed.card.authority).or_insert(&signed.card);
            if newest.version < signed.card.version {
                *newest = &signed.card;
            }
        }
        let mut cards = Self { known: BTreeMap::new(), in_pack: BTreeMap::new() };
        for number in 0..pack.len() {
            let Some(entry) = pack.entry(number) else { continue };
            let Some(Place::Card(named)) = entry.place.clone() else { continue };
            let path = entry.path.clone();
            let Some(bytes) = bag.load(pack, number, report) else { continue };
            if let Some(card) = read_card(&bytes, &named, &path, report) {
                let own = trusted.get(&named).copied();
                let known = weigh(card.clone(), own, &path, report);
                cards.in_pack.insert(named.clone(), card);
                cards.known.insert(named, known);
            }
        }
        for (name, card) in trusted {
            cards.known.entry(name.clone()).or_insert_with(|| Known::of(card.clone(), true));
        }
        cards
    }

    /// The card of an authority.
    pub(super) fn of(&self, authority: &AuthorityName) -> Option<&Known> {
        self.known.get(authority)
    }

    /// The witness keys in cards that the auditor trusts, but for one authority's.
    pub(super) fn trusted_witnesses(&self, but: &AuthorityName) -> Vec<VerifierKey> {
        let known = self.known.iter().filter(|(name, known)| known.trusted && *name != but);
        known.filter_map(|(_, known)| known.witness.clone()).collect()
    }
}

impl Known {
    fn of(card: Card, trusted: bool) -> Self {
        let log_keys = card.log_vkeys.iter().filter_map(|vkey| vkey.parse().ok()).collect();
        let witness = card.witness_vkey.parse().ok();
        Self { card, trusted, log_keys, witness }
    }
}

fn read_card(bytes: &[u8], named: &AuthorityName, path: &str, report: &mut Report) -> Option<Card> {
    let card = match SignedCard::decode(bytes) {
        Ok(signed) => signed.card,
        Err(error) => {
            report.fail(rule_of(&error), path, error);
            return None;
        }
    };
    report.ok(rule::CARD_SIGNATURE, path);
    if card.authority != *named {
        report.fail(rule::CARD_FORM, path, format!("it is the card of {}", card.authority));
        return None;
    }
    let unread = card
        .log_vkeys
        .iter()
        .chain([&card.witness_vkey])
        .find_map(|vkey| vkey.parse::<VerifierKey>().err());
    match unread {
        Some(error) => {
            report.fail(rule::CARD_FORM, path, format!("it lists an unusable vkey: {error}"));
        }
        None => report.ok(rule::CARD_FORM, path),
    }
    Some(card)
}

const fn rule_of(error: &CardError) -> &'static str {
    match error {
        CardError::Record(
            PayloadError::Statement(StatementError::Signature(..) | StatementError::OtherKey(..))
            | PayloadError::Root(_),
        ) => rule::CARD_SIGNATURE,
        CardError::Record(_) | CardError::Malformed(_) | CardError::OtherIssuer { .. } => {
            rule::CARD_FORM
        }
    }
}

/// Compares a card of the pack with the auditor's own of the same authority.
fn weigh(card: Card, own: Option<&Card>, path: &str, report: &mut Report) -> Known {
    match own {
        None => Known::of(card, false),
        Some(own) if own.root_key != card.root_key => {
            report.fail(
                rule::CARD_ROOT,
                path,
                format!(
                    "its root key is not that of the card you trust for {}: one of the two is forged, ask the authority",
                    card.authority
                ),
            );
            Known::of(card, false)
        }
        Some(own) if own.version > card.version => {
            report.note(
                rule::CARD_OLDER,
                path,
                format!(
                    "it is version {}; your card of version {} is used",
                    card.version, own.version
                ),
            );
            Known::of(own.clone(), true)
        }
        Some(_) => {
            report.ok(rule::CARD_ROOT, path);
            Known::of(card, true)
        }
    }
}
