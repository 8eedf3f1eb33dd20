//! The policy: read, edited, checked, tried on one call and on the past, put in force, rolled back.

mod desk;
mod live;
mod places;
mod trial;

use std::{fmt::Write as _, sync::Arc};

use serde_json::{Value, json};

pub use self::desk::{Activated, PolicyDesk, Version, digest_of};
pub(super) use self::live::ModelsSeen;
use super::{
    Answer, Console, Fields, Page, Refusal, Visit, back,
    html::Html,
    page::{done, problem},
};
use crate::{
    pipeline::Corridor,
    policy::{Policy, Recommended, recommended},
};

const PATH: &str = "/console/policy";
/// A call that is tried, when nobody wrote another one yet.
const EXAMPLE: &str = "{\"tool\": \"odoo_search_count\", \"args\": {\"model\": \"res.partner\"}}";
/// Earlier texts that are listed.
const VERSIONS_SHOWN_MAX: usize = 30;

/// What stands in the editor.
struct Draft<'a> {
    text: &'a str,
    /// Digest of the text that this one would replace.
    base: &'a str,
    call: &'a str,
}

impl Console {
    pub(super) async fn policy_page(&self, visit: &Visit, query: &Fields) -> Answer {
        let mut body = Html::new();
        match query.get("done") {
            "activated" => done(&mut body, "The policy is in force. The next call is decided by it."),
            "same" => done(&mut body, "This policy was in force already."),
            _ => {}
        }
        let Some(desk) = self.desk.clone() else {
            body.say("p", "This server shows no policy.");
            return Page::new("Policy", body).into();
        };
        let Ok(text) = in_thread(move || desk.text()).await else {
            problem(&mut body, "The policy cannot be read at the moment.");
            return Page::new("Policy", body).problem().into();
        };
        let base = digest_of(&text);
        self.editor(&mut body, visit, &Draft { text: &text, base: &base, call: EXAMPLE }).await;
        self.history(&mut body).await;
        Page::new("Policy", body).with_editor().into()
    }

    /// An earlier text in the editor, as a draft of the next one.
    pub(super) async fn policy_version(&self, visit: &Visit, query: &Fields) -> Answer {
        let Some(desk) = self.desk.clone() else { return Answer::Refused(Refusal::Nothing) };
        let id = query.get("id").to_owned();
        let found = in_thread(move || {
            let text = desk.version(&id).ok_or("there is no such version")?;
            Ok((text, desk.text()?))
        });
        let Ok((text, now)) = found.await else { return Answer::Refused(Refusal::Nothing) };
        let base = digest_of(&now);
        let mut body = Html::new();
        body.say("p", "An earlier policy. Check it to see what would change, then put it in force.");
        self.editor(&mut body, visit, &Draft { text: &text, base: &base, call: EXAMPLE }).await;
        Page::new("Policy", body).with_editor().into()
    }

    /// A draft is looked at: problems with their places, or what it would change; or one call is tried.
    pub(super) async fn policy_check(&self, visit: &Visit, what: &str, fields: &Fields) -> Answer {
        let text = fields.get("text").replace("\r\n", "\n");
        let draft = Draft { text: &text, base: fields.get("base"), call: fields.get("call") };
        let is_trial = what == "policy/simulate";
        self.checked(visit, &draft, is_trial).await
    }

    async fn checked(&self, visit: &Visit, draft: &Draft<'_>, is_trial: bool) -> Answer {
        let mut body = Html::new();
        let policy = match lint(&self.corridor, draft.text) {
            Ok(policy) => policy,
            Err(problems) => {
                problem(&mut body, "This policy cannot be used. The one before stays in force.");
                body.tag("section", &[], |html| {
                    let rows = problems.iter().map(|found| {
                        vec![
                            Html::of(&format!("{}:{}", found.line, found.column)),
                            Html::code(&found.pointer),
                            Html::of(&found.message),
                        ]
                    });
                    html.table("Problems", &["Line:column", "Where", "What"], rows.collect());
                });
                self.editor(&mut body, visit, draft).await;
                return Page::new("Policy", body).with_editor().problem().into();
            }
        };
        for warning in policy.warnings() {
            body.say_as("p", "warn", warning);
        }
        if is_trial {
            body.tag("section", &[], |html| trial::one_call(html, &self.corridor, &policy, draft.call));
        } else {
            self.compared(&mut body, visit, draft, &policy).await;
        }
        self.editor(&mut body, visit, draft).await;
        Page::new("Policy", body).with_editor().into()
    }

