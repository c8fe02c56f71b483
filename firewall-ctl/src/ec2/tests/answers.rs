//! The members of our answers are those of the service, and of its types. What a type has, serde tells a reader that
//! follows it.

use crate::actions::Request;
use crate::actions::types::*;
use crate::ec2::local;
use crate::ec2::shapes::{Form, Shapes, StructureIndex};
use serde::de::DeserializeOwned;
use serde_reflection::{ContainerFormat, Format, Registry, Tracer, TracerConfig};

/// The type of an answer.
struct Answer {
    operation: &'static str,
    format: Format,
    registry: Registry,
}

fn answer<T: DeserializeOwned>(operation: &'static str) -> Answer {
    let mut tracer = Tracer::new(TracerConfig::default());
    let (format, _) = tracer.trace_simple_type::<T>().unwrap_or_else(|error| panic!("{operation}: {error}"));
    let registry = tracer.registry().unwrap_or_else(|error| panic!("{operation}: {error}"));
    Answer { operation, format, registry }
}

/// The actions that EC2 has, with what they answer.
fn answers() -> Vec<Answer> {
    macro_rules! answers {
        ($($operation:ident: $answer:ty,)*) => { vec![$(answer::<$answer>(stringify!($operation)),)*] };
    }
    answers! {
        CreateVpc: CreateVpcResult,
        CreateDefaultVpc: CreateDefaultVpcResult,
        DescribeVpcs: DescribeVpcsResult,
        DescribeVpcAttribute: DescribeVpcAttributeResult,
        ModifyVpcAttribute: Done,
        AssociateVpcCidrBlock: VpcCidrBlockResult,
        DisassociateVpcCidrBlock: VpcCidrBlockResult,
        DeleteVpc: Done,
        CreateSubnet: CreateSubnetResult,
        CreateDefaultSubnet: CreateSubnetResult,
        DescribeSubnets: DescribeSubnetsResult,
        ModifySubnetAttribute: Done,
        AssociateSubnetCidrBlock: SubnetCidrBlockResult,
        DisassociateSubnetCidrBlock: SubnetCidrBlockResult,
        DeleteSubnet: Done,
        CreateInternetGateway: CreateInternetGatewayResult,
        DescribeInternetGateways: DescribeInternetGatewaysResult,
        AttachInternetGateway: Done,
        DetachInternetGateway: Done,
        DeleteInternetGateway: Done,
        DescribeInstances: DescribeInstancesResult,
        DescribeInstanceAttribute: DescribeInstanceAttributeResult,
        ModifyInstanceAttribute: Done,
        AttachNetworkInterface: AttachNetworkInterfaceResult,
        DetachNetworkInterface: Done,
        DescribeAvailabilityZones: DescribeAvailabilityZonesResult,
        DescribeRegions: DescribeRegionsResult,
        DescribeAccountAttributes: DescribeAccountAttributesResult,
        DescribeNetworkAcls: DescribeNetworkAclsResult,
        DescribeRouteTables: DescribeRouteTablesResult,
        CreateSecurityGroup: CreateSecurityGroupResult,
        DescribeSecurityGroups: DescribeSecurityGroupsResult,
        DeleteSecurityGroup: DeleteSecurityGroupResult,
        AuthorizeSecurityGroupIngress: AuthorizeResult,
        AuthorizeSecurityGroupEgress: AuthorizeResult,
        RevokeSecurityGroupIngress: RevokeResult,
        RevokeSecurityGroupEgress: RevokeResult,
        DescribeSecurityGroupRules: DescribeSecurityGroupRulesResult,
        ModifySecurityGroupRules: Confirmation,
        UpdateSecurityGroupRuleDescriptionsIngress: Confirmation,
        UpdateSecurityGroupRuleDescriptionsEgress: Confirmation,
        CreateManagedPrefixList: ManagedPrefixListResult,
        ModifyManagedPrefixList: ManagedPrefixListResult,
        RestoreManagedPrefixListVersion: ManagedPrefixListResult,
        DeleteManagedPrefixList: ManagedPrefixListResult,
        DescribeManagedPrefixLists: DescribeManagedPrefixListsResult,
        GetManagedPrefixListEntries: GetManagedPrefixListEntriesResult,
        GetManagedPrefixListAssociations: GetManagedPrefixListAssociationsResult,
        DescribePrefixLists: DescribePrefixListsResult,
        CreateTags: Done,
        DeleteTags: Done,
        DescribeTags: DescribeTagsResult,
        CreateNetworkInterface: CreateNetworkInterfaceResult,
        DeleteNetworkInterface: Done,
        DescribeNetworkInterfaces: DescribeNetworkInterfacesResult,
        ModifyNetworkInterfaceAttribute: Done,
        DescribeNetworkInterfaceAttribute: DescribeNetworkInterfaceAttributeResult,
        ResetNetworkInterfaceAttribute: Done,
        AssignPrivateIpAddresses: AssignPrivateIpAddressesResult,
        UnassignPrivateIpAddresses: Done,
        AssignIpv6Addresses: AssignIpv6AddressesResult,
        UnassignIpv6Addresses: UnassignIpv6AddressesResult,
    }
}

