//! Tokens, their end, and registrations: programs call these, so everything is JSON.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;
use serde_json::json;

use super::{RETRY_SECONDS, body_of, is_of_type, not_kept, private_json};
use crate::{
    identity::oauth::{AuthorizationServer, OauthError, Parameters},
    transport::http::door::PeerAddress,
};

const FORM: &str = "application/x-www-form-urlencoded";

/// `POST /oauth/token`.
pub(super) async fn token(State(server): State<Arc<AuthorizationServer>>, request: Request) -> Response {
    let peer = peer_of(&request);
    let answered = async { server.token(&form_of(request).await?, Timestamp::now()).await };
    match answered.await {
        Ok(tokens) => private_json(StatusCode::OK, &tokens),
        Err(error) => match server.count_failure(&error, peer) {
            Some(wait) => {
                let error = OauthError::slow_down();
                refused_for(&error, wait.as_secs().max(1))
            }
            None => refused(&error),
        },
    }
}

/// `POST /oauth/revoke`: the answer is the same whether there was such a token or not.
pub(super) async fn revoke(State(server): State<Arc<AuthorizationServer>>, request: Request) -> Response {
    let revoked = async { server.revoke(&form_of(request).await?).await };
    match revoked.await {
        Ok(()) => (StatusCode::OK, not_kept()).into_response(),
        Err(error) => refused(&error),
    }
}

/// `POST /oauth/register`.
pub(super) async fn register(State(server): State<Arc<AuthorizationServer>>, request: Request) -> Response {
    let peer = peer_of(&request);
    if !is_of_type(&request, "application/json") {
        return refused(&OauthError::request("the body must be `application/json`"));
    }
    let registered = async { server.register(&body_of(request).await?, peer, Timestamp::now()).await };
    match registered.await {
        Ok(client) => private_json(StatusCode::CREATED, &client),
        Err(error) => refused(&error),
    }
}

/// The form of a request. Its body is read in any case, so that the connection stays of use.
async fn form_of(request: Request) -> Result<Parameters, OauthError> {
    let is_form = is_of_type(&request, FORM);
    // Tokens in an address end up in logs.
    let has_query = request.uri().query().is_some_and(|query| !query.is_empty());
    let has_secret = request.headers().contains_key(header::AUTHORIZATION);
    let body = body_of(request).await?;
    if !is_form {
        return Err(OauthError::request(format!("the body must be `{FORM}`")));
    }
    if has_query {
        return Err(OauthError::request("parameters belong into the body"));
    }
    if has_secret {
        return Err(OauthError::no_secrets());
    }
    Ok(Parameters::read(&body))
}

fn peer_of(request: &Request) -> IpAddr {
    let peer = request.extensions().get::<PeerAddress>().map(|peer| peer.0.ip());
    peer.unwrap_or(Ipv4Addr::UNSPECIFIED.into())
}

fn refused(error: &OauthError) -> Response {
    refused_for(error, RETRY_SECONDS)
}

fn refused_for(error: &OauthError, seconds: u64) -> Response {
    let status = match error.code {
        "invalid_client" => StatusCode::UNAUTHORIZED,
        "access_denied" => StatusCode::FORBIDDEN,
        "slow_down" => StatusCode::TOO_MANY_REQUESTS,
        "temporarily_unavailable" => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_REQUEST,
    };
    let body = json!({ "error": error.code, "error_description": error.description });
    let mut response = private_json(status, &body);
    if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
