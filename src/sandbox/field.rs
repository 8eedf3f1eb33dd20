//! What a field of a model is: its name, label, kind and flags, written as constant tables.
//!
//! Nothing here computes a value; see `orm::compute` for that.

/// The version of Odoo the sandbox imitates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SandboxVersion {
    V14,
    V19,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Char,
    Text,
    Html,
    Integer,
    Float,
    Monetary {
        currency: &'static str,
    },
    Boolean,
    Date,
    Datetime,
    Binary,
    Selection(&'static [(&'static str, &'static str)]),
    Many2one(&'static str),
    One2many {
        model: &'static str,
        inverse: &'static str,
    },
    Many2many(&'static str),
    /// The id of a record whose model another field names.
    ReferenceId,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
    pub(crate) readonly: bool,
    pub(crate) stored: bool,
    pub(crate) searchable: bool,
    pub(crate) translated: bool,
    pub(crate) company_dependent: bool,
    pub(crate) digits: Option<(u8, u8)>,
    pub(crate) only: Option<SandboxVersion>,
}

impl Field {
    const fn new(name: &'static str, label: &'static str, kind: Kind) -> Self {
        Self {
            name,
            label,
            kind,
            required: false,
            readonly: false,
            stored: true,
            searchable: true,
            translated: false,
            company_dependent: false,
            digits: None,
            only: None,
        }
    }

    pub(crate) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub(crate) const fn readonly(mut self) -> Self {
        self.readonly = true;
        self
    }

    pub(crate) const fn unstored(mut self) -> Self {
        self.stored = false;
        self.searchable = false;
        self
    }

    pub(crate) const fn searchable(mut self) -> Self {
        self.searchable = true;
        self
    }

    pub(crate) const fn translated(mut self) -> Self {
        self.translated = true;
        self
    }

    pub(crate) const fn company_dependent(mut self) -> Self {
        self.company_dependent = true;
        self
    }

    pub(crate) const fn digits(mut self, total: u8, after_point: u8) -> Self {
        self.digits = Some((total, after_point));
        self
    }

    pub(crate) const fn only14(mut self) -> Self {
        self.only = Some(SandboxVersion::V14);
        self
    }

    pub(crate) const fn only19(mut self) -> Self {
        self.only = Some(SandboxVersion::V19);
        self
    }

    pub(crate) fn is_x2many(&self) -> bool {
        matches!(self.kind, Kind::One2many { .. } | Kind::Many2many(_))
    }

    /// The model on the other side of a relation.
    pub(crate) fn relation(&self) -> Option<&'static str> {
        match self.kind {
            Kind::Many2one(model) | Kind::Many2many(model) | Kind::One2many { model, .. } => Some(model),
            _ => None,
        }
    }

    pub(crate) fn is_number(&self) -> bool {
        matches!(self.kind, Kind::Integer | Kind::Float | Kind::Monetary { .. })
    }

    pub(crate) fn sortable(&self) -> bool {
        self.stored && !self.is_x2many()
    }

    /// The name of the kind on the wire.
    pub(crate) fn type_name(&self) -> &'static str {
        match self.kind {
            Kind::Char => "char",
            Kind::Text => "text",
            Kind::Html => "html",
            Kind::Integer => "integer",
            Kind::Float => "float",
            Kind::Monetary { .. } => "monetary",
            Kind::Boolean => "boolean",
            Kind::Date => "date",
            Kind::Datetime => "datetime",
            Kind::Binary => "binary",
            Kind::Selection(_) => "selection",
            Kind::Many2one(_) => "many2one",
            Kind::One2many { .. } => "one2many",
            Kind::Many2many(_) => "many2many",
            Kind::ReferenceId => "many2one_reference",
        }
    }
}

macro_rules! plain_kinds {
    ($($function:ident => $kind:ident),* $(,)?) => {
        $(pub(crate) const fn $function(name: &'static str, label: &'static str) -> Field {
            Field::new(name, label, Kind::$kind)
        })*
    };
}

plain_kinds! {
    char => Char,
    text => Text,
    html => Html,
    integer => Integer,
    float => Float,
    boolean => Boolean,
    date => Date,
    datetime => Datetime,
    binary => Binary,
    reference_id => ReferenceId,
}

pub(crate) const fn monetary(name: &'static str, label: &'static str, currency: &'static str) -> Field {
    Field::new(name, label, Kind::Monetary { currency })
}

pub(crate) const fn selection(
    name: &'static str,
    label: &'static str,
    options: &'static [(&'static str, &'static str)],
) -> Field {
    Field::new(name, label, Kind::Selection(options))
}

pub(crate) const fn many2one(name: &'static str, label: &'static str, model: &'static str) -> Field {
    Field::new(name, label, Kind::Many2one(model))
}

pub(crate) const fn many2many(name: &'static str, label: &'static str, model: &'static str) -> Field {
    Field::new(name, label, Kind::Many2many(model))
}

pub(crate) const fn one2many(
    name: &'static str,
    label: &'static str,
    model: &'static str,
    inverse: &'static str,
) -> Field {
    Field::new(name, label, Kind::One2many { model, inverse })
}
