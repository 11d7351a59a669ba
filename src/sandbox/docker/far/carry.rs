//! What goes there before a step and comes back after it.
//!
//! A connection that ends looks to a command there like the end of its input. So whatever is written there counts only when it
//! is as long as it should be, or has the digest that it should have.

use super::super::link::{Failure, Link};
use super::super::upload::{self, Target};
use super::super::{container, take};
use super::keep::{SHORT, Up};
use super::place::{self, own};
use super::ssh::{Input, quote};
use super::{Far, Place};
use crate::domain::OnDisk;
use crate::sandbox::executable::{Copy, PROGRAM};
use crate::sandbox::{Profile, SandboxError, StepSpec, gauge, layout, session_dir};
use crate::workspace::{Bounds, Unpacked};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long the program may take to get there.
const PROGRAM_LIMIT: Duration = Duration::from_mins(15);
/// How long a measurement may take.
const MEASURE: Duration = Duration::from_mins(2);
/// Twice what the shim keeps there at most.
const SPOOL: Bounds = Bounds { entries: 20_000, bytes: 512 << 20 };
/// Far beyond any conversation.
const SESSION: Bounds = Bounds { entries: 20_000, bytes: 256 << 20 };
/// Entries of a tree, those that nobody tracks among them.
const ENTRIES: usize = 2_000_000;

/// What a step's container sees there: path there, path inside, read-only.
pub(in crate::sandbox::docker) type Mounts = Vec<(String, String, bool)>;

impl Far {
    /// Makes the directories of a step that has no container yet, and gives its mounts. Repeating it changes nothing of those
    /// that there are.
    pub(in crate::sandbox::docker) async fn prepare(&self, up: &Up, spec: &StepSpec) -> Result<Mounts, Failure> {
        let place = Self::place(up, spec);
        let mut script =
            format!("umask 077 && {} && {}", own(&place.dir, "700", None), own(&place.step(), "755", None));
        for dir in written(&place, spec) {
            script = format!("{script} && {}", owned(up, spec, &dir));
        }
        let gateway = spec.gateway.as_ref().map(|_| place::gateway(&up.base, &spec.key.run.to_string()));
        if let Some(gateway) = &gateway {
            script = format!("{script} && {}", own(gateway, "755", None));
        }
        up.run(&script).await?;
        let here = |path: &Path| path.to_string_lossy().into_owned();
        let pairs = [
            (here(&layout::step_dir(spec)), place.step()),
            (here(&layout::spool_dir(spec)), place.spool()),
            (here(&session_dir(&spec.dir)), place.session()),
            (spec.tree.as_deref().map(here).unwrap_or_default(), place.tree()),
            (spec.gateway.as_deref().map(here).unwrap_or_default(), gateway.unwrap_or_default()),
        ];
        let mounts = layout::mounts(spec).map_err(|error| Failure::Refused(error.to_string()))?;
        let there = |from: String| pairs.iter().find(|(here, _)| *here == from).map(|(_, there)| there.clone());
        Ok(mounts.into_iter().filter_map(|(from, to, read_only)| Some((there(from)?, to, read_only))).collect())
    }

    /// Puts everything there that a container which was never started works with: what is there of an earlier try goes.
    pub(in crate::sandbox::docker) async fn put(&self, link: &Link, spec: &StepSpec, id: &str) -> Result<(), Failure> {
        let up = self.up().await?;
        let place = Self::place(&up, spec);
        let emptied: Vec<String> = written(&place, spec)
            .iter()
            .map(|dir| format!("rm -rf {} && {}", quote(dir), owned(&up, spec, dir)))
            .collect();
        up.run(&format!("umask 077 && {}", emptied.join(" && "))).await?;
        for (name, bytes) in layout::orders(spec).map_err(|error| Failure::Refused(error.to_string()))? {
            write(&up, &format!("{}/{name}", place.step()), &bytes).await?;
        }
        let owner = up.user;
        if let Some(tree) = spec.tree.as_ref().filter(|_| spec.profile != Profile::Provision) {
            upload::upload(link, id, tree, &Target { path: layout::WORK_INSIDE, prefix: "", owner }).await?;
        }
        if spec.has_session() {
            let target = Target { path: crate::sandbox::SESSION_INSIDE, prefix: "", owner };
            upload::upload(link, id, &session_dir(&spec.dir), &target).await?;
        }
        Ok(())
    }

    /// Brings the spool of an ended container here.
    pub(in crate::sandbox::docker) async fn take_spool(
        &self,
        link: &Link,
        spec: &StepSpec,
        id: &str,
    ) -> Result<(), SandboxError> {
        take::take(link, id, layout::SPOOL_INSIDE, &layout::spool_dir(spec), SPOOL).await.map(drop)
    }

