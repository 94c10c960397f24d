//! Hash tiles and entry bundles of c2sp.org/tlog-tiles: names, paths, bytes; reads no files and computes no roots.

use std::fmt;
use std::str::FromStr;

use crate::transparency::text;
use crate::transparency::tree::Hash;

/// Hashes in a full tile and entries in a full bundle.
pub const TILE_WIDTH: u16 = 256;

/// The highest level that a path may name (tlog-tiles).
pub const TILE_LEVEL_MAX: u8 = 63;

/// The levels that a log whose size is a `u64` can have: each divides by 2^8.
const LEVELS: u8 = 8;

/// The longest path that is parsed; the longest sound one is far shorter.
const PATH_BYTES_MAX: usize = 128;

/// The name of a hash tile: the `width` hashes from `n * 256` on, each over `256^level` leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    /// 0 for leaf hashes; each level above holds the roots of full tiles below.
    pub level: u8,
    /// The tile's position in its level.
    pub n: u64,
    /// The number of hashes: 256 in a full tile, 1 to 255 in a partial one.
    pub width: u16,
}

/// The name of an entry bundle: the `width` entries from `n * 256` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BundleId {
    /// The bundle's position.
    pub n: u64,
    /// The number of entries: 256 in a full bundle, 1 to 255 in a partial one.
    pub width: u16,
}

/// What a path below a log's prefix names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogPath {
    /// `tile/entries/<N>[.p/<W>]`
    Entries(BundleId),
    /// `tile/<L>/<N>[.p/<W>]`
    Tile(TileId),
}

/// A hash tile with its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    /// The name, whose width is the number of hashes.
    pub id: TileId,
    /// The hashes, leftmost first.
    pub hashes: Vec<Hash>,
}

/// Why a tile or bundle cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// A text that names no tile.
    #[error("'{0}' is not a path of a tile or an entry bundle")]
    BadPath(String),
    /// Content whose length contradicts its name.
    #[error("the tile or bundle holds {found} items, its name promises {expected}")]
    BadWidth {
        /// What the name says.
        expected: usize,
        /// What the content has.
        found: usize,
    },
    /// An entry that the format cannot hold.
    #[error("an entry of {0} bytes does not fit a bundle: at most 65535 are possible")]
    EntryTooLong(usize),
    /// Bytes that end inside of an entry or hash.
    #[error("the tile or bundle ends in the middle of an item")]
    Truncated,
}

impl TileId {
    /// The widest tile with this level and position in a log of that size; `None` if it would be empty.
    #[must_use]
    pub fn in_log(level: u8, n: u64, size: u64) -> Option<Self> {
        width_in_log(level, n, size).map(|width| Self { level, n, width })
    }

    /// The path below the log's prefix.
    #[must_use]
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, numbered_path(self.n, self.width))
    }

    /// Whether the tile can no longer grow.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.width >= TILE_WIDTH
    }
}

impl BundleId {
    /// The widest bundle with this position in a log of that size; `None` if it would be empty.
    #[must_use]
    pub fn in_log(n: u64, size: u64) -> Option<Self> {
        width_in_log(0, n, size).map(|width| Self { n, width })
    }

    /// The path below the log's prefix.
    #[must_use]
    pub fn path(&self) -> String {
        format!("tile/entries/{}", numbered_path(self.n, self.width))
    }

    /// Whether the bundle can no longer grow.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.width >= TILE_WIDTH
    }
}

/// The partial tiles at the right edge of a log of that size, lowest level first: all that appending needs.
#[must_use]
pub fn right_edge(size: u64) -> Vec<TileId> {
    (0..LEVELS)
        .filter_map(|level| {
            let hashes = size.checked_shr(8 * u32::from(level)).unwrap_or(0);
            TileId::in_log(level, hashes / u64::from(TILE_WIDTH), size)
        })
        .collect()
}

fn width_in_log(level: u8, n: u64, size: u64) -> Option<u16> {
    let hashes = size.checked_shr(8 * u32::from(level)).unwrap_or(0);
    let first = n.checked_mul(u64::from(TILE_WIDTH))?;
    let width = hashes.saturating_sub(first).min(u64::from(TILE_WIDTH));
    u16::try_from(width).ok().filter(|width| *width > 0)
}

impl LogPath {
    /// The path below the log's prefix; the inverse of [`LogPath::from_str`].
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Entries(id) => id.path(),
            Self::Tile(id) => id.path(),
        }
    }
}

impl fmt::Display for LogPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path())
    }
}

/// Only the one spelling that [`LogPath::path`] writes is read: a path comes from a stranger and may become a file name.
impl FromStr for LogPath {
    type Err = TileError;

    fn from_str(path: &str) -> Result<Self, Self::Err> {
        parse_path(path)
            .filter(|parsed| parsed.path() == path)
            .ok_or_else(|| TileError::BadPath(text::clip(path)))
    }
}

