//! The values that labels may take: closed lists, so that no label grows with clients.

/// A closed list of label values.
pub trait Label: Copy + Into<usize> + 'static {
    /// The name of the label.
    const NAME: &'static str;
    /// All values, in the order of their numbers.
    const ALL: &'static [(Self, &'static str)];
}

macro_rules! label {
    (
        $(#[$doc:meta])*
        $name:ident as $label:literal { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// The value as text, as `/metrics` and the log show it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl From<$name> for usize {
            fn from(value: $name) -> Self {
                value as Self
            }
        }

        impl Label for $name {
            const NAME: &'static str = $label;
            const ALL: &'static [(Self, &'static str)] = &[$((Self::$variant, $text)),+];
        }
    };
}

label! {
    /// How a call or an operation ended.
    Ending as "result" {
        /// It was done.
        Success = "success",
        /// It was refused or failed.
        Failure = "failure",
    }
}

label! {
    /// The protocol of a handshake.
    TlsVersion as "version" {
        /// TLS 1.2.
        Tls12 = "1.2",
        /// TLS 1.3.
        Tls13 = "1.3",
    }
}

label! {
    /// Why a connection was not taken.
    ConnectionRefusal as "reason" {
        /// The bound on connections in all is reached.
        Total = "limit",
        /// The tenant's bound on connections is reached.
        Tenant = "tenant_limit",
        /// The server is draining.
        Draining = "draining",
    }
}

label! {
    /// Why a connection ended.
    ConnectionEnd as "reason" {
        /// The peer closed it.
        Peer = "peer",
        /// It was idle for too long.
        Idle = "idle",
        /// A message was not complete in time.
        ReadDeadline = "read_deadline",
        /// The peer did not take the answer in time.
        WriteDeadline = "write_deadline",
        /// The peer sent something after which the stream cannot be read on.
        Protocol = "protocol",
        /// The socket failed.
        Broken = "broken",
        /// The client's certificate has expired.
        Expired = "expired",
        /// More has happened than the peer could be told.
        Behind = "behind",
        /// The server drained.
        Drained = "drained",
    }
}

label! {
    /// Why a handshake did not lead to an identity.
    HandshakeRefusal as "reason" {
        /// No common protocol version, suite or group.
        NothingInCommon = "nothing_in_common",
        /// The peer sent no certificate.
        NoCertificate = "no_certificate",
        /// No trusted authority issued the certificate.
        Untrusted = "untrusted",
        /// The certificate is not valid yet or not valid any more.
        OutOfDate = "out_of_date",
        /// The certificate is revoked.
        Revoked = "revoked",
        /// The certificate cannot be read or is not for clients.
        BadCertificate = "bad_certificate",
        /// No rule finds an identity in the certificate.
        NoIdentity = "no_identity",
        /// The certificate names two identities.
        TwoIdentities = "two_identities",
        /// The authority is bound to other tenants.
        WrongAuthority = "wrong_authority",
        /// The tenant or service does not exist and is not registered automatically.
        Unregistered = "unregistered",
        /// The tenant or service is suspended or shredded.
        Suspended = "suspended",
        /// The handshake was not complete in time.
        Deadline = "deadline",
        /// The peer went away.
        Gone = "gone",
        /// What is none of these.
        Other = "other",
    }
}

label! {
    /// Why a whole message was refused.
    MessageRefusal as "reason" {
        /// It is larger than the limit.
        TooLong = "too_long",
        /// It nests deeper than the limit.
        TooDeep = "too_deep",
        /// It has more items than the limit.
        TooManyItems = "too_many_items",
        /// It has more batch items than the limit.
        TooManyBatchItems = "too_many_batch_items",
        /// Its protocol version is not served.
        UnsupportedVersion = "unsupported_version",
        /// It cannot be read.
        Malformed = "malformed",
    }
}

label! {
    /// Why a commit was not made.
    CommitFailure as "reason" {
        /// A row had moved on.
        Conflict = "conflict",
        /// The disk is full or cannot be written.
        Unwritable = "unwritable",
        /// Too much work was queued.
        Overloaded = "overloaded",
        /// The store failed.
        Failed = "failed",
    }
}

label! {
    /// What the root key was asked for.
    RootCall as "call" {
        /// To seal a tenant's key.
        Seal = "seal",
        /// To open a tenant's key.
        Open = "open",
        /// To log in to the token again.
        Reconnect = "reconnect",
    }
}

label! {
    /// Which key was not in memory and had to be opened.
    ColdKey as "level" {
        /// A tenant's key (L2).
        Tenant = "tenant",
        /// A service's key (L3).
        Service = "service",
    }
}
