//! The memory as a whole: areas, versions, limits, searching, and what others do to the files.

use std::fs;

use super::*;
use crate::{
    facts::{MemoryArea, UserName},
    store::StateDir,
};

struct Place {
    dir: tempfile::TempDir,
    memory: Memory,
}

fn place(limits: MemoryLimits) -> Place {
    let dir = tempfile::tempdir().unwrap();
    let state = StateDir::open(&dir.path().join("state")).unwrap();
    Place { memory: Memory::of_state(&state, limits), dir }
}

fn usual() -> Place {
    place(MemoryLimits::default())
}

impl Place {
    fn of(&self, user: &str) -> Area {
        self.memory.area(MemoryArea::Personal, &UserName::parse(user).unwrap())
    }

    fn shared(&self) -> Area {
        self.memory.area(MemoryArea::Shared, &UserName::local())
    }

    /// Every note below the state directory.
    fn notes(&self) -> Vec<std::path::PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.dir.path().join("state/memory")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|ending| ending == "md") {
                    found.push(path);
                }
            }
        }
        found
    }
}

fn name(text: &str) -> NoteName {
    NoteName::parse(text).unwrap()
}

fn writer(user: &str) -> Writer {
    Writer { user: UserName::parse(user).unwrap(), is_steward: false }
}

fn change(note: &str, content: &str) -> Change {
    Change {
        name: name(note),
        content: content.to_owned(),
        mode: WriteMode::Replace,
        if_match: None,
        author: None,
        deed: None,
    }
}

async fn names(area: &Area, words: Option<&str>) -> Vec<String> {
    let query = Query { words: words.map(str::to_owned), limit: 100, ..Query::default() };
    area.list(query).await.unwrap().notes.into_iter().map(|note| note.name).collect()
}

#[tokio::test]
async fn a_note_is_written_read_changed_and_listed() {
    let place = usual();
    let area = place.of("anna");
    assert_eq!(area.read(&name("plan")).await.unwrap_err().code(), "not_found");
    assert_eq!(names(&area, None).await, [""; 0]);
    assert!(place.notes().is_empty(), "reading makes nothing");

    let made = area.write(change("plan", "---\ntype: plan\n---\none"), &writer("anna")).await.unwrap();
    assert_eq!((made.outcome, made.version), (Outcome::Created, Some(1)));
    let note = area.read(&name("plan.md")).await.unwrap();
    assert_eq!((note.etag.as_str(), note.author.as_deref()), (made.etag.unwrap().as_str(), Some("anna")));
    assert!(!note.is_foreign_to(&UserName::parse("anna").unwrap()));
    assert!(note.is_foreign_to(&UserName::parse("bob").unwrap()));

    let again = area.write(change("plan", &note.content), &writer("anna")).await.unwrap();
    assert_eq!((again.outcome, again.version), (Outcome::Unchanged, Some(1)));
    let more = Change { mode: WriteMode::Append, ..change("plan", "two") };
    assert_eq!(area.write(more, &writer("anna")).await.unwrap().outcome, Outcome::Updated);
    assert!(area.read(&name("plan")).await.unwrap().content.ends_with("one\ntwo"));
    assert_eq!(area.read_version(&name("plan"), 1).await.unwrap().content, note.content);
    assert_eq!(area.versions(&name("plan")).await.unwrap().len(), 2);

    let listed =
        area.list(Query { kind: Some("plan".to_owned()), limit: 5, ..Query::default() }).await.unwrap();
    assert_eq!(listed.notes[0].version, Some(2));
    let other = Query { kind: Some("fact".to_owned()), limit: 5, ..Query::default() };
    assert!(area.list(other).await.unwrap().notes.is_empty());
}

