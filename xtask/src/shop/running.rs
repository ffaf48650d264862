//! The running shop: started from the last of the three to the first, ended from the first to the last.

use std::fs;
use std::process::ExitStatus;

use super::binaries::Binaries;
use super::settings::{DATABASE, Part, Settings};
use crate::Result;
use crate::service::{Lines, Plan, Service};

/// Three running services. Dropped they end in this order, so that none calls one that is gone.
pub(crate) struct Shop {
    pub(crate) gateway: Service,
    pub(crate) orders: Service,
    pub(crate) payments: Service,
}

impl Shop {
    /// Starts the three and waits until each is ready.
    pub(crate) fn start(binaries: &Binaries, settings: &Settings<'_>) -> Result<Self> {
        for file in ["", "-wal", "-shm", "-journal"] {
            let _ = fs::remove_file(settings.folder.join(format!("{DATABASE}{file}")));
        }
        let payments = Self::start_part(binaries, settings, Part::Payments)?;
        let orders = Self::start_part(binaries, settings, Part::Orders)?;
        let gateway = Self::start_part(binaries, settings, Part::Gateway)?;
        Ok(Self { gateway, orders, payments })
    }

    /// Starts one of them, as it is started again where it was stopped.
    pub(crate) fn start_part(binaries: &Binaries, settings: &Settings<'_>, part: Part) -> Result<Service> {
        Service::start(&Plan {
            lines: Lines::Configured,
            name: part.name(),
            binary: binaries.of(part),
            config: part.config(),
            configuration: settings.configuration,
            addresses: settings.addresses(part),
            otlp: settings.otlp,
            folder: settings.folder,
            inherited: settings.inherited,
            variables: &settings.variables(part),
        })
    }

    /// The three in the order in which a request comes to them.
    pub(crate) fn services(&self) -> [&Service; 3] {
        [&self.gateway, &self.orders, &self.payments]
    }

    /// An error with the last words of one that has ended.
    pub(crate) fn alive(&mut self) -> Result {
        [&mut self.gateway, &mut self.orders, &mut self.payments]
            .into_iter()
            .try_for_each(|service| service.process.alive())
    }

    /// Asks one after the other to end, and tells `ended` of each.
    pub(crate) fn stop(mut self, mut ended: impl FnMut(&Service, ExitStatus)) -> Result {
        for service in [&mut self.gateway, &mut self.orders, &mut self.payments] {
            let status = service.process.stop()?;
            if !status.success() {
                let tail = service.process.output.tail();
                return Err(format!("{} ended badly ({status}); its last output:\n{tail}", service.name));
            }
            ended(service, status);
        }
        Ok(())
    }
}
