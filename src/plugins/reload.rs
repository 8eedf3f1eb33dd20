//! One look at all plugins: what is new is loaded, what fails keeps its older version, what is gone
//! leaves, and at most one new set of plugins comes out.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use super::{
    candidate::{Candidate, Seen, Strictness, sha256_text},
    capability::Granted,
    folder::{Entry, EntryKind, Folder},
    loaded::{LoadedPlugin, Surroundings},
    manifest::{Manifest, is_plain_name},
    reason::{Reason, Refusal},
    report::{PluginReport, ReloadCounts, ReloadRequest, Status, StepReport},
};

/// Plugins of one directory.
const PLUGINS_MAX: usize = 64;

/// Plugins by name.
pub(super) type Active = BTreeMap<String, Arc<LoadedPlugin>>;

/// What a look at the directory found.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// The plugins that would be active.
    pub(super) active: Active,
    pub(super) plugins: Vec<PluginReport>,
    pub(super) counts: ReloadCounts,
    /// Did anything fail, also where an older version stays?
    pub(super) failed: bool,
    /// Would a new registry be another one?
    pub(super) changed: bool,
}

/// One look.
pub(super) struct Look<'a> {
    pub(super) request: &'a ReloadRequest,
    pub(super) strictness: &'a Arc<Strictness>,
    pub(super) granted: &'a Granted,
    pub(super) around: &'a Surroundings,
    pub(super) before: &'a Active,
}

/// What became of one name.
enum Fate {
    /// A new version, or where nothing is loaded, a plan.
    New(Option<Arc<LoadedPlugin>>, Box<Manifest>),
    Unchanged(Arc<LoadedPlugin>),
    Not(Status, Option<Refusal>),
}

