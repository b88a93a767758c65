//! Versions that clients encrypt with themselves: what they keep is counted nowhere.

use super::Rotator;
use super::error::Refused;
use super::subject::{self, Subject};
use crate::store::KeyState;

impl Rotator {
    /// Refuses to give up a version that a client has encrypted with.
    ///
    /// # Errors
    /// [`Refused::Encrypted`], and the store's.
    pub async fn check_client_use(&self, subject: &Subject, version: u32) -> Result<(), Refused> {
        if self.clients_need(subject, version).await? {
            return Err(Refused::Encrypted { key: subject.name(), version });
        }
        Ok(())
    }

    /// Whether a client has encrypted with a version that is not destroyed.
    pub(super) async fn clients_need(
        &self,
        subject: &Subject,
        version: u32,
    ) -> Result<bool, Refused> {
        let (rows, _) = subject::versions(&self.keyring, subject).await?;
        let row = subject::row(&rows, subject, version)?;
        Ok(row.client_use && row.state != KeyState::Destroyed)
    }
}
