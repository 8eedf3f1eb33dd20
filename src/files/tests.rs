//! The download area on a real disk: who sees what, what is refused, what is left behind.

use std::{fs, path::PathBuf};

use tokio::io::AsyncReadExt as _;

use super::{CallerFiles, DownloadArea, FileLimits, FilesError, StoredFile};
use crate::{
    facts::{Arrival, Caller, GrantName, UserName},
    store::StateDir,
};

struct Disk {
    _folder: tempfile::TempDir,
    state: StateDir,
    area: DownloadArea,
    limits: FileLimits,
}

impl Disk {
    fn new(limits: FileLimits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::open(&folder.path().join("state")).unwrap();
        let area = DownloadArea::open(&state, limits).unwrap();
        Self { _folder: folder, state, area, limits }
    }

    fn of(&self, user: &str) -> CallerFiles {
        self.area.of(&caller(user))
    }

    /// The one folder of all callers.
    fn folder(&self) -> PathBuf {
        let folders: Vec<_> = fs::read_dir(self.state.path("files")).unwrap().flatten().collect();
        assert_eq!(folders.len(), 1, "{folders:?}");
        folders[0].path()
    }

    fn start_again(&self) -> DownloadArea {
        DownloadArea::open(&self.state, self.limits).unwrap()
    }
}

fn caller(user: &str) -> Caller {
    Caller {
        user: UserName::parse(user).unwrap(),
        grant: GrantName::parse("office").unwrap(),
        ..Caller::local(Arrival::Http)
    }
}

fn small() -> FileLimits {
    FileLimits { file_bytes_max: 100, area_bytes_max: 250, keep_hours: 1, inline_bytes_max: 10 }
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

async fn keep(files: &CallerFiles, path: Option<&str>, bytes: &[u8]) -> Result<StoredFile, FilesError> {
    files.keep("a.txt", path, "text/plain", bytes).await
}

async fn content(files: &CallerFiles, path: &str) -> Vec<u8> {
    let (mut file, _) = files.open(path).await.unwrap();
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).await.unwrap();
    bytes
}

#[track_caller]
fn code<T: std::fmt::Debug>(result: Result<T, FilesError>) -> &'static str {
    result.unwrap_err().code()
}

#[test]
fn a_file_is_there_when_it_is_whole_and_says_what_it_is() {
    let disk = Disk::new(FileLimits::default());
    run(async {
        let files = disk.of("ann");
        let mut new = files.begin("März report.pdf", None).await.unwrap();
        new.write(b"%PDF-").await.unwrap();
        assert_eq!(files.list().await.unwrap(), []);
        new.write(b"1.4").await.unwrap();
        let stored = new.finish("application/octet-stream").await.unwrap();
        assert_eq!(stored.path, "März report.pdf");
        assert_eq!(stored.uri, "odoo-mcp://files/M%C3%A4rz%20report.pdf");
        assert_eq!((stored.mime_type.as_str(), stored.size), ("application/pdf", 8));
        assert_eq!(stored.sha256, sha256(b"%PDF-1.4"));
        assert_eq!(files.list().await.unwrap(), std::slice::from_ref(&stored));
        let (_, opened) = files.open(&stored.uri).await.unwrap();
        assert_eq!(opened, stored);
        assert_eq!(content(&files, "März report.pdf").await, b"%PDF-1.4");
        assert_eq!(fs::read_dir(disk.folder().join(".partial")).unwrap().count(), 0);
    });
}

fn sha256(bytes: &[u8]) -> String {
    crate::facts::hex(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref())
}

