//! Subnets, blocks of VPCs, gateways, and what is told around them.

use super::*;

/// A subnet of a new VPC (10.0.0.0/16), and that.
fn subnet(world: &mut World) -> (String, String) {
    let vpc = world.vpc();
    (text(&create(world, &vpc, "10.0.1.0/24")["SubnetId"]), vpc)
}

fn create(world: &mut World, vpc: &str, block: &str) -> Value {
    world.done("CreateSubnet", json!({"VpcId": vpc, "CidrBlock": block}))["Subnet"].clone()
}

/// Gives a VPC an IPv6 block, and tells its first 64 bits as a block.
fn ipv6_of(world: &mut World, vpc: &str) -> (String, String) {
    let answer = world.done("AssociateVpcCidrBlock", json!({"VpcId": vpc, "AmazonProvidedIpv6CidrBlock": true}));
    let association = &answer["Ipv6CidrBlockAssociation"];
    let part = text(&association["Ipv6CidrBlock"]).replace("/56", "/64");
    (text(&association["AssociationId"]), part)
}

fn described(world: &mut World, subnet: &str) -> Value {
    world.done("DescribeSubnets", json!({"SubnetIds": [subnet]}))["Subnets"][0].clone()
}

#[test]
fn a_subnet_is_told_as_the_service_tells_it() {
    let mut world = World::new();
    let vpc = world.vpc();
    let tags = json!([{"ResourceType": "subnet", "Tags": [{"Key": "Name", "Value": "lab"}]}]);
    let body =
        json!({"VpcId": vpc, "CidrBlock": "10.0.1.9/24", "AvailabilityZone": "locala", "TagSpecifications": tags});
    let made = world.done("CreateSubnet", body)["Subnet"].clone();
    let id = text(&made["SubnetId"]);
    assert_eq!(id.len(), "subnet-".len() + 17, "{id}");
    let expected = json!({
        "AvailabilityZoneId": "local-az1",
        "MapCustomerOwnedIpOnLaunch": false,
        "OwnerId": "000000000000",
        "AssignIpv6AddressOnCreation": false,
        "Ipv6CidrBlockAssociationSet": [],
        "Tags": [{"Key": "Name", "Value": "lab"}],
        "SubnetArn": format!("arn:aws:ec2:local:000000000000:subnet/{id}"),
        "EnableDns64": false,
        "Ipv6Native": false,
        "PrivateDnsNameOptionsOnLaunch": {"HostnameType": "ip-name", "EnableResourceNameDnsARecord": false,
            "EnableResourceNameDnsAAAARecord": false},
        "SubnetId": id,
        "State": "available",
        "VpcId": vpc,
        "CidrBlock": "10.0.1.0/24",
        "AvailableIpAddressCount": 251,
        "AvailabilityZone": "locala",
        "DefaultForAz": false,
        "MapPublicIpOnLaunch": false,
    });
    assert_eq!(made, expected);
    assert_eq!(described(&mut world, &id), expected);
    for (name, value) in [
        ("cidr-block", "10.0.1.*"),
        ("vpc-id", vpc.as_str()),
        ("tag:Name", "lab"),
        ("available-ip-address-count", "251"),
    ] {
        let filters = json!([{"Name": name, "Values": [value]}]);
        let found = world.done("DescribeSubnets", json!({"Filters": filters}))["Subnets"].clone();
        assert_eq!(found, json!([expected]), "{name}");
    }
    world.done("DeleteSubnet", json!({"SubnetId": id}));
    let message = format!("The subnet ID '{id}' does not exist");
    world.refuses("DeleteSubnet", json!({"SubnetId": id}), ErrorCode::InvalidSubnetIdNotFound, &message, None);
}

