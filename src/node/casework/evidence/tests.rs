//! Use cases of evidence on a real store and blob folder.

use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;

use crate::node::casework::Error;
use crate::node::casework::cases::NewCase;
use crate::node::casework::evidence::{EvidenceInput, EvidenceView, HandOver, TakeOver};
use crate::node::casework::testing::{TestDesk, desk};
use crate::policy::{Action, Actor};

const BYTES: usize = 300_000;

async fn case(test: &TestDesk, actor: &Actor) -> String {
    let input =
        NewCase { title: "Cash".to_owned(), case_type: "cash".to_owned(), ..NewCase::default() };
    let permit = test.may(actor, Action::CaseOpen, None).await;
    test.desk.open_case(&permit, input).await.unwrap().row.id
}

fn plain() -> Vec<u8> {
    (0..BYTES).map(|n| u8::try_from(n % 251).unwrap()).collect()
}

async fn add(test: &TestDesk, actor: &Actor, case: &str) -> EvidenceView {
    let input = EvidenceInput {
        description: "Ledger found in the cabin".to_owned(),
        filename: Some("ledger.pdf".to_owned()),
        collected_at: Some("2026-11-20T10:00:00Z".to_owned()),
        seals: Some("S-1".to_owned()),
        ..EvidenceInput::default()
    };
    let permit = test.may(actor, Action::EvidenceAdd, Some(case)).await;
    test.desk.add_evidence(&permit, input, plain().as_slice(), &|_| {}).await.unwrap()
}

#[tokio::test]
async fn evidence_is_registered_with_its_digests_and_read_back_in_ranges() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let case = case(&test, &ada).await;
    let item = add(&test, &ada, &case).await;
    assert_eq!(item.row.sha256, Some(hex::encode(Sha256::digest(plain()))));
    assert_eq!(item.row.holder, ada.pseudonym.as_str());
    assert_eq!(item.collected_at.as_deref(), Some("2026-11-20T10:00:00Z"));
    assert_eq!(item.custody.len(), 1);
    assert_eq!(item.history[0].kind, "evidence.registered/1");

    let read = test.may(&ada, Action::EvidenceRead, Some(&item.row.id)).await;
    assert_eq!(test.desk.evidence(&read).await.unwrap(), item);
    let mut content = test.desk.evidence_content(&read, 100_000, Some(70_000)).await.unwrap();
    let mut bytes = Vec::new();
    content.reader.read_to_end(&mut bytes).await.unwrap();
    assert_eq!(bytes, plain()[100_000..170_000]);
    assert_eq!((content.size, content.file_name.as_deref()), (300_000, Some("ledger.pdf")));
    let outside = test.desk.evidence_content(&read, 300_001, None).await;
    assert!(matches!(outside, Err(Error::Invalid(_))));

    let list = test.may(&ada, Action::EvidenceRead, Some(&case)).await;
    assert_eq!(test.desk.evidence_of(&list).await.unwrap(), [item.row]);
}

#[tokio::test]
async fn damage_of_the_stored_content_is_found_and_named() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let case = case(&test, &ada).await;
    let item = add(&test, &ada, &case).await;
    let read = test.may(&ada, Action::EvidenceRead, Some(&item.row.id)).await;
    let sound = test.desk.verify_evidence(&read).await.unwrap();
    assert!(sound.verified, "{sound:?}");

    let is_content = |path: &std::path::PathBuf| std::fs::metadata(path).unwrap().len() > 250_000;
    let file = test.blob_files().into_iter().find(is_content).unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[200_000] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let damaged = test.desk.verify_evidence(&read).await.unwrap();
    assert!(!damaged.verified);
    assert!(damaged.differences[0].contains("damaged"), "{damaged:?}");

    std::fs::remove_file(&file).unwrap();
    assert!(!test.desk.verify_evidence(&read).await.unwrap().verified);
}

#[tokio::test]
async fn an_unsound_registration_leaves_no_bytes_behind() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let case = case(&test, &ada).await;
    let permit = test.may(&ada, Action::EvidenceAdd, Some(&case)).await;
    for input in [
        EvidenceInput::default(),
        EvidenceInput {
            description: "x".to_owned(),
            collected_at: Some("yesterday".to_owned()),
            ..EvidenceInput::default()
        },
    ] {
        let refused = test.desk.add_evidence(&permit, input, plain().as_slice(), &|_| {}).await;
        assert!(matches!(refused, Err(Error::Invalid(_))));
    }
    assert_eq!(test.blob_files(), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn a_hand_over_is_two_signatures_and_only_the_named_receiver_can_sign_the_second() {
    let test = desk().await;
    let ada = test.officer("Ada", "case_officer", "north").await;
    let bob = test.officer("Bob", "evidence_custodian", "store").await;
    let eve = test.officer("Eve", "case_officer", "north").await;
    let case = case(&test, &ada).await;
    let item = add(&test, &ada, &case).await;
    let id = Some(item.row.id.as_str());
    let hand_over = || HandOver {
        to: "Bob".to_owned(),
        reason: "for the vault".to_owned(),
        place: "Pier 4".to_owned(),
        ..HandOver::default()
    };

    let permit = test.may(&eve, Action::CustodyTransfer, id).await;
    let not_hers = test.desk.transfer_evidence(&permit, hand_over()).await;
    assert!(matches!(not_hers, Err(Error::IllegalStep(_))));
    // Before it is on its way to him the custodian knows nothing of it.
    assert!(matches!(test.ask(&bob, Action::CustodyReceive, id).await, Err(Error::NotFound(_))));

    let permit = test.may(&ada, Action::CustodyTransfer, id).await;
    let given = test.desk.transfer_evidence(&permit, hand_over()).await.unwrap();
    assert_eq!(given.row.state, "on_the_way");
    assert_eq!(given.row.holder, ada.pseudonym.as_str());
    assert_eq!(given.pending_transfer.unwrap().receiver, bob.pseudonym.as_str());
    let again = test.desk.transfer_evidence(&permit, hand_over()).await;
    assert!(matches!(again, Err(Error::IllegalStep(_))));

    let permit = test.may(&eve, Action::CustodyReceive, id).await;
    let wrong = test.desk.receive_evidence(&permit, TakeOver::default()).await;
    assert!(matches!(wrong, Err(Error::IllegalStep(why)) if why.contains("named receiver")));

    let permit = test.may(&bob, Action::CustodyReceive, id).await;
    let received = test.desk.receive_evidence(&permit, TakeOver::default()).await.unwrap();
    assert_eq!(received.row.holder, bob.pseudonym.as_str());
    assert_eq!((received.row.state.as_str(), received.pending_transfer), ("held", None));
    let events: Vec<_> = received.custody.iter().map(|link| link.event.as_str()).collect();
    assert_eq!(events, ["collect", "transfer", "receive"]);
    assert_eq!(received.custody[2].seals.as_deref(), Some("S-1"));
    let signers: Vec<_> = received.history.iter().map(|record| record.actor.as_str()).collect();
    let owner = ada.pseudonym.as_str();
    assert_eq!(signers, [owner, owner, bob.pseudonym.as_str()]);

    // Back again: the new holder gives, the old one takes.
    let permit = test.may(&bob, Action::CustodyTransfer, id).await;
    let back = HandOver { to: owner.to_owned(), ..hand_over() };
    test.desk.transfer_evidence(&permit, back).await.unwrap();
    let permit = test.may(&ada, Action::CustodyReceive, id).await;
    let item = test.desk.receive_evidence(&permit, TakeOver::default()).await.unwrap();
    assert_eq!((item.row.holder.as_str(), item.custody.len()), (owner, 5));
}
