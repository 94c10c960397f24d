//! Cuts the rows of a file that streams in into batches, on a thread of its own; scores and keeps nothing.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::mpsc;
use tokio_util::io::SyncIoBridge;

use crate::node::casework::Error;
use crate::node::casework::imports::frames::{ROW_BYTES_MAX, Span};
use crate::node::casework::imports::read::{About, read_rows};
use crate::node::casework::imports::rows::{Line, Row};
use crate::node::casework::imports::taken::{Meter, Metered, Prefix};
use crate::node::mappings::Mapping;
use crate::node::store::imports::Import;

/// Rows that are scored and written together.
const BATCH_ROWS: i64 = 1_000;

/// The most bytes of rows in a batch, so that long rows do not fill the memory.
const BATCH_BYTES: u64 = 2 << 20;

/// How far the reader looks for the end of a row, as a number of bytes.
const LOOK_BYTES_MAX: u64 = ROW_BYTES_MAX as u64 + 2;

/// Rows that are kept or refused together.
#[derive(Default)]
pub(super) struct Batch {
    /// How many rows of the file it does.
    pub(super) lines: i64,
    pub(super) rows: Vec<Row>,
    pub(super) refusals: Vec<(Span, String)>,
    /// The file up to its last row.
    pub(super) taken: Option<Prefix>,
}

/// What is to be read of a file.
pub(super) struct Reading {
    mapping: Mapping,
    about: About,
    /// Rows that are done.
    skip: u64,
    /// The file as far as they go.
    before: Option<Prefix>,
    /// The digest that was announced.
    sha256: [u8; 32],
}

/// The rows of a file on their way into batches.
struct Gathering {
    batch: Batch,
    /// Bytes of rows in the batch.
    bytes: u64,
    /// Where its last row ends, and the one before.
    ends: (u64, u64),
    is_last_kept: bool,
    /// Refused rows of the batch near the end of what was read: where each begins, and the file before it.
    doubts: VecDeque<(u64, Prefix)>,
    meter: Rc<RefCell<Meter>>,
    out: mpsc::Sender<Batch>,
    /// Whether somebody takes the batches.
    is_wanted: bool,
    /// Whether the file is not the one whose rows are done.
    is_other: bool,
}

impl Reading {
    /// Of the file of an import, from where that stands.
    pub(super) fn of(import: &Import, mapping: Mapping, now: i64) -> Self {
        let about = About { import: import.id.clone(), source: import.source.clone(), now };
        let before = Prefix {
            bytes: u64::try_from(import.taken_bytes).unwrap_or(0),
            sha256: import.taken_sha256,
        };
        Self {
            mapping,
            about,
            skip: u64::try_from(import.rows_done).unwrap_or(0),
            before: (import.rows_done > 0).then_some(before),
            sha256: import.sha256,
        }
    }

    /// Reads the file to its end; what is not done yet goes out in batches.
    pub(super) fn start<R: AsyncRead + Unpin + Send + 'static>(
        self,
        file: R,
        out: mpsc::Sender<Batch>,
    ) -> tokio::task::JoinHandle<Result<(), Error>> {
        let file = SyncIoBridge::new(file);
        tokio::task::spawn_blocking(move || self.run(file, out))
    }

    fn run(self, file: impl std::io::Read, out: mpsc::Sender<Batch>) -> Result<(), Error> {
        let meter = Rc::new(RefCell::new(Meter::new(self.before)));
        let mut file = Metered { file, meter: Rc::clone(&meter) };
        let mut gathering = Gathering {
            batch: Batch::default(),
            bytes: 0,
            ends: (0, 0),
            is_last_kept: false,
            doubts: VecDeque::new(),
            meter: Rc::clone(&meter),
            out,
            is_wanted: true,
            is_other: false,
        };
        let read = read_rows(&mut file, &self.mapping, &self.about, self.skip, |line| {
            gathering.take(line)
        });
        if gathering.is_other || read.is_ok() && !meter.borrow().agrees() {
            return Err(begun_with_others(self.before));
        }
        if let Err(error) = read {
            gathering.send();
            return Err(error);
        }
        let doubt = gathering.doubt();
        let (_, before_last) = gathering.ends;
        let without_last = meter.borrow_mut().up_to(before_last);
        let (last, _) = gathering.ends;
        let with_last = meter.borrow_mut().up_to(last);
        let digest = file.finish().map_err(unreadable)?;
        let is_whole = digest == self.sha256;
        // Rows at which other bytes than the announced ones end may be cut off: the whole file brings them. Where a quoted text is
        // cut, its beginning and each of its lines look like rows of their own.
        if let Some((first, before)) = doubt.filter(|_| !is_whole) {
            gathering.batch.back_to(first);
            gathering.send_as(before);
        } else if !is_whole && last == meter.borrow().read() {
            gathering.batch.drop_last(gathering.is_last_kept);
            gathering.send_as(without_last);
        } else {
            gathering.send_as(with_last);
        }
        if !gathering.is_wanted {
            // The import has failed elsewhere, which is what its caller is told.
            return Err(Error::Unavailable("the import was ended".to_owned()));
        }
        if is_whole { Ok(()) } else { Err(not_announced()) }
    }
}

