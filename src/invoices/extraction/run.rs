//! One extraction: made safe, looked up, reserved, asked, settled, read.

use std::{
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use ring::digest;
use serde_json::{Value, json};

use super::{
    Extraction, ExtractionError, ExtractionRequest, FailedExtraction, Parsed, Prepared, Wanted,
    locks::Turns,
    parse_bill, parse_declaration, prompt,
    routing::{routed_model, routing_models},
    schema::answer_schema,
    settling::{ends_of, nothing},
    suspicion::is_suspicious,
};
use crate::{
    config::{InvoiceSettings, PdfPolicy},
    documents::{self, DocumentLimits, SafeDocument},
    facts::hex,
    language::{Access, Caching, Document, LanguageError, LanguageModel, Question, Usage},
    usage::{DocumentSize, Reserve, StoredAnswer, UsageLedger},
};

/// Pages that are read at once; providers take no more.
const PAGES_MAX: u32 = 100;
/// Tokens of an answer about one page, and for each further page.
const TOKENS_FIRST_PAGE: u32 = 2_000;
const TOKENS_PER_PAGE: u32 = 900;
/// Most tokens of a first answer, and of a second where the first was cut off.
const TOKENS_MAX: u32 = 16_000;
const TOKENS_SECOND_MAX: u32 = 32_000;
/// How the answer is called.
const BILL_NAME: &str = "invoice_fields";
const DECLARATION_NAME: &str = "customs_fields";
/// Changes whenever kept answers have to be asked for again.
const KEY_VERSION: &str = "1";

/// Who comes second with the same document waits for the first, and then pays nothing.
static TURNS: LazyLock<Turns> = LazyLock::new(|| Turns::new(1));

/// What extractions need. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Extractor {
    language: Option<Arc<LanguageModel>>,
    usage: Arc<UsageLedger>,
    settings: Arc<InvoiceSettings>,
    /// So that the documents of one tenant do not keep those of the others waiting.
    tenants: Arc<Turns>,
}

/// Reads one document.
pub async fn extract(
    extractor: &Extractor,
    request: ExtractionRequest,
) -> Result<Extraction, ExtractionError> {
    extractor.extract(request).await
}

impl Extractor {
    pub fn new(
        language: Option<Arc<LanguageModel>>,
        usage: Arc<UsageLedger>,
        settings: Arc<InvoiceSettings>,
    ) -> Self {
        let tenants = Arc::new(Turns::new(settings.parallel_per_tenant));
        Self { language, usage, settings, tenants }
    }

    /// Reads one document. What was sent is settled even where nobody waits for the answer any more.
    pub async fn extract(&self, request: ExtractionRequest) -> Result<Extraction, ExtractionError> {
        let this = self.clone();
        let reading = tokio::spawn(async move { this.extract_to_the_end(request).await });
        reading.await.unwrap_or(Err(ExtractionError::Interrupted))
    }

    async fn extract_to_the_end(&self, request: ExtractionRequest) -> Result<Extraction, ExtractionError> {
        let (document, model) = self.made_ready(&request).await?;
        let content_key = content_key(&request, &document, &model);
        let tenant = &request.tenant;
        let of_tenant = format!("{} {}", tenant.server, tenant.database);
        let _turn = TURNS.wait(format!("{of_tenant} {content_key}")).await;
        if !request.fresh
            && let Some(kept) = self.usage.answer_for(tenant, &content_key).await?
        {
            return Ok(kept_extraction(&request, document, content_key, kept));
        }
        let waited_ms = self.settings.extraction_timeout_ms;
        let waiting = self.tenants.wait(of_tenant);
        let _place = tokio::time::timeout(Duration::from_millis(waited_ms), waiting)
            .await
            .map_err(|_| ExtractionError::TenantBusy { waited_ms })?;
        self.ask(request, document, model, content_key).await
    }

    /// How the operator wants documents to be read.
    pub fn settings(&self) -> &InvoiceSettings {
        &self.settings
    }

    /// Everything but reserving and asking: what would be sent, to whom, and what it would cost.
    pub async fn prepare(&self, request: &ExtractionRequest) -> Result<Prepared, ExtractionError> {
        let (document, model) = self.made_ready(request).await?;
        let content_key = content_key(request, &document, &model);
        let question = question(request, &document, &model);
        let estimate = self.estimate(&question, &document, &model);
        let kept = match request.fresh {
            true => None,
            false => self.usage.answer_for(&request.tenant, &content_key).await?,
        };
        if kept.is_none() {
            self.language()?.could_ask(&question, &self.access(request)).await?;
        }
        Ok(Prepared { document, model, content_key, estimate, is_paid: kept.is_some() })
    }

