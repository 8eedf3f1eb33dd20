//! One sandbox from the inside: its data, its users, its sessions, and the one way to run a call.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
};

use ring::rand::{SecureRandom, SystemRandom};
use serde_json::Value;

use super::{
    access, data,
    database::Database,
    env::{ADMIN, Env},
    errors::{OdooError, Result},
    faults::Faults,
    field::SandboxVersion,
    methods::{self, Answer, Arguments, Binding},
    models::Schema,
    recorder::{ReceivedCall, Recorder},
};
use crate::facts::{JsonObject, Secret};

/// The one database of a sandbox.
pub(crate) const DATABASE: &str = "sandbox";

/// Sessions beyond this push out all older ones; nobody needs so many at a time.
const SESSIONS_MAX: usize = 1_000;

#[derive(Debug)]
struct Contents {
    schema: Schema,
    database: Mutex<Database>,
}

pub(crate) struct World {
    pub(crate) version: SandboxVersion,
    /// Made at the first call, so that starting costs next to nothing.
    contents: OnceLock<Contents>,
    pub(crate) sessions: Mutex<HashMap<String, i64>>,
    password: Secret,
    api_key: Secret,
    pub(crate) faults: Faults,
    pub(crate) recorder: Recorder,
    /// Guards the routes that steer the sandbox from outside; absent, these routes do not exist.
    pub(crate) control_token: Option<Secret>,
}

/// Says nothing of keys, sessions and records.
impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("version", &self.version).finish_non_exhaustive()
    }
}

/// How a call came in, for the record of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin<'o> {
    pub(crate) route: &'o str,
    pub(crate) user: i64,
}

impl World {
    pub(crate) fn new(
        version: SandboxVersion,
        password: String,
        api_key: String,
        control_token: Option<String>,
    ) -> Self {
        Self {
            version,
            contents: OnceLock::new(),
            sessions: Mutex::default(),
            password: Secret::new(password),
            api_key: Secret::new(api_key),
            faults: Faults::default(),
            recorder: Recorder::default(),
            control_token: control_token.map(Secret::new),
        }
    }

    fn contents(&self) -> &Contents {
        self.contents.get_or_init(|| Contents {
            schema: Schema::new(self.version),
            database: Mutex::new(data::load(self.version)),
        })
    }