impl Look<'_> {
    pub(super) async fn take(&self, dir: &Path) -> Result<Outcome, Refusal> {
        let path = dir.to_owned();
        let (folder, entries) = blocking(move || {
            let folder = Folder::open_root(&path)?;
            let entries = folder.entries()?;
            Ok((Arc::new(folder), entries))
        })
        .await?;
        let mut outcome = Outcome::default();
        let mut claimed = BTreeMap::new();
        let present: BTreeSet<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        let mut directories = 0;
        for entry in &entries {
            directories += usize::from(entry.kind == EntryKind::Directory);
            let mut seen = Seen::default();
            let fate = if directories > PLUGINS_MAX && entry.kind == EntryKind::Directory {
                let why = format!("a directory holds at most {PLUGINS_MAX} plugins");
                Fate::Not(Status::Failed, Some(Refusal::new(Reason::TooLarge, why)))
            } else {
                self.judge(&folder, entry, &mut seen, &claimed).await
            };
            self.settle(&mut outcome, &mut claimed, &entry.name, fate, seen);
        }
        for (name, plugin) in self.before {
            if !present.contains(name.as_str()) {
                self.settle_missing(&mut outcome, &mut claimed, name, plugin);
            }
        }
        for name in &self.request.only {
            if !present.contains(name.as_str()) && !self.before.contains_key(name) {
                let refusal = Refusal::new(Reason::NotFound, "no directory has this name");
                let name: String = name.chars().filter(|c| !c.is_control()).take(100).collect();
                self.settle(
                    &mut outcome,
                    &mut claimed,
                    &name,
                    Fate::Not(Status::Failed, Some(refusal)),
                    Seen::default(),
                );
            }
        }
        Ok(outcome)
    }

    fn is_wanted(&self, name: &str) -> bool {
        self.request.only.is_empty() || self.request.only.iter().any(|only| only == name)
    }

    async fn judge(
        &self,
        folder: &Arc<Folder>,
        entry: &Entry,
        seen: &mut Seen,
        claimed: &BTreeMap<String, String>,
    ) -> Fate {
        let name = &entry.name;
        let skipped = |why: &str| Fate::Not(Status::Skipped, Some(Refusal::new(Reason::IgnoredName, why)));
        if name.starts_with(['_', '.']) {
            return skipped("names that begin with `_` or `.` are left out");
        }
        let before = self.before.get(name);
        if !self.is_wanted(name) {
            return match before {
                Some(plugin) => Fate::Unchanged(Arc::clone(plugin)),
                None => Fate::Not(Status::Skipped, None),
            };
        }
        let failed = |refusal: Refusal| Fate::Not(Status::Failed, Some(refusal));
        match entry.kind {
            EntryKind::Symlink => {
                return failed(Refusal::new(Reason::Symlink, "the entry is a symbolic link"));
            }
            EntryKind::Other => return skipped("a plugin is a directory"),
            EntryKind::Directory => {}
        }
        if !is_plain_name(name) {
            return failed(Refusal::new(Reason::NameMismatch, "this is no name of a plugin"));
        }
        let candidate = {
            let (folder, name, strictness) = (Arc::clone(folder), name.clone(), Arc::clone(self.strictness));
            let read = tokio::task::spawn_blocking(move || {
                let mut seen = Seen::default();
                let candidate = Candidate::read(&folder, &name, &strictness, &mut seen);
                (candidate, seen)
            });
            match read.await {
                Ok((candidate, read)) => {
                    *seen = read;
                    candidate
                }
                Err(_) => Err(Refusal::new(Reason::ManifestInvalid, "the plugin could not be read")),
            }
        };
        let candidate = match candidate {
            Ok(candidate) => candidate,
            Err(refusal) if refusal.reason == Reason::Disabled => {
                return Fate::Not(Status::Skipped, Some(refusal));
            }
            Err(refusal) => return failed(refusal),
        };
        if let Some(plugin) = before
            && plugin.is_of(&candidate)
            && plugin.why_set_aside().is_none()
        {
            return Fate::Unchanged(Arc::clone(plugin));
        }
        let manifest = candidate.manifest.clone();
        // Looked at before anything runs; a plugin that is kept may claim a name as well.
        if let Some(refusal) = taken(&manifest, claimed) {
            return failed(refusal);
        }
        if self.request.dry_run {
            return Fate::New(None, Box::new(manifest));
        }
        let given = self.granted.of_asked(&manifest.capabilities);
        match LoadedPlugin::load(candidate, given, self.around).await {
            Ok(plugin) => Fate::New(Some(Arc::new(plugin)), Box::new(manifest)),
            Err(refusal) => failed(refusal),
        }
    }

    fn settle(
        &self,
        outcome: &mut Outcome,
        claimed: &mut BTreeMap<String, String>,
        name: &str,
        fate: Fate,
        seen: Seen,
    ) {
        let before = self.before.get(name);
        let mut report = PluginReport {
            name: name.to_owned(),
            version: None,
            sha256: None,
            mode: seen.mode.map(|mode| mode.word().to_owned()),
            status: Status::Failed,
            reason_code: None,
            message: None,
            signature: seen.signature,
            steps: Vec::new(),
            previous_version: None,
        };
        if let Some(manifest) = &seen.manifest {
            describe(&mut report, manifest);
        }
        let conflict =
            |plugin: &LoadedPlugin, claimed: &BTreeMap<String, String>| taken(&plugin.manifest, claimed);
        let fate = match fate {
            Fate::Unchanged(plugin) => match conflict(&plugin, claimed) {
                Some(refusal) => {
                    outcome.changed = true;
                    outcome.failed = true;
                    say(&mut report, Status::Failed, Some(refusal));
                    None
                }
                None => {
                    describe_loaded(&mut report, &plugin);
                    let why = plugin.why_set_aside();
                    say(
                        &mut report,
                        Status::Unchanged,
                        why.map(|why| Refusal::new(Reason::Quarantined, why)),
                    );
                    Some(plugin)
                }
            },
            Fate::New(plugin, manifest) => {
                outcome.changed = true;
                report.previous_version = before.map(|before| before.manifest.version.to_string());
                say(&mut report, Status::Loaded, None);
                if plugin.is_none() {
                    claim(claimed, &manifest);
                }
                plugin
            }
            Fate::Not(Status::Failed, refusal) => match before {
                Some(plugin) if conflict(plugin, claimed).is_none() => {
                    outcome.failed = true;
                    report.previous_version = Some(plugin.manifest.version.to_string());
                    say(&mut report, Status::KeptPrevious, refusal);
                    Some(Arc::clone(plugin))
                }
                before => {
                    outcome.failed = true;
                    outcome.changed |= before.is_some();
                    say(&mut report, Status::Failed, refusal);
                    None
                }
            },
            Fate::Not(status, refusal) => {
                outcome.changed |= before.is_some();
                report.previous_version = before.map(|before| before.manifest.version.to_string());
                let status = if before.is_some() { Status::Retired } else { status };
                say(&mut report, status, refusal);
                None
            }
        };
        if let Some(plugin) = fate {
            claim(claimed, &plugin.manifest);
            outcome.active.insert(name.to_owned(), plugin);
        }
        count(&mut outcome.counts, report.status);
        outcome.plugins.push(report);
    }

    /// A plugin whose directory is gone leaves, unless the request is about others.
    fn settle_missing(
        &self,
        outcome: &mut Outcome,
        claimed: &mut BTreeMap<String, String>,
        name: &str,
        plugin: &Arc<LoadedPlugin>,
    ) {
        let seen = Seen { manifest: Some(plugin.manifest.clone()), ..Seen::default() };
        let fate = if self.is_wanted(name) {
            Fate::Not(Status::Retired, Some(Refusal::new(Reason::DirectoryMissing, "its directory is gone")))
        } else {
            Fate::Unchanged(Arc::clone(plugin))
        };
        self.settle(outcome, claimed, name, fate, seen);
    }
}