#[test]
fn names_that_are_taken_get_a_number_and_paths_are_refused() {
    let disk = Disk::new(FileLimits::default());
    run(async {
        let files = disk.of("ann");
        assert_eq!(keep(&files, None, b"1").await.unwrap().path, "a.txt");
        assert_eq!(keep(&files, None, b"2").await.unwrap().path, "a-2.txt");
        assert_eq!(keep(&files, Some("x/y/b.txt"), b"3").await.unwrap().path, "x/y/b.txt");
        assert_eq!(keep(&files, Some("x/"), b"4").await.unwrap().path, "x/a.txt");
        assert_eq!(code(keep(&files, Some("x/y/b.txt"), b"5").await), "file_exists");
        assert_eq!(code(keep(&files, Some("x/y"), b"5").await), "file_exists");
        assert_eq!(code(keep(&files, Some("a.txt/b"), b"5").await), "invalid_path");
        // Both begin before one of them is whole: the second must not replace the first.
        let mut one = files.begin("", Some("race")).await.unwrap();
        let mut two = files.begin("", Some("race")).await.unwrap();
        one.write(b"one").await.unwrap();
        two.write(b"two").await.unwrap();
        one.finish("").await.unwrap();
        assert_eq!(code(two.finish("").await), "file_exists");
        assert_eq!(content(&files, "race").await, b"one");
        for path in ["../a", "/etc/x", ".x", "a/../b", "a\\b", "", "/", "x//y"] {
            assert_eq!(code(keep(&files, Some(path), b"").await), "invalid_path", "{path}");
            assert_eq!(code(files.open(path).await), "invalid_path", "{path}");
            assert_eq!(code(files.remove(path).await), "invalid_path", "{path}");
        }
        let paths: Vec<String> = files.list().await.unwrap().into_iter().map(|file| file.path).collect();
        assert_eq!(paths, ["a-2.txt", "a.txt", "race", "x/a.txt", "x/y/b.txt"]);
        files.remove("x/y/b.txt").await.unwrap();
        assert_eq!(code(files.remove("x/y/b.txt").await), "not_found");
        assert!(!disk.folder().join("x/y").exists());
    });
}

#[test]
fn nothing_of_one_caller_is_there_for_another() {
    let disk = Disk::new(FileLimits::default());
    run(async {
        let stored = keep(&disk.of("ann"), None, b"hers").await.unwrap();
        let bob = disk.of("bob");
        assert_eq!(bob.list().await.unwrap(), []);
        assert_eq!(code(bob.open(&stored.uri).await), "not_found");
        assert_eq!(code(bob.remove(&stored.path).await), "not_found");
        keep(&bob, None, b"his").await.unwrap();
        assert_eq!(content(&disk.of("ann"), "a.txt").await, b"hers");
    });
}

#[test]
fn limits_hold_while_a_file_grows() {
    let disk = Disk::new(small());
    run(async {
        let files = disk.of("ann");
        let mut new = files.begin("big", None).await.unwrap();
        new.write(&[0; 100]).await.unwrap();
        assert_eq!(code(new.write(&[0]).await), "too_large");
        drop(new);
        for _ in 0..2 {
            keep(&files, None, &[0; 100]).await.unwrap();
        }
        assert_eq!(code(keep(&files, None, &[0; 51]).await), "area_full");
        // What others write meanwhile counts before the file gets its name: there is room for one of
        // the two, whichever the disk has first.
        let mut slow = files.begin("slow", None).await.unwrap();
        slow.write(&[0; 50]).await.unwrap();
        let mut quick = files.begin("quick", None).await.unwrap();
        let begun = quick.write(&[0; 50]).await;
        let is_quick_kept = begun.is_ok() && quick.finish("").await.is_ok();
        assert_ne!(slow.finish("").await.is_ok(), is_quick_kept);
        assert_eq!(files.list().await.unwrap().iter().map(|file| file.size).sum::<u64>(), 250);
        assert_eq!(keep(&disk.of("bob"), None, &[0; 100]).await.unwrap().size, 100);
    });
}

