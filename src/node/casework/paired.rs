//! To whom something new may be addressed: the authorities that are paired now; pairs and removes none.

use crate::domain::id::{AuthorityName, InvalidAuthorityName};
use crate::node::casework::{Desk, Error};

impl Desk {
    /// The peer of that name, if it is paired now.
    pub(crate) fn peer_named(&self, path: &str, name: &str) -> Result<AuthorityName, Error> {
        let peer: AuthorityName = name
            .parse()
            .map_err(|error: InvalidAuthorityName| Error::invalid(path, error.to_string()))?;
        if peer == self.authority {
            return Err(Error::invalid(path, "is this authority itself; name a peer"));
        }
        match self.why_not_paired(&peer) {
            Some(why) => Err(Error::invalid(path, why)),
            None => Ok(peer),
        }
    }

    /// Refuses what would go to an authority whose pairing was removed: it would wait for a day that may never come.
    pub(crate) fn refuse_removed<'a>(
        &self,
        peers: impl IntoIterator<Item = &'a AuthorityName>,
    ) -> Result<(), Error> {
        let is_removed = |peer: &&AuthorityName| self.cards.get(peer).is_some_and(|k| !k.is_paired);
        let removed = peers.into_iter().find(is_removed).and_then(|peer| self.why_not_paired(peer));
        removed.map_or(Ok(()), |why| Err(Error::IllegalStep(why)))
    }

    /// Why nothing can be addressed to an authority, and what to do; nothing if it is paired.
    pub(crate) fn why_not_paired(&self, peer: &AuthorityName) -> Option<String> {
        match self.cards.get(peer) {
            Some(known) if known.is_paired => None,
            Some(_) => Some(format!(
                "{peer} is no peer of this node any more: the pairing was removed, and nothing goes to it. Ask the \
                 administrator why; once it is paired again, repeat this"
            )),
            None => Some(format!(
                "{peer} is not a peer of this node: ask the administrator to pair with it first"
            )),
        }
    }
}