#[test]
fn blocks_of_subnets_lie_in_the_vpc_and_overlap_nowhere() {
    let mut world = World::new();
    let (subnet, vpc) = subnet(&mut world);
    let body = |block: &str| json!({"VpcId": vpc, "CidrBlock": block});
    let mut refuses = |body: Value, code, message: &str, detail: &str| {
        world.refuses("CreateSubnet", body, code, message, Some(detail));
    };
    let conflict = "The CIDR '10.0.1.128/25' conflicts with another subnet";
    let holder = format!("It overlaps a block of {subnet}.");
    refuses(body("10.0.1.128/25"), ErrorCode::InvalidSubnetConflict, conflict, &holder);
    let outside = format!("It lies in no block of {vpc}, which has 10.0.0.0/16.");
    refuses(body("10.1.0.0/24"), ErrorCode::InvalidSubnetRange, "The CIDR '10.1.0.0/24' is invalid.", &outside);
    let size = "The block of a subnet is from /16 to /28.";
    refuses(body("10.0.2.0/29"), ErrorCode::InvalidSubnetRange, "The CIDR '10.0.2.0/29' is invalid.", size);
    let with = |member: &str, value: Value| {
        let mut body = body("10.0.2.0/24");
        body[member] = value;
        body
    };
    let zone = "Value (localb) for parameter availabilityZone is invalid. Subnets can currently only be created in the \
                following availability zones: locala.";
    world.refuses(
        "CreateSubnet",
        with("AvailabilityZone", json!("localb")),
        ErrorCode::InvalidParameterValue,
        zone,
        None,
    );
    let error = world.refused("CreateSubnet", with("Ipv6Native", json!(true)));
    assert_eq!(error.code, ErrorCode::UnsupportedOperation);
    let error = world.refused("CreateSubnet", with("OutpostArn", json!("arn:aws:outposts:x")));
    assert_eq!(error.message, "The parameter OutpostArn of CreateSubnet is not supported.");
    let malformed = json!({"SubnetId": "subnet"});
    let (code, message) = (ErrorCode::InvalidSubnetIdMalformed, "The subnet ID 'subnet' is malformed");
    let detail = "It is subnet- and 17 digits 0-9 and a-f, or 8 for an old one.";
    world.refuses("DeleteSubnet", malformed, code, message, Some(detail));
    world.quotas.subnets_per_vpc = 1;
    // The conflict before the quota.
    let error = world.refused("CreateSubnet", body("10.0.1.128/25"));
    assert_eq!(error.code, ErrorCode::InvalidSubnetConflict);
    let message = "The maximum number of subnets has been reached.";
    let detail = format!("{vpc} has 1; the limit is 1.");
    world.refuses("CreateSubnet", body("10.0.2.0/24"), ErrorCode::SubnetLimitExceeded, message, Some(&detail));
}

#[test]
fn a_subnet_in_use_stays() {
    let mut world = World::new();
    let (subnet, vpc) = subnet(&mut world);
    let made = world.done("CreateNetworkInterface", json!({"SubnetId": subnet}))["NetworkInterface"].clone();
    let interface = text(&made["NetworkInterfaceId"]);
    assert_eq!(described(&mut world, &subnet)["AvailableIpAddressCount"], 250);
    let message = format!("The subnet '{subnet}' has dependencies and cannot be deleted.");
    let detail = format!("interface {interface} is in it");
    let body = json!({"SubnetId": subnet});
    world.refuses("DeleteSubnet", body.clone(), ErrorCode::DependencyViolation, &message, Some(&detail));
    let error = world.refused("DeleteVpc", json!({"VpcId": vpc}));
    assert_eq!(error.detail.unwrap(), format!("subnet {subnet} is in it\ninterface {interface} is in it"));
    world.done("DeleteNetworkInterface", json!({"NetworkInterfaceId": interface}));
    world.done("DeleteSubnet", body);
    world.done("DeleteVpc", json!({"VpcId": vpc}));
}

