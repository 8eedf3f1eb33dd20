//! How much the memory keeps.

use super::{Config, keys::Key};

/// Limits of the memory: for one file, for the files of one user, for those of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryLimits {
    /// Largest file.
    pub file_bytes_max: u64,
    /// Files of one user.
    pub personal_files_max: u64,
    /// All files of one user together.
    pub personal_bytes_max: u64,
    /// Files that everybody reads.
    pub shared_files_max: u64,
    /// All of those together.
    pub shared_bytes_max: u64,
    /// Versions of a file that are kept, the present one included.
    pub versions_max: u64,
    /// A deleted file can be brought back for so many days.
    pub keep_deleted_days: i32,
}

impl Default for MemoryLimits {
    fn default() -> Self {
        Self {
            // A model reads it whole; more than this belongs into several notes.
            file_bytes_max: 64 * 1024,
            personal_files_max: 1_000,
            personal_bytes_max: 8 * 1024 * 1024,
            shared_files_max: 10_000,
            shared_bytes_max: 64 * 1024 * 1024,
            versions_max: 10,
            keep_deleted_days: 30,
        }
    }
}

const BYTES_MIN: u64 = 1_024;
/// State files are read whole.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
const AREA_BYTES_MAX: u64 = 16 * 1024 * 1024 * 1024;
/// A list looks at each file once.
const FILES_MAX: u64 = 100_000;
const VERSIONS_MAX: u64 = 10_000;
const DAYS_MAX: u64 = 3_660;

pub(super) const KEYS: &[Key] = &[
    Key {
        path: "memory.file_bytes_max",
        read: |config: &mut Config, raw| {
            raw.whole(BYTES_MIN..=FILE_BYTES_MAX).map(|bytes| config.memory.file_bytes_max = bytes)
        },
    },
    Key {
        path: "memory.personal_files_max",
        read: |config, raw| raw.whole(0..=FILES_MAX).map(|count| config.memory.personal_files_max = count),
    },
    Key {
        path: "memory.personal_bytes_max",
        read: |config, raw| {
            raw.whole(BYTES_MIN..=AREA_BYTES_MAX).map(|bytes| config.memory.personal_bytes_max = bytes)
        },
    },
    Key {
        path: "memory.shared_files_max",
        read: |config, raw| raw.whole(0..=FILES_MAX).map(|count| config.memory.shared_files_max = count),
    },
    Key {
        path: "memory.shared_bytes_max",
        read: |config, raw| {
            raw.whole(BYTES_MIN..=AREA_BYTES_MAX).map(|bytes| config.memory.shared_bytes_max = bytes)
        },
    },
    Key {
        path: "memory.versions_max",
        read: |config, raw| raw.whole(1..=VERSIONS_MAX).map(|count| config.memory.versions_max = count),
    },
    Key {
        path: "memory.keep_deleted_days",
        read: |config, raw| {
            raw.whole(0..=DAYS_MAX)
                .map(|days| config.memory.keep_deleted_days = i32::try_from(days).unwrap_or(i32::MAX))
        },
    },
];
