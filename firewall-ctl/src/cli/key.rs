//! Commands on access keys, by which callers of the EC2 API sign.

use super::call::Call;

/// Make an access key for the EC2 API (daemon --listen)
///
/// The answer holds the secret, which is shown only now. Give both to the AWS CLI, an SDK, Ansible or Terraform, with this
/// controller as the endpoint.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  firewall-ctl create-access-key --user-name terraform --role admin
  firewall-ctl create-access-key --user-name dashboard --role read-only \\
      --vpc-id vpc-0123456789abcdef0")]
pub(super) struct CreateAccessKey {
    /// A name for whoever is to have it
    #[arg(long, value_name = "NAME")]
    user_name: Option<String>,
    /// What it may do: read-only, operator (groups, rules, what interfaces carry) or admin [default: operator]
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    /// The account that owns what is made by it, and whose things it sees [default: that of the controller]
    #[arg(long, value_name = "ID")]
    account_id: Option<String>,
    /// The only VPC that it sees and changes
    #[arg(long, value_name = "VPC")]
    vpc_id: Option<String>,
}

impl CreateAccessKey {
    pub(super) fn call(self) -> Call {
        let Self { user_name, role, account_id, vpc_id } = self;
        Call::new("CreateAccessKey")
            .with_some("UserName", user_name)
            .with_some("Role", role)
            .with_some("AccountId", account_id)
            .with_some("VpcId", vpc_id)
    }
}

/// List access keys, without their secrets
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:
  firewall-ctl list-access-keys")]
pub(super) struct ListAccessKeys {
    /// Of this name only
    #[arg(long, value_name = "NAME")]
    user_name: Option<String>,
}

impl ListAccessKeys {
    pub(super) fn call(self) -> Call {
        let Self { user_name } = self;
        Call::new("ListAccessKeys").with_some("UserName", user_name)
    }
}

/// Delete an access key: what comes signed by it is refused at once
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:
  firewall-ctl delete-access-key --access-key-id AKIAABCDEFGHIJKLMNOP")]
pub(super) struct DeleteAccessKey {
    /// The key
    #[arg(long, value_name = "KEY")]
    access_key_id: String,
}

impl DeleteAccessKey {
    pub(super) fn call(self) -> Call {
        let Self { access_key_id } = self;
        Call::new("DeleteAccessKey").with("AccessKeyId", access_key_id)
    }
}
