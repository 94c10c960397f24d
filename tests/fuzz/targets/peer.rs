//! Frames and messages of peers: whatever is read is written and read again as the same.

use sealane::node::peer::frame::{Frame, HEAD_BYTES, Head};
use sealane::node::peer::message::{Answer, Request};

/// A stream of frames.
pub(crate) fn frame(data: &[u8]) {
    let mut rest = data;
    while let Some((head, after)) = rest.split_first_chunk::<HEAD_BYTES>() {
        let Ok(parsed) = Head::parse(*head) else { return };
        let Some((body, next)) = after.split_at_checked(parsed.length()) else { return };
        let frame = Frame::new(head[HEAD_BYTES - 1], body.to_vec().into())
            .expect("a head that was accepted announces a body within the bound");
        let written = frame.clone().into_parts().concat();
        let consumed = rest.len() - next.len();
        assert_eq!(written, rest[..consumed], "a frame is written as it was read");
        rest = next;
    }
}

/// One message: the first byte is the frame type.
pub(crate) fn message(data: &[u8]) {
    let Some((kind, body)) = data.split_first() else { return };
    let Ok(frame) = Frame::new(*kind, body.to_vec().into()) else { return };
    if let Ok(request) = Request::from_frame(&frame) {
        let written = request.to_frame().expect("what was read fits into a frame");
        assert_eq!(Request::from_frame(&written), Ok(request), "a request is read as written");
    }
    if let Ok(answer) = Answer::from_frame(&frame) {
        let written = answer.to_frame().expect("what was read fits into a frame");
        assert_eq!(Answer::from_frame(&written), Ok(answer), "an answer is read as written");
    }
}
