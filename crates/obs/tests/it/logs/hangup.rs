//! SIGHUP where no file was read.

use std::process::{Command, id};

use crate::process::alone;
use crate::service::{TempFile, until};

fn hang_up() {
    assert!(Command::new("kill").args(["-HUP", &id().to_string()]).status().unwrap().success());
}

#[test]
fn a_log_file_by_code_alone_is_let_go_of_on_sighup_and_the_service_lives_on() {
    let name = "a_log_file_by_code_alone_is_let_go_of_on_sighup_and_the_service_lives_on";
    alone(module_path!(), name, &[], || {
        let (file, old) = (TempFile::new("hangup.log"), TempFile::new("hangup.old"));
        let obs = obs::builder("orders").log_file(&file.0).admin(obs::Admin::Off).install().unwrap();
        for _ in 0..2 {
            tracing::info!(target: "shop", "a line");
            assert!(obs.flush(std::time::Duration::from_secs(20)));
            std::fs::rename(&file.0, &old.0).unwrap();
            hang_up();
            until("the file is there anew", || file.0.exists());
        }
        assert_eq!(old.lines().len(), 1);
    });
}
