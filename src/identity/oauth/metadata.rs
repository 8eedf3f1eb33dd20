//! What this server says of itself to programs: as a resource (RFC 9728) and as an authorization server
//! (RFC 8414).

use serde_json::{Value, json};

use super::AuthorizationServer;
use crate::{
    config::PublicUrl,
    facts::{Scope, Scopes},
};

/// The protected resource and who issues tokens for it.
pub fn resource_metadata(public: &PublicUrl, authorization_servers: &[&str]) -> Value {
    json!({
        "resource": public.resource(),
        "resource_name": "odoo-mcp",
        "authorization_servers": authorization_servers,
        "scopes_supported": names(Scopes::ALL),
        "bearer_methods_supported": ["header"],
    })
}

impl AuthorizationServer {
    /// Where everything is, and what it understands.
    pub fn metadata(&self) -> Value {
        let mut metadata = json!({
            "issuer": self.public.as_str(),
            "authorization_endpoint": self.public.join("/oauth/authorize"),
            "token_endpoint": self.public.join("/oauth/token"),
            "revocation_endpoint": self.public.join("/oauth/revoke"),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_methods_supported": ["none"],
            "revocation_endpoint_auth_methods_supported": ["none"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": names(Scopes::ALL),
            "authorization_response_iss_parameter_supported": true,
            "client_id_metadata_document_supported": self.settings.client_documents,
        });
        if self.settings.registration
            && let Some(members) = metadata.as_object_mut()
        {
            members.insert("registration_endpoint".to_owned(), self.public.join("/oauth/register").into());
        }
        metadata
    }
}

fn names(scopes: Scopes) -> Vec<&'static str> {
    scopes.iter().map(Scope::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_names_itself_and_its_issuers() {
        let public = PublicUrl::of(&"https://mcp.example.com".parse().unwrap());
        let described = resource_metadata(&public, &["https://login.example.com", public.as_str()]);
        assert_eq!(described["resource"], "https://mcp.example.com/mcp");
        assert_eq!(described["authorization_servers"][1], "https://mcp.example.com");
        assert_eq!(described["scopes_supported"], json!(["odoo:read", "odoo:write", "odoo:admin"]));
    }
}
