//! Many runs while plugins are replaced and broken under them.
