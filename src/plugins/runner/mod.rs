//! The other side of `process`: a child that locks itself in, opens one library, and does as it is told.

mod cage;

use std::{
    fs::File,
    io,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, sync_channel},
    },
};

use odoo_mcp_plugin_host::{CallScope, Code, HostCalls, LogLevel, RunningPlugin, code};

use super::{
    answer::{self, ANSWER_BYTES_MAX},
    error::PluginError,
    frames::{self, FromChild, ToChild},
    handshake,
};

/// Runs until the server closes the pipe; `false` where the plugin could not be started.
pub fn run(library: &Path) -> bool {
    // Whatever the plugin writes to its output must not look like our words.
    let Ok((input, output)) = cage::take_pipes() else { return false };
    let output = Arc::new(Output(Mutex::new(output)));
    if let Err(why) = cage::lock(library) {
        let message = format!("the process of the plugin could not be locked in: {why}");
        output.say(&FromChild::Refused { reason: "init_failed".to_owned(), message });
        return false;
    }
    match handshake::bring_up(library, Arc::clone(&output) as Arc<dyn HostCalls>, |_| Ok(())) {
        Ok((info, running, described)) => {
            output.say(&FromChild::Hello {
                name: info.name,
                version: info.version,
                target: info.target,
                abi: info.abi,
                flags: info.flags,
                described,
            });
            serve(&running, input, &output)
        }
        Err(refusal) => {
            let reason = refusal.reason.word().to_owned();
            output.say(&FromChild::Refused { reason, message: refusal.message });
            false
        }
    }
}

fn serve(running: &RunningPlugin, mut input: File, output: &Output) -> bool {
    let (heard, words) = sync_channel::<ToChild>(1);
    let listen = move || {
        loop {
            let word = frames::read(&mut input).ok();
            if word.is_none_or(|word| heard.send(word).is_err()) {
                // The server is gone; a plugin that still runs ends here.
                std::process::exit(0);
            }
        }
    };
    if std::thread::Builder::new().spawn(listen).is_err() {
        return false;
    }
    let scope = Scope { output, words: Mutex::new(words) };
    loop {
        let Some(word) = scope.next() else { return true };
        let said = match word {
            ToChild::Applies { step, context } => running
                .applies(step, &context, &scope)
                .map(|applies| FromChild::Applied { applies })
                .map_err(|error| answer::failed(&error)),
            ToChild::Execute { step, context } => running
                .execute(step, &context, ANSWER_BYTES_MAX, &scope)
                .map_err(|error| answer::failed(&error))
                .and_then(|executed| executed_text(executed.code, executed.bytes)),
            // An answer to nothing.
            ToChild::Answer { .. } => continue,
        };
        output.say(&said.unwrap_or_else(|error| fault(&error)));
    }
}

fn executed_text(code: Code, bytes: Vec<u8>) -> Result<FromChild, PluginError> {
    let text = match code {
        Code::Ok => String::from_utf8(bytes)
            .map_err(|_| PluginError::BadAnswer { message: "it is not UTF-8".to_owned() })?,
        _ => String::from_utf8_lossy(&bytes).into_owned(),
    };
    Ok(FromChild::Executed { code: code.number(), text })
}

fn fault(error: &PluginError) -> FromChild {
    let kind = match error {
        PluginError::Failed { .. } => "failed",
        other => other.code(),
    };
    let message = match error {
        PluginError::Panicked { message }
        | PluginError::BadInput { message }
        | PluginError::BadAnswer { message } => message.clone(),
        other => other.to_string(),
    };
    FromChild::Fault { kind: kind.to_owned(), code: error.code().to_owned(), message }
}

/// Our words, one whole message at a time.
struct Output(Mutex<File>);

impl Output {
    fn say(&self, message: &FromChild) {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let said: io::Result<()> = frames::write(&mut *file, message);
        if said.is_err() {
            // The server is gone.
            std::process::exit(0);
        }
    }
}

impl HostCalls for Output {
    fn log(&self, level: LogLevel, message: &str) {
        let level = match level {
            LogLevel::Error => 1,
            LogLevel::Warning => 2,
            LogLevel::Information => 3,
            LogLevel::Debugging => 4,
        };
        self.say(&FromChild::Log { level, message: answer::short(message, 2_000) });
    }
}

/// What the plugin reaches while a step runs: the server, through the pipe.
struct Scope<'a> {
    output: &'a Output,
    words: Mutex<Receiver<ToChild>>,
}

impl Scope<'_> {
    fn next(&self) -> Option<ToChild> {
        self.words.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
    }
}

impl CallScope for Scope<'_> {
    fn log(&self, level: LogLevel, message: &str) {
        self.output.log(level, message);
    }

    fn call(&self, request: &str) -> (i32, String) {
        self.output.say(&FromChild::Ask { request: request.to_owned() });
        match self.next() {
            Some(ToChild::Answer { code, text }) => (code, text),
            _ => (code::CANCELLED, r#"{"error":{"code":"cancelled","message":"no answer came"}}"#.to_owned()),
        }
    }

    fn cancelled(&self) -> bool {
        // The server ends this process when nobody waits any more.
        false
    }
}
