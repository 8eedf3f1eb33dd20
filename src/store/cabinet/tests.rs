//! What every back end promises.

use std::time::Duration;

use super::*;
use crate::store::{Postgres, postgres::test_stores};

/// A cabinet and another one of the same state, as a second process has it.
struct Home {
    _dir: tempfile::TempDir,
    cabinet: Cabinet,
    second: Cabinet,
}

/// The promises hold for files, and for a PostgreSQL where `ODOO_MCP_TEST_STORE` names one.
fn homes() -> Vec<Home> {
    let home = |store: Option<[Postgres; 2]>| {
        let dir = tempfile::tempdir().unwrap();
        let [one, two] = store.map_or([None, None], |[one, two]| [Some(one), Some(two)]);
        let open = |store| Cabinet::open(&StateDir::open(dir.path()).unwrap().with_store(store));
        let (cabinet, second) = (open(one), open(two));
        Home { _dir: dir, cabinet, second }
    };
    let mut homes = vec![home(None)];
    homes.extend(test_stores().map(|stores| home(Some(stores))));
    homes
}

fn long_ago() -> Option<Timestamp> {
    Some(Timestamp::now() - Duration::from_secs(60))
}

fn tomorrow() -> Option<Timestamp> {
    Some(Timestamp::now() + Duration::from_secs(86_400))
}

#[tokio::test]
async fn an_item_is_put_in_once_changed_by_who_knows_it_and_taken_out_once() {
    for Home { cabinet, .. } in homes() {
        let drawer = cabinet.drawer("things");
        assert_eq!(drawer.get("a").await.unwrap(), None);
        assert!(drawer.insert("a", b"one".to_vec(), None).await.unwrap());
        assert!(!drawer.insert("a", b"other".to_vec(), None).await.unwrap());
        let first = drawer.get("a").await.unwrap().unwrap();
        assert_eq!((first.value.as_slice(), first.expires_at), (b"one".as_slice(), None));

        assert!(drawer.replace("a", first.version, b"two".to_vec(), tomorrow()).await.unwrap());
        assert!(!drawer.replace("a", first.version, b"three".to_vec(), None).await.unwrap());
        assert!(!drawer.replace("b", first.version, b"three".to_vec(), None).await.unwrap());
        assert!(!drawer.replace("a", u64::MAX, b"three".to_vec(), None).await.unwrap());
        let second = drawer.get("a").await.unwrap().unwrap();
        assert_eq!(second.value, b"two");
        assert_ne!(second.version, first.version);
        let soon = tomorrow().unwrap().as_second();
        assert!((soon - 5..=soon).contains(&second.expires_at.unwrap().as_second()));

        assert_eq!(drawer.remove("a").await.unwrap().unwrap(), second);
        assert_eq!(drawer.remove("a").await.unwrap(), None);
        assert!(!drawer.replace("a", second.version, b"back".to_vec(), None).await.unwrap());
    }
}

#[tokio::test]
async fn what_was_put_in_again_is_not_what_was_there() {
    for Home { cabinet, .. } in homes() {
        let drawer = cabinet.drawer("things");
        drawer.insert("a", b"same".to_vec(), None).await.unwrap();
        let before = drawer.remove("a").await.unwrap().unwrap();
        drawer.insert("a", b"same".to_vec(), None).await.unwrap();
        assert!(!drawer.replace("a", before.version, b"late".to_vec(), None).await.unwrap());
    }
}

#[tokio::test]
async fn what_expired_is_gone_before_it_is_swept() {
    for Home { cabinet, .. } in homes() {
        let drawer = cabinet.drawer("things");
        for key in ["a", "b", "c"] {
            assert!(drawer.insert(key, b"old".to_vec(), long_ago()).await.unwrap());
        }
        drawer.insert("d", b"new".to_vec(), tomorrow()).await.unwrap();
        cabinet.drawer("others").insert("a", b"old".to_vec(), long_ago()).await.unwrap();
        assert_eq!(drawer.get("a").await.unwrap(), None);
        assert_eq!(drawer.remove("a").await.unwrap(), None);
        assert_eq!(drawer.count("").await.unwrap(), 1);
        assert_eq!(drawer.list("", None, 10).await.unwrap().len(), 1);
        assert!(drawer.insert("b", b"again".to_vec(), None).await.unwrap());
        assert_eq!(drawer.get("b").await.unwrap().unwrap().value, b"again");

        assert_eq!(drawer.sweep(Timestamp::now()).await.unwrap(), 1);
        assert_eq!(cabinet.sweep(Timestamp::now()).await.unwrap(), 1);
        assert_eq!(drawer.count("").await.unwrap(), 2);
    }
}