    /// Brings what the program of an ended container left in its tree and session here. Tells what of it is too much to be taken.
    pub(in crate::sandbox::docker) async fn take_work(
        &self,
        link: &Link,
        spec: &StepSpec,
        id: &str,
    ) -> Result<Option<OnDisk>, SandboxError> {
        if let Some(tree) = spec.tree.as_ref().filter(|_| spec.profile != Profile::Provision) {
            // Blocks are counted there, and bytes here.
            let bounds = Bounds { entries: ENTRIES, bytes: spec.limits.disk_mib.saturating_mul(1 << 20) / 4 * 5 };
            if take::take(link, id, layout::WORK_INSIDE, tree, bounds).await? == Unpacked::TooMuch {
                return Ok(Some(OnDisk::Tree));
            }
        }
        if spec.has_session() {
            let to = session_dir(&spec.dir);
            if take::take(link, id, crate::sandbox::SESSION_INSIDE, &to, SESSION).await? == Unpacked::TooMuch {
                return Ok(Some(OnDisk::Session));
            }
        }
        Ok(None)
    }

    /// The directory there of the copy of this program, which is put there where it is not.
    pub(in crate::sandbox::docker) async fn program(&self, up: &Up, copy: &Copy) -> Result<String, SandboxError> {
        if copy.is_dynamic() {
            return Err(SandboxError::Local(
                "this dogwatch is linked dynamically, so it cannot work on another machine: build it static (see `dogwatch doctor`)"
                    .to_owned(),
            ));
        }
        let own = std::env::consts::ARCH;
        if up.facts.architecture != own {
            let (name, theirs) = (&self.inner.settings.name, &up.facts.architecture);
            return Err(SandboxError::Local(format!(
                "engine {name} has another kind of processor ({theirs}) than this machine ({own}), so that this program cannot be \
                 its shim: name a machine of the same kind"
            )));
        }
        let put = || async {
            let digest = digest(copy);
            let dir = format!("{}/exe/{digest}", up.base);
            let (there, fresh) = (quote(&dir), quote(&format!("{}/exe/.new-{}", up.base, up.mark)));
            if up.run(&format!("test -x {there}/{PROGRAM} && echo there || echo")).await?.trim() == "there" {
                return Ok(dir);
            }
            let script = format!(
                "umask 022 && rm -rf {fresh} && mkdir {fresh} && cat >{fresh}/{PROGRAM} && \
                 test \"$(sha256sum <{fresh}/{PROGRAM} | cut -c 1-64)\" = {digest} && \
                 chmod 755 {fresh} {fresh}/{PROGRAM} && sync && mv -T {fresh} {there}"
            );
            up.ssh.run(&script, Input::File(&copy.dir.join(PROGRAM)), PROGRAM_LIMIT).await?;
            Ok::<_, Failure>(dir)
        };
        let known = up.program.get_or_try_init(put).await;
        known.cloned().map_err(|failure| failure.into_error("to take this program to another machine"))
    }

    /// Removes the directories of a step, by its key.
    pub(in crate::sandbox::docker) async fn forget(&self, key: &str) -> Result<(), Failure> {
        let up = self.up().await?;
        up.run(&removal(&Place::new(&up.base, key).dir)).await.map(drop)
    }

    /// Directories of steps that no container has, and of gateways whose run has none, with what they take in KiB; removes them
    /// unless `dry`.
    pub(in crate::sandbox::docker) async fn leavings(
        &self,
        link: &Link,
        dry: bool,
    ) -> Result<Vec<(String, u64)>, SandboxError> {
        let fail = |failure: Failure| failure.into_error("to look for what steps left on another machine");
        let _nobody_makes = self.clearing.write().await;
        let labelled = container::labelled(link, &self.inner.instance).await?;
        let up = self.up().await.map_err(fail)?;
        let base = quote(&up.base);
        let listed = up.run(&format!("cd {base} && ls -d s/* g/* 2>/dev/null || true")).await.map_err(fail)?;
        let steps: Vec<String> = labelled.iter().map(|(key, _)| format!("s/{}", place::name(key))).collect();
        let runs: Vec<String> =
            labelled.iter().map(|(key, _)| format!("g/{}", key.split('-').next().unwrap_or_default())).collect();
        let mut left = Vec::new();
        for name in listed.lines().map(str::trim).filter(|name| !name.is_empty()) {
            if steps.iter().chain(&runs).any(|used| used == name) {
                continue;
            }
            let dir = format!("{}/{name}", up.base);
            let size = up.run(&format!("du -sk {} 2>/dev/null | cut -f 1", quote(&dir))).await.map_err(fail)?;
            if !dry {
                up.run(&removal(&dir)).await.map_err(fail)?;
            }
            left.push((name.to_owned(), size.trim().parse().unwrap_or(0)));
        }
        Ok(left)
    }

