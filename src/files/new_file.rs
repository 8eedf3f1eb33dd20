//! A file on its way in: counted, hashed, and nobody's to see before it is whole.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use ring::rand::SecureRandom as _;
use tokio::io::AsyncWriteExt as _;

use super::{
    FilePath, FilesError, StoredFile, about,
    area::Area,
    caller_files::{BUFFER_BYTES, FILES_MAX, blocking, folders_of, measured},
    kinds,
};
use crate::{
    facts::hex,
    store::{StateDir, new_private_file},
};

/// Where files grow. Hidden, so that no path of a caller can name it.
pub(super) const PARTIAL_FOLDER: &str = ".partial";
/// Others may fill the area while a file grows: after so many bytes it is measured again.
const MEASURE_EVERY_BYTES: u64 = 8 * 1024 * 1024;
/// A folder can vanish between making and using it while old files are removed.
const FOLDER_TRIES_MAX: usize = 4;
/// Names that differ by a number only; whoever has more of them chooses a path.
const NUMBERED_MAX: usize = 1000;
const RANDOM_BYTES: usize = 12;
/// What may stand around base64.
const PASSING_AROUND_BYTES: u64 = 1024 * 1024;

/// Under which name a file will stand.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    /// This one and no other.
    Exactly(FilePath),
    /// This one, or with a number where it is taken.
    About(FilePath),
}

/// A file that is being written. Dropped before `finish`, it leaves nothing behind.
#[derive(Debug)]
pub struct NewFile {
    area: Arc<Area>,
    folder: PathBuf,
    wanted: Wanted,
    partial: Partial,
    file: tokio::fs::File,
    digest: Digest,
    head: Vec<u8>,
    written: u64,
    /// Bytes of the caller's other files when they were measured last.
    others: u64,
    measured_at: u64,
    bytes_max: u64,
}

struct Digest(ring::digest::Context);

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Digest")
    }
}

/// The temporary name; gone when this is dropped.
#[derive(Debug)]
struct Partial(PathBuf);

impl Drop for Partial {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

impl NewFile {
    /// Makes the temporary file. Blocks.
    pub(super) fn begin(area: Arc<Area>, folder_name: &str, wanted: Wanted) -> Result<Self, FilesError> {
        let folder = area.folder(folder_name);
        let usage = measured(&folder, None);
        let limits = area.limits;
        if usage.files >= FILES_MAX {
            let limit = FILES_MAX;
            return Err(FilesError::TooManyFiles { limit, keep_hours: limits.keep_hours });
        }
        if let Wanted::Exactly(path) = &wanted {
            folders_of(&folder, path)?;
            if fs::symlink_metadata(path.on_disk(&folder)).is_ok() {
                return Err(FilesError::FileExists { path: path.as_str().to_owned() });
            }
        }
        let (partial, file) = new_partial(&area, folder_name)?;
        let mut new = Self {
            area,
            folder,
            wanted,
            partial,
            file: tokio::fs::File::from_std(file),
            digest: Digest(ring::digest::Context::new(&ring::digest::SHA256)),
            head: Vec::new(),
            written: 0,
            others: usage.bytes,
            measured_at: 0,
            bytes_max: limits.file_bytes_max,
        };
        new.file.set_max_buf_size(BUFFER_BYTES);
        new.check_room(0)?;
        Ok(new)
    }

    /// Adds to the file. After an error it is of no use any more.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), FilesError> {
        self.check_room(bytes.len() as u64)?;
        if self.written - self.measured_at >= MEASURE_EVERY_BYTES {
            self.measure().await?;
        }
        let missing = kinds::HEAD_BYTES.saturating_sub(self.head.len());
        self.head.extend_from_slice(bytes.get(..missing.min(bytes.len())).unwrap_or_default());
        self.digest.0.update(bytes);
        self.file.write_all(bytes).await?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// Refuses before anything is fetched what would not fit at its end.
    pub fn check_room(&self, bytes_to_come: u64) -> Result<(), FilesError> {
        let limits = self.area.limits;
        let size = self.written.saturating_add(bytes_to_come);
        if size > self.bytes_max {
            return Err(FilesError::TooLarge { limit: self.bytes_max });
        }
        if self.others.saturating_add(size) > limits.area_bytes_max {
            return Err(FilesError::AreaFull { limit: limits.area_bytes_max, keep_hours: limits.keep_hours });
        }
        Ok(())
    }

    /// For what is kept in another form for a moment, such as base64, and never gets a name.
    #[must_use]
    pub fn passing(mut self) -> Self {
        self.bytes_max = self.bytes_max / 3 * 4 + PASSING_AROUND_BYTES;
        self
    }

