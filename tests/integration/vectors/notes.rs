//! Signed notes, checkpoints, cosignatures and tile paths: the examples in the C2SP specifications.

use sealane::transparency::checkpoint::Checkpoint;
use sealane::transparency::cosignature::{Cosignature, cosigned_message};
use sealane::transparency::key::VerifierKey;
use sealane::transparency::note::{Note, NoteError};
use sealane::transparency::tile::{LogPath, TileId, right_edge};

use crate::support::shared;
use crate::vectors::{json, number, string};

#[test]
fn examples_of_the_specifications() {
    let Some(folder) = shared("c2sp-spec-examples") else { return };
    let examples = json(&folder.join("examples.json"));

    let signed = &examples["signed_note"];
    let key: VerifierKey = string(signed, "vkey").parse().expect("the key is sound");
    let note = Note::parse(string(signed, "note").as_bytes()).expect("the note is sound");
    assert_eq!(note.verify(std::slice::from_ref(&key)).map(|good| good.len()), Ok(1));
    let altered = string(signed, "note").replace("example message", "Example message");
    let altered = Note::parse(altered.as_bytes()).expect("the form is still sound");
    assert!(matches!(altered.verify(&[key]), Err(NoteError::BadSignature { .. })));

    let poem = string(&examples, "parse_only_note");
    let note = Note::parse(poem.as_bytes()).expect("the note is sound");
    assert_eq!(note.to_text(), poem);
    assert!(note.text().contains("\n\n"), "an empty line within the text belongs to it");

    // The keys are not published: the form alone can be checked.
    let cosigned = string(&examples, "checkpoint_with_cosignature");
    let note = Note::parse(cosigned.as_bytes()).expect("the note is sound");
    assert_eq!(note.to_text(), cosigned);
    let checkpoint = Checkpoint::parse(note.text()).expect("the checkpoint is sound");
    assert_eq!(
        (checkpoint.origin.as_str(), checkpoint.size),
        ("example.com/behind-the-sofa", 20_852_163)
    );
    let [log, witness] = note.signatures() else { panic!("two lines") };
    assert_eq!(log.signature.len(), 64);
    let cosignature = Cosignature::from_bytes(&witness.signature).expect("72 bytes");
    let message = cosigned_message(cosignature.unix_seconds, note.text());
    assert_eq!(message, string(&examples, "cosignature_signed_message"));
}

#[test]
fn tile_examples_of_the_specification() {
    let Some(folder) = shared("c2sp-spec-examples") else { return };
    let examples = json(&folder.join("examples.json"));
    let path = &examples["tile_path"];
    let tile = TileId { level: 0, n: number(path, "index"), width: 256 };
    assert_eq!(tile.path(), format!("tile/0/{}", string(path, "path")));
    assert_eq!(tile.path().parse(), Ok(LogPath::Tile(tile)));

    let large = &examples["tree_70000"];
    let expected = [
        (0, number(large, "full_l0"), number(large, "partial_l0")),
        (1, number(large, "full_l1"), number(large, "partial_l1")),
        (2, 0, number(large, "partial_l2")),
    ];
    let edge: Vec<(u8, u64, u64)> =
        right_edge(70_000).iter().map(|id| (id.level, id.n, id.width.into())).collect();
    assert_eq!(edge, expected);
    let small = &examples["tree_256"];
    let expected = TileId { level: 1, n: 0, width: 1 };
    assert_eq!(u64::from(expected.width), number(small, "partial_l1"));
    assert_eq!(right_edge(256), [expected]);
}
