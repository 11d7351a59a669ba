//! The played container engine as the engine meets it: each call may be lost, late or refused as the plot says.

use super::*;

/// What a follower sees.
enum Sight {
    Over(Ended),
    /// Look again after this long at the latest.
    Wait(Duration),
    /// It is silent for too long.
    Silent(u64),
}

impl Daemon {
    /// Tells a program something, once; `None` while it is frozen.
    fn tell(&self, id: &str, number: u64, bytes: &[u8]) -> Result<Option<Said>, SandboxError> {
        let mut kept = self.kept();
        let Some(one) = kept.containers.get_mut(id) else { return Err(unreachable("say")) };
        assert!(one.spec.open_until.is_some(), "a program is told something whose input is closed");
        if let Some(at) = one.heard.get(&number) {
            return Ok(Some(Said::Written(*at)));
        }
        let name = one.spec.key.to_string();
        match one.state {
            State::Created | State::Frozen => Ok(None),
            State::Exited(_) => Ok(Some(Said::Refused)),
            State::Running { .. } => {
                let at = self.clock.wall();
                one.heard.insert(number, at);
                kept.told.insert((name, number), String::from_utf8_lossy(bytes).into_owned());
                Ok(Some(Said::Written(at)))
            }
        }
    }
}

impl Daemon {
    fn look(&self, spec: &StepSpec, id: &str) -> Sight {
        let kept = self.kept();
        let over = |end: StepEnd| Sight::Over(Ended { end, log_digest: name_of(&[id.as_bytes()]), intrusions: 0 });
        let Some(one) = kept.containers.get(id) else {
            if kept.removed.contains(id) {
                return over(StepEnd::Stopped);
            }
            let reason = "the container was removed by somebody else than this engine".to_owned();
            return over(StepEnd::Lost { reason, explained: false });
        };
        match &one.state {
            State::Exited(end) => over(end.clone()),
            State::Created | State::Frozen => Sight::Wait(Duration::from_hours(1)),
            State::Running { .. } => {
                let program = one.program.as_ref().unwrap();
                let age = one.age();
                let silent =
                    spec.times.silent_seconds.map(|seconds| (program.speaks + Duration::from_secs(seconds), seconds));
                match silent {
                    Some((at, seconds)) if age >= at => Sight::Silent(seconds),
                    Some((at, _)) => Sight::Wait(one.term().map_or(at, |term| term.min(at)).saturating_sub(age)),
                    None => Sight::Wait(one.term().unwrap_or(Duration::from_mins(1)).saturating_sub(age)),
                }
            }
        }
    }
}

impl Sandbox for Daemon {
    fn abilities(&self) -> Abilities {
        Abilities::ALL
    }

    async fn words(&self) -> Result<String, SandboxError> {
        Ok("simulated".to_owned())
    }

    async fn own_program(&self) -> Result<Vec<String>, SandboxError> {
        Ok(vec!["dogwatch".to_owned()])
    }

    async fn create(&self, spec: &StepSpec) -> Result<String, SandboxError> {
        let spec = spec.clone();
        self.call(Call::Create, "create", move |this, kept| Ok(this.make(kept, spec))).await
    }

    async fn start(&self, _spec: &StepSpec, container: &str) -> Result<(), SandboxError> {
        let id = container.to_owned();
        self.call(Call::Start, "start", move |this, kept| this.launch(kept, &id)).await
    }

    async fn follow(
        &self,
        spec: &StepSpec,
        container: &str,
        _tell: &(dyn Fn(String) + Send + Sync),
    ) -> Result<Ended, SandboxError> {
        let mut changed = self.changed.subscribe();
        loop {
            match self.look(spec, container) {
                Sight::Over(ended) => {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    return Ok(ended);
                }
                Sight::Silent(seconds) => {
                    let mut kept = self.kept();
                    if let Some(one) = kept.containers.get_mut(container)
                        && let Some(program) = one.program.clone()
                    {
                        self.finish(one, &program, StepEnd::Silent { seconds });
                    }
                }
                Sight::Wait(longest) => {
                    tokio::select! {
                        () = tokio::time::sleep(longest + Duration::from_millis(1)) => {}
                        _ = changed.changed() => {}
                    }
                }
            }
        }
    }

    async fn say(&self, container: &str, number: u64, bytes: &[u8]) -> Result<Said, SandboxError> {
        let mut changed = self.changed.subscribe();
        tokio::time::sleep(Duration::from_millis(3)).await;
        loop {
            if let Some(said) = self.tell(container, number, bytes)? {
                return Ok(said);
            }
            // A frozen program reads nothing.
            changed.changed().await.map_err(|_| unreachable("say"))?;
        }
    }

    async fn stop(&self, container: &str, grace: Duration) -> Result<(), SandboxError> {
        tokio::time::sleep(Duration::from_millis(3)).await;
        let (this, id) = (self.clone(), container.to_owned());
        if !matches!(self.kept().containers.get(&id), Some(Container { state: State::Running { .. }, .. })) {
            return Err(unreachable("stop"));
        }
        // Whether the engine lives or not; one in three takes all of its time.
        let takes = if self.dice.lock().unwrap().percent(33) { grace } else { Duration::from_millis(50) };
        tokio::spawn(async move {
            tokio::time::sleep(takes).await;
            let mut kept = this.kept();
            if let Some(one) = kept.containers.get_mut(&id)
                && matches!(one.state, State::Running { .. })
                && let Some(program) = one.program.clone()
            {
                this.finish(one, &program, StepEnd::Stopped);
            }
            drop(kept);
            this.stir();
        });
        Ok(())
    }

