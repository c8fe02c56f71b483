//! Instances, and addresses and attributes of their interfaces.

use super::*;

/// An interface of a new subnet, and that.
fn interface(world: &mut World) -> (String, String) {
    let vpc = world.vpc();
    let subnet = world.done("CreateSubnet", json!({"VpcId": vpc, "CidrBlock": "10.0.1.0/24"}))["Subnet"].clone();
    let subnet = text(&subnet["SubnetId"]);
    (make(world, json!({"SubnetId": subnet})), subnet)
}

fn make(world: &mut World, body: Value) -> String {
    text(&world.done("CreateNetworkInterface", body)["NetworkInterface"]["NetworkInterfaceId"])
}

fn described(world: &mut World, id: &str) -> Value {
    world.done("DescribeNetworkInterfaces", json!({"NetworkInterfaceIds": [id]}))["NetworkInterfaces"][0].clone()
}

fn addresses(world: &mut World, id: &str) -> Vec<String> {
    let told = described(world, id);
    told["PrivateIpAddresses"].as_array().unwrap().iter().map(|each| text(&each["PrivateIpAddress"])).collect()
}

fn register(world: &mut World, interfaces: &[&str]) -> String {
    text(&world.done("RegisterInstance", json!({"NetworkInterfaceIds": interfaces}))["Instance"]["InstanceId"])
}

#[test]
fn addresses_come_from_the_subnet() {
    let mut world = World::new();
    let (first, subnet) = interface(&mut world);
    let told = described(&mut world, &first);
    assert_eq!(
        (&told["SubnetId"], &told["Status"], &told["AvailabilityZone"]),
        (&json!(subnet), &json!("available"), &json!("locala"))
    );
    let block: ipnet::Ipv4Net = "10.0.1.0/24".parse().unwrap();
    let own = addresses(&mut world, &first);
    let address: std::net::Ipv4Addr = own[0].parse().unwrap();
    assert!(own.len() == 1 && block.contains(&address) && (4..255).contains(&address.octets()[3]), "{own:?}");
    let body = |more: Value| {
        let mut body = json!({"SubnetId": subnet});
        for (member, value) in more.as_object().unwrap() {
            body[member] = value.clone();
        }
        body
    };
    let given = json!({"PrivateIpAddresses": [
        {"PrivateIpAddress": "10.0.1.250"}, {"PrivateIpAddress": "10.0.1.251", "Primary": true}]});
    let several = make(&mut world, body(given));
    assert_eq!(addresses(&mut world, &several), ["10.0.1.251", "10.0.1.250"], "the primary one first");
    let counted = make(&mut world, body(json!({"SecondaryPrivateIpAddressCount": 3})));
    assert_eq!(addresses(&mut world, &counted).len(), 4);
    let mut refuses = |more: Value, code, message: &str| {
        let error = world.refused("CreateNetworkInterface", body(more));
        assert_eq!((error.code, error.message.as_str()), (code, message));
    };
    let invalid = ErrorCode::InvalidParameterValue;
    let outside = "Address 10.0.2.7 does not fall within the subnet's address range";
    refuses(json!({"PrivateIpAddress": "10.0.2.7"}), invalid, outside);
    for reserved in ["10.0.1.0", "10.0.1.1", "10.0.1.2", "10.0.1.3", "10.0.1.255"] {
        let message = format!("Address {reserved} is in subnet's reserved address range");
        refuses(json!({"PrivateIpAddress": reserved}), invalid, &message);
    }
    let in_use = ErrorCode::InvalidIpAddressInUse;
    refuses(json!({"PrivateIpAddress": "10.0.1.250"}), in_use, "Address 10.0.1.250 is in use.");
    let ipv6 = format!("The subnet '{subnet}' has no IPv6 CIDR block.");
    refuses(json!({"Ipv6AddressCount": 1}), invalid, &ipv6);
    let both = "The parameter SecondaryPrivateIpAddressCount cannot be used with the parameter PrivateIpAddresses";
    let two = json!([{"PrivateIpAddress": "10.0.1.9"}, {"PrivateIpAddress": "10.0.1.10"}]);
    let body_of_both = json!({"PrivateIpAddresses": two, "SecondaryPrivateIpAddressCount": 1});
    refuses(body_of_both, ErrorCode::InvalidParameterCombination, both);
    let limit = "Number of private addresses will exceed limit.";
    refuses(json!({"SecondaryPrivateIpAddressCount": 50}), ErrorCode::PrivateIpAddressLimitExceeded, limit);
    world.quotas.addresses_per_interface = 1000;
    let too_few = "The specified subnet does not have enough free addresses to satisfy the request.";
    let error = world.refused("CreateNetworkInterface", body(json!({"SecondaryPrivateIpAddressCount": 250})));
    assert_eq!((error.code, error.message.as_str()), (ErrorCode::InsufficientFreeAddressesInSubnet, too_few));
    // To the last one.
    let left =
        world.done("DescribeSubnets", json!({"SubnetIds": [subnet]}))["Subnets"][0]["AvailableIpAddressCount"].clone();
    let all = make(&mut world, body(json!({"SecondaryPrivateIpAddressCount": left.as_u64().unwrap() - 1})));
    assert_eq!(addresses(&mut world, &all).len() as u64, left.as_u64().unwrap());
    let told = world.done("DescribeSubnets", json!({"SubnetIds": [subnet]}));
    assert_eq!(told["Subnets"][0]["AvailableIpAddressCount"], 0);
    let message = format!("The subnet ID '{NO_SUBNET}' does not exist");
    let code = ErrorCode::InvalidSubnetIdNotFound;
    world.refuses("CreateNetworkInterface", json!({"SubnetId": NO_SUBNET}), code, &message, None);
}

