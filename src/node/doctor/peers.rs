//! The peers' side, as the running node found them when it dialled each one; dials nobody itself.

use crate::node::doctor::Finding;
use crate::node::http::pairing::PeerView;

/// What the node found when it dialled its peers.
#[must_use]
pub fn peers(peers: &[PeerView]) -> Vec<Finding> {
    if peers.is_empty() {
        return vec![Finding::sound("peers", "there are none to dial")];
    }
    peers.iter().map(peer).collect()
}

/// That nobody was dialled, and why.
#[must_use]
pub fn not_dialled(why: &str) -> Finding {
    Finding::warning("peers", format!("the peers were not dialled: {why}"))
}

fn peer(peer: &PeerView) -> Finding {
    let waits = match (&peer.waits_since, peer.queued) {
        (Some(since), 1..) => format!("{} records wait since {since}", peer.queued),
        _ => "nothing waits".to_owned(),
    };
    let card = match &peer.card_received {
        Some(received) => format!("card version {} of {received}", peer.version),
        None => format!("card version {}", peer.version),
    };
    let name = &peer.authority;
    if let Some(why) = &peer.failure {
        let last = peer.reached_at.as_deref().unwrap_or("not since this node started");
        return Finding::fault(
            "peers",
            format!("{name} was dialled in vain: {why}; last reached: {last}; {card}; {waits}"),
        );
    }
    let protocol = peer.protocol.as_deref().unwrap_or("an unknown version");
    let text = format!("{name} answers and speaks {protocol}; {card}; {waits}");
    match peer.card_offered {
        Some(offered) if offered > peer.version => Finding::warning(
            "peers",
            format!("{text}; it has a card of version {offered}, which this node will ask for"),
        ),
        _ => Finding::sound("peers", text),
    }
}