fn parse_path(path: &str) -> Option<LogPath> {
    if path.len() > PATH_BYTES_MAX {
        return None;
    }
    let (kind, place) = path.strip_prefix("tile/")?.split_once('/')?;
    let (groups, width) = match place.split_once(".p/") {
        Some((groups, width)) => (groups, parse_partial_width(width)?),
        None => (place, TILE_WIDTH),
    };
    let n = parse_groups(groups)?;
    if kind == "entries" {
        return Some(LogPath::Entries(BundleId { n, width }));
    }
    let level = u8::try_from(text::parse_decimal(kind)?).ok()?;
    (level <= TILE_LEVEL_MAX).then_some(LogPath::Tile(TileId { level, n, width }))
}

fn parse_partial_width(width: &str) -> Option<u16> {
    let width = u16::try_from(text::parse_decimal(width)?).ok()?;
    (1..TILE_WIDTH).contains(&width).then_some(width)
}

fn parse_groups(groups: &str) -> Option<u64> {
    let mut n = 0u64;
    for group in groups.split('/') {
        let digits = group.strip_prefix('x').unwrap_or(group);
        if digits.len() != 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        n = n.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
    }
    Some(n)
}

/// `x001/x234/067` and, unless full, `.p/<W>`.
fn numbered_path(n: u64, width: u16) -> String {
    let mut path = format!("{:03}", n % 1000);
    let mut rest = n / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    if width < TILE_WIDTH { format!("{path}.p/{width}") } else { path }
}

impl Tile {
    /// Reads the content of the tile with that name.
    ///
    /// # Errors
    /// If the bytes are not exactly as many hashes as the name promises.
    pub fn from_bytes(id: TileId, bytes: &[u8]) -> Result<Self, TileError> {
        let (hashes, rest) = bytes.as_chunks::<{ Hash::BYTES }>();
        if !rest.is_empty() {
            return Err(TileError::Truncated);
        }
        check_width(id.width, hashes.len())?;
        Ok(Self { id, hashes: hashes.iter().map(|hash| Hash(*hash)).collect() })
    }

    /// The hashes one after another.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.hashes.iter().flat_map(|hash| hash.0).collect()
    }
}

/// The bytes of a bundle: each entry after its length as two big-endian bytes.
///
/// # Errors
/// If there are no entries, more than 256, or one is longer than 65,535 bytes.
pub fn encode_bundle<E: AsRef<[u8]>>(entries: &[E]) -> Result<Vec<u8>, TileError> {
    if entries.is_empty() || entries.len() > usize::from(TILE_WIDTH) {
        let expected = usize::from(TILE_WIDTH);
        return Err(TileError::BadWidth { expected, found: entries.len() });
    }
    let mut bytes = Vec::with_capacity(entries.iter().map(|entry| entry.as_ref().len() + 2).sum());
    for entry in entries.iter().map(AsRef::as_ref) {
        let length =
            u16::try_from(entry.len()).map_err(|_| TileError::EntryTooLong(entry.len()))?;
        bytes.extend(length.to_be_bytes());
        bytes.extend(entry);
    }
    Ok(bytes)
}

/// The entries of a bundle; the inverse of [`encode_bundle`].
///
/// # Errors
/// If the bytes end inside of an entry, or hold none or more than 256.
pub fn decode_bundle(bytes: &[u8]) -> Result<Vec<&[u8]>, TileError> {
    let mut entries = Vec::new();
    let mut rest = bytes;
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, after) = after.split_at_checked(length).ok_or(TileError::Truncated)?;
        entries.push(entry);
        rest = after;
        if entries.len() > usize::from(TILE_WIDTH) {
            break;
        }
    }
    if entries.is_empty() || entries.len() > usize::from(TILE_WIDTH) {
        let expected = usize::from(TILE_WIDTH);
        return Err(TileError::BadWidth { expected, found: entries.len() });
    }
    if rest.is_empty() { Ok(entries) } else { Err(TileError::Truncated) }
}

/// [`decode_bundle`] for a bundle whose name promises a number of entries.
///
/// # Errors
/// As [`decode_bundle`], and if the number differs.
pub fn decode_named_bundle(id: BundleId, bytes: &[u8]) -> Result<Vec<&[u8]>, TileError> {
    let entries = decode_bundle(bytes)?;
    check_width(id.width, entries.len())?;
    Ok(entries)
}

