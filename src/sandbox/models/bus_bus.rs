//! Fields of `bus.bus`, named and labelled as the real ones; values come from `methods::bus`.

use super::Model;
use crate::sandbox::field::char;

pub(super) static MODEL: Model = Model {
    name: "bus.bus",
    label_14: "Communication Bus",
    label_19: "Communication Bus",
    order_14: "id",
    order_19: "id",
    name_field: "channel",
    only: None,
    fields: &[char("channel", "Channel"), char("message", "Message")],
};
