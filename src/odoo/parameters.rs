//! Parameter names of well-known public methods: JSON-2 takes arguments by name only.
//!
//! Overrides in other modules may rename a parameter, so what stands here is limited to methods of
//! the base classes, as Odoo 19 spells them.

/// Methods every model has, offered where the server does not list its own.
pub(super) const WELL_KNOWN: &[&str] = &[
    "search",
    "search_count",
    "search_read",
    "read",
    "create",
    "write",
    "unlink",
    "copy",
    "name_search",
    "name_create",
    "fields_get",
    "default_get",
    "read_group",
    "formatted_read_group",
    "web_search_read",
    "web_read",
    "web_save",
    "onchange",
    "get_views",
    "get_view",
    "export_data",
    "load",
    "has_access",
    "check_access_rights",
    "get_metadata",
    "action_archive",
    "action_unarchive",
    "message_post",
    "get_field_translations",
    "update_field_translations",
];

/// The names of a method's parameters in order, after the records.
pub fn of_method(method: &str) -> &'static [&'static str] {
    match method {
        "search" => &["domain", "offset", "limit", "order"],
        "search_count" => &["domain", "limit"],
        "search_read" => &["domain", "fields", "offset", "limit", "order"],
        "read" => &["fields", "load"],
        "create" => &["vals_list"],
        "write" => &["vals"],
        "copy" => &["default"],
        "name_search" => &["name", "domain", "operator", "limit"],
        "name_create" => &["name"],
        "fields_get" => &["allfields", "attributes"],
        "default_get" => &["fields"],
        "read_group" => &["domain", "fields", "groupby", "offset", "limit", "orderby", "lazy"],
        "formatted_read_group" => &["domain", "groupby", "aggregates", "having", "offset", "limit", "order"],
        "web_search_read" => &["domain", "specification", "offset", "limit", "order", "count_limit"],
        "web_read" => &["specification"],
        "web_save" => &["vals", "specification", "next_id"],
        "web_name_search" => &["name", "specification", "domain", "operator", "limit"],
        "onchange" => &["values", "field_names", "fields_spec"],
        "get_views" => &["views", "options"],
        "get_view" => &["view_id", "view_type"],
        "export_data" => &["fields_to_export"],
        "load" => &["fields", "data"],
        "has_access" => &["operation"],
        "check_access_rights" => &["operation", "raise_exception"],
        "has_group" => &["group_ext_id"],
        "render_public_asset" => &["template", "values"],
        "get_field_translations" => &["field_name", "langs"],
        "update_field_translations" => &["field_name", "translations", "source_lang"],
        _ => &[],
    }
}
