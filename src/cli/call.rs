//! `call`: one call through the whole corridor.

use std::io::Read as _;

use clap::Args;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{Session, Stop, corridor::call_until, house_flags::HouseFlags, logging, runtime, signals};
use crate::{
    facts::{JsonObject, check_strict_json},
    house::House,
};

/// Call one tool and print its result as JSON
#[derive(Debug, Args)]
#[command(after_help = "\
The call walks the same corridor as a call of a client: policy, counters, audit log.
It prints the structured result and exits 0, or the error object and exits 1.

Examples:
  odoo-mcp call odoo_search_count '{\"model\": \"res.partner\"}'
  odoo-mcp call odoo_search_count '{\"model\": \"res.partner\"}' --sandbox
  echo '{\"model\": \"res.partner\"}' | odoo-mcp call odoo_search_count -")]
pub(super) struct Call {
    /// Name of the tool; `odoo-mcp tools` lists them
    tool: String,
    /// Arguments as a JSON object; `-` reads them from standard input
    #[arg(default_value = "{}")]
    arguments: String,
    #[command(flatten)]
    house: HouseFlags,
}

/// As large as the largest request of the HTTP door may be set, within reason.
const ARGUMENTS_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// The deepest arguments; the decoder's own limit is the same.
const ARGUMENTS_DEPTH_MAX: usize = 127;

impl Call {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        let config = session.settings(Some(&self.house))?;
        logging::start_quiet(config.log);
        runtime::block_on(async move {
            let house = House::build(config).await?;
            let answer = match self.read_arguments() {
                Ok(arguments) => self.walk(session, &house, arguments).await,
                Err(message) => Err(json!({ "code": "invalid_arguments", "message": message })),
            };
            match answer {
                Ok(result) => Ok(session.terminal.json(&result)?),
                Err(error) => {
                    session.terminal.json(&error)?;
                    Err(Stop::Failed)
                }
            }
        })
    }

    fn read_arguments(&self) -> Result<JsonObject, String> {
        let mut text = String::new();
        if self.arguments == "-" {
            let read = std::io::stdin().lock().take(ARGUMENTS_BYTES_MAX + 1).read_to_string(&mut text);
            let bytes = read.map_err(|error| format!("standard input cannot be read: {}", error.kind()))?;
            if bytes as u64 > ARGUMENTS_BYTES_MAX {
                return Err(format!("the arguments are larger than {ARGUMENTS_BYTES_MAX} bytes"));
            }
        } else {
            text.clone_from(&self.arguments);
        }
        check_strict_json(text.as_bytes(), ARGUMENTS_DEPTH_MAX).map_err(|errors| {
            let sentences: Vec<String> = errors.iter().map(ToString::to_string).collect();
            format!("the arguments cannot be read: {}", sentences.join("; "))
        })?;
        serde_json::from_str(&text).map_err(|_| "the arguments are not a JSON object".to_owned())
    }

    async fn walk(&self, session: &Session, house: &House, arguments: JsonObject) -> Result<Value, Value> {
        let cancelled = CancellationToken::new();
        let walk = call_until(&house.corridor, &self.tool, arguments, cancelled.clone());
        let walk = session.terminal.waiting(&self.tool, walk);
        // Ctrl-C takes the call back; the answer then says what is known of it.
        let take_back = async {
            signals::end_asked().await;
            cancelled.cancel();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            answer = walk => answer,
            () = take_back => Err(json!({ "code": "cancelled" })),
        }
    }
}
