//! What the disk allows: durable appends, and copying with a hash; uses nothing of ours.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::meter::{Figure, Meter};

const COPY_BYTES: usize = 1024 * 1024;

/// Appends of 4 KB, each made durable before the next.
pub(crate) fn floor(folder: &Path, seconds: f64) -> Figure {
    let mut file = File::create(folder.join("floor")).unwrap();
    let block = [0xa5; 4096];
    let meter = Meter::start();
    let mut appends = 0;
    while meter.seconds() < seconds {
        file.write_all(&block).unwrap();
        file.sync_data().unwrap();
        appends += 1;
    }
    meter.stop(appends)
}

/// Reads a file, hashes it with SHA-256, writes it and makes it durable once, on one thread.
pub(crate) fn copy(from: &Path, to: &Path) -> Figure {
    let meter = Meter::start();
    let (mut source, mut target) = (File::open(from).unwrap(), File::create(to).unwrap());
    let (mut buffer, mut hash, mut bytes) = (vec![0; COPY_BYTES], Sha256::new(), 0);
    loop {
        let read = source.read(&mut buffer).unwrap();
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
        target.write_all(&buffer[..read]).unwrap();
        bytes += read as u64;
    }
    target.sync_data().unwrap();
    std::hint::black_box(hash.finalize());
    let figure = meter.stop(bytes);
    std::fs::remove_file(to).unwrap();
    figure
}

/// A file of that size that does not compress, in the page cache.
pub(crate) fn sample(path: &Path, mib: u64) {
    let mut file = File::create(path).unwrap();
    let mut state = 0x5ea1_a4e1_u64;
    let mut block = vec![0; COPY_BYTES];
    for _ in 0..mib {
        for word in block.chunks_exact_mut(8) {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            word.copy_from_slice(&(state ^ (state >> 29)).to_le_bytes());
        }
        file.write_all(&block).unwrap();
    }
    file.sync_all().unwrap();
}
