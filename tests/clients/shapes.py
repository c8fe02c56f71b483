"""Prints the table of EC2's wire names, derived from the model that botocore carries.

    shapes.py VERSION > firewall-ctl/src/ec2/shapes.json

botocore is Apache-2.0; its model is `data/ec2/2016-11-15/service-2.json.gz`. Documentation, bounds and enumerations are
left out: what a value may be is for the actions to say. `cargo xtask shapes` calls this.
"""

import json
import sys

import botocore
import botocore.loaders

# What the controller answers, or will: an operation that it does not know yet is refused all the same.
OPERATIONS = """
CreateVpc DescribeVpcs DeleteVpc DescribeVpcAttribute ModifyVpcAttribute AssociateVpcCidrBlock DisassociateVpcCidrBlock
CreateDefaultVpc CreateDefaultSubnet
CreateSubnet DescribeSubnets DeleteSubnet ModifySubnetAttribute AssociateSubnetCidrBlock DisassociateSubnetCidrBlock
CreateSecurityGroup DescribeSecurityGroups DeleteSecurityGroup
AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress RevokeSecurityGroupIngress RevokeSecurityGroupEgress
DescribeSecurityGroupRules ModifySecurityGroupRules
UpdateSecurityGroupRuleDescriptionsIngress UpdateSecurityGroupRuleDescriptionsEgress
DescribeStaleSecurityGroups DescribeSecurityGroupReferences GetSecurityGroupsForVpc
AssociateSecurityGroupVpc DisassociateSecurityGroupVpc DescribeSecurityGroupVpcAssociations
CreateNetworkInterface DeleteNetworkInterface DescribeNetworkInterfaces AttachNetworkInterface DetachNetworkInterface
ModifyNetworkInterfaceAttribute DescribeNetworkInterfaceAttribute ResetNetworkInterfaceAttribute
AssignPrivateIpAddresses UnassignPrivateIpAddresses AssignIpv6Addresses UnassignIpv6Addresses
CreateManagedPrefixList DeleteManagedPrefixList DescribeManagedPrefixLists ModifyManagedPrefixList
GetManagedPrefixListEntries GetManagedPrefixListAssociations RestoreManagedPrefixListVersion DescribePrefixLists
CreateTags DeleteTags DescribeTags
DescribeInstances RunInstances DescribeInstanceAttribute ModifyInstanceAttribute
DescribeAvailabilityZones DescribeRegions DescribeAccountAttributes
DescribeNetworkAcls DescribeRouteTables
CreateInternetGateway DescribeInternetGateways AttachInternetGateway DetachInternetGateway DeleteInternetGateway
CreateVpcPeeringConnection AcceptVpcPeeringConnection RejectVpcPeeringConnection DeleteVpcPeeringConnection
DescribeVpcPeeringConnections ModifyVpcPeeringConnectionOptions
CreateFlowLogs DescribeFlowLogs DeleteFlowLogs
""".split()


def shape(model, name):
    """A shape as the table has it: a structure by its members, a list by its `list`, a value by its type."""
    shape = model["shapes"][name]
    if shape["type"] == "structure":
        return {member: entry(model, of) for member, of in shape["members"].items()}
    if shape["type"] == "list":
        of = shape["member"]
        made = {"list": reference(model, of["shape"]), "name": of.get("locationName", "member")}
        if shape.get("flattened"):
            made["flattened"] = True
        return made
    raise SystemExit(f"{name} is a {shape['type']}, for which the table has no form")


def reference(model, name):
    """The name of a structure or list, or the type of a value in small letters."""
    kind = model["shapes"][name]["type"]
    return name if kind in ("structure", "list") else {"long": "integer", "float": "double"}.get(kind, kind)


def entry(model, member):
    """A member: what it is, its name in answers and, where it is another than that in capitals, in requests."""
    unknown = set(member) - {"shape", "locationName", "queryName", "documentation", "idempotencyToken", "deprecated",
                             "deprecatedMessage", "deprecatedSince", "box"}
    if unknown:
        raise SystemExit(f"a member has {unknown}, which the table does not know")
    made = [reference(model, member["shape"])]
    location, query = member.get("locationName"), member.get("queryName")
    if location or query:
        made.append(location)
    if query and query != (location or ""):
        made.append(query)
    return made


def table(model):
    """All that the operations need."""
    operations, shapes = {}, {}
    pending = []
    for name in sorted(OPERATIONS):
        operation = model["operations"][name]
        names = [operation.get(side, {}).get("shape") for side in ("input", "output")]
        operations[name] = names
        pending.extend(each for each in names if each)
    while pending:
        name = pending.pop()
        if name in shapes:
            continue
        made = shapes[name] = shape(model, name)
        of = [made["list"]] if "name" in made and isinstance(made["name"], str) else [of[0] for of in made.values()]
        pending.extend(each for each in of if each in model["shapes"] and each[0].isupper())
    return operations, shapes


def lines(values):
    """One line for each value."""
    return ",\n".join(f"  {json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}" for key, value in values)


def main():
    wanted = sys.argv[1]
    if botocore.__version__ != wanted:
        raise SystemExit(f"this is botocore {botocore.__version__}, and the table is of {wanted}")
    model = botocore.loaders.Loader().load_service_model("ec2", "service-2", "2016-11-15")
    operations, shapes = table(model)
    source = f"botocore {wanted} (Apache-2.0), data/ec2/2016-11-15/service-2.json.gz, by cargo xtask shapes"
    print("{")
    print(f' "source": {json.dumps(source)},')
    print(f' "version": {json.dumps(model["metadata"]["apiVersion"])},')
    print(f' "namespace": {json.dumps(model["metadata"]["xmlNamespace"] + "/")},')
    print(' "operations": {\n' + lines(operations.items()) + "\n },")
    print(' "shapes": {\n' + lines(sorted(shapes.items())) + "\n }")
    print("}")


main()
