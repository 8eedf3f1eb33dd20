//! Fields of `res.lang`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{boolean, char, selection};

pub(super) static MODEL: Model = Model {
    name: "res.lang",
    label_14: "Languages",
    label_19: "Languages",
    order_14: "active desc,name",
    order_19: "active desc,name",
    name_field: "name",
    only: None,
    fields: &[
        char("name", "Name").required(),
        char("code", "Locale Code").required(),
        char("iso_code", "ISO code"),
        char("url_code", "URL Code").required(),
        boolean("active", "Active"),
        selection("direction", "Direction", &[("ltr", "Left-to-Right"), ("rtl", "Right-to-Left")]).required(),
        selection(
            "date_format",
            "Date Format",
            &[
                ("%d/%m/%Y", "31/01/2026"),
                ("%m/%d/%Y", "01/31/2026"),
                ("%Y/%m/%d", "2026/01/31"),
                ("%d-%m-%Y", "31-01-2026"),
                ("%m-%d-%Y", "01-31-2026"),
                ("%Y-%m-%d", "2026-01-31"),
                ("%d.%m.%Y", "31.01.2026"),
                ("%m.%d.%Y", "01.31.2026"),
                ("%Y.%m.%d", "2026.01.31"),
            ],
        )
        .required()
        .only19(),
        char("date_format", "Date Format").required().only14(),
        selection("time_format", "Time Format", &[("%H:%M:%S", "13:00:00"), ("%I:%M:%S %p", " 1:00:00 PM")])
            .required()
            .only19(),
        char("time_format", "Time Format").required().only14(),
        selection(
            "week_start",
            "First Day of Week",
            &[
                ("1", "Monday"),
                ("2", "Tuesday"),
                ("3", "Wednesday"),
                ("4", "Thursday"),
                ("5", "Friday"),
                ("6", "Saturday"),
                ("7", "Sunday"),
            ],
        )
        .required(),
        char("decimal_point", "Decimal Separator").required(),
        char("thousands_sep", "Thousands Separator"),
    ],
};