impl Gathering {
    /// Takes a row in; whether more are wanted.
    fn take(&mut self, line: Line) -> bool {
        if !self.meter.borrow().agrees() {
            self.is_other = true;
            return false;
        }
        if self.batch.lines >= BATCH_ROWS || self.bytes >= BATCH_BYTES {
            self.send();
        }
        self.is_last_kept = matches!(line, Line::Row(_));
        if let Line::Refused(span, _) = &line {
            let before = self.meter.borrow_mut().up_to(self.ends.0);
            self.doubts.push_back((span.first, before));
            while self.doubts.front().is_some_and(|doubt| doubt.0 + LOOK_BYTES_MAX < span.first) {
                self.doubts.pop_front();
            }
        }
        let span = self.batch.push(line);
        self.bytes = self.bytes.saturating_add(span.end.saturating_sub(span.first));
        self.ends = (span.end, self.ends.0);
        self.is_wanted
    }

    /// The first refused row whose fault may be that the file ends there.
    fn doubt(&self) -> Option<(u64, Prefix)> {
        let read = self.meter.borrow().read();
        self.doubts.iter().copied().find(|(first, _)| first + LOOK_BYTES_MAX >= read)
    }

    fn send(&mut self) {
        // What is sent is taken in.
        self.doubts.clear();
        let taken = self.meter.borrow_mut().up_to(self.ends.0);
        self.send_as(taken);
    }

    fn send_as(&mut self, taken: Prefix) {
        let batch = std::mem::take(&mut self.batch);
        self.bytes = 0;
        if batch.lines > 0 && self.is_wanted {
            self.is_wanted = self.out.blocking_send(Batch { taken: Some(taken), ..batch }).is_ok();
        }
    }
}

impl Batch {
    /// Takes a row in; gives its place.
    fn push(&mut self, line: Line) -> Span {
        self.lines += 1;
        match line {
            Line::Refused(span, reason) => {
                self.refusals.push((span, reason));
                span
            }
            Line::Row(row) => {
                let span = row.span;
                self.rows.push(*row);
                span
            }
        }
    }

    /// Leaves out the rows from a place of the file on.
    fn back_to(&mut self, first: u64) {
        self.rows.retain(|row| row.span.first < first);
        self.refusals.retain(|(span, _)| span.first < first);
        self.lines = i64::try_from(self.rows.len() + self.refusals.len()).unwrap_or(i64::MAX);
    }

    fn drop_last(&mut self, is_kept: bool) {
        let is_dropped =
            if is_kept { self.rows.pop().is_some() } else { self.refusals.pop().is_some() };
        self.lines -= i64::from(is_dropped);
    }
}

/// Refuses a file that is not the one of a finished import.
pub(super) async fn refuse_other<R: AsyncRead + Unpin>(
    mut file: R,
    sha256: &[u8; 32],
) -> Result<(), Error> {
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = file.read(&mut buffer).await.map_err(unreadable)?;
        if read == 0 {
            break;
        }
        digest.update(buffer.get(..read).unwrap_or_default());
    }
    let digest: [u8; 32] = digest.finalize().into();
    if digest == *sha256 {
        return Ok(());
    }
    Err(Error::invalid(
        "file",
        "its bytes are not those of the file that this import took in, and the import is finished: begin an import of this file",
    ))
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err wants it")]
fn unreadable(error: std::io::Error) -> Error {
    Error::invalid("file", format!("could not be read: {error}"))
}

fn not_announced() -> Error {
    Error::invalid(
        "file",
        "its bytes are not those that were announced: it was cut short, or changed while it was sent; rows that were kept stay. Send the whole file again, or import it anew as it is now",
    )
}

fn begun_with_others(before: Option<Prefix>) -> Error {
    let bytes = before.map_or(0, |before| before.bytes);
    Error::invalid(
        "file",
        format!(
            "it does not begin with the {bytes} bytes from which rows were taken in before, so its rows cannot be told from those; nothing was added. Send the file as it was sent at first, or have the import erased (`sealane erasure order --import`) and import the file anew"
        ),
    )
}
