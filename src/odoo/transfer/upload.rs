//! Records with a large value, made without the value ever being in memory as a whole.

use http::StatusCode;
use serde_json::{Value, json};

use super::{content::Content, pace::Pace};
use crate::{
    facts::{JsonObject, MethodName, ModelName, Operation},
    odoo::{
        Call, Context, Failure, OdooError, PermittedOdoo,
        http::{Outgoing, Request},
        restated,
    },
};

/// Odoo refuses larger requests from this version on.
const BODY_LIMIT_SINCE: u16 = 17;
pub(super) const BODY_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// Bytes of random letters that mark where the value belongs; nobody writes them by chance.
const MARK_BYTES: usize = 24;

impl PermittedOdoo<'_> {
    /// Makes one record whose field `field` holds the content, and answers its id.
    pub async fn create_with_content(
        &self,
        model: &ModelName,
        mut values: JsonObject,
        field: &str,
        content: Content,
        context: &Context,
    ) -> Result<i64, OdooError> {
        let mark = mark()?;
        values.insert(field.to_owned(), json!(mark));
        let call =
            Call::new(model, MethodName::known("create")).arg("vals_list", json!([values])).within(context);
        self.check(model, Operation::Create, &call.method, None)?;
        restated::check(&call, &self.client.definition().alias, self.permit.effects())?;
        let result = match self.sent_with_content(&call, &mark, content).await {
            Ok(answer) => Ok(answer),
            Err(failure) => Err(self.client.explained(failure, &call).await),
        };
        self.client.note(result.as_ref().err());
        let answer = result.map_err(|error| self.eyes.worded(error, [model]))?;
        let id = answer.as_i64().or_else(|| answer.get(0)?.as_i64());
        id.ok_or_else(|| self.client.bad_answer("the id of the new record is no number"))
    }

    /// Does content of this length fit into one call of this server? Asks for the version at most.
    pub async fn fits_one_call(&self, content_bytes: u64) -> Result<bool, OdooError> {
        // What stands around the content: names, a database, a credential.
        const AROUND_BYTES: u64 = 16 * 1024;
        let has_limit = self.client.major_version().await?.is_none_or(|major| major >= BODY_LIMIT_SINCE);
        Ok(!has_limit || content_bytes.div_ceil(3) * 4 + AROUND_BYTES <= BODY_BYTES_MAX)
    }

    /// INVARIANT: a change is sent once. The session is fresh, because looking at the owner of the
    /// content used it a moment ago; one that ended since is an error.
    async fn sent_with_content(&self, call: &Call, mark: &str, content: Content) -> Result<Value, Failure> {
        let _slot = self.client.own_slot().await?;
        let http = self.client.http()?;
        let session = self.client.session(&http).await?;
        let names: Vec<&str> =
            call.positional.iter().filter_map(|argument| argument.name.as_deref()).collect();
        let request = session.request(call, &names)?;
        let bytes = content.length();
        let pace = Pace::default();
        let (path, headers) = (request.path.clone(), request.headers.clone());
        let body = cut(request, mark, content, pace.clone())?;
        let sending = http.upload(&path, body, headers);
        let answer = pace.watch(self.client.limits, bytes, sending).await?;
        if answer.status == StatusCode::PAYLOAD_TOO_LARGE {
            return Err(Failure::Done(OdooError::Web {
                code: "too_large",
                why: format!(
                    "the server takes no request with {bytes} bytes of content; nothing was uploaded"
                ),
                hint: Some(
                    "a proxy before Odoo has a limit as well, such as nginx's `client_max_body_size`"
                        .to_owned(),
                ),
                sent: true,
            }));
        }
        session.result(&answer)
    }
}

/// The body of a request with the content in place of the mark.
fn cut(request: Request, mark: &str, content: Content, pace: Pace) -> Result<Outgoing, Failure> {
    let not_sent = |why: &str| Failure::NotSent { why: why.to_owned() };
    let body = request.body.ok_or_else(|| not_sent("the call has no body"))?;
    let mut before = body.bytes;
    let mark = mark.as_bytes();
    let at = before.windows(mark.len()).position(|window| window == mark);
    let at = at.ok_or_else(|| not_sent("the call has no place for the content"))?;
    let behind = before.split_off(at + mark.len());
    before.truncate(at);
    let length = before.len() as u64 + content.encoded_length() + behind.len() as u64;
    let stream = content.encoded_between(before, behind, pace);
    let content = reqwest::Body::wrap_stream(stream);
    Ok(Outgoing { content_type: body.content_type.to_owned(), length, content })
}

fn mark() -> Result<String, OdooError> {
    use ring::rand::SecureRandom as _;
    let mut bytes = [0; MARK_BYTES];
    let failed = |_| OdooError::Setup { why: "this machine gives no random numbers".to_owned(), hint: None };
    ring::rand::SystemRandom::new().fill(&mut bytes).map_err(failed)?;
    Ok(crate::facts::hex(&bytes))
}
