//! Requests and responses as wholes (KMIP 1.4 §6 and §7, KMIP 2.1 §8 and §9).
//!
//! A server reads with [`request::read`], which looks at the header and leaves the batch items for
//! later, and writes with a [`ResponseWriter`]. A client and the tests use [`RequestMessage`] and
//! [`ResponseMessage`], which hold everything.

mod batch_item;
mod extension;
mod header;
pub mod request;
pub mod response;
mod whole;

pub use batch_item::{
    RequestBatchItem, RequestItem, ResponseBatchItem, ResponseItem, UnreadableItem,
};
pub use extension::MessageExtension;
pub use header::{Asynchronous, RequestHeader, ResponseHeader};
pub use request::{Refused, Request};
pub use response::ResponseWriter;
pub use whole::{RequestMessage, ResponseMessage};
