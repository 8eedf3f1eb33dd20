//! The ledger as its users see it: what is reserved, settled, billed and told.

use crate::store::StateDir;

use super::*;

mod fixture {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;

    /// A ledger in a folder of its own.
    pub(super) struct Lab {
        pub(super) folder: tempfile::TempDir,
        pub(super) ledger: UsageLedger,
    }

    impl Lab {
        pub(super) fn new() -> Self {
            Self::with(&UsageSettings::default())
        }

        pub(super) fn with(settings: &UsageSettings) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let ledger = another(&folder, settings);
            Self { folder, ledger }
        }

        /// Another process on the same state directory.
        pub(super) fn another(&self) -> UsageLedger {
            another(&self.folder, &UsageSettings::default())
        }

        /// A call from beginning to end.
        pub(super) async fn call(&self, wanted: Reserve, ended: CallEnd, when: &str) -> CallId {
            let reservation = self.ledger.reserve_at(wanted, at(when)).await.unwrap();
            self.ledger.settle(reservation, ended).await.unwrap()
        }

        /// Changes the file behind the ledger's back.
        pub(super) fn sql(&self, text: &str) -> rusqlite::Result<usize> {
            rusqlite::Connection::open(self.folder.path().join(DATABASE_NAME)).unwrap().execute(text, [])
        }
    }

    fn another(folder: &tempfile::TempDir, settings: &UsageSettings) -> UsageLedger {
        UsageLedger::open(&StateDir::open(folder.path()).unwrap(), settings).unwrap()
    }

    pub(super) fn at(text: &str) -> Timestamp {
        let text = if text.contains('T') { text.to_owned() } else { format!("{text}T12:00:00Z") };
        text.parse().unwrap()
    }

    pub(super) fn tenant(server: &str, database: &str) -> Tenant {
        Tenant { server: server.to_owned(), database: database.to_owned(), code: database.to_owned() }
    }

    pub(super) fn acme() -> Tenant {
        tenant("https://one.example", "acme")
    }

    pub(super) fn cost(eur: i64) -> Option<Cost> {
        Some(Cost { usd: Millicents(eur), eur: Millicents(eur), price_version: "test".to_owned() })
    }

    pub(super) fn wanted(move_id: i64) -> Reserve {
        Reserve {
            tenant: acme(),
            company_id: Some(1),
            move_id: Some(move_id),
            attachment_id: Some(7),
            source: Source::Upload,
            source_message_id: None,
            model: "claude-haiku-4-5".to_owned(),
            estimate: cost(100),
            cap: None,
            run_id: Some("run".to_owned()),
            content_key: Some(format!("file-{move_id}")),
            pages: 2,
            prompt_version: "v4".to_owned(),
        }
    }

    pub(super) fn ended(state: CallState, eur: i64) -> CallEnd {
        CallEnd {
            state,
            tokens: Tokens { input: 1_000, output: 500, ..Tokens::default() },
            cost: cost(eur),
            duration_ms: 1_500,
            error_message: (state == CallState::Error).then(|| "the model is busy".to_owned()),
            answer: (state == CallState::Success).then(|| json!({"partner_name": "Фирма"})),
            extra: Some(json!({"file": "bill.pdf"})),
        }
    }
}

use fixture::*;

async fn month(ledger: &UsageLedger, when: &str) -> i64 {
    ledger.month(&acme(), Some(1), at(when)).await.unwrap().settled.0
}

#[tokio::test]
async fn a_failed_call_costs_and_the_later_success_too() {
    let lab = Lab::new();
    lab.call(wanted(5), ended(CallState::Error, 1_200), "2026-11-03").await;
    lab.call(wanted(5), ended(CallState::Success, 2_300), "2026-11-04").await;
    lab.call(wanted(5), ended(CallState::Success, 88_000), "2026-10-31").await;
    assert_eq!(month(&lab.ledger, "2026-11-30").await, 3_500);
    assert_eq!(month(&lab.ledger, "2026-10-01").await, 88_000);
    assert_eq!(month(&lab.ledger, "2026-12-01").await, 0);
    let rows = lab.ledger.calls_of_moves(&acme(), &[5, 6]).await.unwrap();
    let states: Vec<&str> = rows.iter().map(|row| row.state.name()).collect();
    assert_eq!(states, ["success", "error", "success"]);
}