    async fn ask(
        &self,
        request: ExtractionRequest,
        document: SafeDocument,
        model: String,
        content_key: String,
    ) -> Result<Extraction, ExtractionError> {
        let language = self.language()?;
        let (question, access) = (question(&request, &document, &model), self.access(&request));
        // A question that cannot be sent reserves nothing.
        language.could_ask(&question, &access).await?;
        let estimate = self.estimate(&question, &document, &model);
        let reservation = self
            .usage
            .reserve(Reserve {
                tenant: request.tenant.clone(),
                company_id: request.company_id,
                move_id: request.move_id,
                attachment_id: request.attachment_id,
                source: request.source,
                source_message_id: request.source_message_id.clone(),
                model: model.clone(),
                estimate: estimate.clone(),
                cap: request.cap,
                run_id: request.run_id.clone(),
                content_key: Some(content_key.clone()),
                pages: document.pages,
                prompt_version: request.prompt_version.name().to_owned(),
            })
            .await?;
        let started = Instant::now();
        let told = language.ask_told(&question, &access).await;
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let answer = told.outcome.as_ref().ok().map(|value| kept_form(value, &model));
        let ends = ends_of(
            &told,
            self.usage.prices(),
            estimate.as_ref(),
            answer,
            request.extra.as_ref(),
            Timestamp::now(),
        );
        let Some(ends) = ends else {
            // Nothing left this process.
            self.usage.release(reservation).await?;
            return Err(told.outcome.err().unwrap_or(LanguageError::NotSetUp).into());
        };
        let cost = ends.cost.clone();
        let call_id = self.usage.settle_attempts(reservation, ends.earlier, ends.last).await?;
        let (usage, attempts) = (told.usage(), told.attempts.len());
        let value = match told.outcome {
            Ok(value) => value,
            Err(error) => {
                return Err(ExtractionError::Failed(Box::new(FailedExtraction {
                    error,
                    call_id,
                    model,
                    pages: document.pages,
                    duration_ms,
                    usage,
                    cost,
                    attempts,
                    prompt_version: request.prompt_version,
                })));
            }
        };
        let parsed = parsed(request.wanted, &value);
        Ok(Extraction {
            model,
            pages: document.pages,
            duration_ms,
            usage,
            cost,
            attempts,
            prompt_version: request.prompt_version.name().to_owned(),
            data: parsed.data,
            confidence: parsed.confidence,
            problems: parsed.problems,
            suspicious_instructions: is_suspicious(&document.report, &value),
            raw_response: value,
            call_id,
            content_key,
            reused: false,
            sanitized: document.report,
        })
    }

    /// The safe document and the model that will read it.
    async fn made_ready(
        &self,
        request: &ExtractionRequest,
    ) -> Result<(SafeDocument, String), ExtractionError> {
        let document = self.safe_document(request).await?;
        if document.pages > PAGES_MAX {
            return Err(ExtractionError::TooManyPages { pages: document.pages, pages_max: PAGES_MAX });
        }
        let model = self.model(request, &document)?;
        Ok((document, model))
    }

    async fn safe_document(&self, request: &ExtractionRequest) -> Result<SafeDocument, ExtractionError> {
        let (bytes, claimed) = (Arc::clone(&request.document), request.claimed_mime_type.clone());
        let making = tokio::task::spawn_blocking(move || {
            documents::sanitize_as(&bytes, claimed.as_deref(), &DocumentLimits::default())
        });
        let document = making.await.map_err(|_| ExtractionError::Interrupted)?;
        let document = document.map_err(ExtractionError::Document)?;
        if self.settings.pdf_policy == PdfPolicy::Refuse && document.report.removed.was_active() {
            return Err(ExtractionError::ActiveContent);
        }
        Ok(document)
    }

    fn model(&self, request: &ExtractionRequest, document: &SafeDocument) -> Result<String, ExtractionError> {
        let language = self.language()?;
        if let Some(wanted) = &request.model_override {
            let own = self.models_of_ours();
            return match own.contains(wanted) {
                true => Ok(wanted.clone()),
                false => Ok(language.model(Some(wanted))?),
            };
        }
        if !language.is_anthropic() {
            // The routing is between Anthropic's models; elsewhere there is the usual one.
            return Ok(language.model(None)?);
        }
        let size = document.bytes.len() as u64;
        let routing = &self.settings.routing;
        Ok(routed_model(routing, document.pages, size, request.tier, request.wanted).to_owned())
    }

    /// Models of the invoice settings that may be asked besides those of the language model.
    fn models_of_ours(&self) -> Vec<String> {
        let mut models = self.settings.model_overrides.clone();
        if self.language.as_ref().is_some_and(|language| language.is_anthropic()) {
            models.extend(routing_models(&self.settings.routing));
        }
        models
    }