impl Answer {
    fn structure(&self, index: StructureIndex, format: &Format) {
        let structure = Shapes::get().structure(index);
        let Format::TypeName(name) = format else { panic!("{}: {format:?} is no structure", self.operation) };
        let fields = match &self.registry[name] {
            ContainerFormat::Struct(fields) => fields,
            other => panic!("{}: {name} is {other:?}", self.operation),
        };
        for field in fields {
            let place = format!("{}: {name}.{}", self.operation, field.name);
            match structure.members.iter().find(|member| member.name == field.name) {
                Some(member) => self.value(member.form, &field.value, &place),
                None => assert!(
                    local::ANSWERED.contains(&(&structure.name, &field.name)),
                    "{place}: the service has no such member in its {}; is it one of ours?",
                    structure.name
                ),
            }
        }
    }

    fn value(&self, form: Form, format: &Format, place: &str) {
        match (form, format) {
            (form, Format::Option(inner)) => self.value(form, inner, place),
            (Form::Structure(index), format) => self.structure(index, format),
            (Form::List(list), Format::Seq(item)) => self.value(Shapes::get().list(list).of, item, place),
            (Form::Text | Form::Timestamp | Form::Blob, Format::Str)
            | (Form::Boolean, Format::Bool)
            | (Form::Double, Format::F64)
            | (Form::Integer, Format::I32 | Format::I64 | Format::U8 | Format::U16 | Format::U32 | Format::U64) => {}
            // An enumeration without values is text.
            (Form::Text, Format::TypeName(name)) => {
                assert!(matches!(self.registry[name], ContainerFormat::Enum(_)), "{place}: {name} is no text");
            }
            (form, format) => panic!("{place}: the service has {form:?}, and we have {format:?}"),
        }
    }
}

#[test]
fn members_of_answers_are_those_of_the_service() {
    let shapes = Shapes::get();
    let answers = answers();
    for answer in &answers {
        let operation = shapes.operation(answer.operation).expect("an operation of the service");
        match (operation.output, &answer.format) {
            // What we say beside it is not sent.
            (None, Format::TypeName(name)) if name == "Done" => {}
            (None, format) => panic!("{}: the service answers nothing, and we {format:?}", answer.operation),
            (Some(index), format) => answer.structure(index, format),
        }
    }
    // RunInstances answers nothing but its refusal.
    let known = |operation: &&&str| **operation != "RunInstances" && shapes.operation(operation).is_some();
    for operation in Request::OPERATIONS.iter().filter(known) {
        assert!(
            answers.iter().any(|answer| answer.operation == *operation),
            "{operation}: add it to the list above, with the type of its answer"
        );
    }
}
