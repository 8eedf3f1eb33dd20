//! What Odoo says of a module, and what its source says.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use super::sources::{self, Source};
use crate::{
    facts::{
        Caller, Class, ConnectionAlias, Effect, FieldName, JsonObject, MethodName, ModelName, Operation,
        RecordEffect, Risk,
    },
    odoo::{Context, Domain, OdooError, PageQuery, PermittedOdoo},
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<ModuleInfo>()];

const MODULES: &str = "ir.module.module";
const DEPENDENCIES: &str = "ir.module.module.dependency";
/// Modules that need one, or that it needs; `base` is needed by most.
const LISTED_MAX: u32 = 1_000;
/// States of a module whose code is running.
const INSTALLED: [&str; 3] = ["installed", "to upgrade", "to remove"];

/// All of them exist from 14 on; what a server lacks is left out.
const MODULE_FIELDS: &[&str] = &[
    "name",
    "state",
    "shortdesc",
    "summary",
    "author",
    "website",
    "license",
    "installed_version",
    "latest_version",
    "category_id",
    "application",
    "auto_install",
    "icon",
    "to_buy",
];
const DEPENDENCY_FIELDS: &[&str] = &["name", "state", "auto_install_required"];
const DEPENDENT_FIELDS: &[&str] = &["name", "shortdesc", "state"];

/// Arguments of `odoo_module_info`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ModuleInfo {
    /// Technical name, such as `sale_management`.
    #[serde(deserialize_with = "module_name")]
    module: String,
    /// Connection alias.
    #[serde(default = "ConnectionAlias::default_alias")]
    connection: ConnectionAlias,
}

/// Result of `odoo_module_info`.
#[derive(Debug, Serialize, JsonSchema)]
struct ModuleAnswer {
    module: String,
    /// Its code is running.
    installed: bool,
    /// What Odoo knows; null where it does not know the module.
    odoo: Option<Known>,
    /// Why Odoo could not be asked, where the source was found all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    odoo_error: Option<String>,
    /// Where its source lies below the directories of the setting `modules.source_dirs`.
    filesystem: Vec<Source>,
    /// `odoo`, `oca`, `ee`, `custom`, or `not_found` alone.
    found_in: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

/// A module as Odoo knows it.
#[derive(Debug, Serialize, JsonSchema)]
struct Known {
    /// Fields of `ir.module.module`.
    #[serde(flatten)]
    record: JsonObject,
    version: Versions,
    /// Modules it needs, with their states.
    depends: Vec<JsonObject>,
    /// Installed modules that need it.
    dependents: Vec<JsonObject>,
}

/// Odoo's own names of these two fields say the opposite of their labels.
#[derive(Debug, Serialize, JsonSchema)]
struct Versions {
    /// The one whose data is in the database.
    installed: Option<String>,
    /// The one whose code the server would load.
    available: Option<String>,
    /// They differ: the module waits for an upgrade.
    differ: bool,
}

impl Tool for ModuleInfo {
    const NAME: &'static str = "odoo_module_info";
    const TITLE: &'static str = "Module state and source";
    const DESCRIPTION: &'static str = "State and versions of an Odoo module, what it depends on and which \
         installed modules depend on it; and where its source lies, if the operator named directories.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    const IDEMPOTENT: bool = true;
    type Output = ModuleAnswer;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        let read = |asked: Asked| {
            let domain = asked.domain(&self.module).unwrap_or_default();
            let model = ModelName::known(asked.model);
            let method = MethodName::known("search_read");
            RecordEffect::new(&self.connection, &model, Operation::Read, method)
                .reading(&names(asked.fields))
                .filtering(domain.paths())
                .within(domain.as_slice().into())
                .bounded(u64::from(asked.limit))
        };
        [MODULE, NEEDED, NEEDING].into_iter().map(|asked| Effect::Records(read(asked))).collect()
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<ModuleAnswer, ToolError> {
        let odoo = cx.odoo(&self.connection)?;
        let roots = cx.settings().module_source_dirs.clone();
        let note = roots
            .is_empty()
            .then_some("no source directories are set (`modules.source_dirs`), so only Odoo was asked");
        let module = self.module.clone();
        let searching = tokio::task::spawn_blocking(move || sources::find(&roots, &module));
        let (known, filesystem) = tokio::join!(known(&odoo, &self.module), searching);
        let filesystem =
            filesystem.map_err(|error| ToolError::Internal { detail: error.to_string().into() })?;
        let (odoo, odoo_error) = match known {
            Ok(known) => (known, None),
            Err(error) if filesystem.is_empty() => return Err(error.into()),
            Err(error) => (None, Some(error.to_string())),
        };
        let state = odoo.as_ref().and_then(|known| known.record.get("state")?.as_str());
        let mut found_in: Vec<&'static str> = filesystem.iter().map(|source| source.source).collect();
        found_in.extend(odoo.as_ref().map(|_| "odoo"));
        found_in.sort_unstable();
        found_in.dedup();
        if found_in.is_empty() {
            found_in.push("not_found");
        }
        Ok(ModuleAnswer {
            installed: state.is_some_and(|state| INSTALLED.contains(&state)),
            module: self.module,
            odoo,
            odoo_error,
            filesystem,
            found_in,
            note,
        })
    }
}

/// One question to Odoo.
#[derive(Clone, Copy)]
struct Asked {
    model: &'static str,
    fields: &'static [&'static str],
    /// The path that holds the name of the module.
    path: &'static str,
    only_installed: bool,
    limit: u32,
}