#[tokio::test]
async fn what_is_reserved_counts_and_what_is_released_does_not() {
    let lab = Lab::new();
    let capped = |move_id| Reserve { cap: Some(Millicents(250)), ..wanted(move_id) };
    let first = lab.ledger.reserve_at(capped(1), at("2026-11-03")).await.unwrap();
    let second = lab.ledger.reserve_at(capped(2), at("2026-11-03")).await.unwrap();
    let refused = lab.ledger.reserve_at(capped(3), at("2026-11-03")).await.unwrap_err();
    assert_eq!(refused.code(), "over_budget");
    assert!(refused.to_string().contains("0.0020 EUR reserved"), "{refused}");
    // Exactly the cap is allowed, another company has its own budget, and so has the next month.
    let exact = Reserve { cap: Some(Millicents(300)), ..wanted(3) };
    let third = lab.ledger.reserve_at(exact, at("2026-11-03")).await.unwrap();
    let other = Reserve { company_id: Some(2), ..capped(4) };
    lab.ledger.reserve_at(other, at("2026-11-03")).await.map(drop).unwrap();
    // Nobody asks for more than the tenant as a whole has.
    let whole = Reserve { company_id: None, cap: Some(Millicents(499)), ..wanted(6) };
    assert_eq!(lab.ledger.reserve_at(whole, at("2026-11-03")).await.unwrap_err().code(), "over_budget");

    lab.ledger.release(first).await.unwrap();
    lab.ledger.settle(second, ended(CallState::Success, 20)).await.unwrap();
    lab.ledger.settle(third, ended(CallState::Error, 0)).await.unwrap();
    let left = lab.ledger.month(&acme(), Some(1), at("2026-11-03")).await.unwrap();
    assert_eq!((left.settled.0, left.open.0, left.open_reservations), (20, 0, 0));
    lab.ledger.reserve_at(capped(7), at("2026-11-03")).await.map(drop).unwrap();
    let next_month = lab.ledger.reserve_at(capped(5), at("2026-12-01")).await.unwrap();
    // Seen from December, those of November are lost.
    let november = lab.ledger.month(&acme(), None, at("2026-11-03")).await.unwrap();
    assert_eq!((november.settled.0, november.open_reservations), (220, 0));
    // Nothing was sent, and that is known late: the row stays and costs nothing.
    lab.ledger.sweep_at(at("2027-01-01")).await.unwrap();
    lab.ledger.release(next_month).await.unwrap();
    assert_eq!(month(&lab.ledger, "2026-12-01").await, 0);
    assert_eq!(lab.ledger.calls_of_moves(&acme(), &[5]).await.unwrap()[0].state, CallState::Skipped);
}