#[tokio::test]
async fn a_lost_race_changes_nothing() {
    let place = usual();
    let area = place.of("anna");
    let made = area.write(change("a", "one"), &writer("anna")).await.unwrap();
    for (if_match, mode, code) in [
        (Some("0000"), WriteMode::Replace, "conflict"),
        (Some(""), WriteMode::Append, "conflict"),
        (None, WriteMode::Create, "conflict"),
    ] {
        let bad = Change { if_match: if_match.map(str::to_owned), mode, ..change("a", "two") };
        assert_eq!(area.write(bad, &writer("anna")).await.unwrap_err().code(), code);
    }
    let missing = Change { if_match: Some("*".to_owned()), ..change("b", "two") };
    assert_eq!(area.write(missing, &writer("anna")).await.unwrap_err().code(), "not_found");
    let wrong = area.delete(&name("a"), Some("0000".to_owned()), &writer("anna")).await;
    assert_eq!(wrong.unwrap_err().code(), "conflict");
    assert_eq!(area.read(&name("a")).await.unwrap().content, "one");
    let good = Change { if_match: made.etag, ..change("a", "two") };
    assert_eq!(area.write(good, &writer("anna")).await.unwrap().outcome, Outcome::Updated);
}

#[tokio::test]
async fn what_was_deleted_comes_back() {
    let place = usual();
    let area = place.of("anna");
    assert_eq!(area.delete(&name("a"), None, &writer("anna")).await.unwrap_err().code(), "not_found");
    assert_eq!(area.restore(&name("a"), &writer("anna")).await.unwrap_err().code(), "not_found");
    area.write(change("a", "one"), &writer("anna")).await.unwrap();
    assert_eq!(area.restore(&name("a"), &writer("anna")).await.unwrap_err().code(), "conflict");
    area.delete(&name("a"), None, &writer("anna")).await.unwrap();
    assert_eq!(area.read(&name("a")).await.unwrap_err().code(), "not_found");
    assert_eq!(names(&area, None).await, [""; 0]);
    assert_eq!(area.restore(&name("a"), &writer("anna")).await.unwrap().outcome, Outcome::Restored);
    let note = area.read(&name("a")).await.unwrap();
    assert_eq!((note.content.as_str(), note.author.as_deref()), ("one", Some("anna")));
}

