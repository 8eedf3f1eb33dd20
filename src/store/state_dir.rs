//! One directory for everything that outlives the process: mode 0700, files 0600.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

use super::{
    postgres::Postgres,
    remote::{Remote, RemoteLock},
};

/// Writers hold a lock for milliseconds; whoever waits longer waits for something that hangs.
const LOCK_WAIT: Duration = Duration::from_secs(5);
const LOCK_RETRY: Duration = Duration::from_millis(5);
/// Largest state file that is read: thousands of connections fit.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A state directory that is ours alone. What all replicas share is seen through [`StateDir::shared`].
#[derive(Debug, Clone)]
pub struct StateDir {
    root: PathBuf,
    /// The store of all replicas, where the settings name one.
    store: Option<Postgres>,
    /// Set in a view of the shared documents: they are there, and not in the directory.
    remote: Option<Remote>,
}

/// What can go wrong with files of the state directory.
#[derive(Debug, thiserror::Error)]
#[error("could not {what} {}: {source}", path.display())]
pub struct StoreError {
    pub what: &'static str,
    pub path: PathBuf,
    #[source]
    pub source: io::Error,
}

impl StoreError {
    pub(super) fn new(what: &'static str, path: &Path, source: io::Error) -> Self {
        Self { what, path: path.to_owned(), source }
    }

    /// The same without the directory, for answers to clients.
    pub fn without_directory(&self) -> String {
        let name = self.path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        format!("could not {} `{name}`: {}", self.what, self.source)
    }
}

/// Changes whenever the file was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    /// A replaced file is a new file, even within one tick of the clock.
    inode: u64,
}

impl Stamp {
    /// Of a document that has a number for each of its versions.
    pub(super) fn of_version(version: i64) -> Self {
        Self { modified: None, length: 0, inode: version.unsigned_abs() }
    }
}

impl StateDir {
    /// Makes the directory if needed and takes away everybody else's rights to it.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        create_private(root).map_err(|source| StoreError::new("create", root, source))?;
        protect(root).map_err(|source| StoreError::new("protect", root, source))?;
        Ok(Self { root: root.to_owned(), store: None, remote: None })
    }

    /// The same directory, with a store that other replicas share.
    #[must_use]
    pub fn with_store(mut self, store: Option<Postgres>) -> Self {
        self.store = store;
        self
    }

    /// The store of all replicas, if there is one.
    pub fn store(&self) -> Option<&Postgres> {
        self.store.as_ref()
    }

    /// The documents that all replicas share: of the store, or of this directory where there is none.
    #[must_use]
    pub fn shared(&self) -> Self {
        let remote = self.store.as_ref().map(|store| Remote::of(store, ""));
        Self { remote, ..self.clone() }
    }

    /// A folder of shared documents.
    pub fn shared_folder(&self, name: &str) -> Result<Self, StoreError> {
        match &self.store {
            Some(store) => Ok(Self {
                root: self.path(name),
                store: self.store.clone(),
                remote: Some(Remote::of(store, &format!("{name}/"))),
            }),
            None => Self::open(&self.path(name)),
        }
    }

    /// Where the documents are, if not in the directory.
    pub(super) fn remote(&self) -> Option<&Remote> {
        self.remote.as_ref()
    }

    pub(super) fn seen_through(&self, name: &str, remote: Remote) -> Self {
        Self { root: self.path(name), store: self.store.clone(), remote: Some(remote) }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What a file looks like now; `None` where there is none.
    pub fn stamp(&self, name: &str) -> Result<Option<Stamp>, StoreError> {
        let path = self.path(name);
        if let Some(remote) = &self.remote {
            return remote.stamp(name);
        }
        match fs::symlink_metadata(&path) {
            Ok(metadata) => Ok(Some(Stamp {
                modified: metadata.modified().ok(),
                length: metadata.len(),
                inode: inode(&metadata),
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StoreError::new("examine", &path, source)),
        }
    }

    /// The whole file; `None` where there is none.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.path(name);
        if let Some(remote) = &self.remote {
            return remote.read(name);
        }
        match read_regular(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StoreError::new("read", &path, source)),
        }
    }

    /// The names of the files in here, locks and half-written ones apart.
    pub fn names(&self) -> Result<Vec<String>, StoreError> {
        if let Some(remote) = &self.remote {
            return remote.names();
        }
        let failed = |source| StoreError::new("list", &self.root, source);
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.root).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_file() && !name.ends_with(".lock") && !name.ends_with(".new") {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// Waits for the file to be ours; other processes and threads wait for us until it is dropped.
    pub fn lock(&self, name: &str) -> Result<LockedFile<'_>, StoreError> {
        self.lock_within(name, LOCK_WAIT)
    }

    /// Takes the lock of a file for as long as the result lives; `None` where somebody else has it.
    pub fn hold(&self, name: &str) -> Result<Option<HeldLock>, StoreError> {
        let path = self.path(&format!("{name}.lock"));
        let failed = |source| StoreError::new("lock", &path, source);
        let file = open_for_locking(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(HeldLock { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// The error for a name that somebody else holds.
    pub fn taken(&self, name: &str) -> StoreError {
        StoreError::new("lock", &self.path(name), io::ErrorKind::WouldBlock.into())
    }

    /// Replaces a file whose lock we hold anyway.
    pub fn replace_held(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        replace(self, name, bytes)
    }

    /// Removes a file; one that is not there is as good as removed.
    pub fn remove(&self, name: &str) -> Result<(), StoreError> {
        let path = self.path(name);
        if let Some(remote) = &self.remote {
            return remote.remove(name);
        }
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(StoreError::new("remove", &path, source))
            }
            _ => Ok(()),
        }
    }

    fn lock_within(&self, name: &str, wait: Duration) -> Result<LockedFile<'_>, StoreError> {
        if let Some(remote) = &self.remote {
            let lock = Lock::Remote(Box::new(remote.lock(name)?));
            return Ok(LockedFile { dir: self, name: name.to_owned(), lock });
        }
        let path = self.path(&format!("{name}.lock"));
        let failed = |source| StoreError::new("lock", &path, source);
        let file = open_for_locking(&path).map_err(failed)?;
        let started = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => {
                    let lock = Lock::File { _file: file };
                    return Ok(LockedFile { dir: self, name: name.to_owned(), lock });
                }
                Err(TryLockError::Error(error)) => return Err(failed(error)),
                Err(TryLockError::WouldBlock) if started.elapsed() < wait => std::thread::sleep(LOCK_RETRY),
                Err(TryLockError::WouldBlock) => {
                    return Err(failed(io::Error::new(
                        io::ErrorKind::TimedOut,
                        "another process has been holding it for too long",
                    )));
                }
            }
        }
    }
}