#[test]
fn an_unfinished_file_leaves_nothing_and_a_dead_process_leaves_what_the_next_removes() {
    let disk = Disk::new(FileLimits::default());
    run(async {
        let files = disk.of("ann");
        let mut new = files.begin("a", None).await.unwrap();
        new.write(b"half").await.unwrap();
        drop(new);
        let partials = disk.folder().join(".partial");
        assert_eq!(fs::read_dir(&partials).unwrap().count(), 0);

        let mut living = files.begin("living", None).await.unwrap();
        living.write(b"in use").await.unwrap();
        fs::write(partials.join("dead"), "half").unwrap();
        disk.start_again();
        assert!(!partials.join("dead").exists());
        assert_eq!(living.finish("").await.unwrap().size, 6);
        assert_eq!(content(&files, "living").await, b"in use");
    });
}

#[test]
fn a_closed_area_keeps_nothing() {
    run(async {
        let files = DownloadArea::closed().of(&caller("ann"));
        assert_eq!(code(files.list().await), "files_unavailable");
        assert_eq!(code(files.begin("a", None).await), "files_unavailable");
    });
}

#[cfg(unix)]
mod unix {
    use std::{
        os::unix::fs::{PermissionsExt as _, symlink},
        time::{Duration, SystemTime},
    };

    use super::*;

    #[test]
    fn files_and_folders_are_private() {
        let disk = Disk::new(FileLimits::default());
        run(async { keep(&disk.of("ann"), Some("x/a"), b"1").await.unwrap() });
        let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(disk.folder().join("x/a")), 0o600);
        assert_eq!(mode(disk.folder().join("x")), 0o700);
        assert_eq!(mode(disk.folder()), 0o700);
    }

    #[test]
    fn no_link_is_followed() {
        let disk = Disk::new(FileLimits::default());
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "s").unwrap();
        run(async {
            let files = disk.of("ann");
            keep(&files, None, b"1").await.unwrap();
            symlink(outside.path(), disk.folder().join("way")).unwrap();
            symlink(outside.path().join("secret"), disk.folder().join("link")).unwrap();
            assert_eq!(code(files.open("way/secret").await), "not_found");
            assert_eq!(code(files.open("link").await), "not_found");
            assert_eq!(code(files.remove("link").await), "not_found");
            assert_eq!(code(keep(&files, Some("way/new"), b"2").await), "invalid_path");
            assert_eq!(code(keep(&files, Some("link"), b"2").await), "file_exists");
            assert_eq!(files.list().await.unwrap().len(), 1);
            assert_eq!(fs::read_to_string(outside.path().join("secret")).unwrap(), "s");
            assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
        });
    }

    #[test]
    fn what_a_person_puts_there_is_a_file_like_any_other() {
        let disk = Disk::new(FileLimits::default());
        run(async {
            let files = disk.of("ann");
            keep(&files, None, b"1").await.unwrap();
            fs::write(disk.folder().join("mine.csv"), "a,b\n").unwrap();
            let (_, stored) = files.open("mine.csv").await.unwrap();
            assert_eq!((stored.mime_type.as_str(), stored.size), ("text/csv", 4));
            assert_eq!(stored.sha256, sha256(b"a,b\n"));
            // Changed by hand: what was known of it does not count any more.
            fs::write(disk.folder().join("mine.csv"), "a,b,c\n").unwrap();
            assert_eq!(files.open("mine.csv").await.unwrap().1.sha256, sha256(b"a,b,c\n"));
        });
    }

    #[test]
    fn a_copy_with_an_old_date_is_new_here() {
        let disk = Disk::new(small());
        run(async { keep(&disk.of("ann"), None, b"1").await.unwrap() });
        let path = disk.folder().join("a.txt");
        let long_ago = SystemTime::now() - Duration::from_secs(48 * 3600);
        fs::File::options().write(true).open(&path).unwrap().set_modified(long_ago).unwrap();
        disk.start_again();
        assert!(path.exists());
    }

    #[test]
    fn old_files_go_with_their_folders() {
        let disk = Disk::new(FileLimits { keep_hours: 0, ..small() });
        run(async { keep(&disk.of("ann"), Some("x/y/z.txt"), b"1").await.unwrap() });
        disk.start_again();
        assert!(!disk.folder().join("x").exists());
    }
}
