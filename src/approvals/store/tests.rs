//! Approvals through their life: asked, answered, used, given back, over.

use std::{fs, sync::Arc};

use super::{
    super::testing::{T0, after, asking, open, open_in},
    *,
};
use crate::facts::GrantName;

fn operator() -> Person {
    Person { shown: "ann".into(), names: vec!["ann".into()], groups: Vec::new(), is_local_owner: false }
}

fn question(standing: Standing) -> Question {
    match standing {
        Standing::Open(question) => *question,
        other => panic!("{other:?}"),
    }
}

fn pending(standing: Standing) -> (ApprovalId, bool) {
    match standing {
        Standing::Pending { id, is_new, .. } => (ApprovalId::parse(&id).unwrap(), is_new),
        other => panic!("{other:?}"),
    }
}

fn answer(question: &Question, verdict: Verdict) -> Answer {
    Answer { state: Arc::clone(&question.state), verdict }
}

fn counted(question: &Question) -> Taken {
    Taken::Counted(ApprovalId::parse(&question.id).unwrap())
}

fn grant(approvals: &Approvals, id: &ApprovalId) {
    approvals.decide(id, true, &operator(), Door::CommandLine, T0, |_| Ok(())).unwrap();
}

#[test]
fn granted_on_the_command_line_it_is_used_once() {
    let (outer, approvals) = open();
    let call = asking("one", Way::Console);
    let (id, is_new) = pending(approvals.ask(&call, T0).unwrap());
    assert!(is_new);
    assert_eq!(pending(approvals.ask(&call, after(60)).unwrap()), (id.clone(), false), "the same id again");

    // Another process grants, a third one uses.
    grant(&open_in(&outer), &id);
    let Standing::Granted(approval) = approvals.ask(&call, after(61)).unwrap() else { panic!() };
    assert_eq!((&*approval.id, &*approval.by), (id.as_str(), "ann"));
    assert!(open_in(&outer).use_up(&approval.id, after(62)).unwrap());
    assert!(!approvals.use_up(&approval.id, after(62)).unwrap());
    let (other, is_new) = pending(approvals.ask(&call, after(63)).unwrap());
    assert!(is_new && other != id, "a second call is a second question");
}

#[test]
fn sixteen_at_once_use_it_once() {
    let (outer, approvals) = open();
    let (id, _) = pending(approvals.ask(&asking("one", Way::Console), T0).unwrap());
    grant(&approvals, &id);
    let used = std::thread::scope(|scope| {
        let use_up = || open_in(&outer).use_up(id.as_str(), T0).unwrap();
        let threads: Vec<_> = (0..16).map(|_| scope.spawn(use_up)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).filter(|used| *used).count()
    });
    assert_eq!(used, 1);
}

#[test]
fn whatever_differs_has_an_approval_of_its_own() {
    let (_outer, approvals) = open();
    let (id, _) = pending(approvals.ask(&asking("one", Way::Console), T0).unwrap());
    grant(&approvals, &id);
    let (other, is_new) = pending(approvals.ask(&asking("two", Way::Console), T0).unwrap());
    assert!(is_new && other != id);
}

#[test]
fn an_answer_in_the_form_counts_once_and_for_this_call_only() {
    let (_outer, approvals) = open();
    let call = asking("one", Way::Form);
    let asked = question(approvals.ask(&call, T0).unwrap());
    let yes = answer(&asked, Verdict::Approve);

    let mut others = vec![asking("two", Way::Form)];
    let mut other = asking("one", Way::Form);
    other.caller.grant = GrantName::parse("other").unwrap();
    others.push(other);
    let mut other = asking("one", Way::Form);
    other.caller.user = UserName::parse("other").unwrap();
    others.push(other);
    for other in &others {
        assert_eq!(approvals.take(&yes, other, T0).unwrap(), Taken::DoesNotFit);
    }
    let forged = Answer { state: "aes256gcm:00:00".into(), verdict: Verdict::Approve };
    assert_eq!(approvals.take(&forged, &call, T0).unwrap(), Taken::DoesNotFit);
    assert_eq!(approvals.take(&yes, &call, after(600)).unwrap(), Taken::DoesNotFit, "too late");
    assert!(matches!(approvals.ask(&call, T0).unwrap(), Standing::Open(_)), "nothing was granted");

    assert_eq!(approvals.take(&yes, &call, after(5)).unwrap(), counted(&asked));
    let Standing::Granted(approval) = approvals.ask(&call, after(5)).unwrap() else { panic!() };
    assert_eq!(approvals.take(&yes, &call, after(5)).unwrap(), Taken::DoesNotFit, "a second time");
    assert!(approvals.use_up(&approval.id, after(5)).unwrap());
    assert_eq!(approvals.take(&yes, &call, after(6)).unwrap(), Taken::DoesNotFit, "replayed");
    assert!(!approvals.use_up(&approval.id, after(6)).unwrap());
}