#[test]
fn groups_of_another_network_are_refused() {
    let mut world = World::new();
    let (_, subnet) = interface(&mut world);
    let web = world.group("web");
    let message = "You have specified two resources that belong to different networks.";
    let error = world.refused("CreateNetworkInterface", json!({"SubnetId": subnet, "Groups": [web]}));
    assert_eq!((error.code, error.message.as_str()), (ErrorCode::InvalidGroupNotFound, message));
    let vpc = world.default_vpc();
    let error = world.refused("CreateNetworkInterface", json!({"SubnetId": subnet, "VpcId": vpc}));
    assert_eq!(error.code, ErrorCode::InvalidParameterCombination);
}

#[test]
fn the_same_request_with_the_same_token_makes_one_interface() {
    let mut world = World::new();
    let (_, subnet) = interface(&mut world);
    let body = json!({"SubnetId": subnet, "ClientToken": "t-1", "Description": "once"});
    let first = world.done("CreateNetworkInterface", body.clone());
    assert_eq!(first["ClientToken"], "t-1");
    assert_eq!(world.done("CreateNetworkInterface", body.clone()), first);
    let mut other = body;
    other["Description"] = json!("twice");
    let error = world.refused("CreateNetworkInterface", other);
    assert_eq!(error.code, ErrorCode::IdempotentParameterMismatch);
    let id = first["NetworkInterface"]["NetworkInterfaceId"].clone();
    world.done("DeleteNetworkInterface", json!({"NetworkInterfaceId": id}));
    let again = world.done("CreateNetworkInterface", json!({"SubnetId": subnet, "ClientToken": "t-1"}));
    assert_ne!(again["NetworkInterface"]["NetworkInterfaceId"], id, "the token went with the interface");
}

