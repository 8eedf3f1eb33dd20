//! Plugins and what language models cost, as the tools for them say it.

use serde_json::{Value, json};

use super::{
    Answer, Console, Page, Visit,
    chart::{Bar, bars},
    html::Html,
    log::text,
    page::{done, problem},
    values::drawn,
};

/// Connections whose spending one page asks for.
const CONNECTIONS_MAX: usize = 20;
/// Thousandths of a cent in a cent.
const MILLICENTS: u64 = 1_000;

impl Console {
    pub(super) async fn plugins_page(&self, visit: &Visit) -> Answer {
        let mut body = Html::new();
        if visit.is_operator() {
            body.form(visit.csrf(), "/console/plugins/reload", |html| {
                html.button("second", "Look for plugins again");
            });
        }
        // A rehearsal opens no plugin, and says of each file how it stands.
        match self.call(visit, "ai_invoice_plugins_reload", json!({ "dry_run": true })).await {
            Ok(report) => standing(&mut body, &report),
            Err(why) => {
                body.tag("section", &[], |html| {
                    html.say("h2", "Plugins");
                    html.say("p", &why);
                });
            }
        }
        match self.call(visit, "ai_invoice_pipeline_steps", json!({})).await {
            Ok(told) => steps(&mut body, &told),
            Err(why) => problem(&mut body, &why),
        }
        Page::new("Plugins", body).into()
    }

    pub(super) async fn reload_plugins(&self, visit: &Visit) -> Answer {
        let mut body = Html::new();
        match self.call(visit, "ai_invoice_plugins_reload", json!({})).await {
            Ok(report) => {
                done(&mut body, "Looked for plugins again.");
                standing(&mut body, &report);
            }
            Err(why) => problem(&mut body, &why),
        }
        body.tag("p", &[], |html| html.put(&Html::link("/console/plugins", "Back to the plugins")));
        Page::new("Plugins", body).into()
    }

    pub(super) async fn usage_page(&self, visit: &Visit) -> Answer {
        let mut body = Html::new();
        let aliases = self.corridor.connections().aliases();
        for alias in aliases.iter().take(CONNECTIONS_MAX) {
            let arguments = json!({ "connection": alias });
            let budget = self.call(visit, "ai_usage_budget_status", arguments.clone()).await;
            let stats = self.call(visit, "ai_usage_log_stats", arguments).await;
            body.tag("section", &[], |html| {
                html.say("h2", alias.as_str());
                match budget {
                    Ok(budget) => left(html, &budget),
                    Err(why) => problem(html, &why),
                }
                match stats {
                    Ok(stats) => spent(html, &stats),
                    Err(why) => problem(html, &why),
                }
            });
        }
        if aliases.is_empty() {
            body.say("p", "There is no connection, so nothing was spent.");
        }
        if aliases.len() > CONNECTIONS_MAX {
            body.say_as(
                "p",
                "soft",
                "Only the first connections are shown; the tool `ai_usage_log_stats` tells of any.",
            );
        }
        Page::new("Usage", body).into()
    }
}

fn standing(body: &mut Html, report: &Value) {
    body.tag("section", &[], |html| {
        html.say("h2", "Plugins");
        let plugins = report.get("plugins").and_then(Value::as_array);
        let rows: Vec<Vec<Html>> = plugins.into_iter().flatten().map(plugin).collect();
        if rows.is_empty() {
            html.say("p", "There is no plugin.");
        } else {
            let heads = ["Plugin", "Version", "Runs", "State", "Why", "Signature"];
            html.table(&format!("{} plugins", rows.len()), &heads, rows);
        }
        html.say_as(
            "p",
            "soft",
            &format!(
                "Interface {}, registry {}.",
                text(report, "abi"),
                report.get("generation").map_or("-".to_owned(), Value::to_string)
            ),
        );
    });
}

fn plugin(plugin: &Value) -> Vec<Html> {
    let status = text(plugin, "status");
    let class = match status {
        "loaded" | "unchanged" => "good",
        "failed" => "bad-word",
        _ => "warn",
    };
    let mut state = Html::new();
    state.say_as("span", class, &status.replace('_', " "));
    let why = [text(plugin, "reason_code"), text(plugin, "message")];
    let why = why.into_iter().filter(|why| !why.is_empty()).collect::<Vec<_>>().join(": ");
    let signature = plugin.pointer("/signature/status").and_then(Value::as_str).unwrap_or("-");
    vec![
        Html::code(text(plugin, "name")),
        Html::of(text(plugin, "version")),
        Html::of(&text(plugin, "mode").replace('_', " ")),
        state,
        Html::of(&why),
        Html::of(signature),
    ]
}

