//! Facts about records, asked of a server that answers by script.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    Credential, Protocol, limits, partner, secret,
    server::{Server, Step},
};
use crate::{
    facts::{ConnectionAlias, Definition, Origin, RecordAnswer, Trust},
    odoo::{Connections, OdooError, answer, strayed},
    policy::{RecordQuestion, RuleId},
};

fn connections(server: &Server) -> Connections {
    let connections = Connections::default();
    let definition = Definition {
        alias: ConnectionAlias::parse("main").unwrap(),
        url: format!("http://127.0.0.1:{}", server.port).parse().unwrap(),
        db: "db".to_owned(),
        username: "admin".to_owned(),
        credential: Credential::Password(secret()),
        protocol: Protocol::Auto,
        trust: Trust::System,
        origin: Origin::Settings,
    };
    connections.add(definition, limits());
    connections
}

fn question(ids: &[i64], reference: &str) -> RecordQuestion {
    RecordQuestion {
        connection: ConnectionAlias::parse("main").unwrap(),
        model: partner(),
        ids: ids.into(),
        domain: Arc::from([json!(["ref", "=", reference])]),
        rule: RuleId(Arc::from("/models/res.partner/domain")),
    }
}

/// The answers, and the bodies of the calls that were made for them.
fn asked(counts: &[i64], questions: &[RecordQuestion]) -> (Result<Vec<RecordAnswer>, OdooError>, Vec<Value>) {
    let mut script = vec![Step::login()];
    script.extend(counts.iter().map(|count| Step::result(&json!(count))));
    run(script, async |connections| answer(questions, connections).await)
}

fn run<T>(script: Vec<Step>, ask: impl AsyncFnOnce(&Connections) -> T) -> (T, Vec<Value>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let server = Server::play(script).await;
        let answered = ask(&connections(&server)).await;
        let calls = server.requests();
        let body = |request: &String| serde_json::from_str(request.split_once("\r\n\r\n")?.1).ok();
        (answered, calls.iter().filter(|call| call.contains("call_kw")).filter_map(body).collect())
    })
}

const WITHIN: RecordAnswer = RecordAnswer::AllWithin;
const OUTSIDE: RecordAnswer = RecordAnswer::SomeOutside;

#[test]
fn records_are_within_when_all_of_them_are_counted() {
    let (answers, calls) = asked(&[2], &[question(&[7, 8, 7], "a")]);
    assert_eq!(answers.unwrap(), [WITHIN]);
    let sent = &calls[0]["params"];
    assert_eq!(sent["method"], "search_count");
    assert_eq!(sent["args"], json!([["&", ["id", "in", [7, 8]], ["ref", "=", "a"]]]));
    assert_eq!(sent["kwargs"]["context"]["active_test"], false, "archived records count as others do");
    for count in [0, 1, 3] {
        assert_eq!(asked(&[count], &[question(&[7, 8], "a")]).0.unwrap(), [OUTSIDE], "{count} of 2");
    }
}

#[test]
fn questions_with_one_domain_are_asked_together() {
    let same = [question(&[1, 2], "a"), question(&[2, 3], "a")];
    let (answers, calls) = asked(&[3], &same);
    assert_eq!((answers.unwrap(), calls.len()), (vec![WITHIN, WITHIN], 1));
    // One of them is not met; then each is asked for itself.
    let (answers, calls) = asked(&[2, 2, 1], &same);
    assert_eq!((answers.unwrap(), calls.len()), (vec![WITHIN, OUTSIDE], 3));
    let other = [question(&[1], "b"), question(&[1], "a")];
    let (answers, calls) = asked(&[0, 1], &other);
    let first = calls[0]["params"]["args"].to_string();
    assert!(first.contains("\"a\""), "asked in the order of their domains: {first}");
    assert_eq!(
        (answers.unwrap(), calls.len()),
        (vec![WITHIN, OUTSIDE], 2),
        "answered in that of the questions"
    );
    assert_eq!(asked(&[], &[]).1.len(), 0);
}

#[test]
fn many_ids_are_asked_in_several_requests() {
    let many: Vec<i64> = (1..=2_500).collect();
    let (answers, calls) = asked(&[1_000, 1_000, 500], &[question(&many, "a")]);
    assert_eq!((answers.unwrap(), calls.len()), (vec![WITHIN], 3));
    let too_many: Vec<RecordQuestion> = (0..201).map(|id| question(&[id], "a")).collect();
    assert_eq!(asked(&[0], &too_many).0.unwrap_err().code(), "invalid_arguments");
}

#[test]
fn what_odoo_says_of_a_check_stays_here() {
    let fault = Step::error(
        200,
        "builtins.ValueError",
        "Invalid field res.partner.canary in leaf ('canary', '=', 1)",
    );
    let script = vec![Step::login(), fault.clone(), fault];
    let (answered, _) = run(script, async |connections| answer(&[question(&[1], "a")], connections).await);
    let error = answered.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("canary in leaf"), "{error:?}");
    let script = vec![Step::login(), Step::result(&json!("many"))];
    let (answered, _) = run(script, async |connections| answer(&[question(&[1], "a")], connections).await);
    assert_eq!(answered.unwrap_err().code(), "bad_answer");
}

#[test]
fn deleted_records_have_strayed_nowhere() {
    for (counts, expected) in [
        // All within.
        (vec![2], 0),
        // Asked again: none within, none there.
        (vec![0, 0, 0], 0),
        // One is gone, the other is within.
        (vec![1, 1, 1], 0),
        // One is there and not within.
        (vec![1, 1, 2], 1),
    ] {
        let mut script = vec![Step::login()];
        script.extend(counts.iter().map(|count| Step::result(&json!(count))));
        let (found, _) =
            run(script, async |connections| strayed(&[question(&[7, 8], "a")], connections).await);
        assert_eq!(found.unwrap().len(), expected, "{counts:?}");
    }
}
