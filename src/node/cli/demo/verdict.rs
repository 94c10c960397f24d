//! Judges the court pack as an auditor would, and makes the forged copy that must not pass.

use std::io::{BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;

use crate::audit::{Options, Verdict, card_file, check_pack};

/// What the verifier says of a pack when the auditor trusts these cards.
pub(super) fn judge(pack: &Path, cards: &[PathBuf]) -> anyhow::Result<(Verdict, String)> {
    let trust = cards
        .iter()
        .map(|card| Ok(card_file::read(&std::fs::read(card)?)?))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let options = Options { trust, threads: 2, ..Options::default() };
    let reader = BufReader::new(std::fs::File::open(pack)?);
    let report = check_pack(reader, &options, &mut |_| ());
    let first = report
        .findings()
        .first()
        .map(|finding| format!("{}: {}", finding.item, finding.message))
        .unwrap_or_default();
    Ok((report.verdict(), first))
}

/// A copy in which one field says something else and every manifest was recomputed: what a forger with patience makes.
/// Only the signature over the field's tree still speaks against it.
pub(super) fn forge(pack: &Path, copy: &Path) -> anyhow::Result<String> {
    let mut archive = zip::ZipArchive::new(BufReader::new(std::fs::File::open(pack)?))?;
    let names = archive
        .file_names()
        .map(|name| name.map(std::borrow::Cow::into_owned))
        .collect::<Result<Vec<String>, _>>()?;
    let victim = names
        .iter()
        .filter(|name| name.ends_with(".fields.cbor"))
        .max()
        .context("the pack has no fields")?
        .clone();
    let mut files = Vec::new();
    for name in names {
        let mut bytes = Vec::new();
        archive.by_name(&name)?.read_to_end(&mut bytes)?;
        if name == victim {
            // The last byte of a leaf is the last letter of its key, or of a decoy's salt.
            *bytes.last_mut().context("a leaf is not empty")? ^= 1;
        }
        files.push((name, bytes));
    }
    let victim_sum = sum_of(&files, &victim)?;
    rewrite(&mut files, "manifest-sha256.txt", &victim, &victim_sum)?;
    let manifest = name_of(&files, "/manifest-sha256.txt")?;
    let manifest_sum = sum_of(&files, &manifest)?;
    rewrite(&mut files, "tagmanifest-sha256.txt", &manifest, &manifest_sum)?;
    let mut writer = zip::ZipWriter::new(std::fs::File::create(copy)?);
    for (name, bytes) in files {
        writer.start_file(name, SimpleFileOptions::default())?;
        writer.write_all(&bytes)?;
    }
    writer.finish()?;
    Ok(victim)
}

fn name_of(files: &[(String, Vec<u8>)], end: &str) -> anyhow::Result<String> {
    let found = files.iter().find(|(name, _)| name.ends_with(end));
    Ok(found.with_context(|| format!("the pack has no {end}"))?.0.clone())
}

fn sum_of(files: &[(String, Vec<u8>)], name: &str) -> anyhow::Result<String> {
    let (_, bytes) = files.iter().find(|(n, _)| n == name).context("the file is in the pack")?;
    Ok(hex::encode(Sha256::digest(bytes)))
}

/// Puts another digest into the line of a manifest that names a file.
fn rewrite(
    files: &mut [(String, Vec<u8>)],
    manifest: &str,
    victim: &str,
    sum: &str,
) -> anyhow::Result<()> {
    let victim = victim.split_once('/').map_or(victim, |(_, rest)| rest);
    let (_, bytes) = files
        .iter_mut()
        .find(|(name, _)| name.rsplit('/').next() == Some(manifest))
        .with_context(|| format!("the pack has no {manifest}"))?;
    let text = String::from_utf8(std::mem::take(bytes))?;
    let lines: Vec<String> = text
        .lines()
        .map(|line| match line.split_once("  ") {
            Some((_, path)) if path == victim => format!("{sum}  {path}"),
            Some(_) | None => line.to_owned(),
        })
        .collect();
    *bytes = (lines.join("\n") + "\n").into_bytes();
    Ok(())
}