#[test]
fn addresses_are_assigned_and_unassigned() {
    let mut world = World::new();
    let (id, subnet) = interface(&mut world);
    let first = addresses(&mut world, &id)[0].clone();
    let of = |more: Value| {
        let mut body = json!({"NetworkInterfaceId": id});
        for (member, value) in more.as_object().unwrap() {
            body[member] = value.clone();
        }
        body
    };
    // One before it in their order: the first one stays the first.
    let lowest = if first == "10.0.1.4" { "10.0.1.5" } else { "10.0.1.4" };
    let answer = world.done("AssignPrivateIpAddresses", of(json!({"PrivateIpAddresses": [lowest]})));
    let assigned = json!([{"PrivateIpAddress": lowest}]);
    assert_eq!(answer, json!({"NetworkInterfaceId": id, "AssignedPrivateIpAddresses": assigned}));
    assert_eq!(addresses(&mut world, &id), [first.as_str(), lowest]);
    world.done("AssignPrivateIpAddresses", of(json!({"SecondaryPrivateIpAddressCount": 2})));
    assert_eq!(addresses(&mut world, &id).len(), 4);
    let other = make(&mut world, json!({"SubnetId": subnet}));
    let take = |allow: bool, address: &str| json!({"NetworkInterfaceId": other, "PrivateIpAddresses": [address], "AllowReassignment": allow});
    let message = format!("Address {lowest} is in use.");
    let detail = format!("{lowest} belongs to {id}.");
    let code = ErrorCode::InvalidIpAddressInUse;
    world.refuses("AssignPrivateIpAddresses", take(false, lowest), code, &message, Some(&detail));
    world.done("AssignPrivateIpAddresses", take(true, lowest));
    assert!(addresses(&mut world, &other).contains(&lowest.to_owned()));
    assert!(!addresses(&mut world, &id).contains(&lowest.to_owned()));
    let error = world.refused("AssignPrivateIpAddresses", take(true, &first));
    assert_eq!(error.detail.unwrap(), format!("It is the primary address of {id}, which keeps it."));
    let message = format!("The primary IP address {first} of interface {id} cannot be unassigned");
    let error = world.refused("UnassignPrivateIpAddresses", of(json!({"PrivateIpAddresses": [first]})));
    assert_eq!((error.code, error.message), (ErrorCode::InvalidParameterValue, message));
    let error = world.refused("UnassignPrivateIpAddresses", of(json!({"PrivateIpAddresses": [lowest]})));
    assert_eq!(error.message, format!("Some of [{lowest}] are not assigned to interface {id}"));
    let second = addresses(&mut world, &id)[1].clone();
    world.done("UnassignPrivateIpAddresses", of(json!({"PrivateIpAddresses": [second]})));
    assert_eq!(addresses(&mut world, &id).len(), 2);
    assert_eq!(world.refused("AssignPrivateIpAddresses", of(json!({}))).code, ErrorCode::MissingParameter);
    let error = world.refused("AssignPrivateIpAddresses", of(json!({"Ipv4PrefixCount": 1})));
    assert_eq!(error.message, "The parameter Ipv4PrefixCount of AssignPrivateIpAddresses is not supported.");
    // IPv6.
    let vpc = text(&described(&mut world, &id)["VpcId"]);
    let block = world.done("AssociateVpcCidrBlock", json!({"VpcId": vpc, "Ipv6CidrBlock": "fd00:0:0:100::/56"}));
    assert_eq!(block["Ipv6CidrBlockAssociation"]["Ipv6Pool"], "own");
    world.done("AssociateSubnetCidrBlock", json!({"SubnetId": subnet, "Ipv6CidrBlock": "fd00:0:0:101::/64"}));
    let counted = world.done("AssignIpv6Addresses", of(json!({"Ipv6AddressCount": 2})));
    assert_eq!(counted["AssignedIpv6Addresses"].as_array().unwrap().len(), 2);
    world.done("AssignIpv6Addresses", of(json!({"Ipv6Addresses": ["fd00:0:0:101::7"]})));
    let outside = world.refused("AssignIpv6Addresses", of(json!({"Ipv6Addresses": ["fd00:0:0:102::7"]})));
    assert_eq!(outside.message, "Address fd00:0:0:102::7 does not fall within the subnet's address range");
    // One address, in two spellings.
    let message = "Value (fd00:0:0:101::8) for parameter Ipv6Addresses is invalid.";
    let twice = of(json!({"Ipv6Addresses": ["fd00:0:0:101::8", "FD00:0:0:101:0::8"]}));
    let (invalid, detail) = (ErrorCode::InvalidParameterValue, Some("It is there more than once."));
    world.refuses("AssignIpv6Addresses", twice.clone(), invalid, message, detail);
    world.refuses("UnassignIpv6Addresses", twice, invalid, message, detail);
    let taken = world.done("UnassignIpv6Addresses", of(json!({"Ipv6Addresses": ["fd00:0:0:101::7"]})));
    assert_eq!(taken["UnassignedIpv6Addresses"], json!(["fd00:0:0:101::7"]));
    assert_eq!(described(&mut world, &id)["Ipv6Addresses"].as_array().unwrap().len(), 2);
    // Of each family as many as the quota says, before any is looked for.
    let limit = "Number of private addresses will exceed limit.";
    let detail = Some("It would have 4294967297 of this family; the limit is 50.");
    for (operation, count) in [
        ("AssignPrivateIpAddresses", json!({"SecondaryPrivateIpAddressCount": u32::MAX})),
        ("AssignIpv6Addresses", json!({"Ipv6AddressCount": u32::MAX})),
    ] {
        world.refuses(operation, of(count), ErrorCode::PrivateIpAddressLimitExceeded, limit, detail);
    }
}

