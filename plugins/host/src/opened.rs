//! A library that is mapped and has said what it is.
#![allow(unsafe_code, reason = "a library is opened and its first function called")]

use std::{path::Path, sync::Arc};

use odoo_mcp_plugin_abi as abi;

use crate::{CallError, HostCalls, INFO_TEXT_BYTES_MAX, OpenError, RunningPlugin, buffers};

#[cfg(unix)]
use libloading::os::unix as system;
#[cfg(windows)]
use libloading::os::windows as system;

/// What a library says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    pub name: String,
    pub version: String,
    /// The target triple it was built for.
    pub target: String,
    /// Major and minor version of the interface it was built against.
    pub abi: (u16, u16),
    pub flags: u32,
}

impl Info {
    /// May it be called from several threads at once?
    pub fn is_thread_safe(&self) -> bool {
        self.flags & abi::FLAG_THREAD_SAFE != 0
    }
}

/// A library that stays open until the process ends.
#[derive(Debug)]
pub struct OpenLibrary {
    info: Info,
    init: abi::InitFn,
}

impl OpenLibrary {
    /// Maps the library, which runs its initialisers, and reads what it is. The system's loader knows
    /// libraries by path: a path that was opened before gives the same library again, whatever is in
    /// the file now. A new version needs a new path, and a file that is mapped must not be written into.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        // SAFETY: the initialisers of the library run. Whether they may is decided before this call.
        let library = unsafe { map(path) }.map_err(|error| loader_error(&error, path))?;
        // Never closed, whatever comes now: its initialisers may have left threads behind.
        let library: &'static system::Library = Box::leak(Box::new(library));
        // SAFETY: a library that exports these names promises these types; the handshake checks the
        // rest. An `Option` of a function has the size of a pointer, and null is `None`.
        let (info, init) = unsafe {
            (
                symbol::<Option<abi::InfoFn>>(library, abi::INFO_SYMBOL)?,
                symbol::<Option<abi::InitFn>>(library, abi::INIT_SYMBOL)?,
            )
        };
        // SAFETY: the function takes nothing and returns a pointer to a constant of the library.
        let info = unsafe { info.ok_or(OpenError::Symbol(abi::INFO_SYMBOL))?() };
        // SAFETY: the pointer comes from the function whose promise this is.
        let info = unsafe { read(info)? };
        Ok(Self { info, init: init.ok_or(OpenError::Symbol(abi::INIT_SYMBOL))? })
    }

    pub fn info(&self) -> &Info {
        &self.info
    }

    /// Initialises the plugin. Each start of one library is a plugin of its own.
    pub fn start(&self, callbacks: Arc<dyn HostCalls>) -> Result<RunningPlugin, CallError> {
        // SAFETY: `init` is the function of a library that passed the handshake and is never closed.
        unsafe { RunningPlugin::start(self.init, callbacks, self.info.is_thread_safe()) }
    }
}

/// # Safety
/// The initialisers of the library run.
#[cfg(unix)]
unsafe fn map(path: &Path) -> Result<system::Library, libloading::Error> {
    // All symbols are looked up now, so that a missing one fails here, and plugins do not see those of
    // each other.
    let flags = system::RTLD_NOW | system::RTLD_LOCAL;
    // SAFETY: the promise of this function.
    unsafe { system::Library::open(Some(path), flags) }
}

/// # Safety
/// The initialisers of the library run.
#[cfg(windows)]
unsafe fn map(path: &Path) -> Result<system::Library, libloading::Error> {
    // What the library needs is looked for beside it and in the system, never in the working directory.
    let flags = system::LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | system::LOAD_LIBRARY_SEARCH_SYSTEM32;
    // SAFETY: the promise of this function.
    unsafe { system::Library::load_with_flags(path, flags) }
}

/// # Safety
/// A symbol of this name has this type.
unsafe fn symbol<T: Copy>(library: &system::Library, name: &'static str) -> Result<T, OpenError> {
    // SAFETY: the promise of this function.
    unsafe { library.get::<T>(name) }.map(|symbol| *symbol).map_err(|_| OpenError::Symbol(name))
}

/// The loader's words, without the path of the library in them.
fn loader_error(error: &libloading::Error, path: &Path) -> OpenError {
    let words = match std::error::Error::source(error) {
        Some(source) => source.to_string(),
        None => error.to_string(),
    };
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    OpenError::Loader(words.replace(&*path.to_string_lossy(), &name))
}

/// Compares and copies the description. What belongs to the handshake is read before it is known that
/// the rest is there.
///
/// # Safety
/// A pointer that is not null points to an `Info` of at least the size that its `struct_size` says, and
/// of at least the fields up to `flags`.
unsafe fn read(info: *const abi::Info) -> Result<Info, OpenError> {
    if info.is_null() {
        return Err(OpenError::Info("a null pointer"));
    }
    if !info.is_aligned() {
        return Err(OpenError::Info("a pointer that is not aligned"));
    }
    // SAFETY: aligned, not null, and the caller promises the fields up to `flags`.
    let (magic, major, minor, struct_size, flags) =
        unsafe { ((*info).magic, (*info).abi_major, (*info).abi_minor, (*info).struct_size, (*info).flags) };
    if magic != abi::MAGIC {
        return Err(OpenError::Magic(magic));
    }
    if major != abi::ABI_MAJOR || minor > abi::ABI_MINOR {
        return Err(OpenError::Abi {
            plugin_major: major,
            plugin_minor: minor,
            host_major: abi::ABI_MAJOR,
            host_minor: abi::ABI_MINOR,
        });
    }
    if (struct_size as usize) < size_of::<abi::Info>() {
        return Err(OpenError::TooSmall(struct_size));
    }
    if flags & abi::FLAG_PANIC_UNWIND == 0 {
        return Err(OpenError::PanicFlag);
    }
    // SAFETY: the struct is as large as ours, so the texts are there, and they are constants.
    let text = |slice| unsafe { buffers::copied_text(slice, INFO_TEXT_BYTES_MAX) };
    // SAFETY: as above.
    let (name, version, target) = unsafe { ((*info).name, (*info).version, (*info).target) };
    Ok(Info {
        name: text(name).map_err(OpenError::Info)?,
        version: text(version).map_err(OpenError::Info)?,
        target: text(target).map_err(OpenError::Info)?,
        abi: (major, minor),
        flags,
    })
}
