//! Files cut into rows, also those that are damaged.

use super::*;

/// The lines, bytes and faults of a file in CSV with two columns.
fn csv(file: &[u8]) -> Vec<(u64, String, Option<String>, Vec<String>)> {
    let (mut rows, names) = CsvRows::begin(file, b',').unwrap();
    assert_eq!(names, ["a", "b"]);
    let mut found = Vec::new();
    while let Some(frame) = rows.next().unwrap() {
        let cells = if frame.fault.is_none() {
            rows.cells().iter().map(str::to_owned).collect()
        } else {
            Vec::new()
        };
        found.push((frame.span.line, piece(file, frame.span), frame.fault, cells));
    }
    found
}

fn piece(file: &[u8], span: Span) -> String {
    let (first, end) = (usize::try_from(span.first).unwrap(), usize::try_from(span.end).unwrap());
    String::from_utf8_lossy(&file[first..end]).into_owned()
}

fn good(file: &[u8]) -> Vec<Vec<String>> {
    csv(file).into_iter().filter(|row| row.2.is_none()).map(|row| row.3).collect()
}

#[test]
fn cells_are_read_as_rfc_4180_says() {
    let file = b"\xef\xbb\xbfa,b\r\n1,\"x, \"\"y\"\"\"\r\n\r\n2,\"two\nlines\"\n3,\n";
    assert_eq!(good(file), [["1", "x, \"y\""], ["2", "two\nlines"], ["3", ""]]);
    let lines: Vec<u64> = csv(file).iter().map(|row| row.0).collect();
    assert_eq!(lines, [2, 4, 6]);
    assert_eq!(csv(b"a,b\n1,2\r\n")[0].1, "1,2");
    assert_eq!(good(b"a,b\n1,2"), [["1", "2"]]);
    assert_eq!(good(b"a,b\n1,2\r"), [["1", "2"]]);
}

#[test]
fn a_stray_quote_costs_its_own_line_alone() {
    // One that is never closed, one that the next quote closes, one within a cell.
    for bad in ["2,\"open", "2,\"open\",x", "2,\"a\"b"] {
        let file = format!("a,b\n1,x\n{bad}\n3,\"y\"\n4,z\n");
        let rows = csv(file.as_bytes());
        assert_eq!(rows.len(), 4, "{bad}: {rows:?}");
        assert_eq!((rows[1].0, rows[1].1.as_str()), (3, bad));
        assert!(rows[1].2.is_some(), "{bad}");
        assert_eq!(good(file.as_bytes()), [["1", "x"], ["3", "y"], ["4", "z"]]);
    }
}

#[test]
fn a_row_of_several_lines_with_too_many_columns_costs_its_first_line_alone() {
    let rows = csv(b"a,b\n1,x\n2,\"open\n3,\",z\n4,w\n");
    let told: Vec<_> = rows.iter().map(|row| (row.0, row.1.as_str(), row.2.is_some())).collect();
    let swallowed = (3, "2,\"open", true);
    assert_eq!(told, [(2, "1,x", false), swallowed, (4, "3,\",z", true), (5, "4,w", false)]);
    assert!(rows[1].2.as_ref().unwrap().contains("a quote is opened in it"), "{rows:?}");
}

#[test]
fn a_row_that_is_no_text_or_too_long_is_told_and_the_next_is_read() {
    let long = "x".repeat(3 * ROW_BYTES_MAX);
    for (bad, says) in [
        (b"2,\xff".as_slice(), "UTF-8 at its byte 3"),
        (b"2,\0", "NUL"),
        (b"2", "has 1 columns, the header 2"),
        (long.as_bytes(), "64 KiB"),
        (format!("2,\"{long}\"").as_bytes(), "not closed"),
    ] {
        let file = [b"a,b\n1,x\n".as_slice(), bad, b"\n3,y\n"].concat();
        let rows = csv(&file);
        let fault = rows[1].2.as_ref().unwrap();
        assert!(fault.contains(says), "{fault}");
        assert_eq!(rows[1].1.len(), String::from_utf8_lossy(bad).len());
        assert_eq!(good(&file), [["1", "x"], ["3", "y"]]);
    }
}

#[test]
fn a_file_without_a_sound_header_is_refused() {
    for (file, says) in [
        (b"".as_slice(), "empty"),
        (b"\xff\xfea\0,\0", "UTF-16"),
        (b"a,\"b", "not closed"),
        (b"a,\xff", "UTF-8"),
    ] {
        let told = CsvRows::begin(file, b',').err().unwrap().to_string();
        assert!(told.contains(says) && told.contains("line 1"), "{told}");
    }
}

fn array(file: &[u8]) -> Result<Vec<(u64, String, Option<String>)>, String> {
    let mut rows = ArrayRows::begin(file).map_err(|error| error.to_string())?;
    let mut found = Vec::new();
    while let Some(frame) = rows.next().map_err(|error| error.to_string())? {
        let is_kept = frame.fault.is_some() || rows.text() == piece(file, frame.span);
        assert!(is_kept, "the text is that of its place");
        found.push((frame.span.line, piece(file, frame.span), frame.fault));
    }
    Ok(found)
}

#[test]
fn the_objects_of_an_array_are_found_one_by_one() {
    let rows = array(b" [ {\"a\": \"}]\\\"\"},\n {\"b\": [1, {}]}\n]\n").unwrap();
    let rows: Vec<_> = rows.iter().map(|row| (row.0, row.1.as_str())).collect();
    assert_eq!(rows, [(1, "{\"a\": \"}]\\\"\"}"), (2, "{\"b\": [1, {}]}")]);
    assert_eq!(array(b"[]"), Ok(vec![]));
    let long = format!("[{{\"a\":\"{}\"}},\n{{}}]", "x".repeat(5 * ROW_BYTES_MAX));
    let rows = array(long.as_bytes()).unwrap();
    assert!(rows[0].2.as_ref().unwrap().contains("64 KiB"));
    assert_eq!((rows[1].0, rows[1].1.as_str()), (2, "{}"));
    for (file, says) in [
        (b"a,b\n".as_slice(), "line 1: a file of the format json"),
        (b"[{},\n", "line 2: the array is not closed"),
        (b"[{}\n{}]", "line 2: between"),
        (b"[\n{\"a\":", "line 2: the object that begins here"),
        (b"[1]", "an object"),
        (b"[{}] x", "after the end"),
    ] {
        let told = array(file).unwrap_err();
        assert!(told.contains(says), "{told}");
    }
}

#[test]
fn each_line_of_json_lines_is_a_row() {
    let file = b"{\"a\":1}\n\n  \n{\"b\":\"\xff\"}\r\n{\"c\":2}";
    let mut rows = LineRows::begin(file.as_slice()).unwrap();
    let mut found = Vec::new();
    while let Some(frame) = rows.next().unwrap() {
        found.push((frame.span.line, frame.fault.is_some(), rows.text().to_owned()));
    }
    assert_eq!(
        found,
        [
            (1, false, "{\"a\":1}".to_owned()),
            (4, true, String::new()),
            (5, false, "{\"c\":2}".to_owned())
        ]
    );
}