#[test]
fn blocks_of_a_vpc_come_and_go() {
    let mut world = World::new();
    let (subnet, vpc) = subnet(&mut world);
    let answer = world.done("AssociateVpcCidrBlock", json!({"VpcId": vpc, "CidrBlock": "10.1.0.0/16"}));
    let second = text(&answer["CidrBlockAssociation"]["AssociationId"]);
    let associated =
        json!({"AssociationId": second, "CidrBlock": "10.1.0.0/16", "CidrBlockState": {"State": "associated"}});
    assert_eq!(answer, json!({"CidrBlockAssociation": associated, "VpcId": vpc}));
    let conflict = "The CIDR '10.1.128.0/17' conflicts with another block of the VPC";
    let body = json!({"VpcId": vpc, "CidrBlock": "10.1.128.0/17"});
    world.refuses("AssociateVpcCidrBlock", body, ErrorCode::CidrConflict, conflict, None);
    let error = world.refused("AssociateVpcCidrBlock", json!({"VpcId": vpc}));
    assert_eq!(error.code, ErrorCode::MissingParameter);
    let in_second = text(&create(&mut world, &vpc, "10.1.1.0/24")["SubnetId"]);
    let disassociate = json!({"AssociationId": second});
    let message = format!("The vpc {vpc} currently has a subnet within CIDR block 10.1.0.0/16");
    let detail = format!("subnet {in_second} is in it");
    let code = ErrorCode::InvalidCidrBlockInUse;
    world.refuses("DisassociateVpcCidrBlock", disassociate.clone(), code, &message, Some(&detail));
    world.done("DeleteSubnet", json!({"SubnetId": in_second}));
    let answer = world.done("DisassociateVpcCidrBlock", disassociate.clone());
    assert_eq!(answer["CidrBlockAssociation"]["CidrBlockState"]["State"], "disassociated");
    let message = format!("The vpc CIDR block association ID '{second}' does not exist");
    let code = ErrorCode::InvalidVpcCidrBlockAssociationIdNotFound;
    world.refuses("DisassociateVpcCidrBlock", disassociate, code, &message, None);
    let vpcs = world.done("DescribeVpcs", json!({"VpcIds": [vpc]}));
    let first = text(&vpcs["Vpcs"][0]["CidrBlockAssociationSet"][0]["AssociationId"]);
    let message = format!(
        "The vpc CIDR block with association ID {first} may not be disassociated. It is the primary IPv4 CIDR block of the VPC"
    );
    let body = json!({"AssociationId": first});
    world.refuses("DisassociateVpcCidrBlock", body, ErrorCode::OperationNotPermitted, &message, None);
    // IPv6: a block in which a subnet lies stays, too.
    let (association, part) = ipv6_of(&mut world, &vpc);
    world.done("AssociateSubnetCidrBlock", json!({"SubnetId": subnet, "Ipv6CidrBlock": part}));
    let error = world.refused("DisassociateVpcCidrBlock", json!({"AssociationId": association}));
    assert_eq!(error.code, ErrorCode::InvalidCidrBlockInUse);
    world.quotas.cidr_blocks_per_vpc = 1;
    let message = format!("This network '{vpc}' has met its maximum number of allowed CIDRs: 1");
    let body = json!({"VpcId": vpc, "CidrBlock": "10.2.0.0/16"});
    world.refuses("AssociateVpcCidrBlock", body, ErrorCode::CidrLimitExceeded, &message, None);
    let body = json!({"VpcId": vpc, "AmazonProvidedIpv6CidrBlock": true});
    world.refuses("AssociateVpcCidrBlock", body, ErrorCode::CidrLimitExceeded, &message, None);
    let body = json!({"VpcId": vpc, "CidrBlock": "10.0.128.0/17"});
    assert_eq!(world.refused("AssociateVpcCidrBlock", body).code, ErrorCode::CidrConflict, "before the limit");
}

