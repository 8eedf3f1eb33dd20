//! The content of one field, piece by piece.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{StatusCode, header};
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;

use super::scan::{ScanError, Scanner};
use crate::{
    facts::{FieldName, MethodName, ModelName, Operation},
    odoo::{
        Call, Context, Failure, FaultKind, OdooClient, OdooError, PermittedOdoo, Route,
        http::{Answer, Http, Outgoing},
        restated,
        routes::envelope,
        session::Session,
    },
};

/// Files have a route of their own; what other models hold comes over calls only.
const ATTACHMENTS: &str = "ir.attachment";
const CONTENT_FIELDS: [&str; 2] = ["datas", "raw"];
/// A whole download may take so long and no longer: a quarter of a gigabyte on a line of a megabit.
const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(40 * 60);
/// What is read of an answer that is no content, to see what it is.
const PAGE_BYTES_MAX: usize = 64 * 1024;
const SLOW_HINT: &str = "Odoo's own web server gives a client two seconds, a proxy before it gives more";
/// Sessions that the server ended are opened again once.
const TRIES_MAX: usize = 2;

/// Content on its way. Dropping it closes the connection.
#[derive(Debug)]
pub struct Download {
    client: Arc<OdooClient>,
    call: Call,
    source: Source,
    deadline: tokio::time::Instant,
    /// Something has arrived.
    began: bool,
    _slot: Option<OwnedSemaphorePermit>,
}

#[derive(Debug)]
enum Source {
    /// The content as it is.
    Plain {
        http: Arc<Http>,
        response: reqwest::Response,
    },
    /// Base64 inside a JSON answer.
    Answer {
        http: Arc<Http>,
        response: reqwest::Response,
        scanner: Scanner,
        session: Arc<Session>,
    },
    /// Already here: a route that cannot be followed piece by piece.
    Whole(Vec<u8>),
    Over,
}

impl PermittedOdoo<'_> {
    /// The content of a binary field of one record; the permit and the caller's view are asked as for
    /// any other read.
    pub async fn download(
        &self,
        model: &ModelName,
        id: i64,
        field: &FieldName,
        context: &Context,
    ) -> Result<Download, OdooError> {
        let call = Call::new(model, MethodName::known("read"))
            .on(&[id])
            .arg("fields", json!([field.as_str()]))
            .within(context);
        self.check(model, Operation::Read, &call.method, Some(&[id]))?;
        restated::check(&call, &self.client.definition().alias, self.permit.effects())?;
        self.check_sight(model, id, field, context).await?;
        let opened = Download::open(&self.client, call, field).await;
        opened.map_err(|error| self.eyes.worded(error, [model]))
    }

    /// Refuses where the rules keep the record, or the value as it is, from this caller.
    pub async fn check_sight(
        &self,
        model: &ModelName,
        id: i64,
        field: &FieldName,
        context: &Context,
    ) -> Result<(), OdooError> {
        if !self.eyes.narrow() {
            return Ok(());
        }
        let is_plain = match self.client.schema(model).await {
            Ok(schema) => self.eyes.shows_value(&schema, field),
            // Definitions that this user may not read: the rules alone have to say it.
            Err(_) => self.eyes.shows_plainly(model, field),
        };
        if !is_plain {
            return Err(OdooError::Closed {
                why: format!("the content of `{field}` of `{model}` is not shown under this policy"),
            });
        }
        self.check_record(model, id, context).await
    }

    /// Refuses where the rules keep the record from this caller: one that is kept and one that never
    /// was are answered alike.
    pub async fn check_record(&self, model: &ModelName, id: i64, context: &Context) -> Result<(), OdooError> {
        if !self.permit.sight().may_read(model) {
            return Err(OdooError::Closed {
                why: format!("the policy does not let `{model}` be read, and this belongs to a record of it"),
            });
        }
        if self.eyes.scope(model)?.is_empty() {
            return Ok(());
        }
        let within = self.eyes.within_scope(&self.client, model, &[id], context).await?;
        if within.contains(&id) { Ok(()) } else { Err(missing(model)) }
    }
}

impl PermittedOdoo<'_> {
    /// Does an absolute address lead to the server of this connection?
    pub fn is_own_address(&self, url: &url::Url) -> bool {
        url.origin() == self.client.definition().url.origin()
    }
}