    /// What the draft changes, and the button that puts it in force.
    async fn compared(&self, body: &mut Html, visit: &Visit, draft: &Draft<'_>, policy: &Arc<Policy>) {
        let Some(desk) = self.desk.clone() else { return };
        let (corridor, new, text) = (Arc::clone(&self.corridor), Arc::clone(policy), draft.text.to_owned());
        let locked = desk.clone();
        let compared = in_thread(move || {
            let before = desk.text()?;
            Ok(trial::compared(&corridor, &before, &text, new))
        });
        let Ok(compared) = compared.await else {
            problem(body, "What would change cannot be found out at the moment.");
            return;
        };
        done(body, "This policy can be used. Nothing is in force yet.");
        body.tag("section", &[], |html| {
            html.say("h2", "What would change");
            html.put(&compared);
            let why = in_place(&locked);
            if let Some(why) = why {
                html.say_as("p", "soft", &why);
            } else if visit.is_operator() {
                html.form(visit.csrf(), "/console/policy/activate", |html| {
                    html.hidden("base", draft.base);
                    html.hidden("text", draft.text);
                    html.button("own", "Put it in force");
                });
            }
        });
    }

    pub(super) async fn activate(&self, visit: &Visit, fields: &Fields) -> Answer {
        let text = fields.get("text").replace("\r\n", "\n");
        let draft = Draft { text: &text, base: fields.get("base"), call: EXAMPLE };
        let Ok(policy) = lint(&self.corridor, &text) else { return self.checked(visit, &draft, false).await };
        let Some(desk) = self.desk.clone() else { return Answer::Refused(Refusal::Nothing) };
        let refused = |why: &str| {
            let mut body = Html::new();
            problem(&mut body, why);
            body.tag("p", &[], |html| html.put(&Html::link(PATH, "Back to the policy")));
            Answer::from(Page::new("Policy", body).problem())
        };
        if let Some(why) = in_place(&desk) {
            return refused(&why);
        }
        let before = self.corridor.policy().digest().0.to_string();
        let after = policy.digest().0.to_string();
        if let Err(why) = self.note(visit, "policy_activate", json!({ "before": before, "after": after })) {
            return refused(why);
        }
        let (base, is_same) = (draft.base.to_owned(), before == after);
        let put = in_thread(move || Ok(desk.activate(&base, &text))).await;
        match put {
            Ok(Activated::InForce) => back(PATH, if is_same { "same" } else { "activated" }),
            Ok(Activated::Conflict) => refused(
                "Somebody changed the policy meanwhile, so nothing was done. Look at it again and repeat what you want.",
            ),
            Ok(Activated::Failed(why)) => refused(&why),
            Err(_) => refused("The policy could not be written."),
        }
    }

    /// The recommended rule of a tool goes into a draft; what it changes is shown, and nothing is done yet.
    pub(super) async fn recommended(&self, visit: &Visit, fields: &Fields) -> Answer {
        let found = self.corridor.catalog().find(fields.get("tool"));
        let (Some(found), Some(desk)) = (found, self.desk.clone()) else {
            return Answer::Refused(Refusal::Nothing);
        };
        let Ok(text) = in_thread(move || desk.text()).await else {
            return Answer::Refused(Refusal::Nothing);
        };
        let base = digest_of(&text);
        let Ok(Value::Object(mut file)) = serde_json::from_str(&text) else {
            return Answer::Refused(Refusal::Nothing);
        };
        let facts = found.facts();
        let hidden = file.entry("hide").or_insert_with(|| json!([]));
        if let Some(hidden) = hidden.as_array_mut() {
            hidden.retain(|name| name != facts.name);
            if recommended(&facts) == Recommended::Hide {
                hidden.push(Value::from(facts.name));
            }
        }
        let rules = file.entry("tools").or_insert_with(|| json!({}));
        if let Some(rules) = rules.as_object_mut() {
            match recommended(&facts) {
                Recommended::Hide => {
                    rules.shift_remove(facts.name);
                }
                Recommended::Rule(rule) => {
                    rules.insert(facts.name.to_owned(), rule);
                }
            }
        }
        let text = format!("{:#}\n", Value::Object(file));
        self.checked(visit, &Draft { text: &text, base: &base, call: EXAMPLE }, false).await
    }