#[test]
fn the_ipv6_block_of_a_subnet_comes_and_goes_and_is_seen_to_go() {
    let mut world = World::new();
    let (subnet, vpc) = subnet(&mut world);
    let (_, part) = ipv6_of(&mut world, &vpc);
    let set = |value: bool| json!({"SubnetId": subnet, "AssignIpv6AddressOnCreation": {"Value": value}});
    let error = world.refused("ModifySubnetAttribute", set(true));
    assert!(error.message.starts_with("Invalid value 'true' for assignIpv6AddressOnCreation."), "{error}");
    let body = json!({"SubnetId": subnet, "Ipv6CidrBlock": part});
    let answer = world.done("AssociateSubnetCidrBlock", body.clone());
    let id = text(&answer["Ipv6CidrBlockAssociation"]["AssociationId"]);
    assert_eq!(answer["Ipv6CidrBlockAssociation"]["Ipv6CidrBlockState"]["State"], "associated");
    let message = format!("The subnet '{subnet}' already has an IPv6 CIDR block.");
    let detail = format!("It is {part} ({id}).");
    let code = ErrorCode::OperationNotPermitted;
    world.refuses("AssociateSubnetCidrBlock", body.clone(), code, &message, Some(&detail));
    world.done("ModifySubnetAttribute", set(true));
    let body_of = json!({"AssociationId": id});
    let message = format!(
        "The subnet IPv6 CIDR block with association ID {id} may not be disassociated, because its subnet has \
         assign-ipv6-address-on-creation set to true."
    );
    let code = ErrorCode::InvalidCidrBlockInUse;
    world.refuses("DisassociateSubnetCidrBlock", body_of.clone(), code, &message, None);
    // A new interface gets an address unasked, and holds the block.
    let made = world.done("CreateNetworkInterface", json!({"SubnetId": subnet}))["NetworkInterface"].clone();
    let address: std::net::Ipv6Addr = text(&made["Ipv6Addresses"][0]["Ipv6Address"]).parse().unwrap();
    assert!(part.parse::<ipnet::Ipv6Net>().unwrap().contains(&address));
    world.done("ModifySubnetAttribute", set(false));
    let error = world.refused("DisassociateSubnetCidrBlock", body_of.clone());
    assert_eq!(error.detail.unwrap(), format!("interface {} has an address of it", text(&made["NetworkInterfaceId"])));
    world.done("DeleteNetworkInterface", json!({"NetworkInterfaceId": made["NetworkInterfaceId"]}));
    world.done("DisassociateSubnetCidrBlock", body_of.clone());
    let code = ErrorCode::InvalidSubnetCidrBlockAssociationIdNotFound;
    let message = format!("The subnet CIDR block with association ID '{id}' does not exist");
    world.refuses("DisassociateSubnetCidrBlock", body_of, code, &message, None);
    // Clients wait until they see that it is gone.
    let filters = json!([{"Name": "ipv6-cidr-block-association.state", "Values": ["disassociated"]}]);
    let seen = |world: &mut World| world.done("DescribeSubnets", json!({"Filters": filters}))["Subnets"].clone();
    assert_eq!(seen(&mut world)[0]["SubnetId"], json!(subnet));
    world.now += std::time::Duration::from_secs(3601);
    assert_eq!(seen(&mut world), json!([]));
}

