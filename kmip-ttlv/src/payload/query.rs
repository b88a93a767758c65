//! Query: what the other side can do (KMIP 1.4 §4.25 and §5.3, KMIP 2.1 §6.1.40 and §6.2.4).

use crate::attribute::RngParameters;
use crate::codec::ttlv_struct;
use crate::enums::{
    AttestationType, ClientRegistrationMethod, ObjectType, Operation, QueryFunction,
};
use crate::structure::{
    CapabilityInformation, DefaultsInformation, ExtensionInformation, ObjectGroups,
    ProfileInformation, ProtectionStorageMasks, ServerInformation, ValidationInformation,
};

ttlv_struct! {
    /// What the asker wants to know (KMIP 1.4 §4.25 and §5.3, KMIP 2.1 §6.1.40 and §6.2.4).
    pub struct Request {
        /// What is asked for.
        QueryFunction => functions: Vec<QueryFunction>;
        /// Groups that the question about defaults is limited to.
        ObjectGroups @ V2_1.. => object_groups: Option<ObjectGroups>;
    }
}

ttlv_struct! {
    /// The answers, each present only if it was asked for (KMIP 1.4 §4.25 and §5.3, KMIP 2.1
    /// §6.1.40 and §6.2.4).
    #[derive(Default)]
    pub struct Response {
        /// Operations that are supported.
        Operation => operations: Vec<Operation>;
        /// Object types that are supported.
        ObjectType => object_types: Vec<ObjectType>;
        /// Who made the answering side.
        VendorIdentification => vendor: Option<String>;
        /// What the answering side tells about itself.
        ServerInformation => server_information: Option<ServerInformation>;
        /// Namespaces for which the server makes up application data.
        ApplicationNamespace => application_namespaces: Vec<String>;
        /// Vendor extensions to the tags.
        ExtensionInformation @ V1_1.. => extensions: Vec<ExtensionInformation>;
        /// Kinds of attestation that are accepted.
        AttestationType @ V1_2.. => attestation_types: Vec<AttestationType>;
        /// Random number generators in use.
        RngParameters @ V1_3.. => rngs: Vec<RngParameters>;
        /// Profiles that are conformed to.
        ProfileInformation @ V1_3.. => profiles: Vec<ProfileInformation>;
        /// Validations that have been passed.
        ValidationInformation @ V1_3.. => validations: Vec<ValidationInformation>;
        /// Optional behaviour that is supported.
        CapabilityInformation @ V1_3.. => capabilities: Vec<CapabilityInformation>;
        /// How clients become known to the server.
        ClientRegistrationMethod @ V1_3..
            => client_registration_methods: Vec<ClientRegistrationMethod>;
        /// Attribute values for objects made without them.
        DefaultsInformation @ V2_0.. => defaults: Option<DefaultsInformation>;
        /// Kinds of storage that the server can give.
        ProtectionStorageMasks @ V2_0.. => protection_storage_masks: Option<ProtectionStorageMasks>;
    }
}
