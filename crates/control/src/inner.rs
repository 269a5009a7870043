//! What the verbs and the loops share: the parts, and the few steps that all of them take.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cluster::ClusterClient;
use config_repo::{Config, Instance, Mirror};
use model::{
    Announcement, CommitId, Digest, DriftDone, Fact, ImageRef, ImageRepository, InstanceFact, InstanceId, Pin, PinId,
    Tag,
};
use render::engine::Engines;
use render::{RenderContext, Rendered};
use secrets::{MaskKey, Redactor};
use store::{PinRecord, Store, StoreError};

use crate::apps::Apps;
use crate::bases::Bases;
use crate::changed::Comparisons;
use crate::charts::Charts;
use crate::clusters::Clusters;
use crate::configuration::Configuration;
use crate::files_read::FilesRead;
use crate::irreversible::Asked;
use crate::last_applied::LastApplied;
use crate::needs::Needy;
use crate::noticed::{BrokenWork, FleetsTold, GitTrouble, Instances, Waiting};
use crate::opener::Opener;
use crate::problem::{Problem, ProblemCode};
use crate::references::SeenImages;
use crate::registry::{RegistryClient, ResolveError, Resolved};
use crate::settings::{Parts, Settings};
use crate::sources::{self, Beyond, Files, Read};
use crate::taken::Taken;
use crate::trouble::Trouble;
use crate::turns::Turns;
use crate::wake::Wakes;
use crate::{Barrier, Clock};

pub(crate) struct Inner {
    pub settings: Settings,
    pub store: Store,
    pub mirror: Mirror,
    pub configuration: Configuration,
    pub clusters: Clusters,
    pub registry: RegistryClient,
    pub chat: Option<chat::ChatService>,
    pub redactor: Redactor,
    pub mask_key: MaskKey,
    pub clock: Clock,
    pub barrier: Barrier,
    pub wakes: Wakes,
    pub last_applied: LastApplied,
    pub taken: Taken,
    /// How our own custom resources stand.
    pub apps: Apps,
    pub seen_images: SeenImages,
    pub git_trouble: GitTrouble,
    pub broken: BrokenWork,
    /// Who was asked whether to go back over a migration that can't be reversed.
    pub asked_back: Asked,
    /// Those whose first install is not proven yet: a new HEAD may mend them.
    pub uninstalled: Instances,
    /// Those that chat has or had to be told about: see [`is_noticed`].
    pub noticed: Instances,
    pub fleets_told: FleetsTold,
    /// What pushed commits on trial wait for.
    pub waiting: Waiting,
    pub files_read: FilesRead,
    /// Those that a person wants looked at as if nothing were known.
    pub anew: Instances,
    /// Who waits for other instances.
    pub needy: Needy,
    /// Those that wait no longer than until now: what they waited for may have come.
    pub hurried: Instances,
    /// What the instances' kustomizations name.
    pub beyond: Beyond,
    pub engines: Engines,
    /// Charts from registries and repositories.
    pub charts: Charts,
    /// Bases of kustomizations from other repositories.
    pub bases: Bases,
    pub opener: Opener,
    pub comparisons: Comparisons,
    /// Whose HEAD is tried.
    pub turns: Turns,
    /// Whose objects are compared with what is desired: drift does not wait for installs.
    pub compare_turns: Turns,
    /// How often manifests were rendered.
    pub renders: AtomicU64,
}

/// Whether something begins with it that chat is told, apart from any pin.
fn is_noticed(fact: &InstanceFact) -> bool {
    match fact {
        InstanceFact::HeadFailed(_) | InstanceFact::Quarantined { .. } => true,
        InstanceFact::PruneHeld { objects } | InstanceFact::Left { objects } => !objects.is_empty(),
        InstanceFact::Drifted(found) => found.done != DriftDone::Repaired,
        _ => false,
    }
}

/// The name under which the key for masking Secret values is kept.
const MASK_KEY: &str = "mask-key";

