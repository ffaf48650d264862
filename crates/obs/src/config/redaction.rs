//! What is taken for a secret.

use obs_core::redact::Rules;

/// What is taken for a secret, in everything that leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Redaction {
    /// Whether texts are searched for secrets, and not only judged by their keys; default yes.
    pub patterns: bool,
    /// Further keys whose values are secret; default none.
    pub keys: Vec<String>,
    /// Keys whose values would be secret and are not; default none.
    pub plain_keys: Vec<String>,
}

impl Default for Redaction {
    fn default() -> Self {
        Self { patterns: true, keys: Vec::new(), plain_keys: Vec::new() }
    }
}

impl Redaction {
    /// The rules that come of it.
    pub(crate) fn rules(&self) -> Rules {
        let rules = self.keys.iter().fold(Rules::new(), |rules, key| rules.secret_key(key));
        let rules = self.plain_keys.iter().fold(rules, |rules, key| rules.plain_key(key));
        if self.patterns { rules } else { rules.without_patterns() }
    }
}