    /// Back to the data of the start. Sessions and keys stay.
    pub(crate) fn reset(&self) {
        *self.lock() = data::load(self.version);
        self.recorder.clear();
        self.faults.clear();
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Database> {
        self.contents().database.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn has_model(&self, name: &str) -> bool {
        self.contents().schema.get(name).is_some()
    }

    pub(crate) fn password(&self) -> &str {
        self.password.reveal()
    }

    pub(crate) fn api_key(&self) -> &str {
        self.api_key.reveal()
    }

    /// Looks at the data as the system.
    pub(crate) fn look<T>(&self, uid: i64, work: impl FnOnce(&Env<'_>) -> T) -> T {
        let mut database = self.lock();
        let env = Env {
            db: &mut database,
            schema: &self.contents().schema,
            uid,
            sudo: true,
            context: JsonObject::new(),
        };
        work(&env)
    }

    /// The user a login and password belong to. An API key stands for the password where `keys` says so.
    pub(crate) fn authenticate(&self, login: &str, password: &str, keys: bool) -> Option<i64> {
        let uid = self.look(ADMIN, |env| {
            env.db
                .ids("res.users")
                .into_iter()
                .find(|id| env.text("res.users", *id, "login") == login && env.is_active("res.users", *id))
        })?;
        self.password_fits(uid, password, keys).then_some(uid)
    }

    pub(crate) fn password_fits(&self, uid: i64, password: &str, keys: bool) -> bool {
        match uid {
            _ if password.is_empty() => false,
            ADMIN => self.password.same_as(password) || (keys && self.api_key.same_as(password)),
            access::DEMO => password == "demo",
            access::PORTAL => password == "portal",
            _ => self.look(ADMIN, |env| {
                let login = env.text("res.users", uid, "login");
                env.db.passwords.get(&login).is_some_and(|known| known == password)
            }),
        }
    }

    /// The user behind a bearer key.
    pub(crate) fn user_of_key(&self, key: &str) -> Option<i64> {
        match key {
            _ if self.api_key.same_as(key) => Some(ADMIN),
            "demo" => Some(access::DEMO),
            "portal" => Some(access::PORTAL),
            _ => None,
        }
    }

    pub(crate) fn user_exists(&self, uid: i64) -> bool {
        self.lock().exists("res.users", uid)
    }

    pub(crate) fn open_session(&self, uid: i64) -> String {
        let id = random_text(20);
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() >= SESSIONS_MAX {
            sessions.clear();
        }
        sessions.insert(id.clone(), uid);
        id
    }

    pub(crate) fn session(&self, id: &str) -> Option<i64> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).get(id).copied()
    }

    pub(crate) fn close_session(&self, id: &str) {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// Runs one method: all of its changes are kept, or none.
    pub(crate) fn call(
        &self,
        origin: Origin<'_>,
        model: &str,
        method: &str,
        mut arguments: Arguments,
        context: Option<JsonObject>,
        binding: Binding,
    ) -> Result<Answer> {
        let mut received = received(origin, model, method, &arguments, context.as_ref());
        let mut database = self.lock();
        let mut context = context.or_else(|| take_context(&mut arguments.kwargs)).unwrap_or_default();
        if method == "render_public_asset" {
            context.insert(methods::website::ROUTE.to_owned(), origin.route.into());
        }
        let mut env = Env {
            db: &mut database,
            schema: &self.contents().schema,
            uid: origin.user,
            sudo: false,
            context,
        };
        let outcome =
            check_language(&env).and_then(|()| methods::run(&mut env, model, method, arguments, binding));
        match &outcome {
            Ok(_) => {
                received.committed = database.is_dirty();
                database.commit();
            }
            Err(error) => {
                received.error = Some(error.class.to_owned());
                database.roll_back();
            }
        }
        drop(database);
        self.recorder.add(received);
        outcome
    }
}

fn take_context(kwargs: &mut JsonObject) -> Option<JsonObject> {
    match kwargs.shift_remove("context") {
        Some(Value::Object(context)) => Some(context),
        _ => None,
    }
}

/// Languages that are installed.
const LANGUAGES: &[&str] = &["en_US", "fr_FR"];

fn check_language(env: &Env<'_>) -> Result<()> {
    match env.context.get("lang").and_then(Value::as_str) {
        Some(code) if !env.is_14() && !LANGUAGES.contains(&code) => {
            Err(OdooError::user(format!("Invalid language code: {code}")))
        }
        _ => Ok(()),
    }
}

fn received(
    origin: Origin<'_>,
    model: &str,
    method: &str,
    arguments: &Arguments,
    context: Option<&JsonObject>,
) -> ReceivedCall {
    let mut kwargs = arguments.kwargs.clone();
    if let Some(context) = context {
        kwargs.insert("context".to_owned(), Value::Object(context.clone()));
    }
    let ids = arguments.ids.as_ref().or_else(|| arguments.args.first().filter(|first| is_ids(first)));
    ReceivedCall {
        route: origin.route.to_owned(),
        model: model.to_owned(),
        method: method.to_owned(),
        ids: ids.map(|ids| methods::read_ids(ids).unwrap_or_default()).unwrap_or_default(),
        args: arguments.args.clone(),
        kwargs,
        user: origin.user,
        at: jiff::Timestamp::now().to_string(),
        committed: false,
        error: None,
    }
}

fn is_ids(value: &Value) -> bool {
    value.is_number() || value.as_array().is_some_and(|items| items.iter().all(Value::is_number))
}

/// Random bytes in hexadecimal.
pub(crate) fn random_text(bytes: usize) -> String {
    let mut buffer = vec![0_u8; bytes];
    // Without random numbers nothing may be guarded by them; a text that nobody is told guards as well.
    if SystemRandom::new().fill(&mut buffer).is_err() {
        return format!("{:p}{:?}", &raw const buffer, std::time::Instant::now());
    }
    crate::facts::hex(&buffer)
}
