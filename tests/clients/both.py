"""The same commands by the AWS CLI and by firewall-ctl print the same JSON, ids and times aside.

    both.py PATH/TO/aws
"""

import json
import os
import re
import shlex
import subprocess
import sys

AWS = sys.argv[1]
CTL = os.environ["FIREWALL_CTL"]
ENDPOINT = os.environ["FIREWALL_ENDPOINT"]

# Each is run by both, one after the other; `{NAME}` is what an earlier command has put there.
SCRIPT = r"""
describe-vpcs
describe-vpcs --filters Name=is-default,Values=true
create-vpc --cidr-block 10.60.0.0/16 => vpc=Vpc.VpcId
describe-vpcs --vpc-ids {vpc}
create-security-group --group-name both --description 'by both' --vpc-id {vpc} --tag-specifications 'ResourceType=security-group,Tags=[{{Key=Name,Value=both}},{{Key=empty,Value=""}}]' => group=GroupId
create-security-group --group-name both --description again --vpc-id {vpc}
authorize-security-group-ingress --group-id {group} --protocol tcp --port 22 --cidr 192.0.2.0/24 => rule=SecurityGroupRules.0.SecurityGroupRuleId
authorize-security-group-ingress --group-id {group} --protocol tcp --port 22 --cidr 192.0.2.0/24
authorize-security-group-ingress --group-id {group} --ip-permissions 'IpProtocol=tcp,FromPort=80,ToPort=81,IpRanges=[{{CidrIp=10.0.0.0/8,Description=web}}],Ipv6Ranges=[{{CidrIpv6=2001:db8::/32}}]' IpProtocol=icmp,FromPort=-1,ToPort=-1,UserIdGroupPairs=[{{GroupId={group}}}]
authorize-security-group-egress --group-id {group} --ip-permissions IpProtocol=udp,FromPort=53,ToPort=53,IpRanges=[{{CidrIp=10.0.0.2/32}}]
describe-security-groups --group-ids {group}
describe-security-groups --filters Name=group-name,Values=bot* Name=vpc-id,Values={vpc}
describe-security-groups --filters Name=vpc-id,Values={vpc} --query 'SecurityGroups[].GroupName'
describe-security-groups --group-ids sg-00000000
describe-security-groups --group-ids foobar
describe-security-group-rules --filters Name=group-id,Values={group}
describe-security-group-rules --security-group-rule-ids {rule}
modify-security-group-rules --group-id {group} --security-group-rules 'SecurityGroupRuleId={rule},SecurityGroupRule={{IpProtocol=tcp,FromPort=23,ToPort=24,CidrIpv4=192.0.2.0/24}}'
update-security-group-rule-descriptions-ingress --group-id {group} --security-group-rule-descriptions 'SecurityGroupRuleId={rule},Description="north, [2nd] floor"'
describe-security-group-rules --security-group-rule-ids {rule}
create-tags --resources {group} {rule} --tags Key=team,Value=red 'Key=note,Value="a, b"'
describe-tags --filters Name=resource-id,Values={rule},{group} Name=key,Values=team
delete-tags --resources {group} --tags Key=team,Value=blue Key=note
describe-tags --filters '[{{"Name": "resource-id", "Values": ["{group}"]}}]'
create-subnet --vpc-id {vpc} --cidr-block 10.60.1.0/24 --availability-zone locala => subnet=Subnet.SubnetId
create-subnet --vpc-id {vpc} --cidr-block 10.60.1.0/25
modify-subnet-attribute --subnet-id {subnet} --no-map-public-ip-on-launch
describe-subnets --subnet-ids {subnet}
create-network-interface --subnet-id {subnet} --groups {group} --private-ip-address 10.60.1.10 --description both --client-token {vpc} => eni=NetworkInterface.NetworkInterfaceId
assign-private-ip-addresses --network-interface-id {eni} --private-ip-addresses 10.60.1.11 --allow-reassignment
describe-network-interfaces --filters Name=group-id,Values={group}
modify-network-interface-attribute --network-interface-id {eni} --no-source-dest-check
modify-network-interface-attribute --network-interface-id {eni} --description 'of both'
describe-network-interface-attribute --network-interface-id {eni} --attribute sourceDestCheck
describe-network-interface-attribute --network-interface-id {eni} --attribute description
unassign-private-ip-addresses --network-interface-id {eni} --private-ip-addresses 10.60.1.11
delete-security-group --group-id {group}
delete-network-interface --network-interface-id {eni} --no-dry-run
delete-subnet --subnet-id {subnet}
create-managed-prefix-list --prefix-list-name both --address-family IPv4 --max-entries 3 --entries Cidr=192.0.2.0/24,Description=north => list=PrefixList.PrefixListId
modify-managed-prefix-list --prefix-list-id {list} --current-version 1 --add-entries Cidr=198.51.100.0/24 Cidr=203.0.113.0/24,Description=east --remove-entries Cidr=192.0.2.0/24
modify-managed-prefix-list --prefix-list-id {list} --current-version 1 --add-entries Cidr=198.51.100.0/24
get-managed-prefix-list-entries --prefix-list-id {list} --target-version 1
describe-managed-prefix-lists --prefix-list-ids {list}
authorize-security-group-ingress --group-id {group} --ip-permissions '{{"IpProtocol": "-1", "PrefixListIds": [{{"PrefixListId": "{list}"}}]}}'
get-managed-prefix-list-associations --prefix-list-id {list}
delete-managed-prefix-list --prefix-list-id {list}
revoke-security-group-ingress --group-id {group} --ip-permissions IpProtocol=-1,PrefixListIds=[{{PrefixListId={list}}}]
delete-managed-prefix-list --prefix-list-id {list}
create-internet-gateway => gateway=InternetGateway.InternetGatewayId
attach-internet-gateway --internet-gateway-id {gateway} --vpc-id {vpc}
describe-internet-gateways --internet-gateway-ids {gateway}
detach-internet-gateway --internet-gateway-id {gateway} --vpc-id {vpc}
delete-internet-gateway --internet-gateway-id {gateway}
modify-vpc-attribute --vpc-id {vpc} --enable-dns-hostnames
modify-vpc-attribute --vpc-id {vpc} --enable-dns-support Value=false
describe-vpc-attribute --vpc-id {vpc} --attribute enableDnsHostnames
describe-network-acls --filters Name=vpc-id,Values={vpc}
describe-route-tables --filters Name=vpc-id,Values={vpc}
describe-availability-zones
describe-regions
describe-account-attributes --attribute-names default-vpc
describe-security-groups --cli-input-json '{{"Filters": [{{"Name": "group-id", "Values": ["{group}"]}}]}}'
revoke-security-group-ingress --group-id {group} --security-group-rule-ids {rule}
revoke-security-group-ingress --group-id {group} --protocol tcp --port 22 --cidr 192.0.2.0/24
delete-vpc --vpc-id {vpc}
delete-security-group --group-id {group} --dry-run
delete-security-group --group-id {group}
delete-vpc --vpc-id {vpc}
"""