#[test]
fn addresses_of_a_device_are_not_for_requests() {
    let mut world = World::new();
    let attached = world.done("AttachDevice", json!({"Device": "eth0"}));
    let id = text(&attached["NetworkInterfaceId"]);
    let body = json!({"NetworkInterfaceId": id, "PrivateIpAddresses": ["172.31.0.9"]});
    let error = world.refused("AssignPrivateIpAddresses", body);
    assert_eq!(error.code, ErrorCode::OperationNotPermitted);
    assert_eq!(error.message, format!("The addresses of '{id}' are those of the device eth0."));
    let told = described(&mut world, &id);
    assert_eq!((&told["Status"], &told["Attachment"]["DeviceIndex"]), (&json!("in-use"), &json!(0)));
    let subnet = world.model.subnets.keys().next().unwrap().to_string();
    assert_eq!(told["SubnetId"], json!(subnet), "as an instance that is started in no subnet");
    let error = world.refused("DetachNetworkInterface", json!({"AttachmentId": told["Attachment"]["AttachmentId"]}));
    assert_eq!(error.detail.unwrap(), "It goes with the device: `detach eth0`.");
    let host = world.model.instance_of_host(HOST).unwrap().id.to_string();
    let listed = world.done("DescribeInstances", json!({"InstanceIds": [host]}));
    let instance = &listed["Reservations"][0]["Instances"][0];
    assert_eq!((&instance["InstanceType"], &instance["State"]["Name"]), (&json!("host"), &json!("running")));
    assert_eq!(instance["NetworkInterfaces"][0]["NetworkInterfaceId"], json!(id));
    assert_eq!(instance["Tags"], json!([{"Key": "Name", "Value": HOST}]));
    let error = world.refused("DeregisterInstance", json!({"InstanceId": host}));
    assert_eq!(error.code, ErrorCode::OperationNotPermitted);
    world.done("DetachDevice", json!({"Device": "eth0"}));
    assert_eq!(described(&mut world, &id)["Status"], "available");
}

