//! Making an API key the way the preferences page of Odoo does: describe it, prove the password
//! once more, and take the key out of the window that shows it.

use serde_json::{Value, json};

use crate::{
    facts::{MethodName, ModelName, Secret},
    odoo::{Call, Context, OdooClient, OdooError},
};

/// How the key is called in the list of keys of the Odoo user.
const KEY_NAME: &str = "odoo-mcp";
/// Servers that limit the life of a key offer these; the longest that ends is taken.
const DAYS_MAX: u32 = 365;

/// A new key.
pub(super) struct Minted {
    pub(super) key: Secret,
    /// How long it lives, in the server's own words.
    pub(super) expires: Option<String>,
}

/// Makes a key over a session that the password opened. The error is one sentence without secrets.
pub(super) async fn mint(client: &OdooClient, password: &Secret) -> Result<Minted, String> {
    let wizard = Wizard { client };
    wizard.run(password).await
}

struct Wizard<'a> {
    client: &'a OdooClient,
}

impl Wizard<'_> {
    async fn run(&self, password: &Secret) -> Result<Minted, String> {
        let description = model("res.users.apikeys.description")?;
        let duration = self.duration(&description).await?;
        let mut values = json!({ "name": KEY_NAME });
        if let (Some(values), Some((days, _))) = (values.as_object_mut(), &duration) {
            values.insert("duration".to_owned(), days.as_str().into());
        }
        let create = Call::new(&description, MethodName::known("create")).arg("vals_list", values);
        let id =
            first_id(&self.call(create).await?).ok_or("the server gave no id for the key's description")?;
        let make = Call::new(&description, MethodName::known("make_key")).on(&[id]);
        let mut answer = self.call(make).await?;
        if answer.get("res_model").and_then(Value::as_str) == Some("res.users.identitycheck") {
            answer = self.prove(&answer, password).await?;
        }
        let key = answer.pointer("/context/default_key").and_then(Value::as_str).unwrap_or_default();
        if key.is_empty() {
            return Err("the server showed no key".to_owned());
        }
        Ok(Minted { key: Secret::new(key.to_owned()), expires: duration.map(|(_, words)| words) })
    }

    /// The longest life of a key that the server offers, where keys have to end.
    async fn duration(&self, description: &ModelName) -> Result<Option<(String, String)>, String> {
        let schema = self.client.schema(description).await.map_err(|error| said(&error))?;
        let Some(field) = schema.fields.get("duration") else { return Ok(None) };
        let offered = field.selection.iter().filter_map(|(key, words)| {
            let days: u32 = key.parse().ok()?;
            (1..=DAYS_MAX).contains(&days).then_some((days, key.clone(), words.clone()))
        });
        Ok(offered.max_by_key(|(days, ..)| *days).map(|(_, key, words)| (key, words)))
    }

    /// Older servers read the password from the wizard's record, newer ones from the context.
    async fn prove(&self, check: &Value, password: &Secret) -> Result<Value, String> {
        let model = model("res.users.identitycheck")?;
        let id =
            check.get("res_id").and_then(Value::as_i64).ok_or("the server's identity check has no id")?;
        let values = json!({ "password": password.reveal() });
        let write = Call::new(&model, MethodName::known("write")).on(&[id]).arg("vals", values.clone());
        self.call(write).await?;
        let mut context = Context::default();
        context.0.insert("password".to_owned(), password.reveal().into());
        let run = Call::new(&model, MethodName::known("run_check")).on(&[id]).within(&context);
        self.call(run).await
    }

    async fn call(&self, call: Call) -> Result<Value, String> {
        self.client.call(call).await.map_err(|error| said(&error))
    }
}

fn said(error: &OdooError) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

fn model(name: &str) -> Result<ModelName, String> {
    ModelName::parse(name).map_err(|error| error.to_string())
}

/// `create` answers an id or a list of one.
fn first_id(answer: &Value) -> Option<i64> {
    answer.as_i64().or_else(|| answer.get(0).and_then(Value::as_i64))
}
