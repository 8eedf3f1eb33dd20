//! What clients said when they opened their sessions, so that a session that sleeps can be woken.

use std::{pin::Pin, sync::Arc};

use rmcp::transport::streamable_http_server::session::{SessionState, SessionStore, SessionStoreError};

use super::Sessions;

type Stored<'a, T> = Pin<Box<dyn Future<Output = Result<T, SessionStoreError>> + Send + 'a>>;

/// The store that rmcp asks when a request comes for a session it does not serve.
#[derive(Debug)]
pub(in crate::transport::http) struct Hellos(pub(in crate::transport::http) Arc<Sessions>);

// The trait is one of macros: these are the signatures it expands to.
impl SessionStore for Hellos {
    fn load<'life0, 'life1, 'async_trait>(
        &'life0 self,
        id: &'life1 str,
    ) -> Stored<'async_trait, Option<SessionState>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        let book = self.0.book();
        let hello = book.sessions.get(id).and_then(|session| session.hello.as_deref().cloned());
        Box::pin(std::future::ready(Ok(hello)))
    }

    fn store<'life0, 'life1, 'life2, 'async_trait>(
        &'life0 self,
        id: &'life1 str,
        state: &'life2 SessionState,
    ) -> Stored<'async_trait, ()>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        'life2: 'async_trait,
        Self: 'async_trait,
    {
        if let Some(session) = self.0.book().sessions.get_mut(id) {
            session.hello = Some(Arc::new(state.clone()));
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn delete<'life0, 'life1, 'async_trait>(&'life0 self, id: &'life1 str) -> Stored<'async_trait, ()>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        self.0.end(id);
        Box::pin(std::future::ready(Ok(())))
    }
}
