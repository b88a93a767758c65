//! Query (KMIP 1.4 §4.25, KMIP 2.1 §6.1.40): answered from the tables that serve.

use kmip_ttlv::enums::{
    ClientRegistrationMethod, DestroyAction, ObjectType, Operation, QueryFunction, RngMode,
    ShreddingAlgorithm, UnwrapMode,
};
use kmip_ttlv::payload::ResponsePayload;
use kmip_ttlv::payload::query::{Request, Response};
use kmip_ttlv::structure::{
    AnyItems, CapabilityInformation, ExtensionInformation, ProtectionStorageMasks,
    ServerInformation,
};

use super::facts::VENDOR;
use super::{
    Context, Failure, Outcome, SERVED, creation, defaults, generators, is_served, profiles,
};
use crate::crypto::key::lattice;

/// The requests that the server itself sends, to clients that listen (KMIP 1.4 §5, KMIP 2.1 §6.2).
const SENT: &[Operation] = &[Operation::Notify, Operation::Put];

/// The object types that clients can bring or have made.
const OBJECT_TYPES: &[ObjectType] = &[
    ObjectType::Certificate,
    ObjectType::SymmetricKey,
    ObjectType::PublicKey,
    ObjectType::PrivateKey,
    ObjectType::SplitKey,
    ObjectType::Template,
    ObjectType::SecretData,
    ObjectType::OpaqueObject,
    ObjectType::PgpKey,
    ObjectType::CertificateRequest,
];

/// Tells what is asked for; a function that is not known is left out, and so is what the client's
/// version cannot say. A list without functions gets an answer without content (a client exists).
pub(super) async fn query(cx: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    let version = cx.version();
    let said = &cx.parts().facts.statements;
    let mut response = Response::default();
    for function in &request.functions {
        match function {
            QueryFunction::QueryOperations => {
                // Under a ticket only what it allows.
                let allowed = |it| cx.permit().is_none_or(|permit| permit.allows(it));
                let served = |it| is_served(cx, it);
                let known = |it: &&Operation| it.is_in(version) && allowed(**it) && served(**it);
                response.operations = SERVED.iter().chain(SENT).filter(known).copied().collect();
            }
            QueryFunction::QueryObjects => {
                let known = |kind: &&ObjectType| kind.is_in(version);
                response.object_types = OBJECT_TYPES.iter().filter(known).copied().collect();
            }
            QueryFunction::QueryServerInformation => {
                response.vendor = Some(VENDOR.to_owned());
                response.server_information = Some(server_information(cx));
            }
            QueryFunction::QueryRnGs => response.rngs = generators::all(cx),
            QueryFunction::QueryCapabilities => response.capabilities = vec![capabilities(cx)],
            QueryFunction::QueryClientRegistrationMethods => {
                response.client_registration_methods = registration_methods(cx);
            }
            QueryFunction::QueryExtensionList | QueryFunction::QueryExtensionMap => {
                let with_map = request.functions.contains(&QueryFunction::QueryExtensionMap);
                response.extensions = extensions(cx, with_map);
            }
            QueryFunction::QueryValidations => response.validations.clone_from(&said.validations),
            QueryFunction::QueryProfiles => response.profiles = profiles::told(cx),
            QueryFunction::QueryDefaultsInformation => {
                let groups = request.object_groups.as_ref();
                response.defaults = Some(defaults::told(cx, groups).await?);
            }
            QueryFunction::QueryStorageProtectionMasks => {
                response.protection_storage_masks =
                    Some(ProtectionStorageMasks { masks: vec![creation::STORAGE] });
            }
            // No namespaces and no attestation are claimed.
            _ => {}
        }
    }
    Ok(Outcome::told(ResponsePayload::Query(Box::new(response))))
}

/// How clients become known to the server (KMIP 2.1 §11.10). What the server knows of it is whether it
/// renews certificates; where clients have their first ones from, it does not.
fn registration_methods(cx: &Context<'_>) -> Vec<ClientRegistrationMethod> {
    use ClientRegistrationMethod as Method;
    let said = &cx.parts().facts.statements.client_registration;
    match (said.is_empty(), is_served(cx, Operation::ReProvision)) {
        (false, _) => said.clone(),
        (true, true) => vec![Method::ClientGenerated, Method::ClientRegistered],
        (true, false) => vec![Method::Unspecified],
    }
}

/// The vendor extensions: by name, or by all that is known of them.
fn extensions(cx: &Context<'_>, with_map: bool) -> Vec<ExtensionInformation> {
    let shown = |known: &ExtensionInformation| {
        let tag = known.tag.filter(|_| with_map);
        let kind = known.kind.filter(|_| with_map);
        ExtensionInformation { tag, kind, ..known.clone() }
    };
    cx.parts().facts.statements.extensions.iter().map(shown).collect()
}

fn server_information(cx: &Context<'_>) -> ServerInformation {
    let facts = &cx.parts().facts;
    ServerInformation {
        name: Some(facts.server_name.clone()),
        serial_number: None,
        version: Some(facts.server_version.to_owned()),
        load: None,
        product: Some(VENDOR.to_owned()),
        build_level: None,
        build_date: None,
        cluster: None,
        failover_endpoints: Vec::new(),
        vendor_specific: AnyItems::default(),
    }
}

/// Whether the caller can have key pairs made that are quantum safe: its tenant may forbid them.
fn is_quantum_safe(cx: &Context<'_>) -> bool {
    let mut sets = lattice::SETS.iter().flat_map(|set| set.algorithms);
    sets.any(|algorithm| creation::allowed(cx, *algorithm, None).is_ok())
}

fn capabilities(cx: &Context<'_>) -> CapabilityInformation {
    CapabilityInformation {
        streaming: Some(true),
        asynchronous: Some(true),
        attestation: Some(false),
        batch_undo: Some(true),
        batch_continue: Some(true),
        unwrap_mode: Some(UnwrapMode::NotProcessed),
        destroy_action: Some(DestroyAction::KeyMaterialDeleted),
        shredding_algorithm: Some(ShreddingAlgorithm::Unsupported),
        rng_mode: Some(RngMode::SharedInstantiation),
        quantum_safe: Some(is_quantum_safe(cx)),
    }
}
