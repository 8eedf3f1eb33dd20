//! Every public method of the base classes against the table of operations.

use odoo_mcp::facts::Operation;

const METHODS: &str = include_str!("public_methods.txt");

/// Name, versions, operation, whether data is changed.
fn methods() -> impl Iterator<Item = [&'static str; 4]> {
    let lines = METHODS.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        <[&str; 4]>::try_from(words).unwrap_or_else(|words| panic!("{words:?}"))
    })
}

#[test]
fn every_method_is_the_operation_it_should_be() {
    for [method, versions, operation, _] in methods() {
        assert_eq!(Operation::of_method(method, true).as_str(), operation, "{method} of {versions}");
    }
    assert_eq!(Operation::of_method("web_save", false), Operation::Create);
    for unknown in ["action_confirm", "READ", "read_", "readall", "", "write2", "message_post_x"] {
        assert_eq!(Operation::of_method(unknown, true), Operation::Execute, "{unknown}");
    }
}

#[test]
fn no_method_that_changes_data_is_a_read() {
    let mut seen = 0;
    for [method, versions, _, changes] in methods() {
        assert!(matches!(changes, "changes" | "-"), "{method}");
        if changes == "changes" {
            seen += 1;
            for has_ids in [true, false] {
                assert_ne!(Operation::of_method(method, has_ids), Operation::Read, "{method} of {versions}");
            }
        }
    }
    assert!(seen > 30, "only {seen} methods change data");
}
