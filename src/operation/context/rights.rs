//! Whether an object that was found may be had for what it is wanted for.

use kmip_ttlv::enums::State;

use super::super::failure::Failure;
use super::super::own_keys;
use super::{Context, Held, Right};
use crate::access::{self, Usage};
use crate::crypto;
use crate::object::Object;

impl Context<'_> {
    pub(super) fn check(&self, held: &Held, right: Right) -> Result<(), Failure> {
        let object = held.object();
        match right {
            Right::Change | Right::Recover | Right::Lease if own_keys::is_one(&object.uid) => {
                Err(Failure::Forbidden("a key of the hierarchy changes by Re-key and Revoke alone"))
            }
            Right::Use(_)
                if own_keys::is_one(&object.uid) && held.stored.service != self.service() =>
            {
                Err(Failure::Forbidden("a key of the hierarchy encrypts for its own service alone"))
            }
            Right::Attributes | Right::Recover => Ok(()),
            _ if object.is_archived() => Err(Failure::Archived),
            Right::Lease if object.is_destroyed() => Err(self.destroyed()),
            Right::Change | Right::Revoke | Right::Lease | Right::Replace => Ok(()),
            Right::Value => {
                self.check_value(held)?;
                if object.is_destroyed() {
                    return Err(self.destroyed());
                }
                self.check_strict(object)
            }
            Right::Use(usage) => {
                if object.is_destroyed() {
                    return Err(self.destroyed());
                }
                self.check_strict(object)?;
                if usage == Usage::DeriveKey && self.is_derived_early(object) {
                    access::check_purpose(object, usage)?;
                } else {
                    access::check_usage(object, usage, self.now())?;
                }
                self.check_policy(object)
            }
        }
    }

    /// A key that was made before its tenant's policy changed is held to it all the same.
    pub(in crate::operation) fn check_policy(&self, object: &Object) -> Result<(), Failure> {
        let Some(algorithm) = object.algorithm() else { return Ok(()) };
        let allowed = self.policy().check_key(algorithm, || object.length_bits());
        Ok(allowed.map_err(crypto::Error::from)?)
    }

    /// Whether this client is answered as `PyKMIP`'s server answers: a destroyed object is not found, in
    /// 2.x too; the first instance of an attribute is shown with its index; keys are derived from
    /// Pre-Active objects, in any length, and by HKDF where HMAC is asked for with a Salt.
    pub(in crate::operation) fn imitates_pykmip(&self) -> bool {
        self.parts.facts.pykmip_tenants.contains(&self.caller.identity.tenant)
    }

    /// What is said of an object that is destroyed.
    pub(in crate::operation) fn destroyed(&self) -> Failure {
        if self.imitates_pykmip() { Failure::Gone } else { Failure::Destroyed }
    }

    fn is_derived_early(&self, object: &Object) -> bool {
        object.state() == State::PreActive && self.imitates_pykmip()
    }

    /// Compromised objects may still be read, and open what they have protected (KMIP 2.1 §4.57),
    /// unless the tenant has decided otherwise.
    fn check_strict(&self, object: &Object) -> Result<(), Failure> {
        let is_strict = || self.parts.keyring.standing().is_strict(self.caller.tenant_id);
        if object.state() == State::Compromised && is_strict() {
            return Err(Failure::WrongState("the tenant's compromised objects are not used"));
        }
        Ok(())
    }

    /// Whether the caller may read the value of this object, in whatever way.
    ///
    /// # Errors
    /// [`Failure::Forbidden`].
    pub fn check_value(&self, held: &Held) -> Result<(), Failure> {
        let made_here = self.batch.has_made(&held.object().uid);
        Ok(access::check_value(self.caller, made_here)?)
    }
}
