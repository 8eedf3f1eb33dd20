//! What can go wrong between the host and a plugin. No message holds a path of the server.

use crate::Code;

/// Why a library could not be opened, or is not a plugin of this interface.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    #[error("the system's loader refused the library: {0}")]
    Loader(String),
    #[error("the library does not export `{0}`")]
    Symbol(&'static str),
    #[error("`omp_info_v1` returned nothing usable: {0}")]
    Info(&'static str),
    #[error("the library's magic number is {0:#010x}, not that of a plugin")]
    Magic(u32),
    #[error(
        "the plugin speaks interface {plugin_major}.{plugin_minor}, this server {host_major}.{host_minor}"
    )]
    Abi { plugin_major: u16, plugin_minor: u16, host_major: u16, host_minor: u16 },
    #[error("the plugin describes itself in {0} bytes, which is less than the interface asks for")]
    TooSmall(u32),
    #[error("the plugin does not promise to catch its own panics")]
    PanicFlag,
}

/// Why a plugin that is open could not be started, or a call of it gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    #[error("`omp_init_v1` returned {0}")]
    Init(i32),
    #[error("the plugin left out the function `{0}`")]
    MissingFunction(&'static str),
    #[error("the plugin fills {0} bytes of its table, which is less than the interface asks for")]
    TooSmall(u32),
    #[error("the plugin returned {0}, which the interface does not know")]
    UnknownCode(i32),
    /// A code that says no, where an answer was needed. The text is what the plugin put into the buffer.
    #[error("the plugin answered {}: {message}", code.name())]
    Refused { code: Code, message: String },
    #[error("the plugin returned {bytes} bytes, at most {limit} are taken")]
    TooLarge { bytes: usize, limit: usize },
    #[error("the plugin returned a buffer that cannot be: {0}")]
    Buffer(&'static str),
    #[error("the plugin returned text that is not UTF-8")]
    NotUtf8,
    #[error("the plugin was called from inside its own call")]
    Nested,
    #[error("the call was given up before the plugin's turn came")]
    Cancelled,
}

impl CallError {
    /// Did the plugin break the interface? Such a plugin is not asked again.
    pub fn is_breach(&self) -> bool {
        match self {
            Self::MissingFunction(_)
            | Self::TooSmall(_)
            | Self::UnknownCode(_)
            | Self::Buffer(_)
            | Self::NotUtf8 => true,
            Self::Init(_) | Self::Refused { .. } | Self::TooLarge { .. } | Self::Nested | Self::Cancelled => {
                false
            }
        }
    }
}