#[test]
fn instances_have_interfaces_at_places() {
    let mut world = World::new();
    let (first, subnet) = interface(&mut world);
    let (second, third) =
        (make(&mut world, json!({"SubnetId": subnet})), make(&mut world, json!({"SubnetId": subnet})));
    let instance = register(&mut world, &[&first]);
    assert!(instance.starts_with("i-") && instance.len() == 2 + 17, "{instance}");
    let attach = |interface: &str, index: u32| json!({"NetworkInterfaceId": interface, "InstanceId": instance, "DeviceIndex": index});
    let answer = world.done("AttachNetworkInterface", attach(&second, 1));
    let place = text(&answer["AttachmentId"]);
    assert!(place.starts_with("eni-attach-"), "{place}");
    let message = format!("Instance '{instance}' already has an interface attached at device index '1'.");
    let detail = format!("It is {second}.");
    let code = ErrorCode::InvalidParameterValue;
    world.refuses("AttachNetworkInterface", attach(&third, 1), code, &message, Some(&detail));
    let message = format!("Interface: [{second}] in use.");
    let error = world.refused("AttachNetworkInterface", attach(&second, 2));
    assert_eq!((error.code, error.message), (ErrorCode::InvalidNetworkInterfaceInUse, message));
    let message = format!("The instance ID '{NO_INSTANCE}' does not exist");
    let body = json!({"NetworkInterfaceId": third, "InstanceId": NO_INSTANCE, "DeviceIndex": 2});
    let error = world.refused("AttachNetworkInterface", body);
    assert_eq!((error.code, error.message), (ErrorCode::InvalidInstanceIdNotFound, message));
    let error = world.refused("DescribeInstances", json!({"InstanceIds": ["box"]}));
    assert_eq!((error.code, error.message.as_str()), (ErrorCode::InvalidInstanceIdMalformed, "Invalid id: \"box\""));
    let error = world.refused("DeleteNetworkInterface", json!({"NetworkInterfaceId": second}));
    assert_eq!(error.message, format!("Network interface '{second}' is currently in use."));
    let malformed = "The attachment ID 'place' is malformed";
    let detail = Some("It is eni-attach- and 17 digits 0-9 and a-f, or 8 for an old one.");
    let code = ErrorCode::InvalidNetworkInterfaceAttachmentIdMalformed;
    world.refuses("DetachNetworkInterface", json!({"AttachmentId": "place"}), code, malformed, detail);
    // By an address of its own an instance is found, by a further one only if that is what is asked for.
    let further = json!({"NetworkInterfaceId": second, "SecondaryPrivateIpAddressCount": 1});
    let further = &world.done("AssignPrivateIpAddresses", further)["AssignedPrivateIpAddresses"][0]["PrivateIpAddress"];
    for (name, found) in [("private-ip-address", 0), ("network-interface.addresses.private-ip-address", 1)] {
        let filters = json!([{"Name": name, "Values": [further]}]);
        let listed = world.done("DescribeInstances", json!({"Filters": filters}))["Reservations"].clone();
        assert_eq!(listed.as_array().unwrap().len(), found, "{name}");
    }
    let mac = text(&described(&mut world, &second)["MacAddress"]);
    world.done("CreateTags", json!({"Resources": [second], "Tags": [{"Key": "Role", "Value": "back"}]}));
    for (name, value) in [
        ("network-interface.mac-address", mac.as_str()),
        ("network-interface.tag-key", "Role"),
        ("network-interface.tag-value", "b?ck"),
        ("network-interface.network-interface-id", second.as_str()),
        ("network-interface.attachment.device-index", "1"),
        ("subnet-id", subnet.as_str()),
        ("instance-state-name", "running"),
    ] {
        let filters = json!([{"Name": name, "Values": [value]}, {"Name": "instance-type", "Values": ["registered"]}]);
        let found = world.done("DescribeInstances", json!({"Filters": filters}))["Reservations"].clone();
        assert_eq!(found.as_array().unwrap().len(), 1, "{name}");
    }
    let filters = json!([{"Name": "attachment.instance-id", "Values": [instance]},
        {"Name": "attachment.device-index", "Values": ["1"]}]);
    let found = world.done("DescribeNetworkInterfaces", json!({"Filters": filters}))["NetworkInterfaces"].clone();
    assert_eq!((found.as_array().unwrap().len(), &found[0]["NetworkInterfaceId"]), (1, &json!(second)));
    let change = json!({"NetworkInterfaceId": second,
        "Attachment": {"AttachmentId": place, "DeleteOnTermination": true}});
    world.done("ModifyNetworkInterfaceAttribute", change.clone());
    assert_eq!(described(&mut world, &second)["Attachment"]["DeleteOnTermination"], true);
    let mut strange = change;
    strange["NetworkInterfaceId"] = json!(third);
    assert_eq!(world.refused("ModifyNetworkInterfaceAttribute", strange).code, ErrorCode::InvalidParameterValue);
    let primary = text(&described(&mut world, &first)["Attachment"]["AttachmentId"]);
    let error = world.refused("DetachNetworkInterface", json!({"AttachmentId": primary}));
    assert_eq!(error.message, "The network interface at device index 0 cannot be detached.");
    // The interface that goes with its instance goes, and the other one stays.
    world.done("DeregisterInstance", json!({"InstanceId": instance}));
    assert_eq!(
        world.refused("DescribeNetworkInterfaces", json!({"NetworkInterfaceIds": [second]})).code,
        ErrorCode::InvalidNetworkInterfaceIdNotFound
    );
    assert_eq!(described(&mut world, &first)["Status"], "available");
    let message = format!("The attachment ID '{place}' does not exist");
    let code = ErrorCode::InvalidAttachmentIdNotFound;
    world.refuses("DetachNetworkInterface", json!({"AttachmentId": place}), code, &message, None);
}

#[test]
fn the_groups_of_an_instance_are_those_of_its_only_interface() {
    let mut world = World::new();
    let (first, subnet) = interface(&mut world);
    let vpc = text(&described(&mut world, &first)["VpcId"]);
    let web = world.group_in(&vpc, "web");
    let instance = register(&mut world, &[&first]);
    let modify = json!({"InstanceId": instance, "Groups": [web]});
    world.done("ModifyInstanceAttribute", modify.clone());
    let told = world.done("DescribeInstanceAttribute", json!({"InstanceId": instance, "Attribute": "groupSet"}));
    assert_eq!(told["Groups"], json!([{"GroupId": web, "GroupName": "web"}]));
    world.done("ModifyInstanceAttribute", json!({"InstanceId": instance, "SourceDestCheck": {"Value": false}}));
    assert_eq!(described(&mut world, &first)["SourceDestCheck"], false);
    let error =
        world.refused("ModifyInstanceAttribute", json!({"InstanceId": instance, "InstanceType": {"Value": "m1"}}));
    assert_eq!(error.message, "The parameter InstanceType of ModifyInstanceAttribute is not supported.");
    let second = make(&mut world, json!({"SubnetId": subnet}));
    let attach = json!({"NetworkInterfaceId": second, "InstanceId": instance, "DeviceIndex": 1});
    world.done("AttachNetworkInterface", attach);
    let message = format!(
        "There are multiple interfaces attached to instance '{instance}'. Please specify an interface ID for the operation \
         instead."
    );
    let error = world.refused("ModifyInstanceAttribute", modify);
    assert_eq!((error.code, error.message), (ErrorCode::InvalidInstanceId, message));
}

