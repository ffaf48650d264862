//! That the service is seen when it comes, and goes when it is told to.

use super::super::eventually::eventually;
use super::super::prometheus::Prometheus;
use crate::Result;
use crate::process::Stop;
use crate::service::Service;

pub(super) fn target_up(prometheus: &Prometheus) -> Result<String> {
    eventually(|| match prometheus.query("up{job=\"quickstart\"}")?.as_slice() {
        [(_, 1.0)] => Ok(String::new()),
        other => Err(format!("up is {other:?}")),
    })
}

pub(super) fn ends(mut quickstart: Service) -> Result<String> {
    quickstart.process.alive()?;
    let status = quickstart.process.stop_by(Stop::Terminate)?;
    if status.success() { Ok(status.to_string()) } else { Err(status.to_string()) }
}
