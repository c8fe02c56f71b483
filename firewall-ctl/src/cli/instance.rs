//! Commands on instances: machines, by their interfaces.

use super::call::{Call, Changing, DryRun, Guard, Listing, TagSpecifications};
use super::values::attribute;

/// Make the record of an instance: a machine that is there already
///
/// The service has no such command: there, run-instances makes the machine. A host that runs the controller has registered
/// itself.
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl register-instance \
      --network-interface-ids eni-0123456789abcdef0 \
      --tag-specifications 'ResourceType=instance,Tags=[{Key=Name,Value=db1}]'")]
pub(super) struct RegisterInstance {
    /// Its interfaces, the primary one first
    #[arg(long, value_name = "INTERFACE", num_args = 1..)]
    network_interface_ids: Vec<String>,
    #[command(flatten)]
    tags: TagSpecifications,
    #[command(flatten)]
    change: Changing,
}

impl RegisterInstance {
    pub(super) fn call(self) -> Call {
        let Self { network_interface_ids, tags, change } = self;
        Call::new("RegisterInstance")
            .with_list("NetworkInterfaceIds", &network_interface_ids)
            .with_tags(&tags)
            .changing(change)
    }
}

/// Take the record of an instance away
///
/// Its interfaces are detached from it, and deleted where they go with it. The service has no such command.
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl deregister-instance --instance-id i-0123456789abcdef0")]
pub(super) struct DeregisterInstance {
    /// The instance
    #[arg(long, value_name = "INSTANCE")]
    instance_id: String,
    #[command(flatten)]
    change: Changing,
}

impl DeregisterInstance {
    pub(super) fn call(self) -> Call {
        let Self { instance_id, change } = self;
        Call::new("DeregisterInstance").with("InstanceId", instance_id).changing(change)
    }
}

/// List instances with their interfaces: this host, and those that were registered
#[derive(clap::Args, Debug)]
#[command(after_help = r"Examples:
  firewall-ctl describe-instances
  firewall-ctl describe-instances \
      --filters Name=private-ip-address,Values=10.20.1.7")]
pub(super) struct DescribeInstances {
    /// These only; an unknown one is an error
    #[arg(long, value_name = "INSTANCE", num_args = 1..)]
    instance_ids: Vec<String>,
    /// Also those that others manage: there are none
    #[arg(long)]
    include_managed_resources: bool,
    #[command(flatten)]
    list: Listing,
}

impl DescribeInstances {
    pub(super) fn call(self) -> Call {
        let Self { instance_ids, include_managed_resources, list } = self;
        Call::new("DescribeInstances")
            .with_list("InstanceIds", &instance_ids)
            .with_flag("IncludeManagedResources", include_managed_resources)
            .listing(list)
    }
}

/// Tell one attribute of an instance
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl describe-instance-attribute --instance-id i-0123456789abcdef0 \
      --attribute groupSet")]
pub(super) struct DescribeInstanceAttribute {
    /// The instance
    #[arg(long, value_name = "INSTANCE")]
    instance_id: String,
    /// groupSet or sourceDestCheck
    #[arg(long, value_name = "NAME")]
    attribute: String,
    #[command(flatten)]
    dry_run: DryRun,
}

impl DescribeInstanceAttribute {
    pub(super) fn call(self) -> Call {
        let Self { instance_id, attribute, dry_run } = self;
        Call::new("DescribeInstanceAttribute")
            .with("InstanceId", instance_id)
            .with("Attribute", attribute)
            .with_dry_run(dry_run)
    }
}

/// Change one attribute of the only interface of an instance
///
/// Of several interfaces, modify-network-interface-attribute changes one.
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl modify-instance-attribute --instance-id i-0123456789abcdef0 \
      --groups sg-0123456789abcdef0")]
pub(super) struct ModifyInstanceAttribute {
    /// The instance
    #[arg(long, value_name = "INSTANCE")]
    instance_id: String,
    /// The groups of its interface from now on, by id
    #[arg(long, value_name = "GROUP", num_args = 1..)]
    groups: Vec<String>,
    /// Whether packets are held against the addresses of its interface
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", overrides_with = "no_source_dest_check",
        value_parser = attribute::boolean)]
    source_dest_check: Option<bool>,
    /// The contrary of --source-dest-check
    #[arg(long, overrides_with = "source_dest_check")]
    no_source_dest_check: bool,
    #[command(flatten)]
    change: Changing,
}

impl ModifyInstanceAttribute {
    pub(super) fn call(self) -> Call {
        let Self { instance_id, groups, source_dest_check, no_source_dest_check, change } = self;
        Call::new("ModifyInstanceAttribute")
            .with("InstanceId", instance_id)
            .with_list("Groups", &groups)
            .with_some("SourceDestCheck", attribute::wish(source_dest_check, no_source_dest_check))
            .changing(change)
    }
}

/// Give a network interface to an instance
///
/// This is a record: which interface is whose. It puts no programs on a device; `attach DEV --network-interface-id` does.
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl attach-network-interface --instance-id i-0123456789abcdef0 \
      --network-interface-id eni-0123456789abcdef0 --device-index 1")]
pub(super) struct AttachNetworkInterface {
    /// The interface
    #[arg(long, value_name = "INTERFACE")]
    network_interface_id: String,
    /// The instance
    #[arg(long, value_name = "INSTANCE")]
    instance_id: String,
    /// The place among the instance's interfaces; the primary one is at 0
    #[arg(long, value_name = "NUMBER")]
    device_index: u32,
    /// 0; there is no other card
    #[arg(long, value_name = "NUMBER")]
    network_card_index: Option<u32>,
    #[command(flatten)]
    change: Changing,
}

impl AttachNetworkInterface {
    pub(super) fn call(self) -> Call {
        let Self { network_interface_id, instance_id, device_index, network_card_index, change } = self;
        Call::new("AttachNetworkInterface")
            .with("NetworkInterfaceId", network_interface_id)
            .with("InstanceId", instance_id)
            .with("DeviceIndex", device_index)
            .with_some("NetworkCardIndex", network_card_index)
            .changing(change)
    }
}

/// Take a network interface from its instance
///
/// This is a record. It takes no programs off a device; `detach DEV` does, and takes an interface that came with a device from
/// its instance, too.
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl detach-network-interface \
      --attachment-id eni-attach-0123456789abcdef0")]
pub(super) struct DetachNetworkInterface {
    /// The attachment, as describe-network-interfaces tells it
    #[arg(long, value_name = "ATTACHMENT")]
    attachment_id: String,
    #[command(flatten)]
    change: Changing,
}

impl DetachNetworkInterface {
    pub(super) fn call(self) -> Call {
        let Self { attachment_id, change } = self;
        Call::new("DetachNetworkInterface").with("AttachmentId", attachment_id).changing(change)
    }
}

/// Refused: no machines are made here
///
/// Start the machine yourself, and make its record with register-instance. Flags of the service are taken, and change nothing
/// about that.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:
  firewall-ctl run-instances")]
pub(super) struct RunInstances {
    /// What the service would be asked for
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    ignored: Vec<String>,
}

impl RunInstances {
    pub(super) fn call(self) -> Call {
        let Self { ignored: _ } = self;
        Call::new("RunInstances").guarded(Guard::default())
    }
}
