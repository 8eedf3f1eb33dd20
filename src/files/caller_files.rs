//! The part of the download area that one caller sees.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    FileLimits, FilePath, FilesError, NewFile, StoredFile, about,
    area::Area,
    names::{self, safe_name},
    new_file::{PARTIAL_FOLDER, Wanted},
    removal,
};

/// Files of one caller at once; a longer list helps nobody.
pub(super) const FILES_MAX: usize = 2000;
/// What a file keeps in memory on its way to the disk and back.
pub(super) const BUFFER_BYTES: usize = 128 * 1024;

/// The files of one caller, and of nobody else.
#[derive(Debug, Clone)]
pub struct CallerFiles {
    area: Option<Arc<Area>>,
    folder: String,
}

/// What the files of a caller take up.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Usage {
    pub(super) files: usize,
    pub(super) bytes: u64,
}

/// A file that a caller can name.
pub(super) struct Visible {
    pub(super) path: FilePath,
    pub(super) metadata: fs::Metadata,
}

impl FilePath {
    pub(super) fn on_disk(&self, caller_folder: &Path) -> PathBuf {
        self.segments().fold(caller_folder.to_owned(), |folder, segment| folder.join(segment))
    }
}

impl CallerFiles {
    pub(super) fn new(area: Option<Arc<Area>>, folder: String) -> Self {
        Self { area, folder }
    }

    /// What fits in here; all zero where the server keeps no files.
    pub fn limits(&self) -> FileLimits {
        let none = FileLimits { file_bytes_max: 0, area_bytes_max: 0, keep_hours: 0, inline_bytes_max: 0 };
        self.area.as_ref().map_or(none, |area| area.limits)
    }

    /// Begins a file. Its name is made safe and gets a number where it is taken; a `save_path` is taken as
    /// it is or refused. One that ends with `/` is a folder.
    pub async fn begin(&self, name: &str, save_path: Option<&str>) -> Result<NewFile, FilesError> {
        let area = Arc::clone(self.area()?);
        let wanted = match save_path {
            None => Wanted::About(FilePath::of_name(name)),
            Some(path) => match path.strip_suffix('/') {
                Some(folder) => Wanted::About(FilePath::parse(folder)?.with(&safe_name(name))?),
                None => Wanted::Exactly(FilePath::parse(path)?),
            },
        };
        let folder = self.folder.clone();
        blocking(move || {
            area.remove_old_now_and_then();
            NewFile::begin(area, &folder, wanted)
        })
        .await
    }

    /// Keeps bytes that are at hand.
    pub async fn keep(
        &self,
        name: &str,
        save_path: Option<&str>,
        mime_type: &str,
        bytes: &[u8],
    ) -> Result<StoredFile, FilesError> {
        let mut file = self.begin(name, save_path).await?;
        file.write(bytes).await?;
        file.finish(mime_type).await
    }

    /// Opens a file by its path or its URI.
    pub async fn open(&self, path_or_uri: &str) -> Result<(tokio::fs::File, StoredFile), FilesError> {
        let (folder, path) = (self.on_disk()?, FilePath::parse(path_or_uri)?);
        blocking(move || {
            let mut file = open_regular(&folder, &path)?;
            let stored = about::read_or_make(&folder, &path, &mut file)?;
            let mut file = tokio::fs::File::from_std(file);
            file.set_max_buf_size(BUFFER_BYTES);
            Ok((file, stored))
        })
        .await
    }

    /// All files, by path.
    pub async fn list(&self) -> Result<Vec<StoredFile>, FilesError> {
        let (area, folder) = (Arc::clone(self.area()?), self.on_disk()?);
        blocking(move || {
            area.remove_old_now_and_then();
            let mut files = Vec::new();
            for visible in visible_files(&folder) {
                // One that was removed in this moment is not on the list.
                if let Ok(mut file) = open_regular(&folder, &visible.path) {
                    files.push(about::read_or_make(&folder, &visible.path, &mut file)?);
                }
            }
            files.sort_by(|one, other| one.path.cmp(&other.path));
            Ok(files)
        })
        .await
    }