# Members of ours that the service does not have.
OURS = {"DeviceAttachment", "LastDevice", "CutFlows"}
# Members that the service has by now, and that a CLI of before does not know: it prints answers without them.
NEW = {
    "SecurityGroupArn",
    "SecurityGroupRuleArn",
    "RevokedSecurityGroupRules",
    "Return",
    "GroupId@delete-security-group",
    "Ipv6AddressAttribute",
    "IpSource",
}
VERSION = subprocess.run([AWS, "--version"], capture_output=True, text=True, check=True).stdout.split()[0]
IS_OLD = VERSION.startswith("aws-cli/2.9.")


def run(program, words):
    """Whether it was done, JSON of stdout, and the error that was told."""
    command = [AWS, "--endpoint-url", ENDPOINT, "ec2", *words] if program == "aws" else [CTL, *words, "--output", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    answer = json.loads(done.stdout) if done.stdout.strip() else None
    told = re.search(r"An error occurred \((\S+)\) when calling the (\w+) operation: (.*)", done.stderr)
    if done.returncode != 0 and not told:
        raise SystemExit(f"{shlex.join(command)}: {done.returncode}\n{done.stderr}")
    # The AWS CLI has used 254 and 255 for what the service refuses.
    return told is None, without(answer, words[0]), told.groups() if told else None


def without(value, command):
    """An answer without what one of the two does not know; none when nothing is left."""
    if isinstance(value, dict):
        left = {key: without(each, command) for key, each in value.items()}
        lacks = lambda key: key in OURS or IS_OLD and (key in NEW or f"{key}@{command}" in NEW)
        return {key: each for key, each in left.items() if not lacks(key)} or None
    if isinstance(value, list):
        return [without(each, command) for each in value]
    return value


def plain(value, names):
    """A value without what differs from one call to the next."""
    if isinstance(value, dict):
        # In an order of their own, so that ids are met in the same one.
        return {key: plain(value[key], names) for key in sorted(value)}
    if isinstance(value, list):
        return [plain(each, names) for each in value]
    if isinstance(value, str):
        # The same id in the same place of each run, and the same hardware address.
        value = re.sub(r"\b([a-z]+(?:-[a-z]+)*)-[0-9a-f]{17}\b", lambda id: names.setdefault(id[0], f"{id[1]}-{len(names)}"), value)
        return re.sub(r"\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b", lambda mac: names.setdefault(mac[0], f"mac-{len(names)}"), value)
    return value


def sorted_deep(value):
    """Lists of which the order follows from random ids, in an order of their own."""
    if isinstance(value, dict):
        return {key: sorted_deep(each) for key, each in value.items()}
    if isinstance(value, list):
        return sorted((sorted_deep(each) for each in value), key=lambda each: json.dumps(each, sort_keys=True))
    return value


def place(answer, path):
    """What stands at `A.0.B`."""
    for part in path.split("."):
        answer = answer[int(part)] if part.isdigit() else answer[part]
    return answer


def play(program):
    """All answers of one, in order."""
    known, names, told = {}, {}, []
    for line in SCRIPT.strip().splitlines():
        command, _, wanted = line.partition(" => ")
        done, answer, error = run(program, shlex.split(command.format(**known)))
        if wanted:
            name, path = wanted.split("=")
            known[name] = place(answer, path)
        told.append((line, done, sorted_deep(plain(answer, names)), plain(list(error or []), names)))
    return told


def main():
    theirs, ours = play("aws"), play("firewall-ctl")
    different = 0
    for (line, *one), (_, *other) in zip(theirs, ours, strict=True):
        if one != other:
            different += 1
            print(f"$ {line}\naws:          {json.dumps(one)}\nfirewall-ctl: {json.dumps(other)}\n")
    print(f"{len(ours)} commands by {VERSION}, {different} differ")
    sys.exit(different != 0)


main()