#[tokio::test]
async fn without_a_price_there_is_no_budget() {
    let lab = Lab::new();
    let unknown = Reserve { estimate: None, model: "new".to_owned(), ..wanted(1) };
    let capped = Reserve { cap: Some(Millicents(1_000_000)), ..unknown.clone() };
    assert_eq!(lab.ledger.reserve_at(capped, at("2026-11-03")).await.unwrap_err().code(), "price_unknown");
    let end = CallEnd { cost: None, ..ended(CallState::Success, 0) };
    lab.call(unknown, end, "2026-11-03").await;
    let month = lab.ledger.month(&acme(), Some(1), at("2026-11-03")).await.unwrap();
    assert_eq!((month.settled.0, month.calls, month.calls_without_price), (0, 1, 1));
    assert!(!lab.ledger.calls_of_moves(&acme(), &[1]).await.unwrap()[0].cost_known);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_tasks_of_two_processes_never_pass_the_cap_together() {
    let lab = Lab::new();
    let ledgers = [lab.ledger.clone(), lab.another()];
    let tasks: Vec<_> = (0..50)
        .map(|number| {
            let ledger = ledgers[number % 2].clone();
            let wanted = Reserve { cap: Some(Millicents(1_999)), ..wanted(number as i64 + 1) };
            tokio::spawn(async move {
                let reserved = ledger.reserve_at(wanted, at("2026-11-03")).await;
                match reserved {
                    Ok(reservation) => {
                        ledger.settle(reservation, ended(CallState::Success, 100)).await.unwrap();
                        true
                    }
                    Err(error) => {
                        assert_eq!(error.code(), "over_budget");
                        false
                    }
                }
            })
        })
        .collect();
    let mut allowed = 0;
    for task in tasks {
        allowed += u32::from(task.await.unwrap());
    }
    assert_eq!(allowed, 19);
    assert_eq!(month(&lab.ledger, "2026-11-03").await, 1_900);
}

#[tokio::test]
async fn a_reservation_whose_process_is_gone_becomes_a_lost_call() {
    let lab = Lab::new();
    let other = lab.another();
    let lost = other.reserve_at(wanted(1), at("2026-11-03")).await.unwrap();
    assert_eq!(
        lab.ledger.sweep_at(at("2026-11-03")).await.unwrap(),
        0,
        "its process lives; only the clock speaks against it"
    );
    let open = lab.ledger.month(&acme(), Some(1), at("2026-11-03")).await.unwrap();
    assert_eq!((open.settled.0, open.open.0), (0, 100));
    drop(other);
    assert_eq!(lab.ledger.sweep_at(at("2026-11-03")).await.unwrap(), 1);
    let closed = lab.ledger.month(&acme(), Some(1), at("2026-11-03")).await.unwrap();
    assert_eq!((closed.settled.0, closed.open.0), (100, 0));
    assert_eq!(lab.ledger.calls_of_moves(&acme(), &[1]).await.unwrap()[0].state, CallState::Lost);
    // It turns up after all: its own cost takes the place of the estimate.
    let id = lab.ledger.settle(lost, ended(CallState::Success, 60)).await.unwrap();
    assert_eq!(month(&lab.ledger, "2026-11-03").await, 60);
    assert_eq!(lab.ledger.bill_document(&acme(), Some(1), None, &id).await.unwrap(), Billed::New);
}

#[tokio::test]
async fn a_reservation_that_is_too_old_becomes_a_lost_call() {
    let lab = Lab::new();
    let _old = lab.ledger.reserve_at(wanted(1), at("2026-11-03T10:00:00Z")).await.unwrap();
    let _new = lab.ledger.reserve_at(wanted(2), at("2026-11-03T12:00:01Z")).await.unwrap();
    let month = lab.ledger.month(&acme(), Some(1), at("2026-11-03")).await.unwrap();
    assert_eq!((month.settled.0, month.open.0, month.calls), (100, 100, 1));
}

#[tokio::test]
async fn a_call_is_settled_once() {
    let lab = Lab::new();
    let id = lab.call(wanted(1), ended(CallState::Success, 50), "2026-11-03").await;
    let again = || Reservation { call_id: id.clone(), tenant: acme(), content_key: None };
    let error = lab.ledger.settle(again(), ended(CallState::Success, 1)).await.unwrap_err();
    assert_eq!(error.code(), "already_settled");
    assert_eq!(lab.ledger.release(again()).await.unwrap_err().code(), "already_settled");
    assert_eq!(month(&lab.ledger, "2026-11-03").await, 50);
}

#[tokio::test]
async fn every_request_of_a_call_has_its_row() {
    let lab = Lab::new();
    let reservation = lab.ledger.reserve_at(wanted(1), at("2026-11-03")).await.unwrap();
    let earlier = vec![ended(CallState::Error, 10), ended(CallState::Error, 0)];
    let id = lab.ledger.settle_attempts(reservation, earlier, ended(CallState::Success, 30)).await.unwrap();
    let rows = lab.ledger.calls_of_moves(&acme(), &[1]).await.unwrap();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[0].call_id, id);
    assert_eq!(month(&lab.ledger, "2026-11-03").await, 40);
}

