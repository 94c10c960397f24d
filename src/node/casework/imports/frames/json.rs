//! Rows of JSON: the objects of one array, or one object a line; finds their ends, and parses none.

use std::io::Read;

use crate::node::casework::imports::frames::{
    Broken, Frame, ROW_BYTES_MAX, Span, Window, text_fault,
};

const TOO_LONG: &str = "is longer than 64 KiB";

/// One object a line.
pub(crate) struct LineRows<R> {
    window: Window<R>,
    text: String,
}

impl<R: Read> LineRows<R> {
    /// Begins to read.
    pub(crate) fn begin(file: R) -> Result<Self, Broken> {
        Ok(Self { window: opened(file)?, text: String::new() })
    }

    /// The next row, whose text is then in [`LineRows::text`]; empty lines are passed over.
    pub(crate) fn next(&mut self) -> Result<Option<Frame>, Broken> {
        loop {
            self.window.fill()?;
            let bytes = self.window.bytes();
            if bytes.is_empty() {
                return Ok(None);
            }
            let (line, first) = (self.window.line(), self.window.byte());
            let whole = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
            let text = bytes.get(..whole).unwrap_or_default();
            if whole <= ROW_BYTES_MAX && text.trim_ascii().is_empty() {
                self.window.skip_line()?;
                continue;
            }
            let fault = keep(text, &mut self.text);
            let end = self.window.skip_line()?;
            return Ok(Some(Frame { span: Span { line, first, end }, fault }));
        }
    }

    /// The text of the last row.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// The items of one array.
pub(crate) struct ArrayRows<R> {
    window: Window<R>,
    text: String,
    is_first: bool,
}

impl<R: Read> ArrayRows<R> {
    /// Reads the bracket that opens the array.
    pub(crate) fn begin(file: R) -> Result<Self, Broken> {
        let mut rows = Self { window: opened(file)?, text: String::new(), is_first: true };
        rows.skip_space()?;
        if rows.window.bytes().first() != Some(&b'[') {
            return Err(rows.form(
                "a file of the format json is one array and begins with [; if it has an object a line, the mapping says format = \"json_lines\"",
            ));
        }
        rows.window.skip(1);
        Ok(rows)
    }

    /// The next row, whose text is then in [`ArrayRows::text`].
    pub(crate) fn next(&mut self) -> Result<Option<Frame>, Broken> {
        self.skip_space()?;
        match (self.window.bytes().first(), self.is_first) {
            (Some(b']'), _) => return self.end(),
            (Some(b','), false) => {
                self.window.skip(1);
                self.skip_space()?;
            }
            (None, _) => return Err(self.cut_off()),
            (Some(_), true) => {}
            (Some(_), false) => {
                return Err(self.form("between two items of the array stands a comma"));
            }
        }
        self.is_first = false;
        match self.window.bytes().first() {
            Some(b'{') => self.object().map(Some),
            None => Err(self.cut_off()),
            Some(_) => {
                Err(self.form("an object { .. } was expected; every item of the array is one"))
            }
        }
    }

    /// The text of the last row.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    fn object(&mut self) -> Result<Frame, Broken> {
        let (line, first) = (self.window.line(), self.window.byte());
        let mut scan = Scan::default();
        let mut fault = None;
        for is_start in std::iter::once(true).chain(std::iter::repeat(false)) {
            self.window.fill()?;
            let bytes = self.window.bytes();
            let end = scan.end(bytes);
            if is_start {
                let text = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
                fault = keep(text, &mut self.text);
            }
            self.window.skip(end.unwrap_or(bytes.len()));
            if end.is_some() {
                break;
            }
            if self.window.is_last() {
                return Err(Broken::Form {
                    line,
                    reason: "the object that begins here is not closed; the file was cut off, or a quote or bracket is missing".to_owned(),
                });
            }
        }
        Ok(Frame { span: Span { line, first, end: self.window.byte() }, fault })
    }

    fn end(&mut self) -> Result<Option<Frame>, Broken> {
        self.window.skip(1);
        self.skip_space()?;
        if self.window.bytes().is_empty() {
            return Ok(None);
        }
        Err(self.form("something follows after the end of the array"))
    }

    fn skip_space(&mut self) -> Result<(), Broken> {
        loop {
            self.window.fill()?;
            let bytes = self.window.bytes();
            let space = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            if space == 0 {
                return Ok(());
            }
            self.window.skip(space);
        }
    }

    fn cut_off(&self) -> Broken {
        self.form("the array is not closed: the file was cut off")
    }

    fn form(&self, reason: &str) -> Broken {
        Broken::Form { line: self.window.line(), reason: reason.to_owned() }
    }
}

/// Looks for the bracket that closes an object.
#[derive(Default)]
struct Scan {
    depth: usize,
    is_text: bool,
    is_escaped: bool,
}

impl Scan {
    /// The place after the end of the object, if it is in these bytes; goes on in the next ones else.
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        for (at, byte) in bytes.iter().enumerate() {
            if self.is_text {
                let is_escape = *byte == b'\\' && !self.is_escaped;
                self.is_text = *byte != b'"' || self.is_escaped;
                self.is_escaped = is_escape;
                continue;
            }
            match byte {
                b'"' => self.is_text = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Some(at + 1);
                    }
                }
                _ => {}
            }
        }
        None
    }
}

fn opened<R: Read>(file: R) -> Result<Window<R>, Broken> {
    let mut window = Window::new(file);
    if window.skip_mark()? {
        let reason = "the file is in UTF-16; save it in UTF-8".to_owned();
        return Err(Broken::Form { line: 1, reason });
    }
    Ok(window)
}

/// Keeps the text of a row; says why it is none.
fn keep(bytes: &[u8], text: &mut String) -> Option<String> {
    text.clear();
    if bytes.len() > ROW_BYTES_MAX {
        return Some(TOO_LONG.to_owned());
    }
    let fault = text_fault(bytes);
    if fault.is_none() {
        text.push_str(std::str::from_utf8(bytes).unwrap_or_default().trim());
    }
    fault
}
