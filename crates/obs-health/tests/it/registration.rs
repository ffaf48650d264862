//! What is refused, and how it says so.

use std::error::Error;
use std::time::Duration;

use obs_core::{Base, Resource};
use obs_health::{Health, Heartbeat, MAX_CHECKS, MAX_HEARTBEATS, RegisterError, Settings, SettingsError};

use super::rig::{Rig, SECOND};

async fn passes() -> Result<(), String> {
    Ok(())
}

#[test]
fn names_are_labels_and_unique() {
    let rig = Rig::new();
    let longest = "n".repeat(64);
    for name in ["db", "a", "grpc.health.v1", "Redis-2_b", &longest] {
        rig.health.check(name, passes).unwrap();
    }
    assert_eq!(
        rig.health.check("db", passes).unwrap_err().to_string(),
        "health check `db`: a check of this name is registered already"
    );
    let long = "n".repeat(65);
    for name in ["", " ", "a b", "a\nb", "é", "a\"b", "a/b", &long] {
        assert!(matches!(rig.health.check(name, passes), Err(RegisterError::Name(_))), "{name}");
    }
    let endless = rig.health.check("\n".repeat(1_000_000), passes).unwrap_err().to_string();
    assert!(endless.len() < 300 && !endless.contains('\n'), "{endless}");
    assert_eq!(
        rig.health.check("", passes).unwrap_err().to_string(),
        "health check, group or step ``: its name must be 1 to 64 characters of `A-Za-z0-9._-`"
    );
    assert_eq!(rig.health.checks().len(), 5);
}

#[test]
fn the_number_of_checks_and_heartbeats_is_bounded() {
    let rig = Rig::new();
    for number in 0..MAX_CHECKS {
        rig.health.check(format!("c{number}"), passes).unwrap();
    }
    let error = rig.health.check("one-more", passes).unwrap_err();
    assert_eq!(error.to_string(), "more than 256 health checks");
    for _ in 0..MAX_HEARTBEATS {
        rig.health.liveness(Heartbeat::new(SECOND)).unwrap();
    }
    let error = rig.health.liveness(Heartbeat::new(SECOND)).unwrap_err();
    assert_eq!(error.to_string(), "more than 64 health heartbeats");
}

#[test]
fn settings_that_contradict_each_other_are_refused_with_the_checks_name() {
    let rig = Rig::new();
    let error = rig.health.check_with("db", Settings::new().timeout(Duration::ZERO), passes).unwrap_err();
    assert_eq!(error.to_string(), "health check `db`: its settings contradict each other");
    assert_eq!(error.source().unwrap().to_string(), "`timeout` is zero; it must be more");
    let defaults = Settings::new().stale_after(5 * SECOND);
    let error = Health::with(Base::new(Resource::new("test")), defaults).unwrap_err();
    assert_eq!(error, SettingsError::StaleTooSoon { stale_after: 5 * SECOND, least: 11 * SECOND });
    assert_eq!(rig.health.liveness(Heartbeat::new(Duration::ZERO)), Err(RegisterError::MaxAge));
}

#[test]
fn nothing_is_registered_after_shutdown() {
    let rig = Rig::new();
    rig.health.shutdown();
    assert_eq!(rig.health.check("db", passes), Err(RegisterError::ShutDown));
    assert_eq!(rig.health.liveness(Heartbeat::new(SECOND)), Err(RegisterError::ShutDown));
}
