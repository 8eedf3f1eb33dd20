//! Who is calling: tokens of the settings file become callers.
