//! Accounts, their tokens and their sessions. What is one's own may be ended by oneself.

use serde_json::json;

use super::{
    Answer, Console, Fields, Page, Visit, back,
    html::Html,
    moment,
    page::{done, problem},
};
use crate::{
    facts::{Role, UserName},
    identity::{PeopleError, Proof},
};

pub(super) const PATH: &str = "/console/people";

impl Console {
    pub(super) async fn people_page(&self, visit: &Visit, query: &Fields) -> Answer {
        let mut body = Html::new();
        let said = match query.get("done") {
            "revoked" => "The token is revoked.",
            "ended" => "The session is over.",
            "disabled" => "The account is disabled: its tokens and sessions are good for nothing.",
            "enabled" => "The account is in use again.",
            "added" => "The account is made.",
            "role" => "The role holds from the next request on.",
            _ => "",
        };
        if !said.is_empty() {
            done(&mut body, said);
        }
        body.tag("p", &[], |html| {
            html.put(&Html::link("/console/people/own", "Your account: password and second factor"));
        });
        let written = match visit.sees_all() {
            true => self.accounts(&mut body, visit).await,
            false => Ok(()),
        };
        let written = match written {
            Ok(()) => self.tokens(&mut body, visit).await,
            failed => failed,
        };
        let written = match written {
            Ok(()) => self.sessions(&mut body, visit).await,
            failed => failed,
        };
        let written = match written {
            Ok(()) if visit.sees_all() => self.all_grants(&mut body, visit).await,
            earlier => earlier,
        };
        self.newcomers(&mut body, visit);
        if let Err(error) = written {
            tracing::error!(%error, "people cannot be listed");
            problem(&mut body, "Accounts cannot be read at the moment.");
            return Page::new("People", body).problem().into();
        }
        Page::new("People", body).into()
    }

    async fn all_grants(&self, body: &mut Html, visit: &Visit) -> Result<(), PeopleError> {
        let (accounts, tokens) = (self.people.accounts().list().await?, self.people.tokens().list().await?);
        self.grants(body, visit, &accounts, &tokens);
        Ok(())
    }

    async fn accounts(&self, body: &mut Html, visit: &Visit) -> Result<(), PeopleError> {
        let accounts = self.people.accounts().list().await?;
        let settings = self.people.settings();
        let rows = accounts.iter().map(|account| {
            let name = account.name.as_str();
            let proof = match &account.proof {
                Proof::Password { digest: None } => "tokens only".to_owned(),
                Proof::Password { .. } if account.has_second_factor() => "password and code".to_owned(),
                Proof::Password { .. } => "password".to_owned(),
                Proof::Odoo { connection, .. } => format!("Odoo {connection}"),
            };
            let mut role = Html::of(account.role.as_str());
            if visit.is_owner() && name != visit.user() {
                role = Html::new();
                role.form(visit.csrf(), "/console/people/role", |html| {
                    html.hidden("user", name);
                    let label = format!("Role of {name}");
                    html.tag("select", &[("name", "role"), ("aria-label", &label)], |html| {
                        for one in Role::ALL {
                            let all = [("value", one.as_str()), ("selected", "")];
                            let attributes = if one == account.role {
                                all.as_slice()
                            } else {
                                all.get(..1).unwrap_or_default()
                            };
                            html.tag("option", attributes, |html| html.text(one.as_str()));
                        }
                    });
                    html.button("second", "Set");
                });
            }
            let mut state = Html::new();
            let (class, word) = if account.disabled { ("bad-word", "disabled") } else { ("good", "in use") };
            state.say_as("span", class, word);
            if may_look_after(visit, account.role) && name != visit.user() {
                state.form(visit.csrf(), "/console/people/disable", |html| {
                    html.hidden("user", name);
                    let (value, text) = if account.disabled { ("no", "Enable") } else { ("yes", "Disable") };
                    html.hidden("disabled", value);
                    let label = format!("{text} {name}");
                    html.tag("button", &[("class", "second"), ("aria-label", &label)], |html| {
                        html.text(text)
                    });
                });
            }
            vec![
                Html::of(name),
                role,
                Html::code(account.grant(settings).as_str()),
                Html::of(&proof),
                Html::of(&moment(account.created_at)),
                state,
            ]
        });
        let rows: Vec<Vec<Html>> = rows.collect();
        body.tag("section", &[], |html| {
            html.say("h2", "Accounts");
            let heads = ["Name", "Role", "Grant", "Signs in with", "Since", "State"];
            html.table(&format!("{} accounts", rows.len()), &heads, rows);
        });
        Ok(())
    }

