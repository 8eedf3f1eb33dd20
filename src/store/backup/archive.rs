//! The file: written once, and read with suspicion.

use std::{
    fs::{self, File},
    io::{self, BufRead as _, BufReader, BufWriter, Read, Write},
    path::{Component, Path},
};

use ring::digest::{Context, SHA256, digest};

use super::{BackupError, Collected, Entry, FORMAT, Manifest};
use crate::{facts::hex, store::new_private_file};

/// A manifest of more bytes is none of ours: this is room for a hundred thousand files.
const MANIFEST_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Longest first line.
const HEAD_BYTES_MAX: u64 = 256;
const CHUNK_BYTES: usize = 64 * 1024;
/// Longest path of a file inside.
const PATH_BYTES_MAX: usize = 512;

/// Writes a new file that only its owner may read, and answers with what it holds.
pub fn write(collected: &Collected, to: &Path, made_at: jiff::Timestamp) -> Result<Manifest, BackupError> {
    let name = to.display().to_string();
    if fs::symlink_metadata(to).is_ok() {
        return Err(BackupError::NotEmpty(name));
    }
    let mut files = Vec::new();
    for (path, copy) in &collected.files {
        let mut content = File::open(copy).map_err(BackupError::file("read", path))?;
        let (bytes, sha256) = hashed(&mut content, None).map_err(BackupError::file("read", path))?;
        files.push(Entry { path: path.clone(), bytes, sha256 });
    }
    let program = env!("CARGO_PKG_VERSION").to_owned();
    let manifest = Manifest { made_at, program, has_key: collected.has_key, files };
    let mut text = serde_json::to_vec(&manifest).map_err(|error| BackupError::Damaged(error.to_string()))?;
    text.push(b'\n');

    // Under another name until it is whole: a backup that was cut short is not taken for one.
    let part = to.with_extension("part");
    let written = (|| {
        let mut file = BufWriter::new(new_private_file(&part)?);
        writeln!(file, "{FORMAT} sha256:{}", hex(digest(&SHA256, &text).as_ref()))?;
        file.write_all(&text)?;
        for (_, copy) in &collected.files {
            io::copy(&mut File::open(copy)?, &mut file)?;
        }
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&part, to)
    })();
    if let Err(error) = written {
        let _ = fs::remove_file(&part);
        return Err(BackupError::file("write", &name)(error));
    }
    Ok(manifest)
}

/// A backup whose every byte was looked at.
#[derive(Debug)]
pub struct Verified {
    pub manifest: Manifest,
    pub bytes: u64,
}

/// Reads the whole file and compares everything with the manifest.
pub fn verify(from: &Path) -> Result<Verified, BackupError> {
    read(from, |_, content| hashed(content, None).map(|(_, sha256)| sha256))
}

/// Goes through a backup. `each` has to read its content to the end and answers with the digest of it.
pub(super) fn read(
    from: &Path,
    mut each: impl FnMut(&Entry, &mut dyn Read) -> io::Result<String>,
) -> Result<Verified, BackupError> {
    let name = from.display().to_string();
    let failed = |error: io::Error| BackupError::file("read", &name)(error);
    let mut file = BufReader::new(File::open(from).map_err(failed)?);
    let manifest = manifest(&mut file).map_err(failed)??;
    let mut bytes = 0_u64;
    for entry in &manifest.files {
        let mut content = (&mut file).take(entry.bytes);
        let sha256 = each(entry, &mut content).map_err(BackupError::file("read", &entry.path))?;
        if content.limit() != 0 {
            return Err(BackupError::Damaged("it ends too early".to_owned()));
        }
        if sha256 != entry.sha256 {
            return Err(BackupError::Damaged(format!("`{}` is not what it was", entry.path)));
        }
        bytes += entry.bytes;
    }
    if file.fill_buf().map_err(failed)?.is_empty() {
        Ok(Verified { manifest, bytes })
    } else {
        Err(BackupError::Damaged("there is more in it than it says".to_owned()))
    }
}

fn manifest(file: &mut impl io::BufRead) -> io::Result<Result<Manifest, BackupError>> {
    let mut head = Vec::new();
    file.take(HEAD_BYTES_MAX).read_until(b'\n', &mut head)?;
    let head = String::from_utf8_lossy(&head).into_owned();
    let Some(wanted) = head.strip_prefix(FORMAT).and_then(|rest| rest.trim().strip_prefix("sha256:")) else {
        return Ok(Err(BackupError::Foreign));
    };
    let mut text = Vec::new();
    file.take(MANIFEST_BYTES_MAX).read_until(b'\n', &mut text)?;
    let damaged = |why: &str| Ok(Err(BackupError::Damaged(why.to_owned())));
    if hex(digest(&SHA256, &text).as_ref()) != wanted {
        return damaged("its list of files is not what it was");
    }
    let Ok(manifest) = serde_json::from_slice::<Manifest>(&text) else {
        return damaged("its list of files cannot be read");
    };
    // The digest says that the list is as it was written, not who wrote it.
    let mut seen = std::collections::BTreeSet::new();
    for entry in &manifest.files {
        if !is_safe(&entry.path) || !seen.insert(entry.path.as_str()) {
            return damaged("a file in it has a name that none of ours has");
        }
    }
    Ok(Ok(manifest))
}

/// Below the folder it is put into, whatever it is called.
fn is_safe(path: &str) -> bool {
    let plain = |c: char| !c.is_control() && !matches!(c, '\\' | ':');
    (1..=PATH_BYTES_MAX).contains(&path.len())
        && path.chars().all(plain)
        && path.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
        && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

/// Reads to the end, perhaps into a file, and answers with length and digest.
pub(super) fn hashed(from: &mut dyn Read, mut to: Option<&mut File>) -> io::Result<(u64, String)> {
    let (mut context, mut bytes) = (Context::new(&SHA256), 0_u64);
    let mut chunk = vec![0_u8; CHUNK_BYTES];
    loop {
        let count = from.read(&mut chunk)?;
        let Some(read) = chunk.get(..count).filter(|read| !read.is_empty()) else { break };
        context.update(read);
        bytes += read.len() as u64;
        if let Some(file) = to.as_deref_mut() {
            file.write_all(read)?;
        }
    }
    Ok((bytes, hex(context.finish().as_ref())))
}
