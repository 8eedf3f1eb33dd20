//! One span while it lasts, and the task that it belongs to.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Instant, SystemTime},
};

use super::{SpanContext, Tracer};

/// Words about one span; more are left out.
const WORDS_MAX: usize = 24;
/// Steps of one span; more are left out.
const EVENTS_MAX: usize = 16;

tokio::task_local! {
    static CURRENT: (Place, Option<Arc<Span>>);
}

/// Which end of a request a span is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Internal,
    Server,
    Client,
}

/// What may be said about a span: words of this program, of its operator's policy, and numbers. There is
/// no way to make one of a text that a caller sent but through [`Word::Named`], which says who named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    Known(&'static str),
    /// Named by the operator: a rule, a shared connection.
    Named(Arc<str>),
    Number(u64),
}

/// A span that is over, on its way to the collector.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) context: SpanContext,
    pub(super) parent: Option<[u8; 8]>,
    pub(super) link: Option<SpanContext>,
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) began: SystemTime,
    pub(super) ended: SystemTime,
    pub(super) said: Said,
}

/// What was said about a span while it lasted.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) words: Vec<(&'static str, Word)>,
    pub(super) events: Vec<(SystemTime, &'static str)>,
    pub(super) has_failed: bool,
}

/// Where in a trace a piece of work is done. A cheap clone that keeps no span from ending.
#[derive(Debug, Clone)]
pub struct Place {
    tracer: Tracer,
    context: SpanContext,
    /// A span of another trace that led here.
    link: Option<SpanContext>,
}

impl Place {
    /// A span here.
    pub fn child(&self, name: &'static str, kind: Kind) -> Option<Span> {
        let mut span = Span::begin(self.tracer.clone(), self.context.next()?, Some(self.context), name, kind);
        span.link = self.link;
        Some(span)
    }

    /// The place that a request names. One of another trace goes before this one, which is mentioned then.
    #[must_use]
    pub fn named(self, named: Option<SpanContext>) -> Self {
        match named.filter(|named| !named.is_of_the_trace_of(&self.context)) {
            Some(named) => Self { link: Some(self.context), context: named, ..self },
            None => self,
        }
    }
}

/// A span under way; it ends when it is dropped.
#[derive(Debug)]
pub struct Span {
    tracer: Tracer,
    context: SpanContext,
    parent: Option<[u8; 8]>,
    link: Option<SpanContext>,
    name: &'static str,
    kind: Kind,
    began: SystemTime,
    since: Instant,
    said: Mutex<Said>,
}

impl Span {
    pub(super) fn begin(
        tracer: Tracer,
        context: SpanContext,
        parent: Option<SpanContext>,
        name: &'static str,
        kind: Kind,
    ) -> Self {
        Self {
            tracer,
            context,
            parent: parent.map(|parent| parent.span),
            link: None,
            name,
            kind,
            began: SystemTime::now(),
            since: Instant::now(),
            said: Mutex::default(),
        }
    }

    /// The place for what is done inside of it.
    pub fn place(&self) -> Place {
        Place { tracer: self.tracer.clone(), context: self.context, link: None }
    }

    /// What an Odoo is told of it, where the operator wants that.
    pub fn for_odoo(&self) -> Option<SpanContext> {
        self.tracer.tells_odoo().then_some(self.context)
    }

    /// Says something about it.
    pub fn note(&self, key: &'static str, word: Word) {
        if !self.context.is_sampled {
            return;
        }
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.words.retain(|(known, _)| *known != key);
        if said.words.len() < WORDS_MAX {
            said.words.push((key, word));
        }
    }

    /// A step was reached.
    pub fn event(&self, name: &'static str) {
        if !self.context.is_sampled {
            return;
        }
        let now = self.began + self.since.elapsed();
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.events.len() < EVENTS_MAX {
            said.events.push((now, name));
        }
    }

    /// It ends as a failure.
    pub fn failed(&self) {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).has_failed = true;
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if !self.context.is_sampled {
            return;
        }
        let said = std::mem::take(self.said.get_mut().unwrap_or_else(PoisonError::into_inner));
        self.tracer.ended(Ended {
            context: self.context,
            parent: self.parent,
            link: self.link,
            name: self.name,
            kind: self.kind,
            began: self.began,
            ended: self.began + self.since.elapsed(),
            said,
        });
    }
}

/// Does the work inside of a span, where there is one.
pub async fn within<T>(span: Option<Arc<Span>>, work: impl Future<Output = T>) -> T {
    match span {
        Some(span) => CURRENT.scope((span.place(), Some(span)), work).await,
        None => work.await,
    }
}

/// Does the work at a place in a trace, where there is one.
pub async fn at<T>(place: Option<Place>, work: impl Future<Output = T>) -> T {
    match place {
        Some(place) => CURRENT.scope((place, None), work).await,
        None => work.await,
    }
}

/// Where this task is.
pub fn current() -> Option<Place> {
    CURRENT.try_with(|(place, _)| place.clone()).ok()
}

/// Says something about the span that this task is in. The word is made only where there is one.
pub fn note(key: &'static str, word: impl FnOnce() -> Word) {
    let _ = CURRENT.try_with(|(_, span)| {
        if let Some(span) = span.as_ref().filter(|span| span.context.is_sampled) {
            span.note(key, word());
        }
    });
}

/// The span that this task is in reached a step.
pub fn event(name: &'static str) {
    let _ = CURRENT.try_with(|(_, span)| {
        if let Some(span) = span {
            span.event(name);
        }
    });
}

/// The span that this task is in ends as a failure.
pub fn failed() {
    let _ = CURRENT.try_with(|(_, span)| {
        if let Some(span) = span {
            span.failed();
        }
    });
}
