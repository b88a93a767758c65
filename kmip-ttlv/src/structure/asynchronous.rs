//! Lists of asynchronous requests (KMIP 2.1 §7.1, §7.2 and §7.25).

use crate::DateTimeExtended;
use crate::codec::ttlv_struct;
use crate::enums::{Operation, ProcessingStage};

ttlv_struct! {
    /// The asynchronous requests meant, by the values that the server gave (KMIP 2.1 §7.1).
    pub struct AsynchronousCorrelationValues {
        /// One value for each request.
        AsynchronousCorrelationValue @ V2_1.. => values: Vec<Vec<u8>>;
    }
}

ttlv_struct! {
    /// An asynchronous request whose result has not been fetched (KMIP 2.1 §7.2).
    pub struct AsynchronousRequest {
        /// The value that the server gave when it answered Pending.
        AsynchronousCorrelationValue => correlation_value: Vec<u8>;
        /// What was asked for.
        Operation => operation: Operation;
        /// When it was asked for.
        SubmissionDate => submission_date: DateTimeExtended;
        /// How far it has come.
        ProcessingStage => stage: ProcessingStage;
    }
}

ttlv_struct! {
    /// A list of operations (KMIP 2.1 §7.25).
    pub struct Operations {
        /// The operations.
        Operation => operations: Vec<Operation>;
    }
}
