//! Prompts over the protocol: those whose tools the caller has, filled with the caller's words.

use rmcp::{
    ErrorData,
    model::{
        CacheScope, GetPromptRequestParams, GetPromptResult, ListPromptsResult, Prompt as ListedPrompt,
        PromptArgument, PromptMessage, Role,
    },
};

use super::server::{LIST_FRESH_MS, Server};
use crate::{
    facts::Caller,
    prompts::{self, Argument, PROMPTS, Prompt},
};

impl Server {
    pub(super) fn prompts(&self, caller: &Caller) -> ListPromptsResult {
        let offered = self.offered_prompts(caller).map(listed).collect();
        ListPromptsResult::with_all_items(offered)
            .with_ttl_ms(LIST_FRESH_MS)
            .with_cache_scope(CacheScope::Private)
    }

    pub(super) fn filled_prompt(
        &self,
        request: &GetPromptRequestParams,
        caller: &Caller,
    ) -> Result<GetPromptResult, ErrorData> {
        let prompt = self.offered_prompt(&request.name, caller)?;
        let given = request.arguments.clone().unwrap_or_default();
        let text =
            prompt.filled(&given).map_err(|error| ErrorData::invalid_params(error.to_string(), None))?;
        let message = PromptMessage::new_text(Role::User, text);
        Ok(GetPromptResult::new(vec![message]).with_description(prompt.description))
    }

    /// A prompt that this caller is not offered does not exist for them.
    pub(super) fn offered_prompt(&self, name: &str, caller: &Caller) -> Result<&'static Prompt, ErrorData> {
        let found = prompts::find(name);
        found.filter(|prompt| self.offered_prompts(caller).any(|other| other.name == prompt.name)).ok_or_else(
            || {
                let shown: String = name.chars().take(64).collect();
                ErrorData::invalid_params(format!("unknown prompt: {shown}"), None)
            },
        )
    }

    fn offered_prompts(&self, caller: &Caller) -> impl Iterator<Item = &'static Prompt> {
        let tools: Vec<&str> =
            self.corridor().list(caller).into_iter().map(|found| found.entry.name()).collect();
        PROMPTS.iter().filter(move |prompt| prompt.tools().all(|tool| tools.contains(&tool)))
    }
}

fn listed(prompt: &Prompt) -> ListedPrompt {
    let arguments = prompt.arguments.iter().map(argument).collect();
    ListedPrompt::new(prompt.name, Some(prompt.description), Some(arguments)).with_title(prompt.title)
}

fn argument(argument: &Argument) -> PromptArgument {
    PromptArgument::new(argument.name)
        .with_description(argument.description)
        .with_required(argument.is_required())
}