/// Is a step of this plugin already another plugin's?
fn taken(manifest: &Manifest, claimed: &BTreeMap<String, String>) -> Option<Refusal> {
    let (step, owner) =
        manifest.steps.iter().find_map(|step| Some((&step.name, claimed.get(&step.name)?)))?;
    (*owner != manifest.name).then(|| {
        Refusal::new(Reason::DuplicateStep, format!("the step `{step}` belongs to the plugin `{owner}`"))
    })
}

fn claim(claimed: &mut BTreeMap<String, String>, manifest: &Manifest) {
    for step in &manifest.steps {
        claimed.entry(step.name.clone()).or_insert_with(|| manifest.name.clone());
    }
}

fn say(report: &mut PluginReport, status: Status, refusal: Option<Refusal>) {
    report.status = status;
    if let Some(refusal) = refusal {
        report.reason_code = Some(refusal.reason);
        report.message = Some(refusal.message);
    }
}

fn describe(report: &mut PluginReport, manifest: &Manifest) {
    report.version = Some(manifest.version.to_string());
    report.sha256 = Some(sha256_text(manifest));
    report.steps = manifest
        .steps
        .iter()
        .map(|step| StepReport { name: step.name.clone(), sequence: step.sequence })
        .collect();
}

fn describe_loaded(report: &mut PluginReport, plugin: &LoadedPlugin) {
    describe(report, &plugin.manifest);
    report.mode = Some(plugin.mode.word().to_owned());
    report.signature = Some(plugin.signature.clone());
}

fn count(counts: &mut ReloadCounts, status: Status) {
    let place = match status {
        Status::Loaded => &mut counts.loaded,
        Status::Unchanged => &mut counts.unchanged,
        Status::KeptPrevious => &mut counts.kept_previous,
        Status::Skipped => &mut counts.skipped,
        Status::Failed => &mut counts.failed,
        Status::Retired => &mut counts.retired,
    };
    *place += 1;
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| {
        Err(Refusal::new(Reason::DirectoryInsecure, "the directory of plugins could not be read"))
    })
}