#[test]
fn an_old_answer_does_not_fit_the_next_question() {
    let (_outer, approvals) = open();
    let call = asking("one", Way::Form);
    let first = question(approvals.ask(&call, T0).unwrap());
    assert_eq!(approvals.take(&answer(&first, Verdict::Dismiss), &call, T0).unwrap(), Taken::Dismissed);
    let second = question(approvals.ask(&call, T0).unwrap());
    assert_eq!(second.id, first.id, "asked again under the same id");
    let late = answer(&first, Verdict::Approve);
    assert_eq!(approvals.take(&late, &call, T0).unwrap(), Taken::DoesNotFit);
    assert_eq!(approvals.take(&answer(&second, Verdict::Approve), &call, T0).unwrap(), counted(&second));
}

#[test]
fn an_answer_without_a_form_is_none() {
    let (_outer, approvals) = open();
    // The page was opened: the client's word for it grants nothing.
    let call = asking("one", Way::Page);
    let asked = question(approvals.ask(&call, T0).unwrap());
    assert_eq!(approvals.take(&answer(&asked, Verdict::Approve), &call, T0).unwrap(), Taken::Opened);
    assert!(!matches!(approvals.ask(&call, T0).unwrap(), Standing::Granted(_)));

    // Four eyes: the one who asks has two of them.
    let mut call = asking("two", Way::Form);
    call.terms.self_approval = false;
    let asked = question(approvals.ask(&call, T0).unwrap());
    assert_eq!(approvals.take(&answer(&asked, Verdict::Approve), &call, T0).unwrap(), Taken::DoesNotFit);
    assert!(!matches!(approvals.ask(&call, T0).unwrap(), Standing::Granted(_)));
}

#[test]
fn a_refusal_stands_until_the_question_is_over() {
    let (_outer, approvals) = open();
    let call = asking("one", Way::Form);
    let asked = question(approvals.ask(&call, T0).unwrap());
    assert_eq!(approvals.take(&answer(&asked, Verdict::Refuse), &call, T0).unwrap(), counted(&asked));
    assert!(matches!(approvals.ask(&call, after(599)).unwrap(), Standing::Refused { .. }));
    let id = ApprovalId::parse(&asked.id).unwrap();
    let again = approvals.decide(&id, true, &operator(), Door::CommandLine, T0, |_| Ok(()));
    assert!(matches!(again, Err(DecideError::Already("refused"))));
    assert!(matches!(approvals.ask(&call, after(601)).unwrap(), Standing::Open(_)));
}

#[test]
fn a_yes_can_be_taken_back_until_it_is_used() {
    let (_outer, approvals) = open();
    let call = asking("one", Way::Console);
    let (id, _) = pending(approvals.ask(&call, T0).unwrap());
    grant(&approvals, &id);
    approvals.decide(&id, false, &operator(), Door::CommandLine, T0, |_| Ok(())).unwrap();
    assert!(!approvals.use_up(id.as_str(), T0).unwrap());
    assert!(matches!(approvals.ask(&call, T0).unwrap(), Standing::Refused { .. }));
}

#[test]
fn what_was_not_sent_is_given_back_and_can_be_used_once_more() {
    let (_outer, approvals) = open();
    let call = asking("one", Way::Console);
    let (id, _) = pending(approvals.ask(&call, T0).unwrap());
    approvals.give_back(id.as_str()).unwrap();
    assert!(!approvals.use_up(id.as_str(), T0).unwrap(), "nothing to give back yet");
    grant(&approvals, &id);
    assert!(approvals.use_up(id.as_str(), T0).unwrap());
    approvals.give_back(id.as_str()).unwrap();
    assert!(approvals.use_up(id.as_str(), T0).unwrap());
    assert!(!approvals.use_up(id.as_str(), T0).unwrap());
    approvals.give_back(id.as_str()).unwrap();
    assert!(!approvals.use_up(id.as_str(), after(600)).unwrap(), "over is over");
}

#[test]
fn nobody_grants_what_they_may_not() {
    let (_outer, approvals) = open();
    let id_of = |change: &dyn Fn(&mut Asking), content: &str| {
        let mut call = asking(content, Way::Console);
        change(&mut call);
        pending(approvals.ask(&call, T0).unwrap()).0
    };
    let decide = |id: &ApprovalId, by: &Person, now| {
        approvals.decide(id, true, by, Door::CommandLine, now, |_| Ok(())).map(|_| ())
    };
    let owner = Person { is_local_owner: true, ..operator() };
    let four_eyes = id_of(&|call| call.terms.self_approval = false, "a");
    assert!(matches!(decide(&four_eyes, &owner, T0), Err(DecideError::NotAllowed(NotAllowed::SamePerson))));
    assert!(matches!(decide(&four_eyes, &operator(), after(600)), Err(DecideError::Expired)));
    assert!(decide(&four_eyes, &operator(), T0).is_ok());
    let listed = id_of(&|call| call.terms.approvers = vec!["group:finance".into()], "b");
    assert!(matches!(
        decide(&listed, &operator(), T0),
        Err(DecideError::NotAllowed(NotAllowed::NotListed { .. }))
    ));
    let elsewhere = id_of(&|call| call.terms.modes = vec![ApprovalMode::Form], "c");
    assert!(matches!(decide(&elsewhere, &operator(), T0), Err(DecideError::NotHere)));
    assert!(matches!(decide(&ApprovalId::random().unwrap(), &owner, T0), Err(DecideError::Unknown)));
}