const MODULE: Asked =
    Asked { model: MODULES, fields: MODULE_FIELDS, path: "name", only_installed: false, limit: 1 };
const NEEDED: Asked = Asked {
    model: DEPENDENCIES,
    fields: DEPENDENCY_FIELDS,
    path: "module_id.name",
    only_installed: false,
    limit: LISTED_MAX,
};
const NEEDING: Asked = Asked {
    model: MODULES,
    fields: DEPENDENT_FIELDS,
    path: "dependencies_id.name",
    only_installed: true,
    limit: LISTED_MAX,
};

impl Asked {
    fn domain(self, module: &str) -> Result<Domain, OdooError> {
        let mut conditions = vec![json!([self.path, "=", module])];
        if self.only_installed {
            conditions.push(json!(["state", "in", INSTALLED]));
        }
        Domain::parse(Value::Array(conditions))
    }

    async fn rows(self, odoo: &PermittedOdoo<'_>, module: &str) -> Result<Vec<JsonObject>, OdooError> {
        let model = ModelName::known(self.model);
        let schema = odoo.schema(&model).await?;
        let mut fields = names(self.fields);
        fields.retain(|field| schema.field(field.as_str()).is_some());
        let mut rows = odoo
            .search_rows(&PageQuery {
                model,
                domain: self.domain(module)?,
                fields,
                limit: self.limit,
                offset: 0,
                order: Some("name, id".to_owned()),
                context: Context::default(),
            })
            .await?;
        for row in &mut rows {
            row.remove("id");
        }
        Ok(rows)
    }
}

async fn known(odoo: &PermittedOdoo<'_>, module: &str) -> Result<Option<Known>, OdooError> {
    let (found, depends, dependents) =
        tokio::try_join!(MODULE.rows(odoo, module), NEEDED.rows(odoo, module), NEEDING.rows(odoo, module))?;
    Ok(found.into_iter().next().map(|record| {
        let text = |name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
        let (installed, available) = (text("latest_version"), text("installed_version"));
        let differ = matches!((&installed, &available), (Some(one), Some(other)) if one != other);
        Known { version: Versions { installed, available, differ }, record, depends, dependents }
    }))
}

fn names(names: &[&str]) -> Vec<FieldName> {
    names.iter().filter_map(|name| FieldName::parse(name).ok()).collect()
}

fn module_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    if sources::is_module_name(&name) {
        Ok(name)
    } else {
        Err(serde::de::Error::custom("a module is named in small letters, digits and `_`"))
    }
}
