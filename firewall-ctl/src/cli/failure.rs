//! Why a command failed: what is printed, and the exit code that scripts written for the AWS CLI expect.

use crate::api::ApiErrorBody;
use crate::api::client::ClientError;
use crate::daemon::DaemonError;
use crate::dataplane::DataplaneError;
use std::error::Error;
use std::fmt::Write;
use std::path::PathBuf;

/// Exit codes: those of version 2 of the AWS CLI, and one for what is no failure.
pub(super) mod code {
    /// The packet that was asked about is dropped.
    pub(crate) const DROPPED: u8 = 1;
    /// The command line is wrong.
    pub(crate) const USAGE: u8 = 252;
    /// The surroundings are: no controller, a bad configuration, no privileges.
    pub(crate) const ENVIRONMENT: u8 = 253;
    /// The controller refused.
    pub(crate) const REFUSED: u8 = 254;
    /// Anything else.
    pub(crate) const OTHER: u8 = 255;
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("no controller answers on {}: start it with `firewall-ctl daemon`", .0.display())]
    NoController(PathBuf),
    #[error("no access to {}: run it with sudo, or as a member of the group `firewall`", .0.display())]
    NoAccess(PathBuf),
    #[error("An error occurred ({}) when calling the {operation} operation: {}", error.code, error.message)]
    Refused { operation: &'static str, error: ApiErrorBody },
    #[error(transparent)]
    Daemon(#[from] DaemonError),
    #[error(transparent)]
    Dataplane(#[from] DataplaneError),
    #[error("{what}")]
    Other { what: String, source: Option<Box<dyn Error + Send + Sync>> },
}

impl Failure {
    /// What a call that brought no answer means.
    pub(super) fn of_call(operation: &'static str, error: ClientError) -> Self {
        match error {
            ClientError::NoController(socket) => Self::NoController(socket),
            ClientError::NoAccess(socket) => Self::NoAccess(socket),
            ClientError::Refused(error) => Self::Refused { operation, error },
            ClientError::Other(what) => Self::Other { what, source: None },
        }
    }

    /// A failure with its cause.
    pub(super) fn new(what: impl Into<String>, source: impl Error + Send + Sync + 'static) -> Self {
        Self::Other { what: what.into(), source: Some(Box::new(source)) }
    }

    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::NoController(_) | Self::NoAccess(_) => code::ENVIRONMENT,
            Self::Refused { .. } => code::REFUSED,
            // Of why a daemon does not start, these are about what it was told and where it was started.
            Self::Daemon(DaemonError::Config(_) | DaemonError::Lock(_) | DaemonError::Privileges(_)) => {
                code::ENVIRONMENT
            }
            Self::Dataplane(DataplaneError::Privileges(_)) => code::ENVIRONMENT,
            Self::Daemon(_) | Self::Dataplane(_) => code::OTHER,
            Self::Other { .. } => code::OTHER,
        }
    }

    /// What goes to stderr. A refusal looks as in the AWS CLI, with what we know beyond it on the lines below.
    pub(super) fn report(&self) -> String {
        let mut report = match self {
            Self::Refused { .. } => format!("\n{self}\n"),
            Self::NoController(_) | Self::NoAccess(_) | Self::Daemon(_) | Self::Dataplane(_) | Self::Other { .. } => {
                format!("firewall-ctl: {self}\n")
            }
        };
        if let Self::Refused { error: ApiErrorBody { detail: Some(detail), .. }, .. } = self {
            report.push_str(detail.trim_end());
            report.push('\n');
        }
        let mut cause = self.source();
        while let Some(error) = cause {
            // Writing to a String can't fail.
            let _always = writeln!(report, "  because: {error}");
            cause = error.source();
        }
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::ConfigError;
    use crate::dataplane::MissingPrivileges;
    use std::io;

    fn refusal(detail: Option<&str>) -> Failure {
        let mut error = ApiErrorBody::new("InvalidGroup.NotFound", "The security group 'sg-00000000' does not exist");
        error.detail = detail.map(str::to_owned);
        Failure::of_call("DeleteSecurityGroup", ClientError::Refused(error))
    }

    #[test]
    fn refusals_look_as_in_the_aws_cli() {
        let wanted = "\nAn error occurred (InvalidGroup.NotFound) when calling the DeleteSecurityGroup operation: \
                      The security group 'sg-00000000' does not exist\n";
        assert_eq!(refusal(None).report(), wanted);
        let detail = "Groups that there are:\n  sg-1 default";
        assert_eq!(refusal(Some(detail)).report(), format!("{wanted}{detail}\n"));
        assert_eq!(refusal(None).exit_code(), 254);
    }

    #[test]
    fn without_a_controller_the_way_to_start_one_is_named() {
        let failure = Failure::of_call("Status", ClientError::NoController("/run/x.sock".into()));
        let wanted = "firewall-ctl: no controller answers on /run/x.sock: start it with `firewall-ctl daemon`\n";
        assert_eq!(failure.report(), wanted);
        assert_eq!(failure.exit_code(), 253);
    }

    #[test]
    fn causes_are_listed() {
        let source = io::Error::other("disk gone");
        let failure = Failure::from(DaemonError::Config(ConfigError::Read { path: "/etc/f.toml".into(), source }));
        assert_eq!(
            failure.report(),
            "firewall-ctl: bad configuration\n  because: cannot read the configuration file /etc/f.toml\n  \
             because: disk gone\n"
        );
        assert_eq!(failure.exit_code(), 253);
    }

    #[test]
    fn the_rest_is_255() {
        let failure = Failure::of_call("Status", ClientError::Other("the connection broke".to_owned()));
        assert_eq!((failure.report().as_str(), failure.exit_code()), ("firewall-ctl: the connection broke\n", 255));
        assert_eq!(Failure::new("no", io::Error::other("x")).exit_code(), 255);
    }

    #[test]
    fn missing_privileges_are_253() {
        let missing = MissingPrivileges { missing: vec!["CAP_BPF".to_owned()] };
        let failure = Failure::from(DataplaneError::from(missing));
        assert_eq!(failure.exit_code(), 253);
        assert!(failure.report().contains("root"), "{}", failure.report());
    }
}
