//! Where images stand: workloads, Kustomize `images`, Helm values, our App. Each walk follows aliases and merge keys as a
//! reader would, and remembers those that it went through.

use super::EditError;
use super::tree::{Content, NodeId, Tree};

/// An image's place in the tree.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) document: usize,
    pub(super) path: String,
    pub(super) form: Form,
    /// The aliases on the way from the document's top to here.
    pub(super) aliases: Vec<NodeId>,
    /// The first key that stands twice in a mapping on the way.
    pub(super) duplicate: Option<NodeId>,
}

/// How an image is written.
#[derive(Debug)]
pub(super) enum Form {
    /// `repository:tag@digest` in one scalar.
    Whole(NodeId),
    /// Repository, tag and digest in scalars of their own (Kustomize, Helm values).
    Split { registry: Option<NodeId>, repository: NodeId, tag: Option<NodeId>, digest: Option<NodeId> },
}

/// Every place of an image in the file, whatever the image.
pub(super) fn find(tree: &Tree) -> Result<Vec<Found>, EditError> {
    // Each node once and again through aliases; more than that is an alias bomb.
    let mut walk = Walk { tree, steps: Vec::new(), budget: tree.len() * 4 + 1000, document: 0, found: Vec::new() };
    for (index, root) in tree.documents.iter().enumerate() {
        walk.document = index;
        walk.document(*root)?;
    }
    Ok(walk.found)
}

struct Walk<'t> {
    tree: &'t Tree,
    steps: Vec<Step>,
    budget: usize,
    document: usize,
    found: Vec<Found>,
}

/// One step down from a document's top.
enum Step {
    Key(NodeId),
    Index(usize),
    Alias(NodeId),
    Into(NodeId),
}

/// Two steps a level. Deeper is no manifest: a circle of aliases, or an attack on the stack.
const DEEPEST: usize = 400;

type Walked = Result<(), EditError>;

