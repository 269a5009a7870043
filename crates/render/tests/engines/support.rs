//! Cases as text, and the engines of the tests.

use std::sync::OnceLock;

use render::engine::{Chart, ChildProgram, EngineSettings, Engines, Files, Source, missing};
use render::{RenderContext, RenderError, Rendered};
use secrets::MaskKey;

/// The programs, built when the cache has none.
pub(crate) fn programs() -> &'static testkit::engines::Engines {
    static PROGRAMS: OnceLock<testkit::engines::Engines> = OnceLock::new();
    PROGRAMS.get_or_init(|| testkit::engines::engines().unwrap())
}

/// Settings with the real programs and the real child.
pub(crate) fn settings() -> EngineSettings {
    let child = ChildProgram { program: env!("CARGO_BIN_EXE_render-child").into(), args: Vec::new() };
    programs().clone().settings(child)
}

/// Files, and which of them are rendered how.
pub(crate) struct Case {
    pub(crate) source: Source,
    pub(crate) files: Files,
    pub(crate) kinds: Vec<String>,
}

impl Case {
    /// Reads `key: words` up to the first `-- path --`, then files.
    pub(crate) fn parse(text: &str) -> Self {
        let mut case = Self {
            source: Source {
                path: String::new(),
                chart: Chart::default(),
                must_be_chart: false,
                is_secret: false,
                needs: Vec::new(),
            },
            files: Files::new(),
            kinds: Vec::new(),
        };
        let mut open: Option<String> = None;
        for line in text.lines() {
            if let Some(path) = line.strip_prefix("-- ").and_then(|rest| rest.strip_suffix(" --")) {
                case.files.insert(path.to_owned(), Vec::new());
                open = Some(path.to_owned());
            } else if let Some(path) = &open {
                let file = case.files.get_mut(path).unwrap();
                file.extend_from_slice(line.as_bytes());
                file.push(b'\n');
            } else {
                case.set(line);
            }
        }
        case
    }

    fn set(&mut self, line: &str) {
        let (key, words) = line.split_once(": ").unwrap();
        let all = || words.split(' ').map(str::to_owned).collect();
        match key {
            "source" => words.clone_into(&mut self.source.path),
            "release" => words.clone_into(&mut self.source.chart.release),
            "values" => self.source.chart.values = all(),
            "kube-version" => self.source.chart.kube_version = Some(words.to_owned()),
            "api-versions" => self.source.chart.api_versions = all(),
            "kinds" => self.kinds = all(),
            other => panic!("{other}"),
        }
    }

    pub(crate) async fn render(&self) -> Result<Rendered, RenderError> {
        self.render_with(settings()).await
    }

    pub(crate) async fn render_with(&self, settings: EngineSettings) -> Result<Rendered, RenderError> {
        let sources = std::slice::from_ref(&self.source);
        let beyond = missing(sources, &self.files, &[])?;
        assert!(beyond.iter().all(|path| !self.files.contains_key(path)), "{beyond:?}");
        let key = key();
        Engines::new(settings).render(sources, &self.files, &self.context(&key)).await
    }

    pub(crate) fn context<'a>(&'a self, key: &'a MaskKey) -> RenderContext<'a> {
        RenderContext { namespace: "todo", cluster_kinds: &self.kinds, key }
    }
}

pub(crate) fn key() -> MaskKey {
    MaskKey::from_bytes([7; 32])
}
