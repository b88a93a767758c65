//! How many connections there may be: in all, and per tenant.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::tenant::TenantName;

/// Counts the connections of each tenant.
#[derive(Debug)]
pub(super) struct TenantPlaces {
    max: usize,
    taken: Mutex<HashMap<TenantName, usize>>,
}

impl TenantPlaces {
    pub(super) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { max, taken: Mutex::default() })
    }

    /// Takes a place for a connection of `tenant`, if there is one.
    pub(super) fn take(self: &Arc<Self>, tenant: &TenantName) -> Option<TenantPlace> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(tenant.clone()).or_default();
        if *count >= self.max {
            return None;
        }
        *count += 1;
        Some(TenantPlace { places: Arc::clone(self), tenant: tenant.clone() })
    }

    fn give_back(&self, tenant: &TenantName) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(tenant) {
            *count -= 1;
            if *count == 0 {
                taken.remove(tenant);
            }
        }
    }
}

/// One connection's place; given back when this is dropped.
#[derive(Debug)]
pub(super) struct TenantPlace {
    places: Arc<TenantPlaces>,
    tenant: TenantName,
}

impl Drop for TenantPlace {
    fn drop(&mut self) {
        self.places.give_back(&self.tenant);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_tenant_does_not_take_the_places_of_another() {
        let places = TenantPlaces::new(2);
        let [a, b] = ["a", "b"].map(|name| TenantName::new(name).unwrap());
        let first = places.take(&a).unwrap();
        let _second = places.take(&a).unwrap();
        assert!(places.take(&a).is_none());
        assert!(places.take(&b).is_some());
        drop(first);
        assert!(places.take(&a).is_some());
    }

    #[test]
    fn a_tenant_without_connections_costs_nothing() {
        let places = TenantPlaces::new(1);
        drop(places.take(&TenantName::new("a").unwrap()));
        assert!(places.taken.lock().unwrap().is_empty());
    }
}
