//! What the shared store promises, where `ODOO_MCP_TEST_STORE` names one.

use super::*;
use crate::{
    config::StoreAddress,
    facts::Secret,
    store::{SealKeys, StateDir},
};

/// Two state directories of two machines on one store.
fn machines() -> Option<[(tempfile::TempDir, StateDir); 2]> {
    let stores = test_stores()?;
    Some(stores.map(|store| {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::open(dir.path()).unwrap().with_store(Some(store));
        (dir, state)
    }))
}

#[test]
fn documents_are_the_same_everywhere_and_change_under_one_lock() {
    let Some([(_one_dir, one), (_two_dir, two)]) = machines() else { return };
    let (one, two) = (one.shared(), two.shared());
    assert_eq!(two.stamp("file").unwrap(), None);
    assert_eq!(two.read("file").unwrap(), None);
    let threads: Vec<_> = [&one, &two, &one, &two]
        .map(StateDir::clone)
        .into_iter()
        .map(|dir| {
            std::thread::spawn(move || {
                for _ in 0..10 {
                    let file = dir.lock("file").unwrap();
                    let count: u32 = file
                        .read()
                        .unwrap()
                        .map_or(0, |bytes| String::from_utf8(bytes).unwrap().parse().unwrap());
                    file.replace((count + 1).to_string().as_bytes()).unwrap();
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(two.read("file").unwrap().unwrap(), b"40");
    let before = two.stamp("file").unwrap();
    one.lock("file").unwrap().replace(b"40").unwrap();
    assert_ne!(two.stamp("file").unwrap(), before, "a replaced document is another one");
    assert!(!one.path("file").exists() && !two.path("file").exists());
}

#[test]
fn a_folder_holds_its_own_documents_only() {
    let Some([(_one_dir, one), (_two_dir, two)]) = machines() else { return };
    let (inside, outside) = (one.shared_folder("letters").unwrap(), one.shared());
    inside.lock("all").unwrap().replace_beside("b", b"1").unwrap();
    inside.lock("all").unwrap().replace_beside("a", b"2").unwrap();
    outside.lock("a").unwrap().replace(b"3").unwrap();
    let inside = two.shared_folder("letters").unwrap();
    assert_eq!(inside.names().unwrap(), ["a", "b"]);
    assert_eq!(two.shared().names().unwrap(), ["a"]);
    inside.remove("a").unwrap();
    inside.remove("a").unwrap();
    assert_eq!(
        (inside.names().unwrap(), two.shared().read("a").unwrap().unwrap()),
        (vec!["b".to_owned()], b"3".to_vec())
    );
}

#[test]
fn lines_have_one_order_and_a_turn_that_is_let_go_wrote_nothing() {
    let Some([one, two]) = test_stores() else { return };
    let threads = [one.clone(), two.clone()].map(|store| {
        std::thread::spawn(move || {
            let (lines, mut known) = (Lines::of(&store), 0);
            for _ in 0..20 {
                let turn = lines.turn(known).unwrap();
                let first = turn.head + 1;
                assert_eq!(turn.new.len() as u64, turn.head - known);
                turn.commit(first, vec![first.to_string().into_bytes(), b"more".to_vec()]).unwrap();
                known = first + 1;
                drop(lines.turn(known).unwrap());
            }
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
    let lines = Lines::of(&two);
    assert_eq!(lines.head().unwrap(), 80);
    let all = lines.after(0).unwrap();
    assert!(all.iter().step_by(2).zip(0..).all(|(line, n)| *line == (2 * n + 1).to_string().into_bytes()));
    let stale = lines.turn(80).unwrap();
    assert!(stale.commit(80, vec![b"again".to_vec()]).is_err(), "a number is given once");
    assert_eq!(lines.after(79).unwrap(), [b"more".to_vec()]);
}

#[test]
fn keys_sealed_by_one_machine_open_at_another_with_the_same_key_only() {
    let Some([(_one_dir, one), (_two_dir, two)]) = machines() else { return };
    let text = Secret::new("a".repeat(64));
    for (dir, is_same) in [(&one, true), (&two, true), (&two, false)] {
        let mut config = crate::config::Config::with_state_dir(dir.root().to_owned());
        config.seal_key = Some(if is_same { text.clone() } else { Secret::new("b".repeat(64)) });
        let keys = SealKeys::given(config.seal_key.as_ref().unwrap()).unwrap();
        let shared = dir.shared();
        let sealed = shared.read("sealed").unwrap().map(|bytes| String::from_utf8(bytes).unwrap());
        match sealed {
            None => {
                let sealed = keys.for_sealing().unwrap().seal(&["p"], &Secret::new("x".to_owned())).unwrap();
                shared.lock("sealed").unwrap().replace(sealed.as_bytes()).unwrap();
            }
            Some(sealed) => {
                assert_eq!(keys.for_opening().unwrap().open(&["p"], &sealed).is_ok(), is_same);
            }
        }
    }
}

#[test]
fn a_store_that_is_not_there_is_said_so_without_the_password() {
    // Nothing listens on the discard port of this machine.
    let address = StoreAddress::parse("postgres://anna:canary@127.0.0.1:9/shop").unwrap();
    let error = Postgres::open(&address, address.password.as_ref()).unwrap_err();
    assert!(error.is_unreachable(), "{error}");
    let text = format!("{error} {error:?} {address:?}");
    assert!(!text.contains("canary"), "{text}");
    assert!(is_unreachable(&std::io::Error::from(error)));
}
