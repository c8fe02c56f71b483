use super::*;

#[test]
fn a_host_starts_with_a_dual_stack_default_vpc() {
    let mut world = World::new();
    let vpcs = world.done("DescribeVpcs", json!({}));
    let ipv6 = text(&vpcs["Vpcs"][0]["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"]);
    let id = |set: &str| text(&vpcs["Vpcs"][0][set][0]["AssociationId"]);
    let (ipv4_id, ipv6_id) = (id("CidrBlockAssociationSet"), id("Ipv6CidrBlockAssociationSet"));
    assert!(ipv4_id.starts_with("vpc-cidr-assoc-") && ipv4_id.len() == "vpc-cidr-assoc-".len() + 17, "{ipv4_id}");
    assert!(ipv6.starts_with("fd") && ipv6.ends_with("/56"), "{ipv6}");
    let associated = json!({"State": "associated"});
    let expected = json!({"Vpcs": [{
        "OwnerId": "000000000000",
        "InstanceTenancy": "default",
        "Ipv6CidrBlockAssociationSet": [{"AssociationId": ipv6_id, "Ipv6CidrBlock": ipv6,
            "Ipv6CidrBlockState": associated, "NetworkBorderGroup": "local", "Ipv6Pool": "Amazon",
            "Ipv6AddressAttribute": "private", "IpSource": "amazon"}],
        "CidrBlockAssociationSet": [
            {"AssociationId": ipv4_id, "CidrBlock": "172.31.0.0/16", "CidrBlockState": associated}],
        "IsDefault": true,
        "VpcId": world.default_vpc(),
        "State": "available",
        "CidrBlock": "172.31.0.0/16",
        "DhcpOptionsId": "dopt-00000000000000000",
    }]});
    assert_eq!(vpcs, expected);
}

#[test]
fn a_vpc_comes_with_its_default_group() {
    let mut world = World::new();
    let body = json!({
        "CidrBlock": "10.1.2.3/16",
        "TagSpecifications": [{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "lab"}]}],
    });
    let vpc = world.done("CreateVpc", body)["Vpc"].clone();
    assert_eq!(vpc["CidrBlock"], "10.1.0.0/16");
    assert_eq!(vpc["IsDefault"], false);
    assert_eq!(vpc["Tags"], json!([{"Key": "Name", "Value": "lab"}]));
    assert_eq!(vpc.get("Ipv6CidrBlockAssociationSet"), None);
    let filters = json!([{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]);
    let groups = world.done("DescribeSecurityGroups", json!({"Filters": filters}));
    let group = &groups["SecurityGroups"][0];
    let id = text(&group["GroupId"]);
    let expected = json!({"SecurityGroups": [{
        "GroupId": id,
        "GroupName": "default",
        "Description": "default VPC security group",
        "VpcId": vpc["VpcId"],
        "OwnerId": "000000000000",
        "SecurityGroupArn": format!("arn:aws:ec2:local:000000000000:security-group/{id}"),
        "IpPermissions": [{
            "IpProtocol": "-1",
            "UserIdGroupPairs": [{"GroupId": id, "UserId": "000000000000"}],
            "IpRanges": [], "Ipv6Ranges": [], "PrefixListIds": [],
        }],
        "IpPermissionsEgress": [{
            "IpProtocol": "-1",
            "UserIdGroupPairs": [],
            "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [], "PrefixListIds": [],
        }],
    }]});
    assert_eq!(groups, expected);
}