    async fn editor(&self, body: &mut Html, visit: &Visit, draft: &Draft<'_>) {
        let Some(desk) = self.desk.clone() else { return };
        let name = desk.name();
        body.tag("section", &[], |html| {
            html.say("h2", &name);
            html.form(visit.csrf(), "/console/policy/check", |html| {
                html.hidden("base", draft.base);
                let help =
                    "The text is checked while you type; Ctrl and Space offer what may stand at the cursor.";
                html.tag("p", &[("class", "soft"), ("id", "editor-help"), ("hidden", "")], |html| {
                    html.text(help);
                });
                let lines = draft.text.lines().count().max(1);
                let mut numbers = String::new();
                for line in 1..=lines {
                    // Writing to a text cannot fail.
                    let _ = writeln!(numbers, "{line}");
                }
                let rows = (lines + 1).to_string();
                html.tag(
                    "div",
                    &[
                        ("class", "numbered"),
                        ("tabindex", "0"),
                        ("role", "group"),
                        ("aria-label", "Policy with line numbers"),
                    ],
                    |html| {
                        html.tag("pre", &[("aria-hidden", "true")], |html| html.text(numbers.trim_end()));
                        html.tag(
                            "textarea",
                            &[
                                ("name", "text"),
                                ("id", "editor"),
                                ("aria-label", "Policy"),
                                ("aria-describedby", "editor-help"),
                                ("spellcheck", "false"),
                                ("autocapitalize", "none"),
                                ("wrap", "off"),
                                ("rows", &rows),
                            ],
                            |html| {
                                // The first line break after the tag is not part of the text.
                                html.text("\n");
                                html.text(draft.text);
                            },
                        );
                    },
                );
                html.tag("div", &[("class", "buttons")], |html| {
                    html.button("own", "Check and show what changes");
                });
                html.tag("label", &[], |html| {
                    html.say("span", "Try a call under this text");
                    html.tag(
                        "textarea",
                        &[("name", "call"), ("rows", "3"), ("spellcheck", "false")],
                        |html| {
                            html.text("\n");
                            html.text(draft.call);
                        },
                    );
                });
                html.tag("div", &[("class", "buttons")], |html| {
                    let attributes = [("class", "second"), ("formaction", "/console/policy/simulate")];
                    html.tag("button", &attributes, |html| html.text("Try the call"));
                });
            });
            if let Some(why) = in_place(&desk) {
                html.say_as("p", "soft", &why);
            }
        });
    }

    async fn history(&self, body: &mut Html) {
        let Some(desk) = self.desk.clone() else { return };
        let versions = in_thread(move || Ok(desk.versions())).await.unwrap_or_default();
        if versions.is_empty() {
            return;
        }
        body.tag("section", &[], |html| {
            html.say("h2", "Earlier policies");
            let rows = versions.iter().take(VERSIONS_SHOWN_MAX).map(|version| {
                let address = format!("/console/policy/version?id={}", version.id);
                vec![Html::of(&version.at), Html::link(&address, "Look and roll back")]
            });
            html.table("The newest first", &["Replaced at", "Open"], rows.collect());
        });
    }
}

/// A problem and its place in the text.
struct Found {
    line: usize,
    column: usize,
    pointer: String,
    message: String,
}

/// The same reader that the command line and the server use.
fn lint(corridor: &Corridor, text: &str) -> Result<Arc<Policy>, Vec<Found>> {
    Policy::load(text.as_bytes(), corridor.catalog()).map(Arc::new).map_err(|error| {
        let syntax = serde_json::from_str::<serde::de::IgnoredAny>(text).err();
        let found = |problem: crate::policy::PolicyProblem| {
            let (line, column) = match &syntax {
                Some(error) => (error.line(), error.column()),
                None => places::place_of(text, &problem.pointer),
            };
            Found { line, column, pointer: problem.pointer, message: problem.message }
        };
        error.problems.into_iter().map(found).collect()
    })
}

/// Why there is no putting in force, if there is none.
fn in_place(desk: &Arc<dyn PolicyDesk>) -> Option<String> {
    desk.locked_because().map(|why| format!("The policy is only shown here: {why}."))
}

/// Files are waited for on a thread of their own.
async fn in_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => {
            done.inspect_err(|error| tracing::warn!(%error, "the policy could not be read or written"))
        }
        Err(_) => Err("it failed inside".to_owned()),
    }
}