impl Inner {
    pub(crate) async fn new(parts: Parts) -> Result<Self, Problem> {
        let mask_key = mask_key(&parts.store).await?;
        let configuration = Configuration::load(&parts.mirror, &parts.settings.config_file).await;
        Ok(Self {
            clusters: Clusters::new(parts.settings.kubeconfig.clone(), parts.settings.own_namespace.clone()),
            engines: Engines::new(parts.settings.engines.clone()),
            beyond: Beyond::default(),
            charts: Charts::new(parts.settings.charts.clone()),
            bases: Bases::new(parts.settings.bases.clone()),
            opener: Opener::new(parts.settings.age_key_file.clone(), parts.redactor.clone()),
            settings: parts.settings,
            store: parts.store,
            mirror: parts.mirror,
            configuration,
            registry: parts.registry,
            chat: parts.chat,
            redactor: parts.redactor,
            mask_key,
            clock: parts.clock,
            barrier: parts.barrier,
            wakes: Wakes::default(),
            last_applied: LastApplied::default(),
            taken: Taken::default(),
            apps: Apps::default(),
            seen_images: SeenImages::default(),
            git_trouble: GitTrouble::default(),
            broken: BrokenWork::default(),
            asked_back: Asked::default(),
            uninstalled: Instances::default(),
            noticed: Instances::default(),
            fleets_told: FleetsTold::default(),
            waiting: Waiting::default(),
            files_read: FilesRead::default(),
            anew: Instances::default(),
            needy: Needy::default(),
            hurried: Instances::default(),
            comparisons: Comparisons::default(),
            turns: Turns::default(),
            compare_turns: Turns::default(),
            renders: AtomicU64::new(0),
        })
    }

    /// The last good `pinnace.yaml`.
    pub(crate) fn config(&self) -> Arc<Config> {
        self.configuration.config()
    }

    /// An instance as configured now; gone from the config means that nothing is done to it.
    pub(crate) fn instance(&self, id: &InstanceId) -> Result<Instance, Trouble> {
        let found = self.config().instance(id);
        found.ok_or_else(|| Trouble::Impossible(format!("{id} is no longer in the config repo")))
    }

    /// Appends facts after exactly those that were read, and wakes whoever waits for this instance.
    pub(crate) async fn append(
        &self,
        record: &PinRecord,
        facts: &[Fact],
        instance_facts: &[InstanceFact],
    ) -> Result<Pin, StoreError> {
        let now = self.clock.now();
        let pin = self.store.append(&record.id, record.pin.facts, facts, instance_facts, now).await?;
        if instance_facts.iter().any(is_noticed) {
            self.noticed.note(&pin.instance, true);
        }
        self.wakes.wake(&pin.instance);
        if pin.ended() {
            self.wake_needy(&pin.instance);
        }
        Ok(pin)
    }

    pub(crate) async fn append_instance(&self, id: &InstanceId, fact: InstanceFact) -> Result<(), StoreError> {
        let is_told = is_noticed(&fact);
        self.store.append_instance(id, fact, self.clock.now()).await?;
        // Not before: who looked in between would find nothing to tell, and look no more.
        if is_told {
            self.noticed.note(id, true);
        }
        self.wakes.wake(id);
        self.wake_needy(id);
        Ok(())
    }

    /// A pin's random key.
    pub(crate) fn new_pin_id() -> Result<PinId, Problem> {
        let mut bytes = [0_u8; 16];
        getrandom::fill(&mut bytes).map_err(|error| {
            let what = format!("the system gives no random numbers: {error}");
            Problem::new(ProblemCode::Unavailable, what, "check the system's random device")
        })?;
        Ok(PinId::from_random(bytes))
    }

    /// What the sender of this image said of it, if it came by a build.
    pub(crate) async fn announced(
        &self,
        id: &InstanceId,
        image: &ImageRef,
    ) -> Result<Option<Announcement>, StoreError> {
        let pins = self.store.pins(Some(id), None, 100).await?;
        let same = pins.into_iter().find(|record| record.pin.to().same_content(image));
        Ok(same.and_then(|record| record.pin.build.announced))
    }

    /// Asks the registry what this is, the way that `pinnace.yaml` says.
    pub(crate) async fn resolve(
        &self,
        image: &ImageRepository,
        tag: Option<&Tag>,
        digest: Option<&Digest>,
    ) -> Result<Digest, ResolveError> {
        let access = self.configuration.registry_access(&self.mirror, image.registry()).await?;
        Ok(self.registry.resolve(image, tag, digest, &access).await?.digest)
    }

    /// What the registry has under a reference.
    pub(crate) async fn resolved(&self, image: &ImageRef) -> Result<Resolved, ResolveError> {
        let access = self.configuration.registry_access(&self.mirror, image.repository.registry()).await?;
        self.registry.resolve(&image.repository, image.tag.as_ref(), image.digest.as_ref(), &access).await
    }

    /// The cluster that an instance runs in.
    pub(crate) async fn cluster(&self, instance: &Instance) -> Result<ClusterClient, Trouble> {
        Ok(self.clusters.get(&instance.context).await?)
    }