impl Walk<'_> {
    fn document(&mut self, id: NodeId) -> Walked {
        let depth = self.steps.len();
        let id = self.enter(id)?;
        let text = |key| self.tree.own(id, key).and_then(|value| self.tree.scalar(value)).unwrap_or_default();
        let (api, kind) = (text("apiVersion").to_owned(), text("kind").to_owned());
        if kind.is_empty() && api.is_empty() {
            self.kustomization(id)?;
            self.values(id)?;
        } else if kind.ends_with("List") && self.get(id, "items").is_some() {
            self.below(id, "items", Self::documents)?;
        } else if kind == "Kustomization" || api.starts_with("kustomize.config.k8s.io/") {
            self.kustomization(id)?;
        } else {
            if kind == "App" && api.starts_with("pinnace.dev/") {
                self.below(id, "spec", Self::app)?;
            }
            self.workload(id)?;
        }
        self.steps.truncate(depth);
        Ok(())
    }

    fn documents(&mut self, items: NodeId) -> Walked {
        self.each(items, Self::document)
    }

    /// Side components and seed data have images with versions of their own.
    fn app(&mut self, spec: NodeId) -> Walked {
        self.image_of_app(spec)?;
        self.below(spec, "processes", |walk, processes| walk.children(processes, Self::image_of_app))?;
        self.below(spec, "seed", Self::image_of_app)
    }

    fn image_of_app(&mut self, part: NodeId) -> Walked {
        self.below(part, "image", |walk, image| {
            match walk.tree.node(image).content {
                Content::Scalar { .. } => walk.note(Form::Whole(image)),
                _ => walk.split(image, "repository", "tag"),
            }
            Ok(())
        })
    }

    /// Looks for `containers` and `initContainers` at any depth: pod templates stand in many kinds.
    fn workload(&mut self, id: NodeId) -> Walked {
        for key in ["containers", "initContainers"] {
            self.below(id, key, |walk, list| walk.each(list, Self::container))?;
        }
        self.children(id, Self::workload)
    }

    /// What is no scalar is noted too: it may be a template.
    fn container(&mut self, id: NodeId) -> Walked {
        self.below(id, "image", |walk, image| {
            walk.note(Form::Whole(image));
            Ok(())
        })
    }

    fn kustomization(&mut self, id: NodeId) -> Walked {
        self.below(id, "images", |walk, list| {
            walk.each(list, |walk, entry| {
                let name = if walk.get(entry, "newName").is_some() { "newName" } else { "name" };
                walk.split(entry, name, "newTag");
                Ok(())
            })
        })
    }

    /// Helm values: a mapping with `repository`, and `tag` or `digest` beside it, at any depth.
    fn values(&mut self, id: NodeId) -> Walked {
        self.split(id, "repository", "tag");
        self.children(id, Self::values)
    }

    /// Notes a mapping whose image is written in parts. Parts that come through an alias take it along.
    fn split(&mut self, id: NodeId, repository: &str, tag: &str) {
        let depth = self.steps.len();
        let part = |walk: &mut Self, key: &str| -> Option<NodeId> {
            let (value, through) = walk.get(id, key)?;
            walk.steps.extend(through.into_iter().map(Step::Alias));
            let value = match walk.tree.node(value).content {
                Content::Alias(target) => {
                    walk.steps.push(Step::Alias(value));
                    target
                }
                _ => value,
            };
            walk.tree.scalar(value).map(|_| value)
        };
        if let Some(name) = part(self, repository) {
            let registry = part(self, "registry");
            let (tag, digest) = (part(self, tag), part(self, "digest"));
            self.note(Form::Split { registry, repository: name, tag, digest });
        }
        self.steps.truncate(depth);
    }

    fn note(&mut self, form: Form) {
        let aliases = self.steps.iter().filter_map(|step| if let Step::Alias(id) = step { Some(*id) } else { None });
        let duplicates = self.steps.iter().filter_map(|step| match step {
            Step::Into(id) => match self.tree.node(*id).content {
                Content::Mapping { duplicate, .. } => duplicate,
                _ => None,
            },
            _ => None,
        });
        let (aliases, duplicate) = (aliases.collect(), duplicates.min());
        self.found.push(Found { document: self.document, path: self.path(), form, aliases, duplicate });
    }

    fn path(&self) -> String {
        let mut path = super::path::Written::default();
        for step in &self.steps {
            match step {
                Step::Key(id) => path.key(self.tree.scalar(*id).unwrap_or("?")),
                Step::Index(index) => path.index(*index),
                Step::Alias(_) | Step::Into(_) => {}
            }
        }
        path.finish()
    }

    /// Follows an alias, counts the step and notes a collection as being on the way.
    fn enter(&mut self, id: NodeId) -> Result<NodeId, EditError> {
        self.budget = self.budget.saturating_sub(1);
        if self.budget == 0 || self.steps.len() > DEEPEST {
            return Err(EditError::TooDeep { line: self.tree.node(id).line });
        }
        let id = match self.tree.node(id).content {
            Content::Alias(target) => {
                self.steps.push(Step::Alias(id));
                target
            }
            _ => id,
        };
        self.steps.push(Step::Into(id));
        Ok(id)
    }

    /// The value under a key, as a reader sees it: the mapping's own, else merged in; with the aliases of the merge.
    fn get(&self, mapping: NodeId, key: &str) -> Option<(NodeId, Vec<NodeId>)> {
        if let Some(value) = self.tree.own(mapping, key) {
            return Some((value, Vec::new()));
        }
        let merges = self.merges(mapping);
        merges.into_iter().find_map(|(merged, alias)| self.tree.own(merged, key).map(|value| (value, alias)))
    }

    /// The mappings that `<<` brings in, each with the alias that names it. One level: deeper ones are left alone.
    fn merges(&self, mapping: NodeId) -> Vec<(NodeId, Vec<NodeId>)> {
        let Some(value) = self.tree.own(mapping, "<<") else { return Vec::new() };
        let one = |id: NodeId| match self.tree.node(id).content {
            Content::Alias(target) => (target, vec![id]),
            _ => (id, Vec::new()),
        };
        match &self.tree.node(value).content {
            Content::Sequence(items) => items.iter().map(|item| one(*item)).collect(),
            _ => vec![one(value)],
        }
    }

    fn below(&mut self, id: NodeId, key: &str, mut then: impl FnMut(&mut Self, NodeId) -> Walked) -> Walked {
        let Some((value, through)) = self.get(id, key) else { return Ok(()) };
        let depth = self.steps.len();
        self.steps.extend(through.into_iter().map(Step::Alias));
        self.steps.extend(self.key_of(value).map(Step::Key));
        let value = self.enter(value)?;
        then(self, value)?;
        self.steps.truncate(depth);
        Ok(())
    }

    /// The key that a value stands under.
    fn key_of(&self, value: NodeId) -> Option<NodeId> {
        let Content::Mapping { entries, .. } = &self.tree.node(self.tree.node(value).parent?).content else {
            return None;
        };
        entries.iter().find(|(_, other)| *other == value).map(|(key, _)| *key)
    }

    fn each(&mut self, list: NodeId, mut then: impl FnMut(&mut Self, NodeId) -> Walked) -> Walked {
        let Content::Sequence(items) = &self.tree.node(list).content else { return Ok(()) };
        for (index, item) in items.iter().enumerate() {
            let depth = self.steps.len();
            self.steps.push(Step::Index(index));
            let item = self.enter(*item)?;
            then(self, item)?;
            self.steps.truncate(depth);
        }
        Ok(())
    }

    fn children(&mut self, id: NodeId, mut then: impl FnMut(&mut Self, NodeId) -> Walked) -> Walked {
        let Content::Mapping { entries, .. } = &self.tree.node(id).content else {
            return self.each(id, then);
        };
        for (key, value) in entries {
            let depth = self.steps.len();
            self.steps.push(Step::Key(*key));
            let value = self.enter(*value)?;
            then(self, value)?;
            self.steps.truncate(depth);
        }
        Ok(())
    }
}
