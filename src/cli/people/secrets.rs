//! Secrets that somebody types, or that another program sends.

use std::io::Read as _;

use zeroize::Zeroizing;

use crate::{
    cli::{Session, Stop},
    facts::Secret,
};

/// Passwords are far shorter.
const SECRET_BYTES_MAX: u64 = 16 * 1024;

/// A new password: from standard input, or typed twice.
pub(super) fn new_password(session: &Session, from_stdin: bool) -> Result<Secret, Stop> {
    if from_stdin {
        let mut text = Zeroizing::new(String::new());
        std::io::stdin()
            .lock()
            .take(SECRET_BYTES_MAX)
            .read_to_string(&mut text)
            .map_err(|error| Stop::Settings(format!("--password-stdin: {}", error.kind())))?;
        return Ok(Secret::new(text.trim_end_matches(['\r', '\n']).to_owned()));
    }
    if !session.terminal.can_ask() {
        return Err(Stop::Settings(
            "--password-stdin is missing, and there is no terminal to ask at".to_owned(),
        ));
    }
    let (first, second) = (typed("New password: ")?, typed("The same again: ")?);
    if first.same_as(second.reveal()) {
        Ok(first)
    } else {
        Err(Stop::FailedWith("the two passwords are not the same".to_owned()))
    }
}

fn typed(question: &str) -> Result<Secret, Stop> {
    rpassword::prompt_password(question)
        .map(Secret::new)
        .map_err(|error| Stop::Settings(format!("the password cannot be read: {}", error.kind())))
}

/// One line of standard input, after a question at the terminal.
pub(super) fn line(session: &Session, question: &str) -> String {
    session.terminal.ask(question);
    let mut line = String::new();
    match std::io::stdin().read_line(&mut line) {
        Ok(_) => line.trim().to_owned(),
        Err(_) => String::new(),
    }
}
