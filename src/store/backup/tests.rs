//! Backups that are whole, and all others.

use std::{fs, path::Path};

use rusqlite::Connection;

use super::{BackupError, Wanted, collect, put_back, verify, write};

fn state(root: &Path) {
    fs::create_dir_all(root.join("approvals")).unwrap();
    fs::create_dir_all(root.join("files/grant")).unwrap();
    for (path, text) in [
        ("audit.jsonl", "one\ntwo\nthr"),
        ("audit.jsonl.lock", ""),
        ("server-01.json", "{}"),
        ("connections.json", "{}"),
        ("sealing.key", "the key itself"),
        ("approvals/1.json", "sealed"),
        ("files/grant/large.bin", "a download"),
    ] {
        fs::write(root.join(path), text).unwrap();
    }
    let database = Connection::open(root.join("shared.sqlite3")).unwrap();
    database.pragma_update(None, "journal_mode", "wal").unwrap();
    database.execute_batch("create table t (x); insert into t values (7); pragma user_version = 3;").unwrap();
    // Left open in spirit: what is in the log of the database alone belongs to it, too.
    std::mem::forget(database);
}

fn backup(folder: &Path, wanted: Wanted) -> std::path::PathBuf {
    let (root, file) = (folder.join("state"), folder.join(format!("{}.backup", wanted.key)));
    let log = fs::File::open(root.join("audit.jsonl")).unwrap();
    let held = vec![("audit.jsonl".to_owned(), log, "one\ntwo\n".len() as u64)];
    let collected = collect(&root, &folder.join("staging"), wanted, held).unwrap();
    write(&collected, &file, jiff::Timestamp::UNIX_EPOCH).unwrap();
    drop(collected);
    assert!(!folder.join("staging").exists());
    file
}

#[test]
fn what_is_put_back_is_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    state(&folder.path().join("state"));
    let file = backup(folder.path(), Wanted::default());
    let verified = verify(&file).unwrap();
    let paths: Vec<&str> = verified.manifest.files.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(paths, ["approvals/1.json", "audit.jsonl", "connections.json", "shared.sqlite3"]);
    assert!(!verified.manifest.has_key);
    let all = fs::read(&file).unwrap();
    assert!(!all.windows(14).any(|part| part == b"the key itself"));

    let root = folder.path().join("again");
    put_back(&file, &root, None).unwrap();
    assert_eq!(fs::read_to_string(root.join("audit.jsonl")).unwrap(), "one\ntwo\n");
    let database = Connection::open(root.join("shared.sqlite3")).unwrap();
    let (x, version): (i64, i64) = database
        .query_row("select x, (select user_version from pragma_user_version) from t", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!((x, version), (7, 3));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        for (path, mode) in [("", 0o700), ("approvals", 0o700), ("approvals/1.json", 0o600)] {
            assert_eq!(fs::metadata(root.join(path)).unwrap().permissions().mode() & 0o777, mode, "{path}");
        }
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn the_key_comes_along_only_when_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    state(&folder.path().join("state"));
    let file = backup(folder.path(), Wanted { key: true, downloads: true });
    let verified = verify(&file).unwrap();
    assert!(verified.manifest.has_key);
    assert!(verified.manifest.files.iter().any(|entry| entry.path == "files/grant/large.bin"));
    assert!(matches!(
        write(
            &collect(&folder.path().join("state"), &folder.path().join("s2"), Wanted::default(), vec![])
                .unwrap(),
            &file,
            jiff::Timestamp::UNIX_EPOCH
        ),
        Err(BackupError::NotEmpty(_))
    ));
}

#[test]
fn nothing_is_overwritten_and_what_was_there_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("state");
    state(&root);
    let file = backup(folder.path(), Wanted::default());
    fs::write(root.join("connections.json"), "newer").unwrap();
    assert!(matches!(put_back(&file, &root, None), Err(BackupError::NotEmpty(_))));
    assert_eq!(fs::read_to_string(root.join("connections.json")).unwrap(), "newer");
    let aside = folder.path().join("state.before");
    put_back(&file, &root, Some(&aside)).unwrap();
    assert_eq!(fs::read_to_string(root.join("connections.json")).unwrap(), "{}");
    assert_eq!(fs::read_to_string(aside.join("connections.json")).unwrap(), "newer");
}

#[test]
fn a_damaged_backup_is_noticed_and_puts_nothing_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    state(&folder.path().join("state"));
    let file = backup(folder.path(), Wanted::default());
    let good = fs::read(&file).unwrap();
    let bad = folder.path().join("bad");
    let root = folder.path().join("again");
    let refused = |bytes: &[u8], case: &str| {
        fs::write(&bad, bytes).unwrap();
        assert!(verify(&bad).is_err(), "{case}");
        assert!(put_back(&bad, &root, None).is_err(), "{case}");
        assert!(!root.exists(), "{case}");
    };
    refused(b"", "empty");
    refused(b"odoo-mcp-backup 2 sha256:00\n{}\n", "newer");
    refused(&good[..good.len() - 1], "cut short");
    refused(&[good.as_slice(), b"x"].concat(), "longer");
    for at in (0..good.len()).step_by(good.len() / 97) {
        let mut changed = good.clone();
        changed[at] ^= 1;
        refused(&changed, &format!("byte {at}"));
    }
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    use ring::digest::{SHA256, digest};
    let folder = tempfile::tempdir().unwrap();
    let bad = folder.path().join("bad");
    let empty = crate::facts::hex(digest(&SHA256, b"").as_ref());
    for path in ["../x", "/etc/x", "a/../../x", "a//b", "", ".", "a/.", "a\\..\\x", "C:x", "a\u{0}b", "a/"] {
        let manifest = serde_json::json!({ "made_at": "2026-01-01T00:00:00Z", "program": "x", "has_key": false,
            "files": [{ "path": path, "bytes": 0, "sha256": empty }] });
        let text = format!("{manifest}\n");
        let head = crate::facts::hex(digest(&SHA256, text.as_bytes()).as_ref());
        fs::write(&bad, format!("odoo-mcp-backup 1 sha256:{head}\n{text}")).unwrap();
        assert!(matches!(verify(&bad), Err(BackupError::Damaged(_))), "{path:?}");
        assert!(put_back(&bad, &folder.path().join("again"), None).is_err());
    }
}
