//! What an auditor is handed: a pack and card files from anybody.

use std::io::Cursor;

use sealane::audit::{Options, card_file, check_pack};

pub(crate) fn pack(input: &[u8]) {
    let report = check_pack(Cursor::new(input), &Options::default(), &mut |_| ());
    assert_eq!(report.verdict().exit_code(), 3, "no card was trusted");
}

pub(crate) fn card_file(input: &[u8]) {
    if let Ok(card) = card_file::read(input) {
        assert_eq!(card_file::read(card_file::write(&card).as_bytes()), Ok(card));
    }
}
