//! The scrubber: seals anew slowly, in the background, what was rotated lazily.

use std::time::Duration;

use super::super::keyring::Touched;
use super::error::Refused;
use super::rewrap::Keys;
use super::subject::versions;
use super::{Progress, Rotator};
use crate::store::{KeyLevel, View};

/// Services that the scrubber finds together.
const SCRUB_BATCH: usize = 256;
/// How often the scrubber looks for what is left.
const SCRUB_INTERVAL: Duration = Duration::from_secs(5);

impl Rotator {
    /// Seals anew what was opened with a retired version, and slowly all that is left. Never ends.
    pub(super) async fn scrub(&self) {
        let Some(mut touched) = self.keyring.take_touched() else { return };
        let rate = self.settings.scrub_per_second;
        loop {
            match tokio::time::timeout(SCRUB_INTERVAL, touched.recv()).await {
                Ok(Some(object)) => {
                    if let Err(error) = self.reseal_touched(&object).await {
                        tracing::debug!(%error, "an object was not sealed anew");
                    }
                }
                Ok(None) => return,
                Err(_) if rate == 0 => {}
                Err(_) => {
                    if let Err(error) = self.scrub_once(rate).await {
                        tracing::warn!(%error, "the scrubber did not go on");
                    }
                }
            }
        }
    }

    async fn reseal_touched(&self, touched: &Touched) -> Result<(), Refused> {
        let subject = self.keyring.subject(KeyLevel::Service(touched.service)).await?;
        if !subject.is_served() {
            return Ok(());
        }
        let (_, active) = versions(&self.keyring, &subject).await?;
        let view = View { tenant: touched.tenant, service: Some(touched.service) };
        let Some(stored) = self.keyring.engine.object(view, &touched.uid).await? else {
            return Ok(());
        };
        if stored.sealed.as_ref().and_then(crate::store::Sealed::parent_version) == Some(active) {
            return Ok(());
        }
        let mut keys = Keys::default();
        let change = self.reseal_object(&subject, &stored, active, &mut keys).await?;
        let mut pace = self.pace(0);
        self.reseal(change.into_iter().collect(), &mut pace, &Progress::default()).await?;
        Ok(())
    }

    /// Objects that retired versions sealed, of some services. What goes wrong with one holds up no other.
    async fn scrub_once(&self, rate: u64) -> Result<(), Refused> {
        for level in self.keyring.engine.services_with_retired(SCRUB_BATCH).await? {
            if let Err(error) = self.scrub_service(level, rate).await {
                tracing::warn!(%error, ?level, "the scrubber has left out a service");
            }
        }
        Ok(())
    }

    async fn scrub_service(&self, level: KeyLevel, rate: u64) -> Result<(), Refused> {
        let subject = self.keyring.subject(level).await?;
        if !subject.is_served() {
            return Ok(());
        }
        let (_, active) = versions(&self.keyring, &subject).await?;
        self.rewrap(&subject, active, rate, &Progress::default()).await
    }
}