#[test]
fn what_the_log_cannot_hold_does_not_happen() {
    let (_outer, approvals) = open();
    let call = asking("one", Way::Console);
    let (id, _) = pending(approvals.ask(&call, T0).unwrap());
    let full = approvals.decide(&id, true, &operator(), Door::CommandLine, T0, |_| Err("full".to_owned()));
    assert!(matches!(full, Err(DecideError::NotNoted(_))));
    assert!(!pending(approvals.ask(&call, T0).unwrap()).1);
}

#[test]
fn a_grant_asks_for_so_many_at_a_time_and_no_more() {
    let (_outer, approvals) = open();
    for content in ["a", "b", "c"] {
        pending(approvals.ask(&asking(content, Way::Console), T0).unwrap());
    }
    assert!(matches!(approvals.ask(&asking("d", Way::Console), T0).unwrap(), Standing::TooMany));
    assert!(!pending(approvals.ask(&asking("a", Way::Console), T0).unwrap()).1, "an open one is no new one");
    let mut other = asking("d", Way::Console);
    other.caller.grant = GrantName::parse("other").unwrap();
    pending(approvals.ask(&other, T0).unwrap());
    pending(approvals.ask(&asking("d", Way::Console), after(600)).unwrap());
}

#[test]
fn after_the_window_the_same_question_gets_another_id() {
    let (_outer, approvals) = open();
    let call = asking("one", Way::Console);
    let (old, _) = pending(approvals.ask(&call, T0).unwrap());
    let (new, is_new) = pending(approvals.ask(&call, after(301)).unwrap());
    assert!(is_new && new != old);
    let late = approvals.decide(&old, true, &operator(), Door::CommandLine, after(302), |_| Ok(()));
    assert!(matches!(late, Err(DecideError::Unknown)));
}

#[test]
fn where_nobody_can_be_asked_nothing_is_kept() {
    let (_outer, approvals) = open();
    assert!(matches!(approvals.ask(&asking("one", Way::None), T0).unwrap(), Standing::Nobody));
    assert!(approvals.list().unwrap().is_empty());
}

#[test]
fn no_approval_outlives_a_day() {
    let (_outer, approvals) = open();
    let mut call = asking("one", Way::Console);
    call.terms.ttl = Duration::from_secs(10 * 24 * 60 * 60);
    let (id, _) = pending(approvals.ask(&call, T0).unwrap());
    assert_eq!(approvals.show(&id).unwrap().unwrap().expires_at, after(86_400));
}

#[test]
fn a_page_is_found_by_its_secret_and_never_after_the_answer() {
    let (_outer, approvals) = open();
    let asked = question(approvals.ask(&asking("one", Way::Page), T0).unwrap());
    let secret = asked.url.unwrap().rsplit('/').next().unwrap().to_owned();
    let entry = approvals.of_page(&secret, T0).unwrap().unwrap();
    assert!(approvals.of_page(&secret, after(600)).unwrap().is_none());
    let last = if secret.ends_with('0') { '1' } else { '0' };
    let mut almost = secret.clone();
    almost.pop();
    almost.push(last);
    for other in ["", "x", &almost, &secret.to_uppercase()] {
        assert!(approvals.of_page(other, T0).unwrap().is_none());
    }
    approvals.decide(&entry.id, true, &operator(), Door::Page, T0, |_| Ok(())).unwrap();
    assert!(approvals.of_page(&secret, T0).unwrap().is_none());
}

#[test]
fn the_directory_tells_nothing_and_holds_no_half_files() {
    let (outer, approvals) = open();
    let mut call = asking("canary-in-the-call", Way::Form);
    call.text = "canary-in-the-text".to_owned();
    let asked = question(approvals.ask(&call, T0).unwrap());
    approvals.take(&answer(&asked, Verdict::Approve), &call, T0).unwrap();
    for file in fs::read_dir(outer.path().join("state/approvals")).unwrap() {
        let path = file.unwrap().path();
        assert!(!path.to_string_lossy().ends_with(".new"));
        assert!(!String::from_utf8_lossy(&fs::read(path).unwrap()).contains("canary"));
    }
}