#[tokio::test]
async fn drawers_are_apart_and_keys_come_in_order() {
    for Home { cabinet, .. } in homes() {
        let (one, two) = (cabinet.drawer("one"), cabinet.drawer("two"));
        for key in ["anna/3", "anna/1", "anna/2", "annabel/1", "Anna/1", "аня/1", "anna"] {
            one.insert(key, key.as_bytes().to_vec(), None).await.unwrap();
        }
        two.insert("anna/9", Vec::new(), None).await.unwrap();
        let keys = async |prefix: &str, after: Option<&str>, limit: usize| -> Vec<String> {
            one.list(prefix, after, limit).await.unwrap().into_iter().map(|(key, _)| key).collect()
        };
        assert_eq!(keys("anna/", None, 10).await, ["anna/1", "anna/2", "anna/3"]);
        assert_eq!(keys("anna/", None, 2).await, ["anna/1", "anna/2"]);
        assert_eq!(keys("anna/", Some("anna/2"), 10).await, ["anna/3"]);
        assert_eq!(keys("аня", None, 10).await, ["аня/1"]);
        assert_eq!(keys("", None, usize::MAX).await.len(), 7);
        assert_eq!(keys("anna/", Some("b"), 10).await, [] as [&str; 0]);
        assert_eq!((one.count("anna/").await.unwrap(), two.count("anna/").await.unwrap()), (3, 1));
        assert_eq!(one.count("%").await.unwrap(), 0);
        assert_eq!(two.get("anna/1").await.unwrap(), None);
    }
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused() {
    for Home { cabinet, .. } in homes() {
        let drawer = cabinet.drawer("things");
        for key in ["", "a\nb", "a\0", "\u{10ffff}", &"k".repeat(601)] {
            assert!(matches!(drawer.insert(key, Vec::new(), None).await, Err(CabinetError::Key)), "{key:?}");
            assert!(matches!(drawer.get(key).await, Err(CabinetError::Key)), "{key:?}");
            assert!(matches!(drawer.remove(key).await, Err(CabinetError::Key)), "{key:?}");
        }
        let large = vec![0; 4 * 1024 * 1024 + 1];
        assert!(matches!(drawer.insert("a", large, None).await, Err(CabinetError::TooLarge)));
    }
}

#[tokio::test]
async fn a_store_that_cannot_be_reached_is_an_error_and_never_empty() {
    let dir = tempfile::tempdir().unwrap();
    let cabinet = Cabinet::open(&StateDir::open(dir.path()).unwrap());
    std::fs::write(dir.path().join("shared.sqlite3"), b"this is no database, whatever its name says")
        .unwrap();
    let drawer = cabinet.drawer("things");
    assert!(matches!(drawer.get("a").await, Err(CabinetError::Unavailable { .. })));
    assert!(matches!(drawer.remove("a").await, Err(CabinetError::Unavailable { .. })));
    assert!(matches!(drawer.count("").await, Err(CabinetError::Unavailable { .. })));
    assert!(matches!(drawer.insert("a", Vec::new(), None).await, Err(CabinetError::Unavailable { .. })));
}

/// Threads share one cabinet; two cabinets on one directory are two processes to SQLite.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_try_one_succeeds() {
    for Home { cabinet: first, second, .. } in homes() {
        first.drawer("things").insert("taken", b"1".to_vec(), None).await.unwrap();
        first.drawer("things").insert("counter", b"0".to_vec(), None).await.unwrap();
        let workers: Vec<_> = (0..16)
            .map(|n| {
                let drawer = if n % 2 == 0 { &first } else { &second }.drawer("things");
                tokio::spawn(async move {
                    let taken = drawer.remove("taken").await.unwrap().is_some();
                    let new = drawer.insert("new", vec![n], None).await.unwrap();
                    for _ in 0..5 {
                        add_one(&drawer).await;
                    }
                    (taken, new)
                })
            })
            .collect();
        let mut ends = Vec::new();
        for worker in workers {
            ends.push(worker.await.unwrap());
        }
        assert_eq!(ends.iter().filter(|(taken, _)| *taken).count(), 1);
        assert_eq!(ends.iter().filter(|(_, new)| *new).count(), 1);
        assert_eq!(first.drawer("things").get("counter").await.unwrap().unwrap().value, b"80");
    }
}

async fn add_one(drawer: &Drawer) {
    loop {
        let item = drawer.get("counter").await.unwrap().unwrap();
        let count: u32 = String::from_utf8(item.value).unwrap().parse().unwrap();
        if drawer.replace("counter", item.version, (count + 1).to_string().into_bytes(), None).await.unwrap()
        {
            return;
        }
    }
}
