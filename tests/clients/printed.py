"""What the AWS CLI and firewall-ctl print, octet for octet: parts that `--query` chooses, and lists that are cut.

    printed.py PATH/TO/aws

Tables are drawn otherwise, so of them only the cells are compared.
"""

import base64
import json
import os
import re
import shlex
import subprocess
import sys

AWS = sys.argv[1]
CTL = os.environ["FIREWALL_CTL"]
ENDPOINT = os.environ["FIREWALL_ENDPOINT"]

# What there is to be looked at; `{NAME}` is what an earlier command has put there.
SCENE = """
create-vpc --cidr-block 10.61.0.0/16 => vpc=Vpc.VpcId
create-security-group --group-name printed --description 'to be printed' --vpc-id {vpc} --tag-specifications 'ResourceType=security-group,Tags=[{{Key=Name,Value=über}},{{Key=team,Value=red}}]' => group=GroupId
authorize-security-group-ingress --group-id {group} --protocol tcp --port 22 --cidr 192.0.2.0/24
authorize-security-group-ingress --group-id {group} --protocol udp --port 53 --source-group {group}
create-managed-prefix-list --prefix-list-name offices --address-family IPv4 --max-entries 5 --entries Cidr=192.0.2.0/24,Description=north Cidr=198.51.100.0/24 => list=PrefixList.PrefixListId
create-managed-prefix-list --prefix-list-name branches --address-family IPv6 --max-entries 3 => other=PrefixList.PrefixListId
"""
GONE = """
delete-managed-prefix-list --prefix-list-id {list}
delete-managed-prefix-list --prefix-list-id {other}
delete-security-group --group-id {group}
delete-vpc --vpc-id {vpc}
"""

GROUP = "describe-security-groups --group-ids {group} --query "
GROUPS = "describe-security-groups --filters Name=vpc-id,Values={vpc} --query "
LISTS = "describe-managed-prefix-lists --query "
ENTRIES = "get-managed-prefix-list-entries --prefix-list-id {list}"

# Of whole answers only those whose members every version of the AWS CLI knows.

JSON = [
    GROUP + "'SecurityGroups[0].{{Name:GroupName,Id:GroupId,Tags:Tags}}'",
    GROUP + "'SecurityGroups[].{{Name:GroupName,Id:GroupId}} | [0].{{I:Id,N:Name}}'",
    GROUP + "'SecurityGroups[0].[Tags[0].*,Tags[].values(@),keys(Tags[0]),map(&{{Z:Key,A:Value}}, Tags),Nothing]'",
    GROUP + "'SecurityGroups[0].{{Z:Tags[?Key==`team`]|[0].Value,A:IpPermissions[?FromPort<`50`].{{To:ToPort,From:FromPort}}}}'",
    GROUP + "'merge(SecurityGroups[0].Tags[0], `{{\"Extra\": true}}`)'",
    GROUPS + "'SecurityGroups[?GroupName>`e`].{{Name:GroupName,Id:GroupId}}'",
    LISTS + "'sort_by(PrefixLists, &PrefixListName)[].{{Name:PrefixListName,Most:MaxEntries,Family:AddressFamily}}'",
    ENTRIES + " --query 'Entries[].{{What:Description,Block:Cidr}}'",
    GROUP + "Nothing",
    ENTRIES,
    ENTRIES + " --max-items 1",
    ENTRIES + " --max-results 1",
]
TEXT = [
    GROUP + "'SecurityGroups[0].{{Name:GroupName,Id:GroupId,Tags:Tags}}'",
    GROUP + "'SecurityGroups[0].[GroupName,Tags[].Key,Nothing]'",
    GROUPS + "'sort_by(SecurityGroups, &GroupName)[].[GroupName,VpcId]'",
    LISTS + "'sort_by(PrefixLists, &PrefixListName)[].{{Name:PrefixListName,Most:MaxEntries,Family:AddressFamily}}'",
    GROUP + "Nothing",
    ENTRIES,
    ENTRIES + " --max-items 1",
    ENTRIES + " --max-results 1",
]
TABLES = [
    GROUPS + "'sort_by(SecurityGroups, &GroupName)[*].{{Name:GroupName,Id:GroupId}}'",
    LISTS + "'sort_by(PrefixLists, &PrefixListName)[].{{Name:PrefixListName,Most:MaxEntries,Family:AddressFamily}}'",
]


def printed(program, line, form, known):
    """What a command prints."""
    words = shlex.split(line.format(**known)) + ["--output", form]
    command = [AWS, "--endpoint-url", ENDPOINT, "ec2", *words] if program == "aws" else [CTL, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{shlex.join(command)}: {done.returncode}\n{done.stderr}")
    # A token is JSON, in which blanks mean nothing.
    return re.sub(r"\beyJ[\w+/]+=*", lambda token: str(json.loads(base64.b64decode(token[0]))), done.stdout)


def play(script, known):
    """Runs commands, and notes what they make."""
    for line in script.strip().splitlines():
        command, _, wanted = line.partition(" => ")
        answer = printed("firewall-ctl", command, "json", known)
        if wanted:
            name, path = wanted.split("=")
            place = json.loads(answer)
            for part in path.split("."):
                place = place[part]
            known[name] = place


def cells(table):
    """The cells of a table's rows, without its lines and its title."""
    rows = [[cell.strip() for cell in re.split("[|│┆]", line)[1:-1]] for line in table.splitlines()]
    return [row for row in rows if len(row) > 1]


def main():
    known = {}
    play(SCENE, known)
    cases = [(line, "json", str) for line in JSON] + [(line, "text", str) for line in TEXT]
    cases += [(line, "table", cells) for line in TABLES]
    different = 0
    for line, form, look in cases:
        theirs, ours = (look(printed(program, line, form, known)) for program in ("aws", "firewall-ctl"))
        if theirs != ours or look is cells and not theirs:
            different += 1
            print(f"$ {line} --output {form}\naws:          {theirs!r}\nfirewall-ctl: {ours!r}\n")
    play(GONE, known)
    print(f"{len(cases)} answers, {different} differ")
    sys.exit(different != 0)


main()
