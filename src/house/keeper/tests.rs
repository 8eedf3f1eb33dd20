//! Files as editors, scripts and configuration maps write them.

use std::{fs, path::Path};

use super::*;
use crate::{config::Config, house::House};

const FIRST: &str = r#"{"version":"1","default":"deny","tools":{"odoo_read":{}}}"#;
const SECOND: &str = r#"{"version":"1","default":"deny","tools":{"odoo_write":{}}}"#;

struct Kit {
    folder: tempfile::TempDir,
    house: House,
}

fn kit(text: &str, place: impl Fn(&Path, &str)) -> Kit {
    let folder = tempfile::tempdir().unwrap();
    place(folder.path(), text);
    let mut config = Config::with_state_dir(folder.path().join("state"));
    config.policy = Some(folder.path().join("policy.json"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let house = runtime.block_on(House::build(config)).unwrap();
    Kit { folder, house }
}

fn plain(folder: &Path, text: &str) {
    fs::write(folder.join("policy.json"), text).unwrap();
}

/// As editors do it.
fn renamed_over(folder: &Path, text: &str) {
    fs::write(folder.join("policy.json.new"), text).unwrap();
    fs::rename(folder.join("policy.json.new"), folder.join("policy.json")).unwrap();
}

/// As configuration maps do it: the file is a link into a folder that is itself a link.
#[cfg(unix)]
fn link_swapped(folder: &Path, text: &str) {
    use std::os::unix::fs::symlink;
    let data = folder.join(format!("data-{}", text.len() + usize::from(text == SECOND)));
    fs::create_dir_all(&data).unwrap();
    fs::write(data.join("policy.json"), text).unwrap();
    let _ = fs::remove_file(folder.join("next"));
    symlink(&data, folder.join("next")).unwrap();
    fs::rename(folder.join("next"), folder.join("current")).unwrap();
    if !folder.join("policy.json").exists() {
        symlink("current/policy.json", folder.join("policy.json")).unwrap();
    }
}

impl Kit {
    fn look(&self) -> Look {
        self.house.keeper.look()
    }

    fn digest(&self) -> String {
        self.house.corridor.policy().digest().0.to_string()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("state/audit.jsonl")).unwrap_or_default()
    }
}

#[track_caller]
fn check_seen(place: fn(&Path, &str)) {
    let kit = kit(FIRST, place);
    let before = kit.digest();
    assert_eq!(kit.look(), Look::Unchanged);
    place(kit.folder.path(), SECOND);
    assert_eq!(kit.look(), Look::Replaced);
    assert_ne!(kit.digest(), before);
    assert_eq!(kit.look(), Look::Unchanged);
    place(kit.folder.path(), FIRST);
    assert_eq!(kit.look(), Look::Replaced);
    assert_eq!(kit.digest(), before);
    assert_eq!(kit.log().matches("\"event\":\"policy\"").count(), 2);
}

#[test]
fn a_changed_file_is_seen_however_it_was_written() {
    check_seen(plain);
    check_seen(renamed_over);
    #[cfg(unix)]
    check_seen(link_swapped);
}

#[test]
fn a_refused_file_changes_nothing_and_says_since_when() {
    let kit = kit(FIRST, plain);
    let before = kit.digest();
    plain(kit.folder.path(), r#"{"version":"1","defualt":"deny"}"#);
    let Look::Refused(first) = kit.look() else { panic!("it was taken") };
    assert!(first.problems.iter().any(|problem| problem.contains("default")), "{first:?}");
    assert_eq!(kit.look(), Look::Refused(first.clone()), "looking again is not judging again");
    plain(kit.folder.path(), "{");
    let Look::Refused(second) = kit.look() else { panic!("it was taken") };
    assert_eq!(second.since, first.since);
    fs::remove_file(kit.folder.path().join("policy.json")).unwrap();
    assert!(matches!(kit.look(), Look::Refused(third) if third.since == first.since));
    assert_eq!(kit.digest(), before);
    assert_eq!(kit.log().matches("policy_refused").count(), 3);
    let page = kit.house.corridor.metrics().render(&kit.house.corridor.audit().state(), Timestamp::now());
    assert!(page.contains("policy_stale 1"), "{page}");

    plain(kit.folder.path(), FIRST);
    assert_eq!(kit.look(), Look::Unchanged, "it is the one in force");
    let page = kit.house.corridor.metrics().render(&kit.house.corridor.audit().state(), Timestamp::now());
    assert!(page.contains("policy_stale 0"), "{page}");
}

/// A file that is half written for a moment is not judged half.
#[test]
fn a_file_that_is_being_written_is_left_alone_until_it_settles() {
    let kit = kit(FIRST, plain);
    let path = kit.folder.path().join("policy.json");
    let (half, rest) = SECOND.split_at(20);
    fs::write(&path, half).unwrap();
    std::thread::scope(|scope| {
        let looking = scope.spawn(|| kit.look());
        // Whoever looks waits longer than this before judging.
        std::thread::sleep(SETTLE / 4);
        fs::write(&path, [half, rest].concat()).unwrap();
        assert_eq!(looking.join().unwrap(), Look::Replaced);
    });
}

#[test]
fn a_running_server_answers_requests_and_hears_of_pauses() {
    use crate::{
        facts::{Arrival, Caller},
        operator::{PauseOrder, ask_all, order_pause, servers},
    };
    let kit = kit(FIRST, plain);
    let state = StateDir::open(&kit.folder.path().join("state")).unwrap();
    kit.house.keeper.announce().unwrap();
    let shown = servers(&state).unwrap();
    assert_eq!((shown.len(), shown[0].policy.as_str()), (1, kit.digest().as_str()));

    let order = PauseOrder { grant: None, since: Timestamp::now(), until: None, reason: None };
    order_pause(&state, order).unwrap();
    plain(kit.folder.path(), SECOND);
    let answers = std::thread::scope(|scope| {
        let asking = scope.spawn(|| ask_all(&state, Timestamp::now()).unwrap());
        while !asking.is_finished() {
            kit.house.keeper.look_around();
        }
        asking.join().unwrap()
    });
    assert_eq!((answers.1[0].answered, answers.1[0].policy.as_str()), (answers.0, kit.digest().as_str()));
    let caller = Caller::local(Arrival::Stdio);
    assert!(kit.house.corridor.pauses().found(&caller, Timestamp::now()).is_some());
    assert_eq!(kit.log().matches("\"event\":\"pause\"").count(), 1);

    plain(kit.folder.path(), "{}");
    kit.house.keeper.look_around();
    assert!(servers(&state).unwrap()[0].refused.is_some());
}