    async fn presence(&self, container: &str) -> Result<Presence, SandboxError> {
        let id = container.to_owned();
        self.call(Call::Presence, "presence", move |_, kept| {
            Ok(match kept.containers.get(&id).map(|one| &one.state) {
                None => Presence::Gone,
                Some(State::Created) => Presence::Created,
                Some(State::Running { .. }) => Presence::Running,
                Some(State::Frozen) => Presence::Frozen,
                Some(State::Exited(_)) => Presence::Exited,
            })
        })
        .await
    }

    async fn freeze(&self, container: &str) -> Result<(), SandboxError> {
        let id = container.to_owned();
        self.call(Call::Freeze, "freeze", move |_, kept| {
            if let Some(one) = kept.containers.get_mut(&id)
                && matches!(one.state, State::Running { .. })
            {
                one.ran = one.age();
                one.state = State::Frozen;
            }
            Ok(())
        })
        .await
    }

    async fn thaw(&self, container: &str) -> Result<(), SandboxError> {
        let id = container.to_owned();
        self.call(Call::Thaw, "thaw", move |_, kept| {
            if let Some(one) = kept.containers.get_mut(&id)
                && matches!(one.state, State::Frozen)
            {
                one.state = State::Running { since: Instant::now() };
            }
            Ok(())
        })
        .await
    }

    async fn remove(&self, container: &str) -> Result<(), SandboxError> {
        let id = container.to_owned();
        self.call(Call::Remove, "remove", move |_, kept| {
            if kept.containers.remove(&id).is_some() {
                kept.removed.insert(id);
            }
            Ok(())
        })
        .await
    }

    async fn labelled(&self) -> Result<Vec<(String, String)>, SandboxError> {
        self.call(Call::Labelled, "labelled", move |_, kept| {
            Ok(kept.containers.iter().map(|(id, one)| (one.spec.key.to_string(), id.clone())).collect())
        })
        .await
    }

    fn admits(&self, _reference: &str) -> Result<(), SandboxError> {
        Ok(())
    }

    fn admits_build(&self, _dockerfile: &str, _context: &[u8]) -> Result<(), SandboxError> {
        Ok(())
    }

    async fn image(
        &self,
        reference: &str,
        progress: &(dyn Fn(String) + Send + Sync),
    ) -> Result<ImageUsed, SandboxError> {
        progress("pulls".to_owned());
        let image = reference.to_owned();
        self.call(Call::Image, "image", move |this, kept| {
            kept.pulls += 1;
            if kept.pulls <= this.plot.broken_pulls {
                return Err(SandboxError::Image { image, reason: "the registry answers 503".to_owned(), retry: true });
            }
            Ok(ImageUsed {
                id: format!("sha256:{}", name_of(&[image.as_bytes()])),
                asked: image,
                digest: None,
                services: BTreeMap::new(),
            })
        })
        .await
    }

    async fn build(
        &self,
        tag: &str,
        _dockerfile: &str,
        context: Vec<u8>,
        _progress: &(dyn Fn(String) + Send + Sync),
    ) -> Result<ImageUsed, SandboxError> {
        let tag = tag.to_owned();
        self.call(Call::Image, "build", move |_, kept| {
            let id = format!("sha256:{}", name_of(&[&context]));
            kept.images.insert(tag.clone(), id.clone());
            Ok(ImageUsed { asked: tag, id, digest: None, services: BTreeMap::new() })
        })
        .await
    }

    async fn commit(&self, container: &str, tag: &str) -> Result<String, SandboxError> {
        let (id, tag) = (container.to_owned(), tag.to_owned());
        self.call(Call::Commit, "commit", move |_, kept| {
            let one = kept.containers.get(&id).ok_or_else(|| gone("commit", &id))?;
            if !matches!(one.state, State::Exited(_)) {
                return Err(SandboxError::Refused { what: "commit".to_owned(), reason: "it still runs".to_owned() });
            }
            let image = format!("sha256:{}", name_of(&[tag.as_bytes()]));
            kept.images.insert(tag, image.clone());
            Ok(image)
        })
        .await
    }

    async fn made_image(&self, tag: &str) -> Result<Option<(String, u64)>, SandboxError> {
        Ok(self.local_image(tag).await?.map(|id| (id, 1)))
    }

    async fn old_programs(&self, _dry: bool) -> Result<Vec<(String, u64)>, SandboxError> {
        Ok(Vec::new())
    }

    async fn remove_image(&self, tag: &str) -> Result<(), SandboxError> {
        let tag = tag.to_owned();
        let remove = move |_: &Self, kept: &mut Kept| {
            kept.images.remove(&tag);
            Ok(())
        };
        self.call(Call::Image, "remove_image", remove).await
    }

    async fn local_image(&self, tag: &str) -> Result<Option<String>, SandboxError> {
        let tag = tag.to_owned();
        self.call(Call::Image, "local_image", move |_, kept| Ok(kept.images.get(&tag).cloned())).await
    }
}
