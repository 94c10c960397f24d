//! The rules of cards: each is signed by its own root, and is compared with what the auditor trusts; trusts none itself.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use crate::audit::check::bag::Bag;
use crate::audit::pack::PackReader;
use crate::audit::pack::layout::{self, Place};
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
    /// Whether its root is one that the authority had before.
    pub(super) former: bool,
    /// The keys of its logs.
    pub(super) log_keys: Vec<VerifierKey>,
    /// The key of its witness.
    pub(super) witness: Option<VerifierKey>,
}

/// All cards: those in the pack, and the auditor's.
pub(super) struct Cards {
    /// Those of an authority: the one in force, then those of its former roots.
    known: BTreeMap<AuthorityName, Vec<Known>>,
    /// The cards in force, as the pack has them.
    pub(super) in_pack: BTreeMap<AuthorityName, Card>,
    /// The cards of former roots by their paths, as the pack has them.
    pub(super) former_in_pack: BTreeMap<String, Card>,
}

/// The auditor's own cards: of each root of an authority the newest.
type Trusted<'a> = BTreeMap<(&'a AuthorityName, [u8; 32]), &'a Card>;

impl Cards {
    /// Reads the cards of a pack and sets the auditor's beside them.
    pub(super) fn read<R: Read + Seek>(
        pack: &mut PackReader<R>,
        bag: &Bag,
        trust: &[SignedCard],
        report: &mut Report,
    ) -> Self {
        let trusted = newest_of_each_root(trust);
        let mut cards = Self {
            known: BTreeMap::new(),
            in_pack: BTreeMap::new(),
            former_in_pack: BTreeMap::new(),
        };
        let mut former = Vec::new();
        for number in 0..pack.len() {
            let Some(entry) = pack.entry(number) else { continue };
            let Some((named, is_former)) = entry.place.as_ref().and_then(card_at) else { continue };
            let path = entry.path.clone();
            let Some(bytes) = bag.load(pack, number, report) else { continue };
            let Some(card) = read_card(&bytes, &named, &path, report) else { continue };
            if is_former {
                former.push((path, card));
            } else {
                let known = weigh(card.clone(), &trusted, &path, report);
                cards.in_pack.insert(named.clone(), card);
                cards.known.entry(named).or_default().push(known);
            }
        }
        for (path, card) in former {
            cards.add_former(card, path, &trusted, report);
        }
        for ((name, _), card) in trusted {
            let known = cards.known.entry(name.clone()).or_default();
            if known.iter().all(|known| known.card.root_key != card.root_key) {
                let is_former = !known.is_empty();
                known.push(Known::of(card.clone(), true, is_former));
            }
        }
        cards
    }

    /// Takes a card of a former root. It stands for nothing unless the auditor trusts that root, too.
    fn add_former(&mut self, card: Card, path: String, trusted: &Trusted<'_>, report: &mut Report) {
        if layout::former_card_path(&card) != path {
            report.fail(rule::CARD_FORM, path, "its root key is not the one in its name");
            return;
        }
        let own = trusted.get(&(&card.authority, card.root_key.to_bytes()));
        let newest = own.filter(|own| own.version > card.version).map_or(&card, |own| *own);
        let known = Known::of(newest.clone(), own.is_some(), true);
        self.known.entry(card.authority.clone()).or_default().push(known);
        self.former_in_pack.insert(path, card);
    }

    /// The cards of an authority: the one in force first.
    pub(super) fn of(&self, authority: &AuthorityName) -> &[Known] {
        self.known.get(authority).map_or(&[], Vec::as_slice)
    }

    /// The witness keys in cards that the auditor trusts, but for one authority's.
    pub(super) fn trusted_witnesses(&self, but: &AuthorityName) -> Vec<VerifierKey> {
        let others = self.known.iter().filter(|(name, _)| *name != but);
        let known = others.flat_map(|(_, known)| known).filter(|known| known.trusted);
        known.filter_map(|known| known.witness.clone()).collect()
    }
}

/// Whose card stands at a place, and whether it is of a former root.
fn card_at(place: &Place) -> Option<(AuthorityName, bool)> {
    if let Place::FormerCard(named) = place {
        return Some((named.clone(), true));
    }
    if let Place::Card(named) = place { Some((named.clone(), false)) } else { None }
}

fn newest_of_each_root(trust: &[SignedCard]) -> Trusted<'_> {
    let mut trusted = Trusted::new();
    for signed in trust {
        let root = (&signed.card.authority, signed.card.root_key.to_bytes());
        let newest = trusted.entry(root).or_insert(&signed.card);
        if newest.version < signed.card.version {
            *newest = &signed.card;
        }
    }
    trusted
}

impl Known {
    fn of(card: Card, trusted: bool, former: bool) -> Self {
        let log_keys = card.log_vkeys.iter().filter_map(|vkey| vkey.parse().ok()).collect();
        let witness = card.witness_vkey.parse().ok();
        Self { card, trusted, former, log_keys, witness }
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

/// Compares a card in force with the auditor's own of the same authority.
fn weigh(card: Card, trusted: &Trusted<'_>, path: &str, report: &mut Report) -> Known {
    let has_other = trusted.keys().any(|(name, _)| **name == card.authority);
    match trusted.get(&(&card.authority, card.root_key.to_bytes())) {
        None if has_other => {
            report.fail(
                rule::CARD_ROOT,
                path,
                format!(
                    "its root key is not that of the card you trust for {}: one of the two is forged, or the authority \
                     had to make a new root; ask the authority, over a channel that you trust",
                    card.authority
                ),
            );
            Known::of(card, false, false)
        }
        None => Known::of(card, false, false),
        Some(own) if own.version > card.version => {
            report.note(
                rule::CARD_OLDER,
                path,
                format!(
                    "it is version {}; your card of version {} is used",
                    card.version, own.version
                ),
            );
            Known::of((*own).clone(), true, false)
        }
        Some(_) => {
            report.ok(rule::CARD_ROOT, path);
            Known::of(card, true, false)
        }
    }
}