fn steps(body: &mut Html, told: &Value) {
    let steps = told.get("steps").and_then(Value::as_array).into_iter().flatten();
    let rows = steps.map(|step| {
        let provenance = step.get("provenance").unwrap_or(&Value::Null);
        let from = match text(provenance, "plugin") {
            "" => "this program".to_owned(),
            plugin => format!("{plugin} {}", text(provenance, "version")),
        };
        vec![
            Html::of(&step.get("sequence").map_or(String::new(), Value::to_string)),
            Html::code(text(step, "name")),
            Html::of(text(step, "description")),
            Html::of(text(step, "on_error")),
            Html::of(&from),
        ]
    });
    let rows: Vec<Vec<Html>> = rows.collect();
    body.tag("section", &[], |html| {
        html.say("h2", "Steps of the pipeline");
        let heads = ["Order", "Step", "Does", "If it fails", "From"];
        html.table(&format!("{} steps", rows.len()), &heads, rows);
    });
}

fn euro(value: Option<&Value>) -> Html {
    let number = value.and_then(Value::as_f64);
    Html::of(&number.map_or("-".to_owned(), |number| format!("{number:.2} EUR")))
}

/// What each company may still spend this month.
fn left(html: &mut Html, budget: &Value) {
    let companies = budget.get("companies").and_then(Value::as_array).filter(|all| !all.is_empty());
    let only = [budget.clone()];
    let rows = companies.map_or(only.as_slice(), Vec::as_slice).iter().map(|company| {
        let name = match text(company, "company_name") {
            "" => "all companies",
            name => name,
        };
        let is_over = company.get("exceeded").and_then(Value::as_bool) == Some(true);
        let mut used = Html::new();
        match company.get("percent_used").and_then(Value::as_f64) {
            Some(percent) => {
                let shown = format!("{percent:.0} %");
                let value = format!("{:.0}", percent.clamp(0.0, 100.0));
                let label = format!("Used by {name}");
                let attributes = [("max", "100"), ("value", value.as_str()), ("aria-label", label.as_str())];
                used.tag("progress", &attributes, |_| {});
                used.say_as("div", if is_over { "bad-word" } else { "soft" }, &shown);
            }
            None => used.text("no limit"),
        }
        vec![
            Html::of(name),
            euro(company.get("spent_eur")),
            euro(company.get("limit_eur")),
            euro(company.get("remaining_eur")),
            used,
            euro(company.get("forecast_eur")),
        ]
    });
    let heads = ["Company", "Spent", "Limit", "Left", "Used", "Forecast"];
    html.table("Budget of this month", &heads, rows.collect());
    if let Some(note) = budget.get("note").and_then(Value::as_str) {
        html.say_as("p", "soft", note);
    }
}

/// What was spent on each of the last days, and by which model.
fn spent(html: &mut Html, stats: &Value) {
    let number = |value: &Value, name: &str| value.get(name).and_then(Value::as_u64).unwrap_or_default();
    let days = stats.get("timeseries_30d").and_then(Value::as_array).cloned().unwrap_or_default();
    let cents =
        |day: &Value| usize::try_from(number(day, "cost_eur_millicents") / MILLICENTS).unwrap_or(usize::MAX);
    if days.iter().all(|day| number(day, "docs") == 0) {
        html.say("p", "No language model was called in the last 30 days.");
        return;
    }
    html.say("h3", "Spent on each day, in cents");
    let name = |day: &Value| text(day, "day").get(5..).unwrap_or_default().to_owned();
    let all: Vec<Bar> =
        days.iter().map(|day| Bar { name: name(day), allowed: cents(day), refused: 0 }).collect();
    bars(html, "Spent on each day", ["Day", "Cents", ""], &all);
    let models = stats.get("by_model").and_then(Value::as_array).into_iter().flatten();
    let rows = models.map(|model| {
        let cents = number(model, "cost_eur_millicents") / MILLICENTS;
        vec![
            Html::code(text(model, "model")),
            Html::of(&number(model, "n").to_string()),
            Html::of(&format!("{}.{:02} EUR", cents / 100, cents % 100)),
        ]
    });
    html.table("By model", &["Model", "Calls", "Cost"], rows.collect());
    if let Some(totals) = stats.get("totals") {
        html.tag("details", &[], |html| {
            html.say("summary", "All figures of this month");
            html.put(&drawn(totals));
        });
    }
}