#[test]
fn attributes_of_interfaces_are_set_one_by_one_and_read_back() {
    let mut world = World::new();
    let (id, _) = interface(&mut world);
    let modify = |more: Value| {
        let mut body = json!({"NetworkInterfaceId": id});
        for (member, value) in more.as_object().unwrap() {
            body[member] = value.clone();
        }
        body
    };
    world.done("ModifyNetworkInterfaceAttribute", modify(json!({"Description": {"Value": "a card"}})));
    world.done("ModifyNetworkInterfaceAttribute", modify(json!({"SourceDestCheck": {"Value": false}})));
    let timeouts = json!({"ConnectionTrackingSpecification": {"TcpEstablishedTimeout": 3600}});
    world.done("ModifyNetworkInterfaceAttribute", modify(timeouts));
    let timeouts = json!({"ConnectionTrackingSpecification": {"UdpTimeout": 45}});
    world.done("ModifyNetworkInterfaceAttribute", modify(timeouts));
    let told = described(&mut world, &id);
    assert_eq!((&told["Description"], &told["SourceDestCheck"]), (&json!("a card"), &json!(false)));
    let kept = json!({"TcpEstablishedTimeout": 3600, "UdpTimeout": 45});
    assert_eq!(told["ConnectionTrackingConfiguration"], kept, "what is not named stays");
    let short = json!({"ConnectionTrackingSpecification": {"TcpEstablishedTimeout": 59}});
    let message =
        "Value (59) for parameter TcpEstablishedTimeout is invalid. It must be between 60 and 432000 seconds.";
    let code = ErrorCode::InvalidParameterValue;
    world.refuses("ModifyNetworkInterfaceAttribute", modify(short.clone()), code, message, None);
    let mut body = short;
    body["SubnetId"] = json!(told["SubnetId"]);
    world.refuses("CreateNetworkInterface", body, code, message, None);
    let both = json!({"Description": {"Value": "x"}, "SourceDestCheck": {"Value": true}});
    let error = world.refused("ModifyNetworkInterfaceAttribute", modify(both));
    assert_eq!(error.message, "Fields for multiple attribute types specified.");
    let error = world.refused("ModifyNetworkInterfaceAttribute", modify(json!({"AssociatePublicIpAddress": true})));
    assert_eq!(error.code, ErrorCode::UnsupportedOperation);
    let mut tell = |attribute: &str| {
        world.done("DescribeNetworkInterfaceAttribute", json!({"NetworkInterfaceId": id, "Attribute": attribute}))
    };
    assert_eq!(tell("description")["Description"], json!({"Value": "a card"}));
    assert_eq!(tell("sourceDestCheck")["SourceDestCheck"], json!({"Value": false}));
    assert_eq!(tell("groupSet")["Groups"][0]["GroupName"], "default");
    assert_eq!(tell("attachment"), json!({"NetworkInterfaceId": id}));
    assert_eq!(tell("associatePublicIpAddress")["AssociatePublicIpAddress"], false);
    let reset = json!({"NetworkInterfaceId": id, "SourceDestCheck": "true"});
    world.done("ResetNetworkInterfaceAttribute", reset);
    assert_eq!(described(&mut world, &id)["SourceDestCheck"], true);
    let error = world.refused("ResetNetworkInterfaceAttribute", json!({"NetworkInterfaceId": id}));
    assert_eq!(error.message, "No attributes specified.");
}

#[test]
fn no_machines_are_made() {
    let mut world = World::new();
    let body = json!({"ImageId": "ami-1", "MinCount": 1, "MaxCount": 1, "SecurityGroupIds": ["sg-1"]});
    let error = world.refused("RunInstances", body);
    assert_eq!(error.code, ErrorCode::UnsupportedOperation);
    assert!(error.detail.unwrap().contains("register-instance"));
}