#[tokio::test]
async fn an_answer_is_kept_for_its_tenant_and_for_a_while() {
    let lab = Lab::new();
    let id = lab.call(wanted(1), ended(CallState::Success, 50), "2026-11-03").await;
    lab.call(wanted(2), ended(CallState::Error, 50), "2026-11-03").await;
    let kept = lab.ledger.answer_for(&acme(), "file-1").await.unwrap().unwrap();
    assert_eq!((kept.call.call_id, kept.answer["partner_name"].as_str()), (id, Some("Фирма")));
    assert!(lab.ledger.answer_for(&acme(), "file-2").await.unwrap().is_none());
    for other in [tenant("https://two.example", "acme"), tenant("https://one.example", "other")] {
        assert!(lab.ledger.answer_for(&other, "file-1").await.unwrap().is_none());
    }
    // 91 days later nobody finds it, and the next call takes it away with the names of files.
    lab.sql("update ai_answer set kept_ms = kept_ms - 91 * 86400000").unwrap();
    assert!(lab.ledger.answer_for(&acme(), "file-1").await.unwrap().is_none());
    lab.call(wanted(3), ended(CallState::Error, 50), "2020-01-01").await;
    assert_eq!(lab.sql("delete from ai_answer").unwrap(), 0);
    let old = &lab.ledger.calls_of_moves(&acme(), &[3]).await.unwrap()[0];
    assert_eq!((&old.extra, &old.error_message, old.cost_millicents.0), (&None, &None, 50));
    // A look is enough, where no call is made any more.
    lab.ledger.sweep_at(at("2027-06-01")).await.unwrap();
    let looked_at = &lab.ledger.calls_of_moves(&acme(), &[1]).await.unwrap()[0];
    assert_eq!((&looked_at.extra, looked_at.cost_millicents.0), (&None, 50));
}

#[tokio::test]
async fn a_bill_is_billed_once_and_only_for_a_success() {
    let lab = Lab::new();
    let failed = lab.call(wanted(1), ended(CallState::Error, 50), "2026-11-03").await;
    let first = lab.call(wanted(1), ended(CallState::Success, 50), "2026-11-03").await;
    let second = lab.call(wanted(1), ended(CallState::Success, 50), "2026-11-03").await;
    let bill = async |move_id, key, call| {
        lab.ledger.bill_document(&acme(), move_id, key, call).await.map_err(|error| error.code())
    };
    assert_eq!(bill(Some(1), None, &failed).await, Err("invalid_arguments"));
    let none = CallId("none".to_owned());
    assert_eq!(bill(Some(1), None, &none).await, Err("invalid_arguments"));
    assert_eq!(bill(None, None, &first).await, Err("invalid_arguments"));
    assert_eq!(bill(Some(1), Some("file-1"), &first).await, Ok(Billed::New));
    assert_eq!(bill(Some(1), Some("file-1"), &second).await, Ok(Billed::Already));
    assert_eq!(bill(None, Some("file-1"), &second).await, Ok(Billed::New));
    assert_eq!(bill(None, Some("file-1"), &second).await, Ok(Billed::Already));
    let foreign = tenant("https://two.example", "acme");
    lab.ledger.bill_document(&foreign, Some(1), None, &first).await.unwrap_err();
}

#[tokio::test]
async fn a_correction_is_a_line_of_its_own() {
    let lab = Lab::new();
    let id = lab.call(wanted(1), ended(CallState::Success, 50), "2026-11-03").await;
    lab.ledger.bill_document(&acme(), Some(1), None, &id).await.unwrap();
    let billed = async || lab.ledger.calls_of_moves(&acme(), &[1]).await.unwrap()[0].billed;
    let mark = async |calls: &[CallId], billed, who: &str, why: &str| {
        lab.ledger.mark_billed(&acme(), calls, billed, who, why).await
    };
    assert!(billed().await);
    assert_eq!(mark(&[], false, "operator", "").await.unwrap().changed, 0);
    assert_eq!(
        mark(std::slice::from_ref(&id), true, "operator", "").await.unwrap().changed,
        0,
        "it is so already"
    );
    let none = CallId("none".to_owned());
    let done = mark(&[id.clone(), none.clone()], false, "operator", "sent twice").await.unwrap();
    assert_eq!((done.changed, done.unknown), (1, vec![none]));
    assert!(!billed().await);
    assert_eq!(mark(std::slice::from_ref(&id), true, "operator", "").await.unwrap().changed, 1);
    assert!(billed().await);
    let lines = lab.ledger.corrections(&acme(), &id).await.unwrap();
    assert_eq!((lines.len(), lines[0].why.as_str(), lines[1].billed), (2, "sent twice", true));
    for (who, why) in [("", "why"), (" ", "why"), ("a\nb", "why"), ("operator", "a\u{0}b")] {
        assert_eq!(
            mark(std::slice::from_ref(&id), false, who, why).await.unwrap_err().code(),
            "invalid_arguments"
        );
    }
    let foreign = tenant("https://two.example", "acme");
    let done =
        lab.ledger.mark_billed(&foreign, std::slice::from_ref(&id), false, "operator", "").await.unwrap();
    assert_eq!((done.changed, done.unknown.len()), (0, 1));
    assert!(billed().await);
}

