//! Managed objects less their values: attributes, their rules, the life-cycle, what Locate finds
//! and what Re-key carries over. Pure: no clock, no store, no key.

pub mod date_order;
pub mod filter;
pub mod index;
pub mod lifecycle;
pub mod rekey;
pub mod rotation;
pub mod rules;
pub mod set;
pub mod usage_limits;

use kmip_ttlv::DateTime;
use kmip_ttlv::attribute::{Attribute, AttributeKind, UsageLimits};
use kmip_ttlv::enums::{
    CryptographicAlgorithm, CryptographicUsageMask, KeyFormatType, ObjectType, State,
};

pub use date_order::WrongOrder;
pub use index::IndexEntry;
pub use lifecycle::{Dates, Event};
pub use set::AttributeSet;
pub use usage_limits::{UsedUp, use_up};

/// A managed object, less its value.
///
/// Unique Identifier and Object Type are fields; every other attribute is in the set.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// Its Unique Identifier.
    pub uid: String,
    /// What it is.
    pub object_type: ObjectType,
    /// Its attributes.
    pub attributes: AttributeSet,
}

/// A step that the life-cycle does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an object in state {from:?} has no such step")]
pub struct NoSuchStep {
    /// The state that it is in.
    pub from: State,
}

macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident: $kind:ident($value:ident) -> $type:ty = $read:expr;)+) => {
        impl Object {
            $($(#[$doc])*
            #[must_use]
            pub fn $name(&self) -> Option<$type> {
                match self.attributes.first(AttributeKind::$kind) {
                    Some(Attribute::$kind($value)) => Some($read),
                    _ => None,
                }
            })+
        }
    };
}

getters! {
    /// Seconds since the epoch.
    initial_date: InitialDate(date) -> i64 = date.0;
    /// Seconds since the epoch.
    activation_date: ActivationDate(date) -> i64 = date.0;
    /// Seconds since the epoch.
    process_start_date: ProcessStartDate(date) -> i64 = date.0;
    /// Seconds since the epoch.
    protect_stop_date: ProtectStopDate(date) -> i64 = date.0;
    /// Seconds since the epoch.
    deactivation_date: DeactivationDate(date) -> i64 = date.0;
    /// The algorithm of a key.
    algorithm: CryptographicAlgorithm(algorithm) -> CryptographicAlgorithm = *algorithm;
    /// The length of a key, in bits.
    length_bits: CryptographicLength(bits) -> i32 = *bits;
    /// The form of the value as it is kept.
    key_format: KeyFormatType(format) -> KeyFormatType = *format;
    /// How much the key may still be used.
    usage_limits: UsageLimits(limits) -> &UsageLimits = limits;
    /// Whether it has been sensitive ever since it was made.
    always_sensitive: AlwaysSensitive(always) -> bool = *always;
    /// Whether it has not been extractable ever since it was made.
    never_extractable: NeverExtractable(never) -> bool = *never;
    /// Whether it has never been handed out.
    fresh: Fresh(fresh) -> bool = *fresh;
}

impl Object {
    /// Its state when it was last kept or settled.
    #[must_use]
    pub fn state(&self) -> State {
        match self.attributes.first(AttributeKind::State) {
            Some(Attribute::State(state)) => *state,
            _ => State::PreActive,
        }
    }

    /// What it may be used for; nothing where nothing is said.
    #[must_use]
    pub fn usage_mask(&self) -> CryptographicUsageMask {
        match self.attributes.first(AttributeKind::CryptographicUsageMask) {
            Some(Attribute::CryptographicUsageMask(mask)) => *mask,
            _ => CryptographicUsageMask::default(),
        }
    }

    /// Whether its value leaves the server only wrapped (KMIP 1.4 §3.48).
    #[must_use]
    pub fn is_sensitive(&self) -> bool {
        matches!(self.attributes.first(AttributeKind::Sensitive), Some(Attribute::Sensitive(true)))
    }

    /// Whether its value may leave the server at all (KMIP 1.4 §3.50).
    #[must_use]
    pub fn is_extractable(&self) -> bool {
        let extractable = self.attributes.first(AttributeKind::Extractable);
        !matches!(extractable, Some(Attribute::Extractable(false)))
    }

    /// Whether it is a one-time pad (KMIP 1.3 §9.1.3.2.13), whatever its type.
    #[must_use]
    pub fn is_pad(&self) -> bool {
        let algorithm = self.attributes.first(AttributeKind::CryptographicAlgorithm);
        let pad = Attribute::CryptographicAlgorithm(CryptographicAlgorithm::OneTimePad);
        algorithm == Some(&pad)
    }

    /// Whether its value is gone.
    #[must_use]
    pub fn is_destroyed(&self) -> bool {
        matches!(self.state(), State::Destroyed | State::DestroyedCompromised)
    }

    /// Whether not even its attributes are there any more: a destroyed Template is no object to
    /// anybody (KMIP 1.4 §4.21).
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.object_type == ObjectType::Template && self.is_destroyed()
    }

    /// Whether it is in the archive: from Archive to Recover it has an Archive Date (KMIP 1.4 §3.32).
    #[must_use]
    pub fn is_archived(&self) -> bool {
        self.attributes.first(AttributeKind::ArchiveDate).is_some()
    }

    /// The dates that move it by themselves.
    #[must_use]
    pub fn dates(&self) -> Dates {
        Dates { activation: self.activation_date(), deactivation: self.deactivation_date() }
    }

    /// Whether its state may change by time alone.
    #[must_use]
    pub fn is_timed(&self) -> bool {
        lifecycle::is_timed(self.state(), self.dates())
    }

    /// The object as it is at `now` (seconds since the epoch), if a date has moved it since it was
    /// kept.
    #[must_use]
    pub fn settled(&self, now: i64) -> Option<Self> {
        let (state, entered) = lifecycle::settle(self.state(), self.dates(), now);
        let entered = entered?;
        let mut settled = self.clone();
        settled.attributes.put(Attribute::State(state));
        settled.attributes.put(Attribute::LastChangeDate(DateTime(entered)));
        Some(settled)
    }

    /// Takes a step of the life-cycle and notes when. The dates that belong to the step are the
    /// caller's to set.
    ///
    /// # Errors
    /// [`NoSuchStep`] where the specification draws no arrow.
    pub fn step(&mut self, event: Event, now: i64) -> Result<State, NoSuchStep> {
        let from = self.state();
        let state = lifecycle::after(from, event).ok_or(NoSuchStep { from })?;
        self.attributes.put(Attribute::State(state));
        self.touch(now);
        Ok(state)
    }

    /// Notes that the object or an attribute of it was changed now.
    pub fn touch(&mut self, now: i64) {
        self.attributes.put(Attribute::LastChangeDate(DateTime(now)));
    }
}