    async fn tokens(&self, body: &mut Html, visit: &Visit) -> Result<(), PeopleError> {
        let mut tokens = self.people.tokens().list().await?;
        tokens.retain(|token| visit.sees_all() || token.user.as_str() == visit.user());
        let rows = tokens.iter().map(|token| {
            let mut end = Html::new();
            if visit.is_operator() || token.user.as_str() == visit.user() {
                button(&mut end, visit, "/console/people/token/revoke", &token.id, "Revoke", &token.label);
            }
            vec![
                Html::of(&token.label),
                Html::of(token.user.as_str()),
                Html::code(token.grant.as_str()),
                Html::of(&token.scopes.to_string()),
                Html::of(&moment(token.expires_at)),
                Html::of(&token.used_at.map_or_else(|| "never".to_owned(), moment)),
                end,
            ]
        });
        let rows: Vec<Vec<Html>> = rows.collect();
        body.tag("section", &[], |html| {
            html.say("h2", "Tokens");
            if rows.is_empty() {
                return html.say("p", "There is no token.");
            }
            let heads = ["Name", "Account", "Grant", "Scopes", "Expires", "Last used", "End"];
            html.table(&format!("{} tokens", rows.len()), &heads, rows);
        });
        Ok(())
    }

    async fn sessions(&self, body: &mut Html, visit: &Visit) -> Result<(), PeopleError> {
        let mut sessions = self.people.sessions().list().await?;
        sessions.retain(|session| visit.sees_all() || session.user.as_str() == visit.user());
        let rows = sessions.iter().map(|session| {
            let mut end = Html::new();
            if session.id == visit.session() {
                end.text("this one");
            } else if visit.is_operator() || session.user.as_str() == visit.user() {
                button(
                    &mut end,
                    visit,
                    "/console/people/session/end",
                    &session.id,
                    "End",
                    session.user.as_str(),
                );
            }
            vec![
                Html::of(session.user.as_str()),
                Html::of(&session.address.map_or_else(|| "-".to_owned(), |address| address.to_string())),
                Html::of(&session.agent),
                Html::of(&moment(session.began_at)),
                Html::of(&moment(session.seen_at)),
                end,
            ]
        });
        let rows: Vec<Vec<Html>> = rows.collect();
        body.tag("section", &[], |html| {
            html.say("h2", "Sessions");
            let heads = ["Account", "From", "Browser", "Began", "Last seen", "End"];
            html.table(&format!("{} sessions", rows.len()), &heads, rows);
        });
        Ok(())
    }

    pub(super) async fn revoke_token(&self, visit: &Visit, fields: &Fields) -> Answer {
        let id = fields.get("id");
        let tokens = match self.people.tokens().list().await {
            Ok(tokens) => tokens,
            Err(error) => return failed(&error),
        };
        // Somebody else's token and one that does not exist are the same to whoever may not end it.
        let may = |user: &UserName| visit.is_operator() || user.as_str() == visit.user();
        let Some(token) = tokens.iter().find(|token| token.id == id && may(&token.user)) else {
            return refused("There is no such token.");
        };
        let about = json!({ "token": token.id, "user": token.user, "label": token.label });
        if let Err(why) = self.note(visit, "token_revoke", about) {
            return refused(why);
        }
        match self.people.tokens().revoke(id).await {
            Ok(_) => back(PATH, "revoked"),
            Err(error) => failed(&error),
        }
    }