#[test]
fn attributes_are_set_one_by_one_and_read_back() {
    let mut world = World::new();
    let (subnet, vpc) = subnet(&mut world);
    for (attribute, member, first) in [
        ("enableDnsSupport", "EnableDnsSupport", true),
        ("enableDnsHostnames", "EnableDnsHostnames", false),
        ("enableNetworkAddressUsageMetrics", "EnableNetworkAddressUsageMetrics", false),
    ] {
        for value in [first, !first] {
            let told = world.done("DescribeVpcAttribute", json!({"VpcId": vpc, "Attribute": attribute}));
            assert_eq!(told, json!({member: {"Value": value}, "VpcId": vpc}));
            let body = json!({"VpcId": vpc, member: {"Value": !first}});
            assert_eq!(world.done("ModifyVpcAttribute", body), json!({}));
        }
    }
    let body = json!({"VpcId": vpc, "EnableDnsSupport": {"Value": true}, "EnableDnsHostnames": {"Value": true}});
    let message = "Fields for multiple attribute types specified.";
    let code = ErrorCode::InvalidParameterCombination;
    world.refuses("ModifyVpcAttribute", body, code, message, Some("One request changes one attribute."));
    // What is wrong with the request comes before what it names.
    for vpc in [vpc.as_str(), NO_VPC] {
        let error = world.refused("ModifyVpcAttribute", json!({"VpcId": vpc}));
        assert_eq!(error.message, "No attributes specified.");
    }
    let error = world.refused("ModifySubnetAttribute", json!({"SubnetId": NO_SUBNET}));
    assert_eq!(error.message, "No attributes specified.");
    let error = world.refused("DescribeVpcAttribute", json!({"VpcId": NO_VPC, "Attribute": "colour"}));
    assert_eq!(error.message, "Value (colour) for parameter attribute is invalid. Unknown attribute.");
    for (body, member) in [
        (json!({"MapPublicIpOnLaunch": {"Value": true}}), "MapPublicIpOnLaunch"),
        (json!({"EnableDns64": {"Value": true}}), "EnableDns64"),
    ] {
        let mut body = body;
        body["SubnetId"] = json!(subnet);
        world.done("ModifySubnetAttribute", body);
        assert_eq!(described(&mut world, &subnet)[member], true);
    }
    let kind = json!({"SubnetId": subnet, "PrivateDnsHostnameTypeOnLaunch": "resource-name"});
    world.done("ModifySubnetAttribute", kind);
    let record = json!({"SubnetId": subnet, "EnableResourceNameDnsAAAARecordOnLaunch": {"Value": true}});
    world.done("ModifySubnetAttribute", record);
    let options = described(&mut world, &subnet)["PrivateDnsNameOptionsOnLaunch"].clone();
    assert_eq!(
        (&options["HostnameType"], &options["EnableResourceNameDnsAAAARecord"]),
        (&json!("resource-name"), &json!(true))
    );
    let error =
        world.refused("ModifySubnetAttribute", json!({"SubnetId": subnet, "PrivateDnsHostnameTypeOnLaunch": "x"}));
    assert_eq!(error.code, ErrorCode::InvalidParameterValue);
}

#[test]
fn the_default_vpc_and_its_subnet_are_made_again() {
    let mut world = World::new();
    let message = "A Default VPC already exists for this account in this region.";
    let detail = format!("It is {}.", world.default_vpc());
    world.refuses("CreateDefaultVpc", json!({}), ErrorCode::DefaultVpcAlreadyExists, message, Some(&detail));
    let zone = json!({"AvailabilityZone": "locala"});
    let error = world.refused("CreateDefaultSubnet", zone.clone());
    assert_eq!(error.code, ErrorCode::DefaultSubnetAlreadyExists);
    let id = world.model.subnets.keys().next().unwrap().to_string();
    world.done("DeleteSubnet", json!({"SubnetId": id}));
    let again = world.done("CreateDefaultSubnet", zone.clone())["Subnet"].clone();
    assert_eq!((&again["DefaultForAz"], &again["CidrBlock"]), (&json!(true), &json!("172.31.0.0/20")));
    world.done("DeleteSubnet", json!({"SubnetId": again["SubnetId"]}));
    // Where another one is, it takes the next room.
    let vpc = world.default_vpc();
    create(&mut world, &vpc, "172.31.1.0/24");
    let again = world.done("CreateDefaultSubnet", zone.clone())["Subnet"].clone();
    assert_eq!(again["CidrBlock"], "172.31.16.0/20");
    for subnet in world.model.subnets.keys().map(ToString::to_string).collect::<Vec<_>>() {
        world.done("DeleteSubnet", json!({"SubnetId": subnet}));
    }
    world.done("DeleteVpc", json!({"VpcId": vpc}));
    assert_eq!(world.refused("CreateDefaultSubnet", zone).code, ErrorCode::DefaultVpcDoesNotExist);
    let detail = Some("Name the VPC: describe-vpcs lists them, and create-default-vpc makes a default one.");
    let unplaced = json!({"GroupName": "web", "Description": "d"});
    let code = ErrorCode::VpcIdNotSpecified;
    world.refuses("CreateSecurityGroup", unplaced, code, "No default VPC for this user", detail);
    let made = world.done("CreateDefaultVpc", json!({}))["Vpc"].clone();
    assert_eq!((&made["IsDefault"], &made["CidrBlock"]), (&json!(true), &json!("172.31.0.0/16")));
    assert_eq!(world.done("DescribeSubnets", json!({}))["Subnets"].as_array().unwrap().len(), 1);
}

