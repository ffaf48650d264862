//! A file of one test, and installations that read it.

use std::path::PathBuf;

use obs::{Builder, Error, Obs};

/// `obs.yaml` in a folder of its own, which is gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Yaml {
    folder: PathBuf,
    pub(crate) path: PathBuf,
}

impl Yaml {
    /// `name` must be used once in this binary.
    pub(crate) fn new(name: &str, text: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("obs-it-config-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = Self { path: folder.join("obs.yaml"), folder };
        file.write(text);
        file
    }

    pub(crate) fn write(&self, bytes: impl AsRef<[u8]>) {
        std::fs::write(&self.path, bytes).unwrap();
    }

    /// Another file in the same folder.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A builder that reads it and is otherwise quiet.
    pub(crate) fn builder(&self) -> Builder {
        let admin = obs::Admin::At("127.0.0.1:0".parse().unwrap());
        obs::builder("orders").admin(admin).config_file(&self.path)
    }

    pub(crate) fn build(&self) -> Result<Obs, Error> {
        self.builder().log_output(obs::config::LogOutput::Off).build()
    }

    /// Each mistake, with the file under its usual name.
    #[track_caller]
    pub(crate) fn mistakes(&self) -> Vec<String> {
        match self.build() {
            Err(Error::Config(mistakes)) => {
                let shown = |mistake: &obs::config::Mistake| {
                    mistake.to_string().replace(self.path.to_str().unwrap(), "obs.yaml")
                };
                mistakes.mistakes().iter().map(shown).collect()
            }
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("taken: {}", std::fs::read_to_string(&self.path).unwrap()),
        }
    }
}

impl Drop for Yaml {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