    pub(super) async fn end_session(&self, visit: &Visit, fields: &Fields) -> Answer {
        let id = fields.get("id");
        let sessions = match self.people.sessions().list().await {
            Ok(sessions) => sessions,
            Err(error) => return failed(&error),
        };
        let may = |user: &UserName| visit.is_operator() || user.as_str() == visit.user();
        let Some(session) = sessions.iter().find(|session| session.id == id && may(&session.user)) else {
            return refused("There is no such session.");
        };
        let about = json!({ "session": session.id, "user": session.user });
        if let Err(why) = self.note(visit, "session_end", about) {
            return refused(why);
        }
        match self.people.sessions().revoke(id).await {
            Ok(_) => back(PATH, "ended"),
            Err(error) => failed(&error),
        }
    }

    pub(super) async fn disable(&self, visit: &Visit, fields: &Fields) -> Answer {
        let disabled = match fields.get("disabled") {
            "yes" => true,
            "no" => false,
            _ => return refused("Choose one of the two buttons."),
        };
        let name = match self.somebody_else(visit, fields).await {
            Ok((name, role)) if may_look_after(visit, role) => name,
            Ok(_) => return refused("Only an owner may do this to an owner or an operator."),
            Err(answer) => return *answer,
        };
        let about = json!({ "account": name, "disabled": disabled });
        if let Err(why) = self.note(visit, "account_disable", about) {
            return refused(why);
        }
        match self.people.accounts().set_disabled(&name, disabled).await {
            Ok(_) => back(PATH, if disabled { "disabled" } else { "enabled" }),
            Err(error) => failed(&error),
        }
    }

    pub(super) async fn set_role(&self, visit: &Visit, fields: &Fields) -> Answer {
        if !visit.is_owner() {
            return Answer::Refused(super::Refusal::Role);
        }
        let Some(role) = Role::parse(fields.get("role")) else { return refused("There is no such role.") };
        let name = match self.somebody_else(visit, fields).await {
            Ok((name, _)) => name,
            Err(answer) => return *answer,
        };
        let about = json!({ "account": name, "role": role.as_str() });
        if let Err(why) = self.note(visit, "account_role", about) {
            return refused(why);
        }
        match self.people.accounts().set_role(&name, role).await {
            Ok(_) => back(PATH, "role"),
            Err(error) => failed(&error),
        }
    }

    /// Nobody shuts themselves out here.
    async fn somebody_else(&self, visit: &Visit, fields: &Fields) -> Result<(UserName, Role), Box<Answer>> {
        let unknown = || Box::new(refused("There is no such account."));
        let name = UserName::parse(fields.get("user")).map_err(|_| unknown())?;
        if name.as_str() == visit.user() {
            return Err(Box::new(refused("This is your own account; somebody else has to do that.")));
        }
        match self.people.accounts().get(&name).await {
            Ok(Some(account)) => Ok((name, account.role)),
            Ok(None) => Err(unknown()),
            Err(error) => Err(Box::new(failed(&error))),
        }
    }
}

/// An operator looks after those who only use or look; owners and operators are the owner's matter.
pub(super) fn may_look_after(visit: &Visit, role: Role) -> bool {
    visit.is_owner() || (visit.is_operator() && matches!(role, Role::Member | Role::Auditor))
}

fn button(html: &mut Html, visit: &Visit, action: &str, id: &str, text: &str, whose: &str) {
    html.form(visit.csrf(), action, |html| {
        html.hidden("id", id);
        let label = format!("{text} {whose}");
        html.tag("button", &[("class", "bad"), ("aria-label", &label)], |html| html.text(text));
    });
}

pub(super) fn refused(why: &str) -> Answer {
    let mut body = Html::new();
    problem(&mut body, why);
    body.tag("p", &[], |html| html.put(&Html::link(PATH, "Back to the people")));
    Page::new("People", body).problem().into()
}

pub(super) fn failed(error: &PeopleError) -> Answer {
    match error {
        PeopleError::Refused(why) => refused(&format!("Not possible: {why}.")),
        error => {
            tracing::error!(%error, "something about people could not be done");
            refused("It could not be done at the moment.")
        }
    }
}
