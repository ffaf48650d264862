//! Fields of the line that says that lines are missing.

use super::macros::names;

names! {
    /// How many lines are missing in this place.
    LOST = "lost";
    /// Why, as on `obs_pipeline_dropped_total`.
    REASON = "reason";
    /// The output they are missing in, as `pipeline` on metrics.
    OUTPUT = "output";
}
