//! One Odoo, one way to sign in, one kind of door.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::{
    door::{Door, DoorSettings, Via},
    front::Front,
    oracle::Oracle,
};

/// Where the Odoo under test is and who may enter.
#[derive(Debug, Clone)]
pub(crate) struct OdooUnderTest {
    /// `http://host:port`.
    pub(crate) url: String,
    pub(crate) db: String,
    /// An administrator.
    pub(crate) login: String,
    pub(crate) password: String,
    pub(crate) api_key: String,
    /// An ordinary user of the demo data.
    pub(crate) demo_login: String,
    pub(crate) demo_password: String,
    pub(crate) major: u32,
}

impl OdooUnderTest {
    pub(crate) fn authority(&self) -> String {
        self.url.trim_start_matches("http://").trim_end_matches('/').to_owned()
    }
}

/// What the connection of the door signs in with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignInBy {
    Password,
    ApiKey,
}

/// What a scenario gets.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) odoo: OdooUnderTest,
    pub(crate) by: SignInBy,
    pub(crate) via: Via,
    /// Not the sandbox, so every request counts.
    pub(crate) is_real: bool,
}

impl World {
    pub(crate) fn oracle(&self) -> Oracle {
        Oracle::new(&self.odoo)
    }

    /// A door whose connection `default` is the Odoo under test and whose policy allows everything.
    #[track_caller]
    pub(crate) fn door(&self) -> Door {
        Door::open(self.settings())
    }

    #[track_caller]
    pub(crate) fn door_under(&self, policy: &Value) -> Door {
        Door::open(self.settings().policy(policy))
    }

    /// A door that reaches Odoo only through a front of the tests.
    #[track_caller]
    pub(crate) fn door_through(&self, front: &Front) -> Door {
        Door::open(self.settings().variable("ODOO_URL", &front.url()))
    }

    /// A door of the demo user instead of the administrator. The policy opens what is closed by itself,
    /// so that it is Odoo that refuses.
    #[track_caller]
    pub(crate) fn door_of_demo(&self) -> Door {
        let settings = DoorSettings::new(self.via)
            .variable("ODOO_URL", &self.odoo.url)
            .variable("ODOO_DB", &self.odoo.db)
            .variable("ODOO_USERNAME", &self.odoo.demo_login)
            .variable("ODOO_PASSWORD", &self.odoo.demo_password);
        let all =
            json!({"ops": ["read", "create", "write", "unlink", "execute"], "methods": {"allow": ["*"]}});
        let models = json!({"*": all, "ir.config_parameter": all});
        Door::open(settings.policy(&json!({"version": "1", "default": "allow", "models": models})))
    }

    /// The demo user instead of the administrator, under a policy that allows everything.
    pub(crate) fn settings_of_demo(&self) -> DoorSettings {
        DoorSettings::new(self.via)
            .variable("ODOO_URL", &self.odoo.url)
            .variable("ODOO_DB", &self.odoo.db)
            .variable("ODOO_USERNAME", &self.odoo.demo_login)
            .variable("ODOO_PASSWORD", &self.odoo.demo_password)
    }

    /// A door without any connection.
    #[track_caller]
    pub(crate) fn door_without_connection(&self) -> Door {
        Door::open(DoorSettings::new(self.via))
    }

    pub(crate) fn settings(&self) -> DoorSettings {
        let (name, secret) = self.credential();
        let name = if name == "api_key" { "ODOO_API_KEY" } else { "ODOO_PASSWORD" };
        DoorSettings::new(self.via)
            .variable("ODOO_URL", &self.odoo.url)
            .variable("ODOO_DB", &self.odoo.db)
            .variable("ODOO_USERNAME", &self.odoo.login)
            .variable(name, secret)
    }

    /// The argument of `odoo_connect` that carries the credential, and the credential.
    pub(crate) fn credential(&self) -> (&'static str, &str) {
        match self.by {
            SignInBy::Password => ("password", &self.odoo.password),
            SignInBy::ApiKey => ("api_key", &self.odoo.api_key),
        }
    }

    /// A plain front before the Odoo under test.
    pub(crate) fn front(&self) -> Front {
        Front::plain(&self.odoo.authority())
    }

    /// Creates a record that is deleted when the scenario ends, however it ends.
    #[track_caller]
    pub(crate) fn temporary(&self, model: &'static str, values: Value) -> Temporary {
        let id = self.oracle().create(model, values);
        self.adopt(model, id)
    }

    /// A record that the scenario made through the door.
    pub(crate) fn adopt(&self, model: &'static str, id: i64) -> Temporary {
        Temporary { oracle: self.oracle(), model, id }
    }

    /// A contact with a name of its own.
    #[track_caller]
    pub(crate) fn contact(&self) -> Temporary {
        self.temporary("res.partner", serde_json::json!({"name": unique("Contact")}))
    }
}

/// A record of the scenario's own.
#[derive(Debug)]
pub(crate) struct Temporary {
    oracle: Oracle,
    model: &'static str,
    pub(crate) id: i64,
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let ids = serde_json::json!([[self.id]]);
        // The scenario may have deleted it itself.
        let _ = self.oracle.try_call(self.model, "unlink", ids, serde_json::json!({}));
    }
}

/// A name that no other record bears.
pub(crate) fn unique(what: &str) -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    format!("{what} {}-{}-{number}", std::process::id(), now.as_micros() % 1_000_000_000)
}
