//! One's own account: another password, and the second factor.

use jiff::Timestamp;
use qrcodegen::{QrCode, QrCodeEcc};
use serde_json::json;

use super::{Answer, Console, Fields, Page, Visit, html::Html, page::problem};
use crate::identity::{NewSecondFactor, NotSignedIn, PeopleError, Proof};

const PATH: &str = "/console/people/own";
/// Empty modules around the picture, as readers want them.
const QUIET: i32 = 4;

impl Console {
    pub(super) fn own_page(&self, visit: &Visit) -> Answer {
        let account = visit.account();
        let mut body = Html::new();
        body.tag("section", &[], |html| {
            html.say("h2", visit.user());
            let grant = account.grant(self.people.settings());
            html.say("p", &format!("Role {}, grant {grant}.", visit.role().as_str()));
        });
        if !matches!(account.proof, Proof::Password { digest: Some(_) }) {
            body.say(
                "p",
                "You do not sign in with a password of this server, so there is none to change here.",
            );
            return Page::new("Your account", body).into();
        }
        let again = |html: &mut Html| {
            html.password("Password that you have", "password", "current-password");
            if account.has_second_factor() {
                code_field(html, "Code, or a recovery code");
            }
        };
        body.tag("section", &[], |html| {
            html.say("h2", "Another password");
            html.form(visit.csrf(), "/console/people/own/password", |html| {
                html.tag("div", &[("class", "fields")], |html| {
                    again(html);
                    html.password("New password", "new", "new-password");
                    html.password("New password again", "repeated", "new-password");
                    html.button("own", "Change it");
                });
            });
            html.say_as("p", "soft", "All your sessions end, this one too.");
        });
        body.tag("section", &[], |html| {
            html.say("h2", "Second factor");
            let (text, action, class, button) = if account.has_second_factor() {
                let left = account.recovery_codes_left();
                let text = format!("A code is asked for when you sign in. {left} recovery codes are left.");
                (text, "/console/people/own/factor/off", "bad", "Ask for no code any more")
            } else {
                let text = "Only the password is asked for when you sign in.".to_owned();
                (text, "/console/people/own/factor", "own", "Set up an authenticator")
            };
            html.say("p", &text);
            html.form(visit.csrf(), action, |html| {
                html.tag("div", &[("class", "fields")], |html| {
                    again(html);
                    html.button(class, button);
                });
            });
        });
        Page::new("Your account", body).into()
    }

    async fn proves(&self, visit: &Visit, fields: &Fields) -> Result<(), Box<Answer>> {
        let (password, code) = (fields.secret("password"), fields.get("code").trim());
        let proved =
            self.people.sign_in().prove_again(visit.account(), visit.session(), &password, code).await;
        proved.map_err(|refused| {
            Box::new(match refused {
                NotSignedIn::Wrong => not_done("The password that you have is another one."),
                NotSignedIn::WrongCode | NotSignedIn::Over => not_done("This code is not right."),
                NotSignedIn::Wait(wait) => not_done(&format!(
                    "There were too many tries. Wait {} seconds.",
                    wait.as_secs().saturating_add(1)
                )),
                NotSignedIn::Failed(error) => failed(&error),
            })
        })
    }

    pub(super) async fn change_password(&self, visit: &Visit, fields: &Fields) -> Answer {
        let new = fields.secret("new");
        if new.reveal() != fields.get("repeated") {
            return not_done("The new password was typed in two ways.");
        }
        if let Err(answer) = self.proves(visit, fields).await {
            return *answer;
        }
        if let Err(why) = self.note(visit, "own_password", json!({})) {
            return not_done(why);
        }
        match self.people.accounts().set_password(&visit.account().name, &new).await {
            Ok(_) => Answer::GoTo("/sign-in?next=/console".to_owned()),
            Err(error) => failed(&error),
        }
    }

    /// Shows a key; nothing is kept before a first code proves it.
    pub(super) async fn offer_factor(&self, visit: &Visit, fields: &Fields) -> Answer {
        if visit.account().has_second_factor() {
            return not_done("There is a second factor already.");
        }
        if let Err(answer) = self.proves(visit, fields).await {
            return *answer;
        }
        match self.people.accounts().new_second_factor(&visit.account().name).await {
            Ok(new) => self.offered(visit, &new, false),
            Err(error) => failed(&error),
        }
    }