#[test]
fn the_default_group_gets_egress_of_ipv6_unless_somebody_changed_it() {
    let mut world = World::new();
    let egress = |world: &mut World, vpc: &str, name: &str| {
        let filters = json!([{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": [name]}]);
        let group = world.done("DescribeSecurityGroups", json!({ "Filters": filters }))["SecurityGroups"][0].clone();
        let item = &group["IpPermissionsEgress"][0];
        (text(&group["GroupId"]), item["IpRanges"].clone(), item["Ipv6Ranges"].clone())
    };
    let (ipv4, ipv6) = (json!([{"CidrIp": "0.0.0.0/0"}]), json!([{"CidrIpv6": "::/0"}]));
    let vpc = world.vpc();
    world.group_in(&vpc, "web");
    let (group, ..) = egress(&mut world, &vpc, "default");
    world.done("AssociateVpcCidrBlock", json!({"VpcId": vpc, "CidrBlock": "10.1.0.0/16"}));
    assert_eq!(egress(&mut world, &vpc, "default").2, json!([]));
    ipv6_of(&mut world, &vpc);
    assert_eq!(egress(&mut world, &vpc, "default"), (group.clone(), ipv4, ipv6.clone()));
    assert_eq!(egress(&mut world, &vpc, "web").2, json!([]), "it is about the default group");
    // Taken away again, it does not come back with a further block.
    let item = json!({"IpProtocol": "-1", "Ipv6Ranges": ipv6});
    world.done("RevokeSecurityGroupEgress", json!({"GroupId": group, "IpPermissions": [item]}));
    ipv6_of(&mut world, &vpc);
    assert_eq!(egress(&mut world, &vpc, "default").2, json!([]));
    // What was changed before the first block is left alone.
    let vpc = world.vpc();
    let (group, ..) = egress(&mut world, &vpc, "default");
    let item = json!({"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]});
    let body = json!({"GroupId": group, "Direction": "egress", "IpPermissionsEgress": [item]});
    world.done("ReplaceSecurityGroupRules", body);
    ipv6_of(&mut world, &vpc);
    assert_eq!(egress(&mut world, &vpc, "default").2, json!([]));
}

#[test]
fn a_vpc_with_the_group_of_2009_gets_no_gateway() {
    let mut world = World::new();
    let vpc = world.vpc();
    let group = world.group_in(&vpc, "2009-07-15-default");
    let gateway = text(&world.done("CreateInternetGateway", json!({}))["InternetGateway"]["InternetGatewayId"]);
    let body = json!({"InternetGatewayId": gateway, "VpcId": vpc});
    let message = format!("The VPC '{vpc}' has the security group '2009-07-15-default' and can't have a gateway.");
    let detail = format!("Delete it first: `delete-security-group --group-id {group}`.");
    let code = ErrorCode::OperationNotPermitted;
    world.refuses("AttachInternetGateway", body.clone(), code, &message, Some(&detail));
    world.done("DeleteSecurityGroup", json!({"GroupId": group}));
    world.done("AttachInternetGateway", body);
}

#[test]
fn gateways_are_attached_to_one_vpc_each() {
    let mut world = World::new();
    let (first, second) = (world.vpc(), world.vpc());
    let make = |world: &mut World| {
        let made = world.done("CreateInternetGateway", json!({}))["InternetGateway"].clone();
        assert_eq!(made["Attachments"], json!([]));
        text(&made["InternetGatewayId"])
    };
    let (gateway, other) = (make(&mut world), make(&mut world));
    let body = |gateway: &str, vpc: &str| json!({"InternetGatewayId": gateway, "VpcId": vpc});
    world.done("AttachInternetGateway", body(&gateway, &first));
    let message = format!("resource {gateway} is already attached to network {first}");
    let code = ErrorCode::ResourceAlreadyAssociated;
    world.refuses("AttachInternetGateway", body(&gateway, &second), code, &message, None);
    let message = format!("Network {first} already has an internet gateway attached");
    let detail = format!("It is {gateway}.");
    let code = ErrorCode::InvalidParameterValue;
    world.refuses("AttachInternetGateway", body(&other, &first), code, &message, Some(&detail));
    let message = format!("resource {gateway} is not attached to network {second}");
    world.refuses("DetachInternetGateway", body(&gateway, &second), ErrorCode::GatewayNotAttached, &message, None);
    let filters = json!([{"Name": "attachment.vpc-id", "Values": [first]}]);
    let found = world.done("DescribeInternetGateways", json!({"Filters": filters}))["InternetGateways"].clone();
    let attached = json!([{"State": "available", "VpcId": first}]);
    assert_eq!((found.as_array().unwrap().len(), &found[0]["Attachments"]), (1, &attached));
    let delete = json!({"InternetGatewayId": gateway});
    let message = format!("The internetGateway '{gateway}' has dependencies and cannot be deleted.");
    let detail = format!("It is attached to {first}.");
    let code = ErrorCode::DependencyViolation;
    world.refuses("DeleteInternetGateway", delete.clone(), code, &message, Some(&detail));
    let error = world.refused("DeleteVpc", json!({"VpcId": first}));
    assert_eq!(error.detail.unwrap(), format!("internet gateway {gateway} is attached to it"));
    world.done("DetachInternetGateway", body(&gateway, &first));
    world.done("DeleteInternetGateway", delete.clone());
    let message = format!("The internetGateway ID '{gateway}' does not exist");
    world.refuses("DeleteInternetGateway", delete, ErrorCode::InvalidInternetGatewayIdNotFound, &message, None);
    let error = world.refused("DeleteInternetGateway", json!({"InternetGatewayId": "gate"}));
    assert_eq!(error.code, ErrorCode::InvalidInternetGatewayIdMalformed);
}

#[test]
fn what_is_beside_the_groups_has_tags() {
    let mut world = World::new();
    let (subnet, _) = subnet(&mut world);
    let gateway = text(&world.done("CreateInternetGateway", json!({}))["InternetGateway"]["InternetGatewayId"]);
    let instance = text(&world.done("RegisterInstance", json!({}))["Instance"]["InstanceId"]);
    let resources = json!([subnet, gateway, instance]);
    world.done("CreateTags", json!({"Resources": resources, "Tags": [{"Key": "k", "Value": "v"}]}));
    let filters = json!([{"Name": "key", "Values": ["k"]}]);
    let mut told = world.done("DescribeTags", json!({"Filters": filters}))["Tags"].as_array().unwrap().clone();
    told.sort_by_key(|tag| text(&tag["ResourceType"]));
    let kinds: Vec<String> = told.iter().map(|tag| text(&tag["ResourceType"])).collect();
    assert_eq!(kinds, ["instance", "internet-gateway", "subnet"]);
    world.done("DeleteTags", json!({"Resources": resources, "Tags": [{"Key": "k"}]}));
    assert_eq!(world.done("DescribeTags", json!({"Filters": filters}))["Tags"], json!([]));
}

#[test]
fn surroundings_are_told_from_what_there_is() {
    let mut world = World::new();
    let (subnet, vpc) = subnet(&mut world);
    let zones = world.done("DescribeAvailabilityZones", json!({}))["AvailabilityZones"].clone();
    assert_eq!((&zones[0]["ZoneName"], &zones[0]["State"]), (&json!("locala"), &json!("available")));
    let error = world.refused("DescribeAvailabilityZones", json!({"ZoneNames": ["localb"]}));
    assert_eq!(error.message, "Invalid availability zone: [localb]");
    let regions = world.done("DescribeRegions", json!({"RegionNames": ["local"]}))["Regions"].clone();
    assert_eq!(regions[0]["RegionName"], "local");
    let attributes = world.done("DescribeAccountAttributes", json!({"AttributeNames": ["default-vpc"]}));
    let value = json!([{"AttributeValue": world.default_vpc()}]);
    assert_eq!(attributes["AccountAttributes"], json!([{"AttributeName": "default-vpc", "AttributeValues": value}]));
    assert_eq!(
        world.refused("DescribeAccountAttributes", json!({"AttributeNames": ["x"]})).code,
        ErrorCode::InvalidParameterValue
    );
    let of_vpc = json!({"Filters": [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "default", "Values": ["true"]}]});
    let acls = world.done("DescribeNetworkAcls", of_vpc)["NetworkAcls"].clone();
    assert_eq!(acls.as_array().unwrap().len(), 1);
    assert_eq!(acls[0]["Associations"][0]["SubnetId"], json!(subnet));
    let allows = acls[0]["Entries"].as_array().unwrap().iter().filter(|entry| entry["RuleAction"] == "allow").count();
    assert_eq!(allows, 2, "IPv4 in and out: the VPC has no IPv6");
    let main =
        json!({"Filters": [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "association.main", "Values": ["true"]}]});
    let tables = world.done("DescribeRouteTables", main)["RouteTables"].clone();
    assert_eq!(tables[0]["Routes"][0]["DestinationCidrBlock"], "10.0.0.0/16");
    assert_eq!(tables.as_array().unwrap().len(), 1);
    let detail = Some("Each VPC has its main table; there are no others.");
    let (body, message) =
        (json!({"RouteTableIds": ["rtb-00000000"]}), "The routeTable ID 'rtb-00000000' does not exist");
    world.refuses("DescribeRouteTables", body, ErrorCode::InvalidRouteTableIdNotFound, message, detail);
    let detail = Some("Each VPC has one, which allows everything; there are no others.");
    let (body, message) =
        (json!({"NetworkAclIds": ["acl-00000000"]}), "The networkAcl ID 'acl-00000000' does not exist");
    world.refuses("DescribeNetworkAcls", body, ErrorCode::InvalidNetworkAclIdNotFound, message, detail);
}

#[test]
fn listings_come_page_by_page() {
    let mut world = World::new();
    world.quotas.vpcs = 20;
    world.quotas.internet_gateways = 20;
    for _ in 0..12 {
        let vpc = world.vpc();
        create(&mut world, &vpc, "10.0.1.0/24");
        world.done("CreateInternetGateway", json!({}));
        world.done("RegisterInstance", json!({}));
    }
    for (operation, list) in [
        ("DescribeVpcs", "Vpcs"),
        ("DescribeSubnets", "Subnets"),
        ("DescribeInternetGateways", "InternetGateways"),
        ("DescribeInstances", "Reservations"),
        ("DescribeNetworkAcls", "NetworkAcls"),
        ("DescribeRouteTables", "RouteTables"),
    ] {
        let whole = world.done(operation, json!({}))[list].as_array().unwrap().clone();
        let mut seen = Vec::new();
        let mut token = None;
        loop {
            let mut body = json!({"MaxResults": 5});
            if let Some(token) = token {
                body["NextToken"] = token;
            }
            let page = world.done(operation, body);
            seen.extend(page[list].as_array().unwrap().clone());
            token = page.get("NextToken").cloned();
            if token.is_none() {
                break;
            }
        }
        assert!(whole.len() >= 12 && seen == whole, "{operation}");
    }
}