    /// Every file that an instance takes from, at a commit.
    pub(crate) async fn files(&self, instance: &Instance, commit: &CommitId) -> Result<Files, Trouble> {
        Ok(self.read(instance, commit).await?.files)
    }

    /// As [`Self::files`], with the folders that kustomizations name.
    pub(crate) async fn read(&self, instance: &Instance, commit: &CommitId) -> Result<Read, Trouble> {
        let named = sources::named(instance);
        if let Some(read) = self.files_read.of(commit, &named) {
            self.beyond.note(&instance.id, commit, &read.beyond);
            return Ok(read);
        }
        let read = match sources::read(&self.mirror, instance, commit, &self.config().remote_bases).await {
            Ok(read) => read,
            Err(error) if error.is_content() => {
                let by = self.last_touched(instance, commit).await;
                return Err(Trouble::Impossible(format!("{error} (as of {by})")));
            }
            Err(error) => return Err(Trouble::Wait(error.to_string())),
        };
        if read.files.is_empty() {
            let paths = instance.paths.join("`, `");
            let by = self.last_touched(instance, commit).await;
            let why = format!("there is nothing under `{paths}` as of {by}: put the manifests there");
            return Err(Trouble::Impossible(why));
        }
        self.beyond.note(&instance.id, commit, &read.beyond);
        self.files_read.keep(commit, &named, &read);
        Ok(read)
    }

    /// Renders the files of an instance.
    pub(crate) async fn render(
        &self,
        instance: &Instance,
        files: &Files,
        commit: &CommitId,
    ) -> Result<Rendered, Trouble> {
        self.render_as(instance, files, commit, false).await
    }

    pub(crate) async fn render_as(
        &self,
        instance: &Instance,
        files: &Files,
        commit: &CommitId,
        what_can_be: bool,
    ) -> Result<Rendered, Trouble> {
        self.renders.fetch_add(1, Ordering::Relaxed);
        let context = RenderContext {
            namespace: &instance.namespace,
            cluster_kinds: &instance.cluster_kinds,
            key: &self.mask_key,
        };
        let (sources, files) = match self.given(instance, files).await {
            Ok(given) => given,
            Err(error) if !error.is_content() => return Err(Trouble::Wait(error.to_string())),
            Err(error) => {
                let by = self.last_touched(instance, commit).await;
                return Err(Trouble::Impossible(format!("{error} (as of {by})")));
            }
        };
        let rendered = if what_can_be {
            self.engines.render_what_can_be(&sources, &files, &context).await
        } else {
            self.engines.render(&sources, &files, &context).await
        };
        match rendered {
            Ok(rendered) => {
                self.learn_secrets(&rendered);
                Ok(rendered)
            }
            // A missing program, or a full disk: the commit is not at fault.
            Err(error) if !error.is_content() => Err(Trouble::Wait(self.redacted(&error.to_string()))),
            Err(error) => {
                let by = self.last_touched(instance, commit).await;
                Err(Trouble::Impossible(self.redacted(&format!("{by} does not render: {error}"))))
            }
        }
    }

    /// What stands in a Secret is never to be seen, wherever else it stands: beside an image in a diff, in a log line.
    fn learn_secrets(&self, rendered: &Rendered) {
        for value in rendered.everything().flat_map(|object| secrets::secret_values(&object.value)) {
            self.redactor.register(value.expose());
        }
    }

    /// An object as people may see it: Secrets are masked, and what was opened or stands in a Secret is nowhere else either.
    pub(crate) fn shown(&self, object: &serde_json::Value) -> serde_json::Value {
        self.redactor.redact_value(secrets::mask_object(object, &self.mask_key))
    }

    pub(crate) fn redacted(&self, text: &str) -> String {
        secrets::clean_terminal(&self.redactor.redact(text))
    }
}

async fn mask_key(store: &Store) -> Result<MaskKey, Problem> {
    let fresh = MaskKey::random().map_err(|error| {
        Problem::new(ProblemCode::Unavailable, error.to_string(), "check the system's random device")
    })?;
    let kept = store.value_or_keep(MASK_KEY, fresh.expose()).await?;
    let bytes: [u8; 32] = kept.try_into().map_err(|_| {
        let what = "the database's key for masking Secret values is damaged";
        Problem::new(ProblemCode::Unavailable, what, "restore the database from a backup")
    })?;
    Ok(MaskKey::from_bytes(bytes))
}
