//! EC2's Query protocol: the second wire of the actions, for the AWS CLI, SDKs and what is built on them. See docs/ec2-api.md.
//!
//! Nothing here knows a single action. A request comes as a form and becomes the JSON that [`Request::parse`] reads; the
//! JSON of an answer becomes XML; both by the table of [`shapes`], which holds how the service names each member on its wire.
//!
//! ```text
//! octets -> form -> gate (who calls, by signature) -> decode -> api::server::Service -> xml -> octets
//! ```
//!
//! [`Request::parse`]: crate::actions::Request::parse

pub mod credentials;
pub mod decode;
pub mod form;
pub mod gate;
pub mod limits;
pub mod local;
pub mod server;
pub mod shapes;
pub mod signature;
pub mod sts;
pub mod tls;
pub mod xml;

#[cfg(test)]
mod tests;

/// The version of the API, which every request names.
pub const VERSION: &str = "2016-11-15";