    fn access(&self, request: &ExtractionRequest) -> Access {
        Access::of_tenant(&request.tenant.code)
            .allowing(self.models_of_ours())
            .with_output_tokens_max(TOKENS_SECOND_MAX)
            .waiting_at_most(self.settings.extraction_timeout_ms)
    }

    fn estimate(
        &self,
        question: &Question,
        document: &SafeDocument,
        model: &str,
    ) -> Option<crate::usage::Cost> {
        let turns = question.turns_before.iter().map(|(user, assistant)| user.len() + assistant.len());
        let text_bytes = question.instructions.len()
            + question.text.len()
            + question.answer_schema.to_string().len()
            + turns.sum::<usize>();
        let size = DocumentSize {
            pages: document.pages,
            text_bytes: text_bytes as u64,
            output_tokens_max: question.output_tokens_max,
        };
        self.usage.prices().estimate(model, &size, Timestamp::now())
    }

    fn language(&self) -> Result<&Arc<LanguageModel>, ExtractionError> {
        self.language.as_ref().ok_or(ExtractionError::Language(LanguageError::NotSetUp))
    }
}

fn question(request: &ExtractionRequest, document: &SafeDocument, model: &str) -> Question {
    let wanted = request.wanted;
    let further = document.pages.saturating_sub(1).saturating_mul(TOKENS_PER_PAGE);
    let tokens = TOKENS_FIRST_PAGE.saturating_add(further).min(TOKENS_MAX);
    Question {
        model: Some(model.to_owned()),
        instructions: prompt::instructions(wanted, request.prompt_version),
        turns_before: request.vendor.iter().filter_map(super::VendorContext::turns).collect(),
        documents: vec![Document {
            mime_type: document.kind.mime_type().to_owned(),
            bytes: document.bytes.as_slice().into(),
            name: None,
        }],
        text: prompt::text(wanted, buyer(request)),
        answer_name: match wanted {
            Wanted::Bill => BILL_NAME,
            Wanted::CustomsDeclaration => DECLARATION_NAME,
        },
        answer_schema: answer_schema(wanted, request.prompt_version, &request.document_codes),
        output_tokens_max: tokens,
        output_tokens_second: Some(tokens.saturating_mul(2).min(TOKENS_SECOND_MAX)),
        caching: Caching { instructions: false, turns_before: true, documents: true },
    }
}

/// Only a number goes into the prompt, never a sentence.
fn buyer(request: &ExtractionRequest) -> Option<&str> {
    request
        .buyer_vat
        .as_deref()
        .filter(|vat| (4..=20).contains(&vat.len()) && vat.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Same safe bytes, same question, same model: same key. Of what is known of the vendor only whether
/// something is known counts, so that a new bill of the vendor does not make every old answer void.
fn content_key(request: &ExtractionRequest, document: &SafeDocument, model: &str) -> String {
    let bytes = hex(digest::digest(&digest::SHA256, &document.bytes).as_ref());
    let has_context = request.vendor.as_ref().is_some_and(|vendor| !vendor.is_empty());
    let parts = json!([
        KEY_VERSION,
        documents::SANITIZER_VERSION,
        bytes,
        request.wanted.name(),
        request.prompt_version.name(),
        model,
        has_context,
        buyer(request),
        request.document_codes,
    ]);
    hex(digest::digest(&digest::SHA256, parts.to_string().as_bytes()).as_ref())
}

/// What is kept of an answer: as the model gave it, so that a better reader reads it anew.
fn kept_form(value: &Value, model: &str) -> Value {
    json!({"answer": value, "model": model})
}

fn kept_extraction(
    request: &ExtractionRequest,
    document: SafeDocument,
    content_key: String,
    kept: StoredAnswer,
) -> Extraction {
    let value = kept.answer.get("answer").cloned().unwrap_or_default();
    let parsed = parsed(request.wanted, &value);
    Extraction {
        model: kept.call.model.clone(),
        pages: document.pages,
        duration_ms: 0,
        usage: Usage::default(),
        cost: Some(nothing()),
        attempts: 0,
        prompt_version: request.prompt_version.name().to_owned(),
        data: parsed.data,
        confidence: parsed.confidence,
        problems: parsed.problems,
        suspicious_instructions: is_suspicious(&document.report, &value),
        raw_response: value,
        call_id: kept.call.call_id,
        content_key,
        reused: true,
        sanitized: document.report,
    }
}

fn parsed(wanted: Wanted, answer: &Value) -> Parsed {
    match wanted {
        Wanted::Bill => parse_bill(answer),
        Wanted::CustomsDeclaration => parse_declaration(answer),
    }
}