#[tokio::test]
async fn after_its_time_nothing_of_a_deleted_note_is_left() {
    let place = place(MemoryLimits { keep_deleted_days: 0, ..MemoryLimits::default() });
    let area = place.of("anna");
    area.write(change("a", "one"), &writer("anna")).await.unwrap();
    area.delete(&name("a"), None, &writer("anna")).await.unwrap();
    assert_eq!(area.restore(&name("a"), &writer("anna")).await.unwrap_err().code(), "not_found");
    assert!(area.versions(&name("a")).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_shared_note_belongs_to_whoever_began_it() {
    let place = usual();
    let shared = place.shared();
    shared.write(change("rules", "one"), &writer("anna")).await.unwrap();
    for outcome in [
        shared.write(change("rules", "two"), &writer("bob")).await,
        shared.write(Change { mode: WriteMode::Append, ..change("rules", "x") }, &writer("bob")).await,
        shared.delete(&name("rules"), None, &writer("bob")).await,
    ] {
        assert_eq!(outcome.unwrap_err().code(), "not_yours");
    }
    let steward = Writer { is_steward: true, ..writer("olga") };
    shared.write(change("rules", "two"), &steward).await.unwrap();
    assert_eq!(shared.read(&name("rules")).await.unwrap().author.as_deref(), Some("olga"));
    shared.write(change("rules", "three"), &writer("anna")).await.unwrap();
    shared.delete(&name("rules"), None, &writer("anna")).await.unwrap();
    assert_eq!(shared.restore(&name("rules"), &writer("bob")).await.unwrap_err().code(), "not_yours");
    shared.restore(&name("rules"), &writer("anna")).await.unwrap();
}

#[tokio::test]
async fn a_text_with_a_foreign_part_stays_foreign() {
    let place = usual();
    let area = place.of("bob");
    let pulled =
        Change { author: Some("anna".to_owned()), deed: Some(Deed::Pulled), ..change("a", "theirs") };
    area.write(pulled, &writer("bob")).await.unwrap();
    let bob = UserName::parse("bob").unwrap();
    assert!(area.read(&name("a")).await.unwrap().is_foreign_to(&bob));
    area.write(Change { mode: WriteMode::Append, ..change("a", "mine") }, &writer("bob")).await.unwrap();
    assert!(area.read(&name("a")).await.unwrap().is_foreign_to(&bob));
    area.write(change("a", "all mine"), &writer("bob")).await.unwrap();
    assert!(!area.read(&name("a")).await.unwrap().is_foreign_to(&bob));
}

#[tokio::test]
async fn limits_hold_before_anything_is_written() {
    let limits = MemoryLimits {
        file_bytes_max: 10,
        personal_files_max: 2,
        personal_bytes_max: 15,
        versions_max: 3,
        ..MemoryLimits::default()
    };
    let place = place(limits);
    let area = place.of("anna");
    let write = |note: &'static str, text: &'static str| {
        let area = area.clone();
        async move { area.write(change(note, text), &writer("anna")).await.map_err(|error| error.code()) }
    };
    assert_eq!(write("a", "12345678901").await.unwrap_err(), "too_large");
    write("a", "1234567890").await.unwrap();
    assert_eq!(write("b", "123456").await.unwrap_err(), "memory_full");
    write("b", "12345").await.unwrap();
    assert_eq!(write("c", "").await.unwrap_err(), "memory_full");
    let more = Change { mode: WriteMode::Append, ..change("b", "1234567890") };
    assert_eq!(area.write(more, &writer("anna")).await.unwrap_err().code(), "too_large");
    assert_eq!(write("d", "password: hunter22").await.unwrap_err(), "holds_secret");
    assert_eq!(place.notes().len(), 2);
    for text in ["1", "2", "3", "4", "5"] {
        write("a", text).await.unwrap();
    }
    assert_eq!(area.versions(&name("a")).await.unwrap().len(), 3);
}

#[tokio::test]
async fn names_that_people_mix_up_are_refused() {
    let place = usual();
    let area = place.of("anna");
    area.write(change("cop", "one"), &writer("anna")).await.unwrap();
    for like in ["сор", "COP", "c0p"] {
        let error = area.write(change(like, "x"), &writer("anna")).await.unwrap_err();
        assert_eq!(error.code(), "conflict", "{like}");
    }
    area.write(change("cops", "x"), &writer("anna")).await.unwrap();
}

#[tokio::test]
async fn texts_are_found_by_their_words_and_by_nothing_else() {
    let place = usual();
    let area = place.of("anna");
    for (note, text) in [
        ("prices", "---\ndescription: how discounts work\n---\nThe Discount is five percent, naïve café"),
        ("people", "Отстъпка за клиенти"),
        ("other", "nothing of the kind"),
    ] {
        area.write(change(note, text), &writer("anna")).await.unwrap();
    }
    for (words, found) in [
        ("discount", vec!["prices.md"]),
        ("disc", vec!["prices.md"]),
        ("cafe naive", vec!["prices.md"]),
        ("отстъп", vec!["people.md"]),
        ("prices", vec!["prices.md"]),
        ("kind nothing", vec!["other.md"]),
        ("discount nothing", vec![]),
        ("\"", vec![]),
        ("name:prices OR body:x", vec![]),
        ("disc* NOT five", vec![]),
        (") OR 1=1 --", vec![]),
        ("NEAR(a b)", vec![]),
    ] {
        assert_eq!(names(&area, Some(words)).await, found, "{words}");
    }
    assert_eq!(names(&place.of("bob"), Some("discount")).await, [""; 0]);
    let page =
        area.list(Query { words: Some("discount".to_owned()), limit: 1, ..Query::default() }).await.unwrap();
    assert!(page.notes[0].snippet.as_deref().unwrap().to_lowercase().contains("discount"));
}

#[tokio::test]
async fn pages_follow_each_other() {
    let place = usual();
    let area = place.of("anna");
    for number in 10..17 {
        area.write(change(&format!("note {number}"), "word"), &writer("anna")).await.unwrap();
    }
    for words in [None, Some("word")] {
        let (mut after, mut seen) = (None, Vec::new());
        loop {
            let query = Query { words: words.map(str::to_owned), limit: 3, after, ..Query::default() };
            let page = area.list(query).await.unwrap();
            seen.extend(page.notes.into_iter().map(|note| note.name));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen.len(), 7, "{seen:?}");
        assert!(seen.is_sorted());
    }
    let bad =
        Query { words: Some("word".to_owned()), limit: 3, after: Some("x".to_owned()), ..Query::default() };
    assert_eq!(area.list(bad).await.unwrap_err().code(), "invalid_arguments");
}

#[tokio::test]
async fn the_files_are_the_truth() {
    let place = usual();
    let area = place.of("anna");
    area.write(change("a", "one"), &writer("anna")).await.unwrap();
    assert_eq!(names(&area, Some("one")).await, ["a.md"]);
    let folder = place.notes()[0].parent().unwrap().to_owned();

    fs::write(folder.join("a.md"), "edited").unwrap();
    fs::write(folder.join("by hand.md"), "made with an editor").unwrap();
    fs::write(folder.join("..bad.md"), "x").unwrap();
    fs::write(folder.join("plain.txt"), "x").unwrap();
    fs::write(folder.join("latin.md"), b"\xff\xfe").unwrap();
    assert_eq!(names(&area, None).await, ["a.md", "by hand.md", "latin.md"]);
    assert_eq!(names(&area, Some("one")).await, [""; 0]);
    assert_eq!(names(&area, Some("edited")).await, ["a.md"]);
    let note = area.read(&name("a")).await.unwrap();
    assert_eq!((note.author.as_deref(), note.version), (None, None));
    assert!(note.is_foreign_to(&UserName::parse("anna").unwrap()));
    assert_eq!(area.read(&name("latin")).await.unwrap_err().code(), "not_found");

    area.write(change("a", "two"), &writer("anna")).await.unwrap();
    let versions = area.versions(&name("a")).await.unwrap();
    assert_eq!(
        versions.iter().map(|version| version.change).collect::<Vec<_>>(),
        [Deed::Replaced, Deed::Edited, Deed::Created]
    );
    assert_eq!(area.read_version(&name("a"), 2).await.unwrap().content, "edited");

    fs::write(folder.join("index.sqlite3"), "this is no database, and it is long enough to be taken for one")
        .unwrap();
    let fresh = Place {
        memory: Memory::of_state(
            &StateDir::open(&place.dir.path().join("state")).unwrap(),
            MemoryLimits::default(),
        ),
        dir: place.dir,
    };
    assert_eq!(names(&fresh.of("anna"), Some("two")).await, ["a.md"]);
}

#[cfg(unix)]
#[tokio::test]
async fn links_are_not_followed() {
    let place = usual();
    let area = place.of("anna");
    area.write(change("a", "one"), &writer("anna")).await.unwrap();
    let folder = place.notes()[0].parent().unwrap().to_owned();
    let target = place.dir.path().join("theirs.md");
    fs::write(&target, "theirs").unwrap();
    std::os::unix::fs::symlink(&target, folder.join("link.md")).unwrap();
    assert!(area.read(&name("link")).await.is_err());
    assert!(area.write(change("link", "ours"), &writer("anna")).await.is_err());
    assert!(area.delete(&name("link"), None, &writer("anna")).await.is_err());
    assert_eq!(names(&area, None).await, ["a.md"]);
    assert_eq!(fs::read_to_string(&target).unwrap(), "theirs");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_at_once_lose_nothing() {
    let place = usual();
    let shared = place.shared();
    let writes = (0..24).map(|number| {
        let shared = shared.clone();
        tokio::spawn(async move {
            let change = Change { mode: WriteMode::Append, ..change("log", &format!("line {number}")) };
            shared.write(change, &Writer { is_steward: true, ..writer("anna") }).await.unwrap();
        })
    });
    for write in writes.collect::<Vec<_>>() {
        write.await.unwrap();
    }
    let text = shared.read(&name("log")).await.unwrap().content;
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), 24, "{text}");
}

#[tokio::test]
async fn a_closed_memory_refuses_everything() {
    let area = Memory::closed().area(MemoryArea::Personal, &UserName::local());
    assert_eq!(area.list(Query::default()).await.unwrap_err().code(), "memory_unavailable");
    assert_eq!(area.read(&name("a")).await.unwrap_err().code(), "memory_unavailable");
    assert_eq!(area.write(change("a", "x"), &writer("a")).await.unwrap_err().code(), "memory_unavailable");
}