impl Download {
    async fn open(client: &Arc<OdooClient>, call: Call, field: &FieldName) -> Result<Self, OdooError> {
        let result = Self::try_open(client, &call, field).await;
        let result = match result {
            Ok(download) => Ok(download),
            Err(failure) => Err(client.explained(failure, &call).await),
        };
        client.note(result.as_ref().err());
        result
    }

    async fn try_open(client: &Arc<OdooClient>, call: &Call, field: &FieldName) -> Result<Self, Failure> {
        let slot = client.own_slot().await?;
        let http = client.http()?;
        let over = |source| Self {
            client: Arc::clone(client),
            call: call.clone(),
            source,
            deadline: tokio::time::Instant::now() + DOWNLOAD_TIMEOUT,
            began: false,
            _slot: None,
        };
        let mut tries = 0;
        loop {
            tries += 1;
            let session = client.session(&http).await?;
            if session.route() == Route::XmlRpc {
                drop(slot);
                let answer = client.call_plainly(call).await?;
                return Ok(over(Source::Whole(decoded(&answer, field)?)));
            }
            let opening = open_source(client, &http, &session, call, field);
            let opened = match tokio::time::timeout(client.total_timeout(), opening).await {
                Ok(opened) => opened,
                Err(_) => Err(Failure::TimedOut),
            };
            match opened {
                Ok(source) => return Ok(Self { _slot: Some(slot), ..over(source) }),
                Err(failure) if session.is_over(&failure) && tries < TRIES_MAX => client.forget(&session),
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Bytes that were announced, where the content comes as it is.
    pub fn announced_bytes(&self) -> Option<u64> {
        match &self.source {
            Source::Plain { response, .. } => response.content_length(),
            Source::Whole(bytes) => Some(bytes.len() as u64),
            Source::Answer { .. } | Source::Over => None,
        }
    }

    /// Does the content come as base64 inside an answer? Then what arrives has to be decoded.
    pub fn is_encoded(&self) -> bool {
        matches!(self.source, Source::Answer { .. })
    }

    /// The next piece as it arrives; `None` at the end. Odoo's own web server waits for a client for
    /// two seconds in all, so whoever has much to read reads first and works on it afterwards.
    pub async fn next_arrived(&mut self) -> Result<Option<Bytes>, OdooError> {
        let piece = match tokio::time::timeout_at(self.deadline, self.source.next_arrived()).await {
            Ok(Err(Failure::NoAnswer { why })) if self.began => Err(Failure::NoAnswer {
                why: format!("{why} (it stopped in the middle of the content; {SLOW_HINT})"),
            }),
            Ok(piece) => piece,
            Err(_) => Err(Failure::TimedOut),
        };
        self.began = true;
        piece.map_err(|failure| self.failed(failure))
    }

    /// The content inside a piece that arrived.
    pub fn decode(&mut self, arrived: Bytes) -> Result<Bytes, OdooError> {
        match &mut self.source {
            Source::Answer { scanner, .. } => {
                let decoded = scanner.feed(&arrived).map_err(scan_failure);
                decoded.map(Bytes::from).map_err(|failure| self.failed(failure))
            }
            Source::Plain { .. } | Source::Whole(_) | Source::Over => Ok(arrived),
        }
    }

    /// To be called when everything was decoded: an answer can be an error as well.
    pub fn finish(mut self) -> Result<(), OdooError> {
        let source = std::mem::replace(&mut self.source, Source::Over);
        source.finish().map_err(|failure| self.failed(failure))
    }

    fn failed(&mut self, failure: Failure) -> OdooError {
        self.source = Source::Over;
        let error = failure.into_error(&self.client.alias(), &self.call);
        self.client.note(Some(&error));
        error
    }
}

impl Source {
    async fn next_arrived(&mut self) -> Result<Option<Bytes>, Failure> {
        match self {
            Self::Plain { http, response } | Self::Answer { http, response, .. } => {
                http.piece(response).await
            }
            Self::Whole(bytes) if bytes.is_empty() => Ok(None),
            Self::Whole(bytes) => Ok(Some(std::mem::take(bytes).into())),
            Self::Over => Ok(None),
        }
    }

    fn finish(self) -> Result<(), Failure> {
        let Self::Answer { response, scanner, session, .. } = self else { return Ok(()) };
        let (body, found) = scanner.into_rest();
        let answer = Answer { body, ..head(&response) };
        let rows = session.result(&answer)?;
        if rows.get(0).is_none() {
            return Err(Failure::Done(gone()));
        }
        if !found && rows.get(0).is_some_and(holds_a_text) {
            let why = "the content is not where it belongs".to_owned();
            return Err(Failure::Strange { why, maybe_done: false });
        }
        Ok(())
    }
}

async fn open_source(
    client: &OdooClient,
    http: &Arc<Http>,
    session: &Arc<Session>,
    call: &Call,
    field: &FieldName,
) -> Result<Source, Failure> {
    let http = Arc::clone(http);
    let is_file = call.model.as_str() == ATTACHMENTS && CONTENT_FIELDS.contains(&field.as_str());
    if let (Some(cookie), true, Some([id])) = (session.cookie(), is_file, call.ids.as_deref()) {
        let path = format!("/web/content/{id}?download=true");
        let response = http.open(&path, None, vec![(header::COOKIE, cookie)], false).await?;
        return plain(http, response).await;
    }
    let names: Vec<&str> = call.positional.iter().filter_map(|argument| argument.name.as_deref()).collect();
    let request = session.request(call, &names)?;
    let body = request.body.map(|body| Outgoing {
        content_type: body.content_type.to_owned(),
        length: body.bytes.len() as u64,
        content: body.bytes.into(),
    });
    let response = http.open(&request.path, body, request.headers, false).await?;
    if response.status().is_redirection() {
        return Err(envelope::redirected(&head(&response)));
    }
    tracing::trace!(connection = %client.alias(), "content inside an answer");
    let (scanner, session) = (Scanner::new(field.as_str()), Arc::clone(session));
    Ok(Source::Answer { http, response, scanner, session })
}

/// Anything but success is no content, and neither is a page that asks for a login.
async fn plain(http: Arc<Http>, mut response: reqwest::Response) -> Result<Source, Failure> {
    let status = response.status();
    if status == StatusCode::OK {
        return Ok(Source::Plain { http, response });
    }
    if status.is_redirection() {
        return Err(envelope::redirected(&head(&response)));
    }
    if status == StatusCode::NOT_FOUND || status == StatusCode::FORBIDDEN {
        return Err(Failure::Done(gone()));
    }
    let mut body = Vec::new();
    while body.len() < PAGE_BYTES_MAX
        && let Some(piece) = http.piece(&mut response).await?
    {
        body.extend_from_slice(&piece);
    }
    Err(envelope::page(&Answer { body, ..head(&response) }))
}

/// What stands above the body of an answer.
fn head(response: &reqwest::Response) -> Answer {
    let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Answer {
        status: response.status(),
        content_type: text(header::CONTENT_TYPE).unwrap_or_default(),
        location: text(header::LOCATION),
        session_cookie: None,
        body: Vec::new(),
    }
}

fn holds_a_text(row: &Value) -> bool {
    row.as_object()
        .is_some_and(|row| row.values().any(|value| value.as_str().is_some_and(|text| !text.is_empty())))
}

/// The value of a whole answer.
fn decoded(answer: &Value, field: &FieldName) -> Result<Vec<u8>, Failure> {
    let row = answer.get(0).ok_or_else(|| Failure::Done(gone()))?;
    match row.get(field.as_str()) {
        Some(Value::String(text)) => {
            // The same decoder as for an answer that comes in pieces.
            Scanner::new("").decode_text(text.as_bytes()).map_err(scan_failure)
        }
        _ => Ok(Vec::new()),
    }
}

fn scan_failure(error: ScanError) -> Failure {
    let why = match error {
        ScanError::NoBase64 => "the content is not base64",
        ScanError::TwoValues => "the content stands in the answer twice",
        ScanError::TooLarge => "there is more around the content than any Odoo sends",
    };
    Failure::Strange { why: why.to_owned(), maybe_done: false }
}

fn gone() -> OdooError {
    OdooError::Fault {
        kind: FaultKind::Missing,
        exception: "odoo.exceptions.MissingError".to_owned(),
        message: "the record or its content does not exist, or may not be read".to_owned(),
        model: None,
        method: None,
        hint: None,
    }
}

/// A record that the rules keep from the caller and one that never was are answered alike.
fn missing(model: &ModelName) -> OdooError {
    OdooError::Fault {
        kind: FaultKind::Missing,
        exception: "odoo.exceptions.MissingError".to_owned(),
        message: "a record does not exist or has been deleted".to_owned(),
        model: Some(model.clone()),
        method: None,
        hint: None,
    }
}
