//! Whether there is room on the disk for more evidence: the last of it is kept for records, log and audit trail.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Who knows how much of a disk is free: the system, or a test.
pub trait Disk: fmt::Debug + Send + Sync {
    /// The free share of the disk that holds a folder, in percent of it; nothing if the file system does not tell.
    ///
    /// # Errors
    /// What the system says.
    fn free_percent(&self, folder: &Path) -> io::Result<Option<u64>>;
}

/// The disk as the system sees it: what others than root may still use.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemDisk;

impl Disk for SystemDisk {
    fn free_percent(&self, folder: &Path) -> io::Result<Option<u64>> {
        let disk = rustix::fs::statvfs(folder)?;
        Ok(disk.f_bavail.saturating_mul(100).checked_div(disk.f_blocks))
    }
}

/// The disk of a data directory, and how much of it stays free.
#[derive(Clone, Debug)]
pub struct Room {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    percent_min: u64,
}

impl Room {
    /// The disk that holds `folder`, of which `percent_min` percent stay free.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>, folder: &Path, percent_min: u8) -> Self {
        Self { disk, folder: folder.to_owned(), percent_min: percent_min.into() }
    }

    /// Why nothing new is taken in now; nothing if there is room, or if nobody knows. Looks at the disk each time.
    #[must_use]
    pub fn lacks(&self) -> Option<String> {
        let free = match self.disk.free_percent(&self.folder) {
            Ok(free) => free?,
            Err(error) => {
                tracing::warn!(error = %error, "how much of the disk is free cannot be told");
                return None;
            }
        };
        #[expect(clippy::cast_precision_loss, reason = "a share of a hundred")]
        metrics::gauge!("sealane_disk_free_percent").set(free as f64);
        (free < self.percent_min).then(|| {
            format!(
                "{free} % of the disk of {} is free, less than limits.disk_free_percent_min ({} %): no evidence and no declarations are taken in until some space is freed; acts and deliveries go on",
                self.folder.display(),
                self.percent_min
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_disk_is_known_and_a_folder_that_is_not_there_holds_nobody_up() {
        let folder = std::env::temp_dir();
        let free = SystemDisk.free_percent(&folder).unwrap();
        assert!(free.is_some_and(|free| free <= 100), "{free:?}");
        assert_eq!(Room::new(Arc::new(SystemDisk), &folder, 0).lacks(), None);
        assert!(Room::new(Arc::new(SystemDisk), &folder, 101).lacks().is_some());
        assert_eq!(Room::new(Arc::new(SystemDisk), &folder.join("no"), 101).lacks(), None);
    }
}
