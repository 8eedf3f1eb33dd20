//! Two people: accounts under one grant, tokens, and Odoo users of two companies.

use std::path::Path;

use serde_json::{Value, json};

use super::super::harness::{Door, Person, Temporary, Via, World, program, unique};

/// What the counters of the mix allow: the one to each user, the other to the grant that both have.
pub(super) const LISTS_MAX: usize = 11;
pub(super) const NAMES_MAX: usize = 13;
const SCOPES: [&str; 6] = ["--scope", "odoo:read", "--scope", "odoo:write", "--scope", "odoo:admin"];

/// Somebody, their Odoo user, and what is theirs.
pub(super) struct Somebody {
    pub(super) name: &'static str,
    pub(super) canary: String,
    pub(super) login: String,
    pub(super) password: String,
    pub(super) uid: i64,
    pub(super) time_zone: &'static str,
    pub(super) token: String,
    pub(super) person: Person,
    /// A contact of their company, which the other's Odoo user does not see.
    pub(super) own: Temporary,
    _user: Temporary,
    _contact: Temporary,
}

pub(super) struct Pair {
    pub(super) door: Door,
    pub(super) both: [Somebody; 2],
    /// Begins the names of the contacts of both.
    pub(super) mark: String,
    _state: tempfile::TempDir,
}

/// A command beside the running server; what it prints.
#[track_caller]
pub(super) fn command(state: &Path, arguments: &[&str]) -> String {
    let home = tempfile::tempdir().expect("a folder");
    let mut command = program(home.path());
    let output = command.args(arguments).arg("--state-dir").arg(state).output().expect("the program starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn policy() -> Value {
    let all = json!({"ops": ["read", "create", "write", "unlink", "execute"], "methods": {"allow": ["*"]}});
    json!({
        "version": "1", "default": "allow", "models": {"*": all, "res.users": all},
        "memory": {"shared": {"mode": "normal"}},
        "tools": {
            "odoo_unlink": {"action": "require_approval", "reason": "Look twice."},
            "user_connection_list": {"limits": [
                {"counter": "lists", "window": "day", "max": LISTS_MAX, "scope": "user"},
            ]},
            "identify": {"limits": [{"counter": "names", "window": "day", "max": NAMES_MAX, "scope": "grant"}]},
        },
    })
}

impl Pair {
    /// A server, two accounts under one grant, and for each a connection `desk` to their own Odoo user.
    pub(super) fn open(world: &World, address: &str) -> Self {
        let state = tempfile::tempdir().expect("a folder");
        let mark = unique("Two people");
        for (name, role) in [("anna", "operator"), ("bert", "member")] {
            let add = ["user", "add", name, "--no-password", "--role", role, "--grant", "office"];
            command(state.path(), &add);
        }
        let tokens = ["anna", "bert"]
            .map(|name| command(state.path(), &[&["token", "create", "--user", name][..], &SCOPES].concat()));
        let settings = world.settings().variable("ODOO_URL", address).policy(&policy()).state(state.path());
        let settings = settings.via(Via::Http).variable("ODOO_MCP_AUTH_ENABLED", "true");
        let door = Door::spawn(settings);
        let [of_anna, of_bert] = tokens;
        let both = [
            Somebody::new(world, &door, &mark, ("anna", of_anna), ("Europe/Paris", 1)),
            Somebody::new(world, &door, &mark, ("bert", of_bert), ("Europe/Brussels", 2)),
        ];
        for me in &both {
            for alias in ["desk", &me.canary] {
                let own = json!({"alias": alias, "url": address, "db": world.odoo.db, "user": me.login,
                    "password": me.password});
                me.person.ok("user_connection_add", own);
            }
            me.person.ok("user_connection_activate", json!({"alias": "desk"}));
        }
        Self { door, both, mark, _state: state }
    }
}

impl Somebody {
    fn new(
        world: &World,
        door: &Door,
        mark: &str,
        (name, token): (&'static str, String),
        (time_zone, company): (&'static str, i64),
    ) -> Self {
        let oracle = world.oracle();
        let canary = unique(&format!("canary-of-{name}")).replace(' ', "-");
        let password = format!("Secret-of-{canary}");
        let groups = if world.odoo.major > 14 { "group_ids" } else { "groups_id" };
        let demo = oracle.search("res.users", json!([["login", "=", world.odoo.demo_login]]))[0];
        let mut values = json!({
            "name": canary, "login": canary, "password": password, "tz": time_zone,
            "company_id": company, "company_ids": [[6, 0, [company]]],
        });
        values[groups] = json!([[6, 0, oracle.field("res.users", demo, groups)]]);
        let user = world.temporary("res.users", values);
        let contact = oracle.field("res.users", user.id, "partner_id")[0].as_i64().expect("a contact");
        let own = json!({"name": format!("{mark} {canary}"), "company_id": company});
        Self {
            name,
            login: canary.clone(),
            password,
            uid: user.id,
            time_zone,
            person: Person::new(door.authority(), &token),
            token,
            own: world.temporary("res.partner", own),
            _contact: world.adopt("res.partner", contact),
            _user: user,
            canary,
        }
    }

    /// Nothing of somebody else, and no secret of anybody.
    #[track_caller]
    pub(super) fn holds_nothing_of(&self, other: &Self, what: &str, answer: &Value) {
        let text = answer.to_string();
        let secrets = [&self.password, &self.token, &other.password, &other.token];
        for foreign in [other.canary.as_str(), other.time_zone].into_iter().chain(secrets.map(String::as_str))
        {
            assert!(!text.contains(foreign), "{}: {what} holds `{foreign}`: {text}", self.name);
        }
    }
}