#[test]
fn ipv6_blocks_are_random_or_ones_own() {
    let mut world = World::new();
    let mut block = |mut body: Value| {
        body["CidrBlock"] = json!("10.0.0.0/16");
        let vpc = world.done("CreateVpc", body)["Vpc"].clone();
        text(&vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"])
    };
    let (one, other) =
        (block(json!({"AmazonProvidedIpv6CidrBlock": true})), block(json!({"AmazonProvidedIpv6CidrBlock": true})));
    assert!(one.starts_with("fd") && one.ends_with("/56") && one != other, "{one} {other}");
    assert_eq!(block(json!({"Ipv6CidrBlock": "2001:db8:0:1::7/64"})), "2001:db8:0:1::/64");
}

#[test]
fn blocks_that_are_none_are_refused_with_their_value() {
    let mut world = World::new();
    let mut refuses = |body, code, message: &str, detail| world.refuses("CreateVpc", body, code, message, detail);
    let missing = "The request must contain the parameter CidrBlock";
    refuses(json!({}), ErrorCode::MissingParameter, missing, None);
    refuses(
        json!({"CidrBlock": "10.0.0.0/33"}),
        ErrorCode::InvalidParameterValue,
        "Value (10.0.0.0/33) for parameter cidrBlock is invalid. This is not a valid CIDR block.",
        Some("A block is an address, a slash and a length from 0 to 32."),
    );
    refuses(
        json!({"CidrBlock": "10.0.0.0"}),
        ErrorCode::InvalidParameterValue,
        "Value (10.0.0.0) for parameter cidrBlock is invalid. This is not a valid CIDR block.",
        Some("A single address is written 10.0.0.0/32."),
    );
    let range = "The CIDR '10.0.0.0/8' is invalid.";
    let sizes = Some("The block of a VPC is from /16 to /28.");
    refuses(json!({"CidrBlock": "10.0.0.0/8"}), ErrorCode::InvalidVpcRange, range, sizes);
    refuses(
        json!({"CidrBlock": "10.0.0.0/16", "Ipv6CidrBlock": "fd00::/129"}),
        ErrorCode::InvalidParameterValue,
        "Value (fd00::/129) for parameter ipv6CidrBlock is invalid. This is not a valid CIDR block.",
        Some("A block is an address, a slash and a length from 0 to 128."),
    );
    refuses(
        json!({"CidrBlock": "10.0.0.0/16", "Ipv6CidrBlock": "fd00::/56", "AmazonProvidedIpv6CidrBlock": true}),
        ErrorCode::InvalidParameterCombination,
        "The parameter AmazonProvidedIpv6CidrBlock cannot be used with the parameter Ipv6CidrBlock",
        None,
    );
}

#[test]
fn vpcs_are_counted() {
    let mut world = World::new();
    for _ in 0..4 {
        world.vpc();
    }
    world.refuses(
        "CreateVpc",
        json!({"CidrBlock": "10.0.0.0/16"}),
        ErrorCode::VpcLimitExceeded,
        "The maximum number of VPCs has been reached.",
        Some("There are 5; the limit is 5."),
    );
}

#[test]
fn only_an_empty_vpc_is_deleted() {
    let mut world = World::new();
    let vpc = world.vpc();
    let group = world.group_in(&vpc, "web");
    let body = json!({"VpcId": vpc});
    let eni = world.done("CreateNetworkInterface", json!({"VpcId": vpc}));
    let eni = text(&eni["NetworkInterface"]["NetworkInterfaceId"]);
    let message = format!("The vpc '{vpc}' has dependencies and cannot be deleted.");
    let detail = format!("interface {eni} is in it\ngroup {group} is in it");
    world.refuses("DeleteVpc", body.clone(), ErrorCode::DependencyViolation, &message, Some(&detail));
    world.done("DeleteNetworkInterface", json!({"NetworkInterfaceId": eni}));
    world.done("DeleteSecurityGroup", json!({"GroupId": group}));
    assert_eq!(world.done("DeleteVpc", body.clone()), json!({}));
    assert_eq!(world.model.groups.len(), 1, "its default group is gone");
    let message = format!("The vpc ID '{vpc}' does not exist");
    world.refuses("DeleteVpc", body, ErrorCode::InvalidVpcIdNotFound, &message, None);
}

#[test]
fn vpcs_are_found_by_id_and_filter() {
    let mut world = World::new();
    let vpc = world.vpc();
    let mut list = |body| {
        let vpcs = world.done("DescribeVpcs", body)["Vpcs"].clone();
        vpcs.as_array().unwrap().iter().map(|vpc| text(&vpc["VpcId"])).collect::<Vec<_>>()
    };
    let by = |name: &str, value: &str| json!({"Filters": [{"Name": name, "Values": [value]}]});
    let only = vec![vpc.clone()];
    assert_eq!(list(json!({"VpcIds": [vpc]})), only);
    for (name, value) in [
        ("cidr", "10.0.*"),
        ("cidr-block-association.cidr-block", "10.0.0.0/16"),
        ("is-default", "false"),
        ("vpc-id", vpc.as_str()),
    ] {
        assert_eq!(list(by(name, value)), only, "{name}");
    }
    assert_eq!(list(by("state", "pending")), Vec::<String>::new());
    assert_eq!(list(by("owner-id", "000000000000")).len(), 2);
    let not_found = format!("The vpc ID '{NO_VPC}' does not exist");
    world.refuses("DescribeVpcs", json!({"VpcIds": [NO_VPC]}), ErrorCode::InvalidVpcIdNotFound, &not_found, None);
    world.refuses(
        "DescribeVpcs",
        json!({"VpcIds": ["home"]}),
        ErrorCode::InvalidVpcIdMalformed,
        "The vpc ID 'home' is malformed",
        Some("It is vpc- and 17 digits 0-9 and a-f, or 8 for an old one."),
    );
}
