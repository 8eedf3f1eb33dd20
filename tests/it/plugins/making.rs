//! Keys, signatures and manifests that are made by the same program.
