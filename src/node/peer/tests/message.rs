//! Messages are read as they were written, within their bounds.

use proptest::prelude::*;

use super::*;
use crate::domain::id::ObjectId;
use crate::node::peer::frame::Frame;
use crate::node::peer::message::{
    Answer, BlobHeader, FRAME_BYTES_MAX, ITEMS_PER_FRAME_MAX, Request, WireError, fit_into_frame,
    kind,
};

fn bytes(min: usize, max: usize) -> impl Strategy<Value = Bytes> {
    prop::collection::vec(any::<u8>(), min..max).prop_map(Bytes::from)
}

fn path() -> impl Strategy<Value = Vec<[u8; 32]>> {
    prop::collection::vec(any::<[u8; 32]>(), 0..4)
}

fn item() -> impl Strategy<Value = DeliverItem> {
    let leaf = (any::<u64>(), bytes(18, 40), path());
    let leaf = leaf.prop_map(|(index, leaf, path)| DisclosedLeaf { index, leaf, path });
    let fields = prop_oneof![
        prop::collection::vec(bytes(18, 40), 0..5).prop_map(Fields::All),
        (0_u64..4097, prop::collection::vec(leaf, 0..4))
            .prop_map(|(leaf_count, leaves)| Fields::Disclosed { leaf_count, leaves }),
    ];
    (bytes(0, 300), fields, bytes(0, 60)).prop_map(|(statement, fields, receipt)| DeliverItem {
        statement,
        fields,
        receipt,
    })
}

fn request() -> impl Strategy<Value = Request> {
    let hello = (any::<u64>(), prop::collection::vec("[a-z]{0,9}", 0..4), any::<u64>());
    let anchor = (any::<[u8; 32]>(), any::<u64>(), path());
    let anchor = anchor.prop_map(|(statement, index, path)| AnchorItem { statement, index, path });
    prop_oneof![
        hello.prop_map(|(minor, features, card_version)| {
            Request::Hello(Hello { minor, features, card_version })
        }),
        (prop::collection::vec(bytes(1, 90), 0..3), prop::collection::vec(item(), 0..4))
            .prop_map(|(checkpoints, items)| Request::Deliver(Deliver { checkpoints, items })),
        (bytes(0, 90), prop::collection::vec(anchor, 0..4))
            .prop_map(|(checkpoint, items)| Request::Anchors(Anchors { checkpoint, items })),
        ("[a-z0-9]{0,40}", any::<u64>(), any::<u64>(), any::<[u8; 16]>()).prop_map(
            |(blob, offset, length, id)| {
                let about = ObjectId::from_random(id);
                Request::Blob(BlobRequest { blob, offset, length, about })
            }
        ),
        bytes(0, 90).prop_map(Request::Card),
        Just(Request::CardQuery),
        bytes(0, 90).prop_map(Request::AddCheckpoint),
        "[a-z/]{0,40}".prop_map(|origin| Request::WitnessState { origin }),
    ]
}

fn answer() -> impl Strategy<Value = Answer> {
    let item = prop_oneof![
        bytes(0, 90).prop_map(ItemAnswer::Receipt),
        (bytes(0, 90), prop::collection::vec(bytes(18, 40), 0..4))
            .prop_map(|(statement, fields)| ItemAnswer::Refused { statement, fields }),
        Just(ItemAnswer::Later { reason: LaterReason::NotSealed }),
        Just(ItemAnswer::Later { reason: LaterReason::Other(99) }),
    ];
    prop_oneof![
        prop::collection::vec(item, 0..9).prop_map(Answer::Delivered),
        Just(Answer::Ok),
        (any::<u64>(), any::<u64>())
            .prop_map(|(size, length)| Answer::Blob(BlobHeader { size, length })),
        bytes(0, 90).prop_map(Answer::Card),
        (any::<u16>(), bytes(0, 90))
            .prop_map(|(status, body)| Answer::Witness(WitnessAnswer { status, body })),
        ".{0,90}".prop_map(|text| Answer::Refusal(Refusal::new(RefusalCode::Busy, text))),
    ]
}