    /// Removes a file; one that is not there is an error.
    pub async fn remove(&self, path_or_uri: &str) -> Result<(), FilesError> {
        let (folder, path) = (self.on_disk()?, FilePath::parse(path_or_uri)?);
        blocking(move || {
            drop(open_regular(&folder, &path)?);
            fs::remove_file(path.on_disk(&folder))?;
            about::remove(&folder, &path);
            removal::remove_empty_folders(&folder, 0);
            Ok(())
        })
        .await
    }

    fn area(&self) -> Result<&Arc<Area>, FilesError> {
        self.area.as_ref().ok_or(FilesError::Closed)
    }

    fn on_disk(&self) -> Result<PathBuf, FilesError> {
        Ok(self.area()?.folder(&self.folder))
    }
}

/// Disks make threads wait; the threads of calls do not.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FilesError> + Send + 'static,
) -> Result<T, FilesError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => Err(FilesError::Disk { kind: std::io::ErrorKind::Other }),
    }
}

/// The folder that a file stands in, after every folder on the way was seen to be a folder and no link.
pub(super) fn folders_of(caller_folder: &Path, path: &FilePath) -> Result<PathBuf, FilesError> {
    let mut folder = caller_folder.to_owned();
    let count = path.segments().count();
    for segment in path.segments().take(count.saturating_sub(1)) {
        folder.push(segment);
        if fs::symlink_metadata(&folder).is_ok_and(|metadata| !metadata.is_dir()) {
            let shown = names::shown(path.as_str());
            return Err(FilesError::InvalidPath { shown, why: "a folder in it is a file or a link" });
        }
    }
    Ok(folder)
}

/// A regular file behind no link. What is opened is compared with what was looked at.
fn open_regular(caller_folder: &Path, path: &FilePath) -> Result<File, FilesError> {
    let missing = || FilesError::NotFound { shown: names::shown(path.as_str()) };
    folders_of(caller_folder, path).map_err(|_| missing())?;
    let on_disk = path.on_disk(caller_folder);
    let looked_at = fs::symlink_metadata(&on_disk).map_err(|_| missing())?;
    if !looked_at.is_file() {
        return Err(missing());
    }
    let file = File::open(&on_disk).map_err(|_| missing())?;
    if same_file(&looked_at, &file.metadata()?) { Ok(file) } else { Err(missing()) }
}

#[cfg(unix)]
fn same_file(one: &fs::Metadata, other: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    one.dev() == other.dev() && one.ino() == other.ino()
}

#[cfg(not(unix))]
fn same_file(one: &fs::Metadata, other: &fs::Metadata) -> bool {
    one.len() == other.len() && other.is_file()
}

/// Every file that a caller could name, in no order; links are no files.
pub(super) fn visible_files(caller_folder: &Path) -> Vec<Visible> {
    let mut found = Vec::new();
    let mut folders = vec![(caller_folder.to_owned(), String::new())];
    while let Some((folder, before)) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            let Ok(path) = FilePath::parse(&format!("{before}{name}")) else { continue };
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                folders.push((entry.path(), format!("{}/", path.as_str())));
            } else if metadata.is_file() && found.len() < FILES_MAX {
                found.push(Visible { path, metadata });
            }
        }
    }
    found
}

/// Adds up what stands in a caller's folder, files that are still growing included.
pub(super) fn measured(caller_folder: &Path, without: Option<&Path>) -> Usage {
    let mut usage = Usage::default();
    for file in visible_files(caller_folder) {
        usage.files += 1;
        usage.bytes = usage.bytes.saturating_add(file.metadata.len());
    }
    for entry in fs::read_dir(caller_folder.join(PARTIAL_FOLDER)).into_iter().flatten().flatten() {
        if without.is_none_or(|own| own != entry.path()) {
            let length = entry.metadata().map_or(0, |metadata| metadata.len());
            usage.files += 1;
            usage.bytes = usage.bytes.saturating_add(length);
        }
    }
    usage
}
