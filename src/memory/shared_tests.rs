//! The memory of replicas: two processes, each with a state directory of its own and one store.
//!
//! Where `ODOO_MCP_TEST_STORE` names no PostgreSQL, there is nothing to hold these against.

use super::*;
use crate::{
    facts::{MemoryArea, UserName},
    store::{StateDir, test_stores},
};

struct Pair {
    _dirs: [tempfile::TempDir; 2],
    states: [StateDir; 2],
    limits: MemoryLimits,
}

fn pair(limits: MemoryLimits) -> Option<Pair> {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [one, two] = test_stores()?;
    let state = |dir: &tempfile::TempDir, store| StateDir::open(dir.path()).unwrap().with_store(Some(store));
    let states = [state(&dirs[0], one), state(&dirs[1], two)];
    Some(Pair { _dirs: dirs, states, limits })
}

impl Pair {
    fn areas(&self, which: MemoryArea, user: &str) -> [Area; 2] {
        let user = UserName::parse(user).unwrap();
        [0, 1].map(|at: usize| Memory::of_state(&self.states[at], self.limits).area(which, &user))
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

async fn found(area: &Area, words: &str) -> Vec<String> {
    let query = Query { words: Some(words.to_owned()), limit: 100, ..Query::default() };
    area.list(query).await.unwrap().notes.into_iter().map(|note| note.name).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_writes_another_reads_finds_and_changes() {
    let Some(pair) = pair(MemoryLimits::default()) else { return };
    let [one, two] = pair.areas(MemoryArea::Personal, "anna");
    assert_eq!(two.read(&name("plan")).await.unwrap_err().code(), "not_found");
    let made = one.write(change("plan", "the naïve discount"), &writer("anna")).await.unwrap();
    let note = two.read(&name("plan")).await.unwrap();
    assert_eq!((note.content.as_str(), note.author.as_deref()), ("the naïve discount", Some("anna")));
    assert_eq!((note.version, Some(note.etag.clone())), (Some(1), made.etag.clone()));
    assert_eq!(found(&two, "disc").await, ["plan.md"]);
    assert_eq!(found(&two, "naive").await, ["plan.md"]);

    let changed = Change { if_match: made.etag.clone(), ..change("plan", "another text") };
    assert_eq!(two.write(changed, &writer("anna")).await.unwrap().version, Some(2));
    let late = Change { if_match: made.etag, ..change("plan", "too late") };
    assert_eq!(one.write(late, &writer("anna")).await.unwrap_err().code(), "conflict");
    assert_eq!(found(&one, "discount").await, [""; 0]);
    assert_eq!(found(&one, "another").await, ["plan.md"]);
    assert_eq!(one.versions(&name("plan")).await.unwrap().len(), 2);
    assert_eq!(one.read_version(&name("plan"), 1).await.unwrap().content, "the naïve discount");

    let [theirs, _] = pair.areas(MemoryArea::Personal, "bob");
    assert_eq!(found(&theirs, "another").await, [""; 0]);
    assert_eq!(theirs.read(&name("plan")).await.unwrap_err().code(), "not_found");

    two.delete(&name("plan"), None, &writer("anna")).await.unwrap();
    assert_eq!(one.read(&name("plan")).await.unwrap_err().code(), "not_found");
    assert_eq!(found(&one, "another").await, [""; 0]);
    one.restore(&name("plan"), &writer("anna")).await.unwrap();
    assert_eq!(two.read(&name("plan")).await.unwrap().content, "another text");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn appends_of_two_processes_lose_nothing() {
    let Some(pair) = pair(MemoryLimits::default()) else { return };
    let areas = pair.areas(MemoryArea::Shared, "anna");
    let writes = (0..20).map(|number| {
        let area = areas[number % 2].clone();
        tokio::spawn(async move {
            let change = Change { mode: WriteMode::Append, ..change("log", &format!("line {number}")) };
            area.write(change, &writer("anna")).await.unwrap();
        })
    });
    for write in writes.collect::<Vec<_>>() {
        write.await.unwrap();
    }
    let text = areas[0].read(&name("log")).await.unwrap().content;
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), 20, "{text}");
    assert_eq!(areas[1].read(&name("log")).await.unwrap().version, Some(20));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn owners_limits_and_looks_hold_for_all_processes() {
    let limits = MemoryLimits {
        personal_files_max: 2,
        personal_bytes_max: 15,
        versions_max: 3,
        keep_deleted_days: 0,
        ..MemoryLimits::default()
    };
    let Some(pair) = pair(limits) else { return };
    let [one, two] = pair.areas(MemoryArea::Personal, "anna");
    one.write(change("cop", "1234567890"), &writer("anna")).await.unwrap();
    let code = |result: Result<Changed, MemoryError>| result.unwrap_err().code();
    assert_eq!(code(two.write(change("сор", "x"), &writer("anna")).await), "conflict");
    assert_eq!(code(two.write(change("b", "123456"), &writer("anna")).await), "memory_full");
    two.write(change("b", "12345"), &writer("anna")).await.unwrap();
    assert_eq!(code(one.write(change("c", ""), &writer("anna")).await), "memory_full");
    for text in ["1", "2", "3", "4", "5"] {
        two.write(change("b", text), &writer("anna")).await.unwrap();
    }
    assert_eq!(one.versions(&name("b")).await.unwrap().len(), 3);
    one.delete(&name("b"), None, &writer("anna")).await.unwrap();
    assert!(two.versions(&name("b")).await.unwrap().is_empty());

    let [one, two] = pair.areas(MemoryArea::Shared, "anna");
    one.write(change("rules", "one"), &writer("anna")).await.unwrap();
    assert_eq!(code(two.write(change("rules", "two"), &writer("bob")).await), "not_yours");
    let steward = Writer { is_steward: true, ..writer("olga") };
    two.write(change("rules", "two"), &steward).await.unwrap();
    assert_eq!(one.read(&name("rules")).await.unwrap().author.as_deref(), Some("olga"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notes_are_moved_as_they_are() {
    let Some(pair) = pair(MemoryLimits::default()) else { return };
    let home = tempfile::tempdir().unwrap();
    let files = StateDir::open(home.path()).unwrap();
    let user = UserName::parse("anna").unwrap();
    let memory = Memory::of_state(&files, MemoryLimits::default());
    let mine = memory.area(MemoryArea::Personal, &user);
    mine.write(change("a", "one"), &writer("anna")).await.unwrap();
    mine.write(change("a", "two"), &writer("anna")).await.unwrap();
    memory.area(MemoryArea::Shared, &user).write(change("r", "all"), &writer("anna")).await.unwrap();
    let kept = kept_notes(&files).unwrap();
    assert_eq!(kept.len(), 5, "two notes and three records, and no index");
    let documents = crate::store::Documents::of(pair.states[0].store().unwrap());
    for (place, body) in &kept {
        documents.put(place, body).unwrap();
    }
    let [one, _] = pair.areas(MemoryArea::Personal, "anna");
    let note = one.read(&name("a")).await.unwrap();
    assert_eq!((note.content.as_str(), note.version), ("two", Some(2)));

    let back = tempfile::tempdir().unwrap();
    let back = StateDir::open(back.path()).unwrap();
    for (place, body) in &kept {
        assert!(put_note(&back, place, body).unwrap(), "{place}");
    }
    let mut again = kept_notes(&back).unwrap();
    again.sort();
    let mut kept = kept;
    kept.sort();
    assert_eq!(again, kept);
    for foreign in
        ["memory", "memory/", "memory/../x", "memory/users//a", "memory/.x", "drafts/a", "memory/a\\b"]
    {
        assert!(!put_note(&back, foreign, b"x").unwrap(), "{foreign}");
    }
}
