//! Whether the configured root keys open what is in a copy of a store: the shared one, and tenants' own.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use keystrata::clock::{Clock, SystemClock};
use keystrata::config::Config;
use keystrata::keys::{
    OpenError, OwnRoots as _, RootError, RootKey, prove_sample, sample_provider,
};
use keystrata::metrics::{Metrics, MetricsSettings};
use keystrata::store::RootSample;
use keystrata::tenant::TenantName;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::super::{Environment, Failure};
use super::failed;
use super::own_roots::OwnRoots;
use super::root::{Roots, ensure_environment};

/// Tenants' tokens that are asked at the same time.
const TENANTS_AT_ONCE: usize = 16;

/// What a root key says of a copy.
pub(in super::super) enum Proof {
    /// It opens an envelope under each version that the copy names.
    Opens,
    /// It could not be asked, for this reason.
    NotReached(String),
    /// It is another one, or lacks a version.
    Wrong(String),
}

impl Proof {
    fn of(proved: Result<(), OpenError>) -> Self {
        match proved {
            Ok(()) => Self::Opens,
            Err(OpenError::Root(why @ (RootError::Unavailable(_) | RootError::Overloaded))) => {
                Self::NotReached(why.to_string())
            }
            Err(wrong) => Self::Wrong(wrong.to_string()),
        }
    }
}

impl std::fmt::Display for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Opens => f.write_str("opens it"),
            Self::NotReached(why) => write!(f, "not reached: {why}"),
            Self::Wrong(why) => write!(f, "does not open it: {why}"),
        }
    }
}

/// What all of them say.
pub(in super::super) struct Proofs {
    /// The one that tenants share.
    pub(in super::super) shared: Proof,
    /// Those of tenants' own. What is wrong with one concerns its tenant alone.
    pub(in super::super) own: BTreeMap<TenantName, Proof>,
}

/// Has the configured root keys prove that they open `samples`. Blocks; may start this process anew.
///
/// # Errors
/// No root key could be asked at all.
pub(in super::super) fn prove(
    config: &Config,
    environment: &Environment,
    samples: &[RootSample],
) -> Result<Proofs, Failure> {
    for place in std::iter::once(&config.root.place).chain(&config.root.next) {
        ensure_environment(place, environment)?;
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let metrics = Metrics::new(&MetricsSettings::default());
    let roots = Roots::new(config, Path::new(""), environment, &clock, &metrics)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(failed)?;
    let (mut shared, mut own): (Vec<_>, BTreeMap<_, Vec<_>>) = Default::default();
    for sample in samples {
        match sample.own() {
            None => shared.push(sample),
            Some(tenant) => own.entry(tenant.clone()).or_default().push(sample.clone()),
        }
    }
    let shared = prove_shared(&roots, &runtime, &shared)?;
    Ok(Proofs { shared, own: runtime.block_on(prove_own(&roots.own(), own)) })
}

fn prove_shared(
    roots: &Roots,
    runtime: &Runtime,
    samples: &[&RootSample],
) -> Result<Proof, Failure> {
    let mut opened: Vec<Arc<dyn RootKey>> = Vec::new();
    for sample in samples {
        let (provider, _) = sample_provider(sample).map_err(failed)?;
        let known = opened.iter().find(|root| root.provider() == provider).cloned();
        let root = match known.map_or_else(|| roots.open(Some(provider)), Ok) {
            Ok(root) => root,
            Err(why) => return Ok(Proof::NotReached(why.to_string())),
        };
        match Proof::of(runtime.block_on(prove_sample(&*root, sample))) {
            Proof::Opens => opened.push(root),
            other => return Ok(other),
        }
    }
    Ok(Proof::Opens)
}

async fn prove_own(
    roots: &Arc<OwnRoots>,
    samples: BTreeMap<TenantName, Vec<RootSample>>,
) -> BTreeMap<TenantName, Proof> {
    let (mut proofs, mut asked) = (BTreeMap::new(), JoinSet::new());
    for (tenant, samples) in samples {
        if asked.len() >= TENANTS_AT_ONCE {
            proofs.extend(asked.join_next().await.and_then(Result::ok));
        }
        let roots = Arc::clone(roots);
        asked.spawn(async move {
            let proof = prove_own_of(&roots, &tenant, &samples).await;
            (tenant, proof)
        });
    }
    proofs.extend(asked.join_all().await);
    proofs
}

async fn prove_own_of(roots: &OwnRoots, tenant: &TenantName, samples: &[RootSample]) -> Proof {
    let root = match roots.open(tenant) {
        None => return Proof::NotReached(format!("there is no [root.tenants.{tenant}]")),
        Some(Err(why)) => return Proof::NotReached(why),
        Some(Ok(own)) => own.root,
    };
    let mut proof = Proof::Opens;
    for sample in samples {
        proof = Proof::of(prove_sample(&*root, sample).await);
        if !matches!(proof, Proof::Opens) {
            break;
        }
    }
    // The last one who has a token waits for it.
    let _ = tokio::task::spawn_blocking(move || drop(root)).await;
    proof
}