    fn offered(&self, visit: &Visit, new: &NewSecondFactor, is_again: bool) -> Answer {
        let offer = match self.people.accounts().offer_second_factor(visit.account(), new, Timestamp::now()) {
            Ok(offer) => offer,
            Err(error) => return failed(&error),
        };
        let mut body = Html::new();
        if is_again {
            problem(
                &mut body,
                "This is not the code of that key, so nothing was changed. Is the clock right?",
            );
        }
        let address = new.address(visit.user());
        body.tag("section", &[], |html| {
            html.say("h2", "1. The key goes into an authenticator");
            picture(html, address.reveal());
            html.once("Key", "key", new.key.reveal());
            html.once("Address", "address", address.reveal());
        });
        body.tag("section", &[], |html| {
            html.say("h2", "2. Recovery codes, each good once");
            html.say("p", "Keep them where the authenticator is not. They are not shown again.");
            html.tag("ul", &[("class", "codes")], |html| {
                for code in &new.recovery_codes {
                    html.tag("li", &[], |html| html.put(&Html::code(code.reveal())));
                }
            });
        });
        body.tag("section", &[], |html| {
            html.say("h2", "3. The code that it shows now");
            html.form(visit.csrf(), "/console/people/own/factor/on", |html| {
                html.hidden("offer", &offer);
                html.tag("div", &[("class", "fields")], |html| {
                    code_field(html, "Code");
                    html.button("own", "Ask for codes from now on");
                });
            });
            html.say_as("p", "soft", "All your sessions end then, this one too.");
        });
        let page = Page::new("Second factor", body);
        if is_again { page.problem().into() } else { page.into() }
    }

    pub(super) async fn factor_on(&self, visit: &Visit, fields: &Fields) -> Answer {
        let now = Timestamp::now();
        let offered = self.people.accounts().offered_second_factor(visit.account(), fields.get("offer"), now);
        let new = match offered {
            Ok(Some(new)) => new,
            Ok(None) => return not_done("It took too long. Begin again."),
            Err(error) => return failed(&error),
        };
        if !new.is_shown_as(fields.get("code").trim(), now) {
            return self.offered(visit, &new, true);
        }
        if let Err(why) = self.note(visit, "own_second_factor", json!({ "on": true })) {
            return not_done(why);
        }
        match self.people.accounts().set_second_factor(&visit.account().name, Some(&new)).await {
            Ok(_) => Answer::GoTo("/sign-in?next=/console".to_owned()),
            Err(error) => failed(&error),
        }
    }

    pub(super) async fn factor_off(&self, visit: &Visit, fields: &Fields) -> Answer {
        if let Err(answer) = self.proves(visit, fields).await {
            return *answer;
        }
        if let Err(why) = self.note(visit, "own_second_factor", json!({ "on": false })) {
            return not_done(why);
        }
        match self.people.accounts().set_second_factor(&visit.account().name, None).await {
            Ok(_) => Answer::GoTo("/sign-in?next=/console".to_owned()),
            Err(error) => failed(&error),
        }
    }
}

fn code_field(html: &mut Html, label: &str) {
    html.tag("label", &[], |html| {
        html.say("span", label);
        html.void("input", &[("name", "code"), ("autocomplete", "one-time-code"), ("maxlength", "40")]);
    });
}

/// Dark on light whatever the page is like, because not every reader understands the other way round.
fn picture(html: &mut Html, text: &str) {
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Low) else { return };
    let size = code.size();
    let mut path = String::new();
    for y in 0..size {
        for x in (0..size).filter(|x| code.get_module(*x, y)) {
            path.push_str(&format!("M{} {}h1v1h-1z", x + QUIET, y + QUIET));
        }
    }
    let whole = (size + 2 * QUIET).to_string();
    let view = format!("0 0 {whole} {whole}");
    let attributes = [
        ("viewBox", view.as_str()),
        ("class", "barcode"),
        ("role", "img"),
        ("aria-label", "The key as a QR code"),
    ];
    html.tag("svg", &attributes, |html| {
        html.tag("rect", &[("class", "light"), ("width", &whole), ("height", &whole)], |_| {});
        html.tag("path", &[("d", &path)], |_| {});
    });
}

fn not_done(why: &str) -> Answer {
    let mut body = Html::new();
    problem(&mut body, why);
    body.tag("p", &[], |html| html.put(&Html::link(PATH, "Back to your account")));
    Page::new("Your account", body).problem().into()
}

fn failed(error: &PeopleError) -> Answer {
    match error {
        PeopleError::Refused(why) => not_done(&format!("Not possible: {why}.")),
        error => {
            tracing::error!(%error, "an own account could not be changed");
            not_done("It could not be done at the moment.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_made_of_our_own_marks() {
        let mut html = Html::new();
        picture(&mut html, "otpauth://totp/odoo-mcp:x?secret=ABC");
        assert!(html.as_str().starts_with("<svg viewBox=\"0 0 ") && html.as_str().contains("<path d=\"M"));
    }
}
