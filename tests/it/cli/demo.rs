//! `demo`: the tour comes true without a terminal, without settings, without an Odoo.

use super::program::Home;

#[test]
fn the_tour_comes_true() {
    let home = Home::new().with("ODOO_URL", "nonsense").with("ODOO_MCP_DRAIN_MS", "nonsense");
    let temporary = home.path("temporary");
    std::fs::create_dir(&temporary).unwrap();
    let home = home.with("TMPDIR", temporary.to_str().unwrap());
    let ran = home.run(&["demo", "--once"]).ended(0);
    for piece in
        ["Reading is free", "dry run", "denied", "wait: ", "/tools/odoo_unlink", "unknown tool", "holds."]
    {
        assert!(ran.out.contains(piece), "{piece}: {ran:?}");
    }
    assert!(ran.out.lines().count() <= 60, "{}", ran.out.lines().count());
    assert!(!ran.out.contains('\u{1b}'), "colour without a terminal");
    assert!(ran.notes.is_empty(), "{}", ran.notes);
    let left = std::fs::read_dir(&temporary).unwrap().count();
    assert!(left == 0 && !home.state().exists(), "a tour leaves nothing behind");
}

#[test]
fn a_tour_that_does_not_come_true_says_so() {
    let home = Home::new();
    let file = home.write("p.json", r#"{"version":"1","default":"allow"}"#);
    let ran = home.run(&["demo", "--once", "--policy", &file]).ended(1);
    assert!(ran.notes.contains("a delete is refused"), "{ran:?}");
}

#[test]
fn the_log_of_the_tour_can_be_kept() {
    let home = Home::new();
    let state = home.path("kept");
    let kept = state.to_str().unwrap();
    home.run(&["demo", "--once", "--http", "127.0.0.1:0", "--state-dir", kept]).ended(0);
    let log = state.join("audit.jsonl");
    home.run(&["audit", "verify", log.to_str().unwrap()]).ended(0);
}
