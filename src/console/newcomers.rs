//! New accounts and new tokens. A password is typed and never shown; a token is shown once.

use serde_json::json;

use super::{
    Answer, Console, Fields, Page, Visit, back,
    html::Html,
    moment,
    page::done,
    people::{PATH, failed, may_look_after, refused},
};
use crate::{
    facts::{GrantName, Role, Scope, Scopes, UserName},
    identity::{NewToken, local_name},
};

/// What is proposed for a new token.
const DAYS: &str = "90";

impl Console {
    /// Forms for what the visitor may make.
    pub(super) fn newcomers(&self, body: &mut Html, visit: &Visit) {
        if visit.is_operator() {
            body.tag("section", &[], |html| {
                html.say("h2", "A new account");
                html.form(visit.csrf(), "/console/people/add", |html| {
                    html.tag("div", &[("class", "fields")], |html| {
                        html.field("Name", "user", "");
                        let roles: Vec<&str> =
                            Role::ALL.into_iter().filter(|role| may_look_after(visit, *role)).map(Role::as_str).collect();
                        html.choice("Role", "role", &roles, Role::Member.as_str());
                        html.field("Grant (empty: its name)", "grant", "");
                        html.password("Password (empty: tokens only)", "password", "new-password");
                        html.button("own", "Make the account");
                    });
                });
                html.say_as("p", "soft", "A password has at least twelve characters. It is not shown again; whoever gets the account changes it on the page of their own account.");
            });
        }
        body.tag("section", &[], |html| {
            html.say("h2", "A new token");
            html.form(visit.csrf(), "/console/people/token/add", |html| {
                html.tag("div", &[("class", "fields")], |html| {
                    html.field("Name of the token", "label", "");
                    if visit.is_operator() {
                        html.field("Account", "user", visit.user());
                        html.field("Grant (empty: that of the account)", "grant", "");
                    }
                    html.field("Days", "days", DAYS);
                });
                html.tag("fieldset", &[], |html| {
                    html.say("legend", "Good for");
                    let most = visit.role().scopes_max();
                    for scope in most.iter() {
                        html.tick(scope.as_str(), scope.as_str(), scope == Scope::Read);
                    }
                });
                html.tag("div", &[("class", "buttons")], |html| html.button("own", "Make the token"));
            });
        });
    }

    pub(super) async fn add_account(&self, visit: &Visit, fields: &Fields) -> Answer {
        let name = match local_name(fields.get("user")) {
            Ok(name) => name,
            Err(why) => return refused(&format!("Not possible: {why}.")),
        };
        let Some(role) = Role::parse(fields.get("role")) else { return refused("There is no such role.") };
        if !may_look_after(visit, role) {
            return refused("Only an owner makes owners and operators.");
        }
        let grant = match grant_of(fields) {
            Ok(grant) => grant,
            Err(answer) => return *answer,
        };
        let password = Some(fields.secret("password")).filter(|password| !password.reveal().is_empty());
        let about = json!({ "account": name, "role": role.as_str(), "grant": grant });
        if let Err(why) = self.note(visit, "account_add", about) {
            return refused(why);
        }
        match self.people.accounts().add(&name, role, grant, password.as_ref()).await {
            Ok(_) => back(PATH, "added"),
            Err(error) => failed(&error),
        }
    }

    pub(super) async fn add_token(&self, visit: &Visit, fields: &Fields) -> Answer {
        let wanted = fields.get("user").trim();
        let user = if wanted.is_empty() { visit.user() } else { wanted };
        let Ok(user) = UserName::parse(user) else { return refused("There is no such account.") };
        // Another's token, or another grant than one's own, is for whoever looks after that account.
        let is_own = user.as_str() == visit.user();
        let role = match self.people.accounts().get(&user).await {
            Ok(Some(account)) => account.role,
            Ok(None) => return refused("There is no such account."),
            Err(error) => return failed(&error),
        };
        if !is_own && !may_look_after(visit, role) {
            return refused("There is no such account, or only an owner makes tokens for it.");
        }
        let grant = match grant_of(fields) {
            Ok(grant) => grant,
            Err(answer) => return *answer,
        };
        if grant.is_some() && !visit.is_operator() {
            return refused("The grant of a token is chosen by an operator.");
        }
        let Ok(days) = fields.get("days").trim().parse::<u64>() else {
            return refused("Write the days as a number.");
        };
        let scopes: Scopes =
            Scope::ALL.into_iter().filter(|scope| fields.get(scope.as_str()) == "yes").collect();
        let label = fields.get("label").trim().to_owned();
        let about = json!({ "user": user, "label": label, "grant": grant, "scopes": scopes.to_string(), "days": days });
        if let Err(why) = self.note(visit, "token_add", about) {
            return refused(why);
        }
        let new = NewToken { user, label, grant, scopes, days };
        match self.people.tokens().create(new, self.people.settings()).await {
            Ok((secret, token)) => {
                let mut body = Html::new();
                done(&mut body, "The token is made. It is shown this one time.");
                body.tag("section", &[], |html| {
                    html.say("h2", &token.label);
                    html.once("Token", "token", secret.reveal());
                    html.say(
                        "p",
                        &format!(
                            "For {}, grant {}, {}, until {}.",
                            token.user,
                            token.grant,
                            token.scopes,
                            moment(token.expires_at)
                        ),
                    );
                });
                body.tag("p", &[], |html| html.put(&Html::link(PATH, "Back to the people")));
                Page::new("Token", body).into()
            }
            Err(error) => failed(&error),
        }
    }
}

fn grant_of(fields: &Fields) -> Result<Option<GrantName>, Box<Answer>> {
    match fields.get("grant").trim() {
        "" => Ok(None),
        name => GrantName::parse(name)
            .map(Some)
            .map_err(|error| Box::new(refused(&format!("Not possible: {error}.")))),
    }
}
