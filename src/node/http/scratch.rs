//! Files without a name, for what must be whole before it can be sent; gone when closed, also after a crash.

use std::fs::{File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use crate::node::http::frame::running_number;

/// A new empty file in that folder, for its owner alone, which is made if it is not there.
///
/// # Errors
/// What the operating system says.
pub(crate) fn file(folder: &Path) -> io::Result<File> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    std::fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    let path = folder.join(running_number());
    let file =
        OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    // The bytes live as long as the file is open.
    std::fs::remove_file(&path)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Seek as _, Write as _};

    #[test]
    fn a_scratch_file_leaves_no_name() {
        let folder = tempfile::tempdir().unwrap();
        let packs = folder.path().join("packs");
        let mut scratch = file(&packs).unwrap();
        scratch.write_all(b"pack").unwrap();
        scratch.rewind().unwrap();
        let mut text = String::new();
        scratch.read_to_string(&mut text).unwrap();
        assert_eq!(text, "pack");
        assert_eq!(std::fs::read_dir(&packs).unwrap().count(), 0);
    }
}