/// A lock that ends with this value, or with the process.
#[derive(Debug)]
pub struct HeldLock {
    _file: File,
}

/// A file that only we may change for now.
#[derive(Debug)]
pub struct LockedFile<'a> {
    dir: &'a StateDir,
    name: String,
    lock: Lock,
}

#[derive(Debug)]
enum Lock {
    File { _file: File },
    Remote(Box<RemoteLock>),
}

impl LockedFile<'_> {
    pub fn read(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.dir.read(&self.name)
    }

    /// Replaces the file as a whole: readers see the old or the new one, also after a power cut.
    pub fn replace(&self, bytes: &[u8]) -> Result<(), StoreError> {
        self.replace_beside(&self.name, bytes)
    }

    /// Replaces another file of the directory, for files that all share this one's lock.
    pub fn replace_beside(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        match &self.lock {
            Lock::File { .. } => replace(self.dir, name, bytes),
            Lock::Remote(lock) => lock.replace(name, bytes),
        }
    }

    /// Removes another file of the directory; one that is gone already is fine.
    pub fn remove_beside(&self, name: &str) -> Result<(), StoreError> {
        match &self.lock {
            Lock::File { .. } => self.dir.remove(name),
            Lock::Remote(lock) => lock.remove(name),
        }
    }
}

