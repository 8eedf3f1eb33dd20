//! Whose money it is: one tenant per Odoo database, whatever it is called.

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use super::{UsageError, UsageSettings};
use crate::facts::Definition;

/// A database on a server. The code is only how it is shown: two databases of one name on two servers
/// are two tenants.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tenant {
    /// Scheme, host and port.
    pub server: String,
    pub database: String,
    pub code: String,
}

/// What a tenant without any usable name is called.
const NAMELESS: &str = "default";
/// Longest code; names of databases are shorter.
const CODE_CHARS_MAX: usize = 100;

impl Tenant {
    /// The tenant of a connection, with the usual code.
    pub fn of(definition: &Definition) -> Self {
        let named = [definition.db.as_str(), definition.alias.as_str()].into_iter().map(slug);
        let code = named.into_iter().find(|code| !code.is_empty()).unwrap_or_else(|| NAMELESS.to_owned());
        Self { server: definition.url.origin().ascii_serialization(), database: definition.db.clone(), code }
    }

    /// The tenant of a connection, with the code that the settings give it.
    pub fn of_connection(definition: &Definition, settings: &UsageSettings) -> Self {
        let mut tenant = Self::of(definition);
        let given = settings.tenant_codes.iter().find(|(alias, _)| *alias == definition.alias);
        if let Some((_, code)) = given {
            tenant.code.clone_from(code);
        }
        tenant
    }

    /// A caller may leave the code out or repeat its own; it cannot choose another tenant.
    ///
    /// # Errors
    ///
    /// [`UsageError::TenantNotYours`] for every other code.
    pub fn must_be(&self, given: &str) -> Result<(), UsageError> {
        let given = given.trim();
        if given.is_empty() || given == self.code || slug(given) == self.code {
            Ok(())
        } else {
            Err(UsageError::TenantNotYours { given: given.chars().take(CODE_CHARS_MAX).collect() })
        }
    }
}

/// Lower case, Latin, and nothing but letters, digits, `-`, `_` and `.`.
pub(super) fn slug(name: &str) -> String {
    let mut latin = String::new();
    for c in name.to_lowercase().chars() {
        match cyrillic(c) {
            Some(letters) => latin.push_str(letters),
            None => latin.extend(std::iter::once(c).nfkd().filter(|c| !is_combining_mark(*c))),
        }
    }
    let mut code = String::new();
    for c in latin.to_lowercase().chars() {
        let kept = if c.is_ascii_alphanumeric() || matches!(c, '-' | '.') { c } else { '_' };
        if !(kept == '_' && code.ends_with('_')) {
            code.push(kept);
        }
    }
    code.trim_matches('_').chars().take(CODE_CHARS_MAX).collect()
}

/// Lower-case Cyrillic by the Bulgarian law on transliteration, with the letters of its neighbours.
fn cyrillic(c: char) -> Option<&'static str> {
    Some(match c {
        'а' => "a",
        'б' => "b",
        'в' => "v",
        'г' | 'ґ' => "g",
        'д' => "d",
        'е' | 'э' | 'ё' => "e",
        'ж' => "zh",
        'з' => "z",
        'и' | 'і' | 'ы' => "i",
        'й' | 'ј' => "y",
        'к' => "k",
        'л' => "l",
        'м' => "m",
        'н' => "n",
        'о' => "o",
        'п' => "p",
        'р' => "r",
        'с' => "s",
        'т' => "t",
        'у' => "u",
        'ф' => "f",
        'х' => "h",
        'ц' => "ts",
        'ч' => "ch",
        'ш' => "sh",
        'щ' => "sht",
        'ъ' => "a",
        'ь' => "y",
        'ю' => "yu",
        'я' => "ya",
        'є' => "ye",
        'ї' => "yi",
        'ђ' => "dj",
        'љ' => "lj",
        'њ' => "nj",
        'ћ' => "c",
        'џ' => "dz",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{ConnectionAlias, Credential, Origin, Protocol, Secret, SecretSource, Trust};

    fn definition(url: &str, db: &str) -> Definition {
        Definition {
            alias: ConnectionAlias::parse("main").unwrap(),
            url: url.parse().unwrap(),
            db: db.to_owned(),
            username: "bot".to_owned(),
            credential: Credential::ApiKey(SecretSource::Inline(Secret::new("x".to_owned()))),
            protocol: Protocol::Auto,
            trust: Trust::System,
            origin: Origin::Settings,
        }
    }

    #[test]
    fn codes_are_plain() {
        for (name, code) in [
            ("Фирма ЕООД", "firma_eood"),
            ("Щъркел-Юг", "shtarkel-yug"),
            ("acme.prod", "acme.prod"),
            ("  __Société  Générale__ ", "societe_generale"),
            ("a/../b", "a_.._b"),
            ("日本", ""),
            ("", ""),
            ("ﬁle №5", "file_no5"),
        ] {
            assert_eq!(slug(name), code, "{name}");
        }
        assert_eq!(slug(&"x".repeat(500)).len(), CODE_CHARS_MAX);
    }

    #[test]
    fn a_tenant_is_a_database_on_a_server() {
        let one = Tenant::of(&definition("https://one.example/odoo", "Prod"));
        let two = Tenant::of(&definition("https://two.example", "Prod"));
        assert_eq!((one.server.as_str(), one.database.as_str()), ("https://one.example", "Prod"));
        assert_eq!(one.code, two.code);
        assert_ne!(one, two);
        assert_eq!(Tenant::of(&definition("https://one.example", "")).code, "main");
        assert_eq!(Tenant::of(&definition("https://one.example", "日本")).code, "main");
        let settings = UsageSettings {
            tenant_codes: vec![(ConnectionAlias::parse("main").unwrap(), "acme".to_owned())],
            ..UsageSettings::default()
        };
        assert_eq!(Tenant::of_connection(&definition("https://one.example", "Prod"), &settings).code, "acme");
    }

    #[test]
    fn only_the_own_code_is_taken() {
        let tenant = Tenant::of(&definition("https://one.example", "Фирма"));
        for own in ["", "  ", "firma", "Фирма", "FIRMA"] {
            tenant.must_be(own).unwrap();
        }
        for foreign in ["other", "firma2", "fir", "*", "firma,other", "'; drop table ai_call; --"] {
            assert_eq!(tenant.must_be(foreign).unwrap_err().code(), "tenant_not_yours", "{foreign}");
        }
    }
}