#[tokio::test]
async fn the_database_itself_refuses_what_must_not_happen() {
    let lab = Lab::new();
    let id = lab.call(wanted(1), ended(CallState::Success, 50), "2026-11-03").await;
    lab.ledger.mark_billed(&acme(), &[id], true, "operator", "").await.unwrap();
    for bad in [
        "delete from ai_call",
        "update ai_call set cost_eur_mc = 0",
        "update ai_call set tenant_id = 2",
        "delete from ai_correction",
        "update ai_correction set billed = 0",
        "update ai_call set state = 'unknown'",
        "update ai_call set input_tokens = 'many'",
        "update ai_call set source = 'guess'",
        "insert into ai_call select * from ai_call",
        "insert into ai_tenant (server, database, code) values ('https://one.example', 'acme', 'x')",
        "insert into ai_answer values (1, 'k', 'x', 1, 'not json')",
    ] {
        assert!(lab.sql(bad).is_err(), "{bad}");
    }
}

#[tokio::test]
async fn rows_are_found_page_by_page() {
    let lab = Lab::new();
    for number in 1..=7 {
        let state = if number % 2 == 0 { CallState::Error } else { CallState::Success };
        lab.call(wanted(number), ended(state, 10), &format!("2026-11-{:02}", number.min(5))).await;
    }
    let find = async |filter: CallFilter, limit, offset, after: Option<&str>| {
        lab.ledger.calls(&acme(), filter, limit, offset, after).await.unwrap()
    };
    let moves = |page: &CallPage| -> Vec<i64> { page.rows.iter().filter_map(|row| row.move_id).collect() };
    let first = find(CallFilter::default(), 3, 0, None).await;
    assert_eq!((moves(&first), first.total), (vec![7, 6, 5], 7));
    // A newer call does not move the pages behind it.
    lab.call(wanted(8), ended(CallState::Success, 10), "2026-11-20").await;
    let second = find(CallFilter::default(), 3, 0, first.next.as_deref()).await;
    assert_eq!(moves(&second), [4, 3, 2]);
    let third = find(CallFilter::default(), 3, 0, second.next.as_deref()).await;
    assert_eq!((moves(&third), third.next), (vec![1], None));
    assert_eq!(moves(&find(CallFilter::default(), 2, 1, None).await), [7, 6]);
    assert_eq!(moves(&find(CallFilter::default(), 5_000, 0, None).await).len(), 8);

    let day = Span::between("2026-11-05", "2026-11-05", lab.ledger.time_zone()).unwrap();
    assert_eq!(find(CallFilter { span: day, ..CallFilter::default() }, 9, 0, None).await.total, 3);
    let errors = CallFilter { state: Some(StateFilter::Error), ..CallFilter::default() };
    assert_eq!(moves(&find(errors, 9, 0, None).await), [6, 4, 2]);
    let cached = CallFilter { state: Some(StateFilter::Cached), ..CallFilter::default() };
    assert_eq!(find(cached, 9, 0, None).await.total, 0);
    for (model, total) in [("claude-haiku-4-5", 8), ("claude-*", 8), ("claude", 0), ("*", 8), ("%", 0)] {
        let filter = CallFilter { model: Some(model.to_owned()), ..CallFilter::default() };
        assert_eq!(find(filter, 9, 0, None).await.total, total, "{model}");
    }
    for bad in ["", "x", "1", "1-", "1-0", "1--1", "' or 1=1"] {
        let refused = lab.ledger.calls(&acme(), CallFilter::default(), 3, 0, Some(bad)).await.unwrap_err();
        assert_eq!(refused.code(), "invalid_arguments", "{bad}");
    }
    for other in [tenant("https://two.example", "acme"), tenant("https://one.example", "ACME")] {
        assert_eq!(lab.ledger.calls(&other, CallFilter::default(), 9, 0, None).await.unwrap().total, 0);
        assert!(lab.ledger.calls_of_moves(&other, &[1, 2]).await.unwrap().is_empty());
        assert_eq!(lab.ledger.month(&other, None, at("2026-11-05")).await.unwrap().calls, 0);
    }
}

