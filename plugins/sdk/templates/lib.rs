//! my_plugin: how many bills of the vendor are in the books.
//!
//! Replace this by what your plugin does. What a step returns is found under `data.plugins.my_plugin`
//! of the run.

use odoo_mcp_plugin_sdk::{Answer, Context, Failure, Host, Plugin, StepInfo, export_plugin, json};

/// More than that nobody counts.
const BILLS_MAX: u32 = 100;

struct MyPlugin;

impl Plugin for MyPlugin {
    // The same as in plugin.toml: the server compares both.
    const STEPS: &'static [StepInfo] = &[StepInfo::new("my_plugin", 600, "Counts the vendor's earlier bills")];

    // Called once, when the plugin is loaded. Only the log can be reached here.
    fn new(_host: &Host) -> Result<Self, Failure> {
        Ok(Self)
    }

    // Called before each run of the step; nothing is asked of Odoo here.
    fn applies(&self, _step: &str, context: &Context) -> bool {
        context.bill.is_purchase() && context.bill.partner_id.is_some()
    }

    // The step. A panic in here is caught and becomes an error of the step.
    fn execute(&self, _step: &str, context: &Context, host: &Host) -> Result<Answer, Failure> {
        let vendor = context.bill.partner_id.ok_or_else(|| Failure::bad_input("the vendor is not known"))?;
        let domain = json!([
            ["partner_id", "=", vendor],
            ["move_type", "=", "in_invoice"],
            ["state", "=", "posted"],
        ]);
        // Needs the capability `odoo.read:account.move`, see plugin.toml.
        let bills = host.search_read("account.move", domain, &["name"], BILLS_MAX)?;
        Ok(Answer::new().with("earlier_bills", bills.len()))
    }
}

export_plugin!(MyPlugin);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_bills_are_counted() {
        let host = Host::answering(|_request| Ok(json!([{"name": "BILL/1"}, {"name": "BILL/2"}])));
        let mut context = Context::default();
        context.bill.partner_id = Some(7);
        let answer = MyPlugin.execute("my_plugin", &context, &host).unwrap();
        assert_eq!(answer.data()["earlier_bills"], 2);
    }
}