    /// Copies of this program there that older engines made, with what they take in KiB; none while there is any container.
    /// Removes them unless `dry`.
    pub(in crate::sandbox::docker) async fn old_programs(
        &self,
        link: &Link,
        own: &Copy,
        dry: bool,
    ) -> Result<Vec<(String, u64)>, SandboxError> {
        let fail = |failure: Failure| failure.into_error("to look for old programs on another machine");
        let _nobody_makes = self.clearing.write().await;
        if !container::labelled(link, &self.inner.instance).await?.is_empty() {
            return Ok(Vec::new());
        }
        let up = self.up().await.map_err(fail)?;
        let exe = format!("{}/exe", up.base);
        let listed = up.run(&format!("ls -A {}", quote(&exe))).await.map_err(fail)?;
        let own = digest(own);
        let mut old = Vec::new();
        for name in listed.lines().map(str::trim).filter(|name| !name.is_empty() && *name != own) {
            let dir = format!("{exe}/{name}");
            let size = up.run(&format!("du -sk {} 2>/dev/null | cut -f 1", quote(&dir))).await.map_err(fail)?;
            if !dry {
                up.run(&removal(&dir)).await.map_err(fail)?;
            }
            old.push((name.to_owned(), size.trim().parse().unwrap_or(0)));
        }
        Ok(old)
    }

    /// Removes everything that this engine has there, when no container needs it any more.
    pub(in crate::sandbox::docker) async fn forget_all(&self) -> Result<(), Failure> {
        let up = self.up().await?;
        up.run(&removal(&up.base)).await.map(drop)
    }
}

/// What a copy of this program is called.
fn digest(copy: &Copy) -> String {
    copy.dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// What measures the directories of one step there.
struct Scale {
    far: Arc<Far>,
    place: String,
}

impl Far {
    /// What measures the directories of a step.
    pub(in crate::sandbox::docker) fn scale(self: &Arc<Self>, spec: &StepSpec) -> Arc<dyn gauge::Far> {
        Arc::new(Scale { far: Arc::clone(self), place: spec.key.to_string() })
    }
}

impl gauge::Far for Scale {
    fn sizes(self: Arc<Self>, what: Vec<OnDisk>) -> gauge::Sizes {
        Box::pin(async move {
            let fail =
                |failure: Failure| io::Error::other(failure.into_error("to measure a step's directories").to_string());
            let up = self.far.up().await.map_err(fail)?;
            let place = Place::new(&up.base, &self.place);
            let dirs = what.iter().map(|what| match what {
                OnDisk::Tree => place.tree(),
                OnDisk::Session => place.session(),
                OnDisk::Spool | OnDisk::Log => place.spool(),
            });
            // What it cannot look at it does not count; one that is not there takes nothing.
            let measured = |dir: String| format!("du -sk {} 2>/dev/null | cut -f 1 | grep . || echo 0", quote(&dir));
            let script: Vec<String> = dirs.map(measured).collect();
            let text = up.ssh.run(&script.join("; "), Input::Nothing, MEASURE).await.map_err(fail)?;
            let sizes = text.lines().map(|line| line.trim().parse().unwrap_or(0));
            Ok(what.iter().copied().zip(sizes).collect())
        })
    }
}

/// The directories that a program writes to.
fn written(place: &Place, spec: &StepSpec) -> Vec<String> {
    let tree = (spec.tree.is_some() && spec.profile != Profile::Provision).then(|| place.tree());
    let session = spec.has_session().then(|| place.session());
    [place.spool()].into_iter().chain(tree).chain(session).collect()
}

/// Makes one of them the program's own.
fn owned(up: &Up, spec: &StepSpec, dir: &str) -> String {
    let user = if spec.profile == Profile::Provision { (0, 0) } else { up.user };
    match (up.is_root(), spec.profile) {
        (true, _) => own(dir, "700", Some(user)),
        // It cannot be given away to root; the closed directory above protects it.
        (false, Profile::Provision) => own(dir, "777", None),
        (false, _) => own(dir, "700", None),
    }
}

/// Removes a directory, whatever its programs did to the rights of what is in there.
fn removal(dir: &str) -> String {
    let dir = quote(dir);
    format!("rm -rf {dir} 2>/dev/null || {{ chmod -R u+rwX {dir} 2>/dev/null; rm -rf {dir}; }}")
}

/// Writes a small file in one go, readable inside.
async fn write(up: &Up, path: &str, bytes: &[u8]) -> Result<(), Failure> {
    let (to, fresh) = (quote(path), quote(&format!("{path}.new")));
    let script = format!(
        "umask 022 && cat >{fresh} && test \"$(wc -c <{fresh})\" -eq {} && chmod 644 {fresh} && mv -f {fresh} {to}",
        bytes.len()
    );
    up.ssh.run(&script, Input::Bytes(bytes), SHORT).await.map(drop)
}