fn check_width(expected: u16, found: usize) -> Result<(), TileError> {
    let expected = usize::from(expected);
    if found == expected { Ok(()) } else { Err(TileError::BadWidth { expected, found }) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tile(level: u8, n: u64, width: u16) -> LogPath {
        LogPath::Tile(TileId { level, n, width })
    }

    #[test]
    fn paths_are_those_of_the_specification() {
        for (path, text) in [
            (tile(0, 0, 256), "tile/0/000"),
            (tile(0, 1_234_067, 256), "tile/0/x001/x234/067"),
            (tile(1, 1000, 7), "tile/1/x001/000.p/7"),
            (tile(63, 256, 255), "tile/63/256.p/255"),
            (LogPath::Entries(BundleId { n: 999, width: 1 }), "tile/entries/999.p/1"),
            (tile(0, u64::MAX, 256), "tile/0/x018/x446/x744/x073/x709/x551/615"),
        ] {
            assert_eq!(path.to_string(), text);
            assert_eq!(text.parse(), Ok(path));
        }
    }

    #[test]
    fn other_spellings_and_hostile_paths_are_refused() {
        for path in [
            "",
            "tile",
            "tile/",
            "tile/0",
            "tile/0/",
            "tile/00/000",
            "tile/64/000",
            "tile/-1/000",
            "tile/0/00",
            "tile/0/0000",
            "tile/0/x000/000",
            "tile/0/x001",
            "tile/0/001/000",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000.p/",
            "tile/0/000.p",
            "tile/0/../000",
            "/tile/0/000",
            "tile/0/000/",
            "tile/data/000",
            "tile/8/0/000",
            "tile/0/x018/x446/x744/x073/x709/x551/616",
            "tile/0/00\u{e9}",
            "tile/entries/x/000",
            "tile/0/000.p/1.p/1",
            "tile/+1/000",
            "tile/0/+01",
        ] {
            assert!(path.parse::<LogPath>().is_err(), "{path}");
        }
        assert!(format!("tile/0/{}000", "x001/".repeat(1000)).parse::<LogPath>().is_err());
    }

    #[test]
    fn right_edges_are_those_of_the_specification() {
        let edge = |size| -> Vec<(u8, u64, u16)> {
            right_edge(size).iter().map(|id| (id.level, id.n, id.width)).collect()
        };
        assert_eq!(edge(0), []);
        assert_eq!(edge(256), [(1, 0, 1)]);
        assert_eq!(edge(70_000), [(0, 273, 112), (1, 1, 17), (2, 0, 1)]);
        assert_eq!(edge(u64::MAX).len(), 8);
        assert_eq!(TileId::in_log(0, 272, 70_000), Some(TileId { level: 0, n: 272, width: 256 }));
        assert_eq!(TileId::in_log(0, 274, 70_000), None);
        assert_eq!(TileId::in_log(u8::MAX, u64::MAX, u64::MAX), None);
    }

    #[test]
    fn a_tile_has_as_many_hashes_as_its_name_says() {
        let id = TileId { level: 0, n: 0, width: 2 };
        let bytes = [7; 64];
        assert_eq!(Tile::from_bytes(id, &bytes).unwrap().to_bytes(), bytes);
        assert_eq!(Tile::from_bytes(id, &bytes[..63]), Err(TileError::Truncated));
        let short = TileError::BadWidth { expected: 2, found: 1 };
        assert_eq!(Tile::from_bytes(id, &bytes[..32]), Err(short));
    }

    #[test]
    fn a_bundle_holds_1_to_256_entries_of_up_to_65535_bytes() {
        let entry = vec![1u8; 65_535];
        assert_eq!(decode_bundle(&encode_bundle(&[&entry]).unwrap()), Ok(vec![entry.as_slice()]));
        let long = vec![1u8; 65_536];
        assert_eq!(encode_bundle(&[long]), Err(TileError::EntryTooLong(65_536)));
        assert!(encode_bundle(&vec![b""; 256]).is_ok());
        assert!(encode_bundle(&vec![b""; 257]).is_err());
        assert!(encode_bundle::<&[u8]>(&[]).is_err());
        assert!(decode_bundle(&[0; 512]).is_ok());
        assert!(decode_bundle(&[0; 514]).is_err());
        assert!(decode_bundle(&[]).is_err());
        assert_eq!(decode_bundle(&[0, 2, 1]), Err(TileError::Truncated));
        assert_eq!(decode_bundle(&[0, 0, 1]), Err(TileError::Truncated));
        let id = BundleId { n: 0, width: 2 };
        assert_eq!(
            decode_named_bundle(id, &[0, 0]),
            Err(TileError::BadWidth { expected: 2, found: 1 })
        );
    }

    proptest! {
        #[test]
        fn every_path_is_read_back(level in 0..=63u8, n in any::<u64>(), width in 1..=256u16) {
            let path = tile(level, n, width);
            prop_assert_eq!(path.to_string().parse(), Ok(path));
            let bundle = LogPath::Entries(BundleId { n, width });
            prop_assert_eq!(bundle.to_string().parse(), Ok(bundle));
        }

        #[test]
        fn paths_agree_with_tlog_tiles(level in 0..=5u8, n in 0u64..1 << 40, width in 1..=256u16) {
            // The oracle writes the paths of the Go checksum database, which name the tile's height.
            let oracle = tlog_tiles::Tile::new(8, level, n, width.into(), false).path();
            prop_assert_eq!(tile(level, n, width).to_string(), oracle.replacen("tile/8/", "tile/", 1));
        }

        #[test]
        fn any_text_is_judged_without_panic(path in "\\PC{0,40}") {
            let _ = path.parse::<LogPath>();
        }
    }
}