proptest! {
    #[test]
    fn a_request_is_read_as_it_was_written(request in request()) {
        let frame = request.to_frame().unwrap();
        prop_assert_eq!(Request::from_frame(&frame), Ok(request));
    }

    #[test]
    fn an_answer_is_read_as_it_was_written(answer in answer()) {
        let frame = answer.to_frame().unwrap();
        prop_assert_eq!(Answer::from_frame(&frame), Ok(answer));
    }

    #[test]
    fn a_message_cut_short_is_no_message(request in request(), cut in 1_usize..40) {
        let frame = request.to_frame().unwrap();
        let length = frame.body().len().saturating_sub(cut);
        let short = Frame::new(frame.kind(), frame.body().slice(..length)).unwrap();
        prop_assert!(Request::from_frame(&short).is_err());
    }

    #[test]
    fn whatever_is_read_as_a_message_is_written_and_read_again_as_the_same(
        request in request(),
        answer in answer(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        for frame in [request.to_frame().unwrap(), answer.to_frame().unwrap()] {
            let mut body = frame.body().to_vec();
            for (at, byte) in &edits {
                let at = at.index(body.len());
                body[at] = *byte;
            }
            let frame = Frame::new(frame.kind(), body.into()).unwrap();
            if let Ok(request) = Request::from_frame(&frame) {
                prop_assert_eq!(Request::from_frame(&request.to_frame().unwrap()), Ok(request));
            }
            if let Ok(answer) = Answer::from_frame(&frame) {
                prop_assert_eq!(Answer::from_frame(&answer.to_frame().unwrap()), Ok(answer));
            }
        }
    }

    #[test]
    fn the_announced_size_of_an_item_is_an_upper_bound(item in item()) {
        let deliver = Deliver { checkpoints: vec![], items: vec![item] };
        let bound = deliver.wire_bytes();
        prop_assert!(deliver.to_frame().unwrap().body().len() <= bound);
    }
}

fn raw(kind: u8, body: &[u8]) -> Frame {
    Frame::new(kind, Bytes::copy_from_slice(body)).unwrap()
}

#[test]
fn a_field_of_a_newer_version_is_passed_over() {
    let newer = raw(kind::WITNESS_STATE, &[0xa2, 0, 0x61, b'o', 9, 0x82, 1, 0xa1, 1, 2]);
    let read = Request::from_frame(&newer);
    assert_eq!(read, Ok(Request::WitnessState { origin: "o".to_owned() }));
}

#[test]
fn what_is_no_message_is_refused_by_its_own_error() {
    let cases: [(u8, &[u8], WireError); 5] = [
        (0x7f, &[0xa0], WireError::UnknownFrame(0x7f)),
        (kind::WITNESS_STATE, &[0xa0], WireError::Missing("origin")),
        (kind::CARD_QUERY, &[0xa0, 0], WireError::Trailing(1)),
        (kind::CARD_QUERY, &[0xbf, 0xff], WireError::NotCanonical),
        (kind::CARD, &[0xa1, 0, 0x58, 9], WireError::Malformed("card")),
    ];
    for (kind, body, error) in cases {
        assert_eq!(Request::from_frame(&raw(kind, body)), Err(error));
    }
}

#[test]
fn a_statement_travels_with_all_fields_or_with_chosen_ones_never_both() {
    let both = [0xa1, 1, 0x81, 0xa4, 0, 0x40, 1, 0x40, 2, 0x80, 3, 0x82, 0, 0x80];
    let read = Request::from_frame(&raw(kind::DELIVER, &both));
    assert_eq!(read, Err(WireError::Malformed("fields")));
}

#[test]
fn more_than_a_frame_holds_is_not_sent() {
    let item = |length: usize| DeliverItem {
        statement: vec![0; length].into(),
        fields: Fields::All(vec![]),
        receipt: Bytes::new(),
    };
    let mut deliver = Deliver { checkpoints: vec![], items: vec![item(10); ITEMS_PER_FRAME_MAX] };
    assert!(deliver.to_frame().is_ok());
    assert!(!deliver.has_room(&item(1), 0));
    deliver.items.push(item(1));
    assert!(matches!(deliver.to_frame(), Err(WireError::TooMany { .. })));

    let mut deliver = Deliver::default();
    while deliver.has_room(&item(100_000), 0) {
        deliver.items.push(item(100_000));
    }
    assert_eq!(deliver.items.len(), 10);
    assert!(deliver.to_frame().is_ok());
    deliver.items.push(item(100_000));
    assert!(matches!(deliver.to_frame(), Err(WireError::FrameTooLong { .. })));
}

#[test]
fn answers_that_do_not_fit_are_asked_for_again() {
    let mut items = vec![ItemAnswer::Receipt(vec![0; 60_000].into()); 20];
    fit_into_frame(&mut items);
    let kept = items.iter().filter(|it| matches!(it, ItemAnswer::Receipt(_))).count();
    assert_eq!(kept, FRAME_BYTES_MAX / 60_016);
    assert!(Answer::Delivered(items).to_frame().is_ok());
}

#[test]
fn a_foreign_refusal_cannot_steer_a_terminal() {
    let refusal = Refusal::new(RefusalCode::Busy, "\u{1b}[2J\nforged");
    assert_eq!(refusal.to_string(), "busy: \\u{1b}[2J\\nforged");
    assert_eq!(Refusal::new(RefusalCode::Busy, "ä".repeat(1000)).text.len(), 1024);
}
