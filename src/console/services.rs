//! Plugins and what language models cost, as the tools for them say it.

use serde_json::json;

use super::{
    Answer, Console, Page, Visit,
    html::Html,
    page::{done, problem},
    values::drawn,
};

impl Console {
    pub(super) async fn plugins_page(&self, visit: &Visit) -> Answer {
        let mut body = Html::new();
        if visit.is_operator() {
            body.form(visit.csrf(), "/console/plugins/reload", |html| {
                html.button("second", "Look for plugins again");
            });
        }
        self.section(&mut body, visit, "Steps", "ai_invoice_pipeline_steps").await;
        Page::new("Plugins", body).into()
    }

    pub(super) async fn reload_plugins(&self, visit: &Visit) -> Answer {
        let mut body = Html::new();
        match self.call(visit, "ai_invoice_plugins_reload", json!({})).await {
            Ok(report) => {
                done(&mut body, "Looked for plugins again.");
                body.tag("section", &[], |html| html.put(&drawn(&report)));
            }
            Err(why) => problem(&mut body, &why),
        }
        body.tag("p", &[], |html| html.put(&Html::link("/console/plugins", "Back to the plugins")));
        Page::new("Plugins", body).into()
    }

    pub(super) async fn usage_page(&self, visit: &Visit) -> Answer {
        let mut body = Html::new();
        self.section(&mut body, visit, "Budget", "ai_usage_budget_status").await;
        self.section(&mut body, visit, "This month", "ai_usage_log_stats").await;
        Page::new("Usage", body).into()
    }

    async fn section(&self, body: &mut Html, visit: &Visit, title: &str, tool: &str) {
        let told = self.call(visit, tool, json!({})).await;
        body.tag("section", &[], |html| {
            html.say("h2", title);
            match told {
                Ok(told) => html.put(&drawn(&told)),
                Err(why) => problem(html, &why),
            }
        });
    }
}
