//! The keys of rules for the memory.

use super::{
    super::shape::{Kind, Shape, optional},
    connections::ACCESS,
};

pub(crate) static MEMORY: Kind = Kind {
    name: "rules for the memory",
    about: "How far access to files of the memory goes.",
    keys: &[&[
        optional!(
            "personal",
            Shape::Object(&MEMORY_AREA),
            "Files of the caller alone. Without it: everything."
        ),
        optional!(
            "shared",
            Shape::Object(&MEMORY_AREA),
            "Files that everybody reads. Without it: reading only."
        ),
    ]],
    exactly_one: &[],
    not_together: &[],
    needs: &[],
};

pub(crate) static MEMORY_AREA: Kind = Kind {
    name: "a rule for a part of the memory",
    about: "What may be done with the files of one part.",
    keys: &[&[
        optional!("mode", ACCESS, "How far access goes; normal where it is not said."),
        optional!(
            "approve",
            Shape::List(&Shape::Word(&[
                ("read", "looking at names and texts"),
                ("write", "making and replacing files"),
                ("delete", "taking files away"),
            ])),
            "Changes about which a person is always asked.",
        ),
    ]],
    exactly_one: &[],
    not_together: &[],
    needs: &[],
};
