//! The keys of rules for connections, environments, hours, approvals and breakers.

use super::{
    super::shape::{Kind, Shape, optional, required},
    APPROVAL_SECONDS_MAX, APPROVER, CLOCK, OWN_NAME, SCOPE, SECONDS, ZONE,
};

pub(super) const ACCESS: Shape = Shape::Word(&[
    ("off", "nothing"),
    ("read_only", "only reading"),
    ("no_delete", "everything but deleting"),
    ("normal", "what the other rules allow (the default)"),
]);

pub(crate) static CONNECTION: Kind = Kind {
    name: "a rule for a connection",
    about: "How far access through a connection goes.",
    keys: &[&[
        optional!(
            "environment",
            Shape::Form(&OWN_NAME),
            "The environment it belongs to, such as production."
        ),
        optional!("mode", ACCESS, "How far access goes."),
        optional!(
            "companies",
            Shape::List(&Shape::Whole(1, i64::MAX as u64)),
            "Ids of the companies a call may work in; without it Odoo decides.",
        ),
    ]],
    exactly_one: &[],
    not_together: &[],
    needs: &[],
};

pub(crate) static ENVIRONMENT: Kind = Kind {
    name: "a rule for an environment",
    about: "What holds for every connection of an environment.",
    keys: &[&[
        optional!("mode", ACCESS, "How far access goes."),
        optional!(
            "approve",
            Shape::List(&Shape::Word(&[
                ("read", "reading and searching"),
                ("create", "new records"),
                ("write", "changing records"),
                ("unlink", "deleting"),
                ("execute", "methods that are none of the others"),
                ("mail", "messages"),
                ("report", "rendered reports"),
            ])),
            "Operations about which a person is always asked.",
        ),
        optional!("time", Shape::Form(&OWN_NAME), "A name of `time_windows`; outside of it nothing happens."),
    ]],
    exactly_one: &[],
    not_together: &[],
    needs: &[],
};

pub(crate) static TIME_WINDOW: Kind = Kind {
    name: "a time window",
    about: "Local time in a zone; a window that ends before it begins goes over midnight.",
    keys: &[&[
        required!("tz", Shape::Form(&ZONE), "A time zone such as Europe/Vienna."),
        optional!(
            "days",
            Shape::Filled(&Shape::Word(&[
                ("mon", "Monday"),
                ("tue", "Tuesday"),
                ("wed", "Wednesday"),
                ("thu", "Thursday"),
                ("fri", "Friday"),
                ("sat", "Saturday"),
                ("sun", "Sunday"),
            ])),
            "Days it begins on; every day where it is not said.",
        ),
        required!("from", Shape::Form(&CLOCK), "Begins at this time."),
        required!("to", Shape::Form(&CLOCK), "Ends before this time."),
    ]],
    exactly_one: &[],
    not_together: &[],
    needs: &[],
};

pub(crate) static APPROVALS: Kind = Kind {
    name: "terms of approval",
    about: "How a person is asked, and who may answer.",
    keys: &[&[
        optional!(
            "ttl",
            Shape::Seconds(1, APPROVAL_SECONDS_MAX),
            "Seconds until a question expires; 600 where it is not said.",
        ),
        optional!(
            "modes",
            Shape::Filled(&Shape::Word(&[
                ("url", "a page that the approver signs in to"),
                ("form", "a form in the client; never for more than writing"),
                ("console", "the caller gets an id and comes back later"),
            ])),
            "Ways to ask, the preferred one first.",
        ),
        optional!(
            "approvers",
            Shape::Filled(&Shape::Form(&APPROVER)),
            "Who may agree: `user:NAME` or `group:NAME`.",
        ),
        optional!("self_approval", Shape::Flag, "May the person behind the grant agree to their own call?"),
        optional!("max_pending", Shape::Whole(1, u32::MAX as u64), "Open questions that one grant may have."),
        optional!(
            "dedupe_window",
            Shape::Seconds(0, APPROVAL_SECONDS_MAX),
            "Seconds in which the same question gets the same approval.",
        ),
    ]],
    exactly_one: &[],
    not_together: &[],
    needs: &[],
};

pub(crate) static BREAKER: Kind = Kind {
    name: "a breaker",
    about: "Pauses a caller who is denied, fails or asks too often.",
    keys: &[&[
        required!(
            "on",
            Shape::Word(&[
                ("denied", "calls the policy refused"),
                ("failed", "calls that Odoo refused or that broke"),
                ("asked", "calls about which a person was asked"),
            ]),
            "What is counted.",
        ),
        required!("max", Shape::Whole(1, u64::MAX), "So many, and the caller is paused."),
        required!("window", SECONDS, "Within so many seconds."),
        optional!("scope", Shape::OneOf(std::slice::from_ref(&SCOPE)), "Who is counted together."),
        optional!(
            "then",
            Shape::Word(&[("pause", "the caller may do nothing for a while")]),
            "What happens."
        ),
        required!("for", SECONDS, "For so many seconds."),
    ]],
    exactly_one: &[],
    not_together: &[],
    needs: &[],
};