fn replace(dir: &StateDir, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
    let path = dir.path(name);
    refuse_symlink(&path).map_err(|source| StoreError::new("replace", &path, source))?;
    let new = dir.path(&format!("{name}.new"));
    let written = write_new(&new, bytes).and_then(|()| fs::rename(&new, &path));
    if let Err(source) = written {
        let _ = fs::remove_file(&new);
        return Err(StoreError::new("write", &path, source));
    }
    sync_directory(dir.root()).map_err(|source| StoreError::new("write", &path, source))
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A writer that died left it behind; the lock says that nobody is writing now.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    private(&mut options);
    let mut file = options.open(path)?;
    hand_over(&file, path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn read_regular(path: &Path) -> io::Result<Vec<u8>> {
    refuse_symlink(path)?;
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    if file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)? as u64 > FILE_BYTES_MAX {
        return Err(io::Error::other("it is larger than any file of ours"));
    }
    Ok(bytes)
}

/// Makes a folder, and those above it that are missing, for us alone.
pub(super) fn create_private_folder(path: &Path) -> io::Result<()> {
    create_private(path)
}

/// A new file that only we may read, for rooms that keep files of their own below the state directory.
pub fn new_private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    private(&mut options);
    let file = options.open(path)?;
    hand_over(&file, path)?;
    Ok(file)
}

