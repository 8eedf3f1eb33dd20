//! Fields of `crm.stage`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{boolean, char, integer, many2one, text};

pub(super) static MODEL: Model = Model {
    name: "crm.stage",
    label_14: "CRM Stages",
    label_19: "CRM Stages",
    order_14: "sequence, name, id",
    order_19: "sequence, name, id",
    name_field: "name",
    only: None,
    fields: &[
        char("name", "Stage Name").required().translated(),
        integer("sequence", "Sequence"),
        boolean("is_won", "Is Won Stage?"),
        boolean("fold", "Folded in Pipeline"),
        text("requirements", "Requirements"),
        many2one("team_id", "Sales Team", "crm.team").only14(),
    ],
};