    /// What was written so far, from its start.
    pub async fn written_content(&mut self) -> Result<tokio::fs::File, FilesError> {
        self.file.flush().await?;
        let mut file = tokio::fs::File::open(&self.partial.0).await?;
        file.set_max_buf_size(BUFFER_BYTES);
        Ok(file)
    }

    /// Bytes so far.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// The first bytes, for telling what kind of file it is.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// Puts the whole file under its name. A type that is no type is replaced by what the content looks like.
    pub async fn finish(mut self, mime_type: &str) -> Result<StoredFile, FilesError> {
        self.measure().await?;
        self.file.flush().await?;
        let mime_type = plain_mime_type(mime_type).map(str::to_owned);
        blocking(move || self.put_in_place(mime_type)).await
    }

    async fn measure(&mut self) -> Result<(), FilesError> {
        let (folder, own) = (self.folder.clone(), self.partial.0.clone());
        let usage = blocking(move || Ok(measured(&folder, Some(&own)))).await?;
        self.others = usage.bytes;
        self.measured_at = self.written;
        self.check_room(0)
    }

    fn put_in_place(self, mime_type: Option<String>) -> Result<StoredFile, FilesError> {
        let path = self.link()?;
        let sha256 = hex(self.digest.0.clone().finish().as_ref());
        let mime_type = mime_type.unwrap_or_else(|| kinds::guessed(&self.head, path.name()).to_owned());
        let stored = about::stored(&path, mime_type, self.written, sha256);
        let metadata = fs::symlink_metadata(path.on_disk(&self.folder))?;
        about::write(&self.folder, &stored, &path, &metadata);
        Ok(stored)
    }

    /// A link is made only where no file is: nothing can be overwritten, by no race.
    fn link(&self) -> Result<FilePath, FilesError> {
        let (wanted, numbers) = match &self.wanted {
            Wanted::Exactly(path) => (path, 1),
            Wanted::About(path) => (path, NUMBERED_MAX),
        };
        for number in 1..=numbers {
            let path = if number == 1 { wanted.clone() } else { wanted.numbered(number) };
            if self.link_as(&path)? {
                return Ok(path);
            }
        }
        Err(FilesError::FileExists { path: wanted.as_str().to_owned() })
    }

    fn link_as(&self, path: &FilePath) -> Result<bool, FilesError> {
        for _ in 0..FOLDER_TRIES_MAX {
            let folder = folders_of(&self.folder, path)?;
            StateDir::open(&folder).map_err(|error| error.source)?;
            match link_or_rename(&self.partial.0, &path.on_disk(&self.folder)) {
                Ok(()) => return Ok(true),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(FilesError::Disk { kind: io::ErrorKind::NotFound })
    }
}

/// Some file systems know no second name for a file; there it is renamed.
fn link_or_rename(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Err(error)
            if matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied) =>
        {
            match fs::symlink_metadata(to) {
                Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
                Err(_) => fs::rename(from, to),
            }
        }
        other => other,
    }
}

/// A temporary file that we hold: whoever removes what dead processes left leaves it alone.
fn new_partial(area: &Area, folder_name: &str) -> Result<(Partial, File), FilesError> {
    let mut failure = io::Error::from(io::ErrorKind::NotFound);
    for _ in 0..FOLDER_TRIES_MAX {
        let folder = area.make_folder(folder_name)?;
        let partials = StateDir::open(&folder.path(PARTIAL_FOLDER)).map_err(|error| error.source)?;
        let path = partials.path(&random_name());
        match new_private_file(&path) {
            Ok(file) if file.try_lock().is_ok() && path.exists() => return Ok((Partial(path), file)),
            // Somebody took it for a left one in the moment before it was held.
            Ok(_) => drop(Partial(path)),
            Err(error) => failure = error,
        }
    }
    Err(failure.into())
}

/// Removes temporary files that no process holds.
pub(super) fn remove_abandoned(caller_folder: &Path) {
    let partials = caller_folder.join(PARTIAL_FOLDER);
    for entry in fs::read_dir(&partials).into_iter().flatten().flatten() {
        let file = OpenOptions::new().read(true).write(true).open(entry.path());
        if file.is_ok_and(|file| file.try_lock().is_ok()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

pub(super) fn random_name() -> String {
    let mut bytes = [0; RANDOM_BYTES];
    // Without random numbers names may meet, which is an error and harms nobody.
    let _ = ring::rand::SystemRandom::new().fill(&mut bytes);
    hex(&bytes)
}

/// The type if it is one and says something.
fn plain_mime_type(text: &str) -> Option<&str> {
    let fit = |c: char| c.is_ascii_alphanumeric() || "/+-._; =\"".contains(c);
    let known = text.contains('/') && text.len() <= 120 && text.chars().all(fit);
    (known && text != "application/octet-stream").then_some(text)
}
