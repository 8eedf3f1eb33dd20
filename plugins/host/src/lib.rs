//! Opens a plugin's library and calls it. All that is unsafe about plugins is here, behind safe types.