#[tokio::test]
async fn the_figures_of_a_dashboard() {
    let lab = Lab::new();
    let from_cache = CallEnd {
        tokens: Tokens { input: 100, cache_read: 5_000, ..Tokens::default() },
        duration_ms: 500,
        ..ended(CallState::Success, 1_000)
    };
    lab.call(wanted(1), ended(CallState::Success, 3_000), "2026-11-20").await;
    lab.call(wanted(2), from_cache, "2026-11-20").await;
    lab.call(wanted(3), ended(CallState::Error, 0), "2026-11-20T22:30:00Z").await;
    lab.call(wanted(4), ended(CallState::Success, 77_000), "2026-09-01").await;
    let zone = |name: &str| jiff::tz::TimeZone::get(name).unwrap();
    let stats = async |period, name: &str| {
        lab.ledger.stats(&acme(), period, &zone(name), at("2026-11-21")).await.unwrap()
    };
    let month = stats(Period::Month, "UTC").await;
    let totals = &month.totals;
    assert_eq!((totals.total_rows, totals.success, totals.errors, totals.cache_hits), (3, 2, 1, 1));
    assert_eq!((totals.cost_eur_millicents.0, totals.pages, totals.p95_duration_ms), (4_000, 6, 1_500));
    assert_eq!(totals.avg_duration_ms, 1_167);
    assert_eq!(month.derived.cache_hit_rate, Some(0.5));
    assert_eq!(month.derived.success_rate, Some(0.6667));
    assert_eq!(month.derived.cost_per_page_cents, Some(0.667));
    assert_eq!(month.derived.avg_cost_per_billed_doc_cents, None);
    assert_eq!(month.derived.cost_eur_total_display, "0.04 EUR");
    assert_eq!(month.timeseries_30d.len(), 30);
    assert_eq!(month.date_from.as_deref(), Some("2026-11-01T00:00:00+00:00"));
    assert_eq!(month.recent_errors[0].error_message.as_deref(), Some("the model is busy"));
    let last =
        |stats: &Stats| stats.timeseries_30d.iter().map(|day| day.docs).collect::<Vec<_>>()[28..].to_vec();
    assert_eq!(last(&month), [3, 0]);
    // In Sofia it was past midnight.
    assert_eq!(last(&stats(Period::Month, "Europe/Sofia").await), [2, 1]);
    assert_eq!(stats(Period::Day, "Europe/Sofia").await.totals.total_rows, 1);
    assert_eq!(stats(Period::Day, "UTC").await.totals.total_rows, 0);
    assert_eq!(stats(Period::All, "UTC").await.totals.cost_eur_millicents.0, 81_000);
    assert_eq!(stats(Period::All, "UTC").await.date_from, None);
    let nobody = tenant("https://one.example", "nobody");
    let empty = lab.ledger.stats(&nobody, Period::All, &zone("UTC"), at("2026-11-21")).await.unwrap();
    assert_eq!((empty.totals.total_rows, empty.derived.success_rate), (0, None));
}

#[tokio::test]
async fn a_ledger_that_cannot_be_opened_stops_the_spending() {
    let lab = Lab::new();
    std::fs::write(lab.folder.path().join(DATABASE_NAME), "this is no database, and it stays as it is")
        .unwrap();
    assert_eq!(lab.ledger.reserve_at(wanted(1), at("2026-11-03")).await.unwrap_err().code(), "usage_ledger");
    assert_eq!(lab.ledger.month(&acme(), None, at("2026-11-03")).await.unwrap_err().code(), "usage_ledger");
}