/// A link would let somebody else choose which file we trust or overwrite.
fn refuse_symlink(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.file_type().is_symlink() => Err(io::Error::other("it is a symbolic link")),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn open_for_locking(path: &Path) -> io::Result<File> {
    refuse_symlink(path)?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    private(&mut options);
    let file = options.open(path)?;
    hand_over(&file, path)?;
    Ok(file)
}

#[cfg(unix)]
mod unix {
    use std::{
        fs::{self, DirBuilder, OpenOptions},
        io,
        os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
        path::Path,
    };

    const STICKY_OR_WRITABLE_BY_ALL: u32 = 0o1002;

    pub(super) fn create_private(root: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(root)
    }

    /// Takes the rights of others away; a directory that is meant for everybody is refused instead,
    /// because a slip such as `--state-dir /tmp` must not lock everybody else out of it.
    pub(super) fn protect(root: &Path) -> io::Result<()> {
        let metadata = fs::metadata(root)?;
        if !metadata.is_dir() {
            return Err(io::Error::other("it is not a directory"));
        }
        let mode = metadata.permissions().mode();
        if mode & STICKY_OR_WRITABLE_BY_ALL != 0 {
            return Err(io::Error::other("everybody may write there; name a directory of its own"));
        }
        if mode & 0o077 == 0 {
            return Ok(());
        }
        fs::set_permissions(root, fs::Permissions::from_mode(0o700))
    }

    pub(super) fn private(options: &mut OpenOptions) {
        options.mode(0o600);
    }

    /// What the superuser writes into somebody's directory belongs to that somebody, who could not read
    /// it otherwise.
    pub(super) fn hand_over(file: &fs::File, path: &Path) -> io::Result<()> {
        let Some(folder) = path.parent() else { return Ok(()) };
        // A bare name is one of the working directory.
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let (owner, ours) = (fs::metadata(folder)?, file.metadata()?);
        if owner.uid() == ours.uid() || ours.uid() != 0 {
            return Ok(());
        }
        std::os::unix::fs::fchown(file, Some(owner.uid()), Some(owner.gid()))
    }

    pub(super) fn inode(metadata: &fs::Metadata) -> u64 {
        metadata.ino()
    }

    pub(super) fn sync_directory(root: &Path) -> io::Result<()> {
        fs::File::open(root)?.sync_all()
    }
}

#[cfg(not(unix))]
mod unix {
    //! Other systems give each user a private directory; there is nothing to take away.

    use std::{
        fs::{self, OpenOptions},
        io,
        path::Path,
    };

    pub(super) fn hand_over(_: &fs::File, _: &Path) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn create_private(root: &Path) -> io::Result<()> {
        fs::create_dir_all(root)
    }

    pub(super) fn protect(root: &Path) -> io::Result<()> {
        if fs::metadata(root)?.is_dir() { Ok(()) } else { Err(io::Error::other("it is not a directory")) }
    }

    pub(super) fn private(_: &mut OpenOptions) {}

    pub(super) fn inode(_: &fs::Metadata) -> u64 {
        0
    }

    pub(super) fn sync_directory(_: &Path) -> io::Result<()> {
        Ok(())
    }
}

use unix::{create_private, hand_over, inode, private, protect, sync_directory};

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn open() -> (tempfile::TempDir, StateDir) {
        let outer = tempfile::tempdir().unwrap();
        let dir = StateDir::open(&outer.path().join("a/b")).unwrap();
        (outer, dir)
    }

    #[test]
    fn directory_and_files_are_for_their_owner_only() {
        let (_outer, dir) = open();
        dir.lock("file").unwrap().replace(b"one").unwrap();
        assert_eq!(mode(dir.root()), 0o700);
        assert_eq!(mode(&dir.path("file")), 0o600);
        assert_eq!(mode(&dir.path("file.lock")), 0o600);

        fs::set_permissions(dir.root(), fs::Permissions::from_mode(0o755)).unwrap();
        StateDir::open(dir.root()).unwrap();
        assert_eq!(mode(dir.root()), 0o700);
    }

    #[test]
    fn a_directory_of_everybody_is_refused_and_left_as_it_is() {
        let (_outer, dir) = open();
        fs::set_permissions(dir.root(), fs::Permissions::from_mode(0o777)).unwrap();
        let error = StateDir::open(dir.root()).unwrap_err().to_string();
        assert!(error.contains("of its own"), "{error}");
        assert_eq!(mode(dir.root()), 0o777);
        fs::write(dir.path("plain"), "").unwrap();
        assert!(StateDir::open(&dir.path("plain")).is_err());
    }

    #[test]
    fn a_file_is_replaced_whole_and_its_stamp_changes_each_time() {
        let (_outer, dir) = open();
        assert_eq!(dir.read("file").unwrap(), None);
        assert_eq!(dir.stamp("file").unwrap(), None);
        let mut stamps = Vec::new();
        for text in ["one", "two", "six"] {
            // What a writer that died may have left.
            fs::write(dir.path("file.new"), "half").unwrap();
            dir.lock("file").unwrap().replace(text.as_bytes()).unwrap();
            assert_eq!(dir.read("file").unwrap().unwrap(), text.as_bytes());
            stamps.push(dir.stamp("file").unwrap().unwrap());
        }
        assert_ne!(stamps[0], stamps[1]);
        assert_ne!(stamps[1], stamps[2]);
        assert!(!dir.path("file.new").exists());
    }

    #[test]
    fn files_that_share_a_lock_are_listed_written_and_removed() {
        let (_outer, dir) = open();
        let lock = dir.lock("all").unwrap();
        lock.replace_beside("b.json", b"2").unwrap();
        lock.replace_beside("a.json", b"1").unwrap();
        fs::write(dir.path("c.json.new"), "half").unwrap();
        fs::create_dir(dir.path("folder")).unwrap();
        assert_eq!(dir.names().unwrap(), ["a.json", "b.json"]);
        assert_eq!(mode(&dir.path("a.json")), 0o600);
        lock.remove_beside("a.json").unwrap();
        lock.remove_beside("a.json").unwrap();
        assert_eq!(dir.names().unwrap(), ["b.json"]);
        assert!(lock.remove_beside("folder").is_err());
    }

    #[test]
    fn links_are_refused_for_reading_writing_and_locking() {
        let (outer, dir) = open();
        let target = outer.path().join("target");
        fs::write(&target, "theirs").unwrap();
        symlink(&target, dir.path("file")).unwrap();
        assert!(dir.read("file").unwrap_err().to_string().contains("symbolic link"));
        assert!(dir.lock("file").unwrap().replace(b"ours").is_err());
        assert_eq!(fs::read(&target).unwrap(), b"theirs");

        symlink(&target, dir.path("other.lock")).unwrap();
        assert!(dir.lock("other").is_err());
        fs::create_dir(dir.path("folder")).unwrap();
        assert!(dir.read("folder").is_err());
    }

    #[test]
    fn one_writer_at_a_time() {
        let (_outer, dir) = open();
        dir.lock("counter").unwrap().replace(b"0").unwrap();
        let add = || {
            for _ in 0..25 {
                let file = dir.lock("counter").unwrap();
                let count: u32 = String::from_utf8(file.read().unwrap().unwrap()).unwrap().parse().unwrap();
                file.replace((count + 1).to_string().as_bytes()).unwrap();
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(add);
            }
        });
        assert_eq!(dir.read("counter").unwrap().unwrap(), b"100");
    }

    #[test]
    fn a_lock_that_is_never_released_is_an_error() {
        let (_outer, dir) = open();
        let _held = dir.lock("file").unwrap();
        let error = dir.lock_within("file", Duration::from_millis(20)).unwrap_err();
        assert_eq!(
            error.without_directory(),
            "could not lock `file.lock`: another process has been holding it for too long"
        );
    }
}
