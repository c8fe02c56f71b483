"""What the scripts of this directory share: clients of the controller whose every answer is held against botocore's model.

The controller is told by the environment: FIREWALL_ENDPOINT, the certificate that is trusted as FIREWALL_VERIFY, and what
AWS's tools read (AWS_ACCESS_KEY_ID, ...).
"""

import os
import sys
import unittest
import xml.etree.ElementTree as ElementTree

import boto3
import botocore.config
import botocore.exceptions

ENDPOINT = os.environ["FIREWALL_ENDPOINT"]
VERIFY = os.environ.get("FIREWALL_VERIFY")

# Operations that were answered, or refused for what they ask; a dry run or an action that is not there is neither.
ANSWERED = set()
NEITHER = {"InvalidAction", "DryRunOperation"}


def local(tag):
    """An element's name without its namespace."""
    return tag.rsplit("}", 1)[-1]


class Held:
    """Holds an answer against the shape that the model has for it."""

    def __init__(self, operation):
        self.operation = operation

    def structure(self, shape, element, path, also=()):
        names = {}
        for name, member in shape.members.items():
            names[member.serialization.get("name", name)] = (name, member)
        seen = set()
        for child in element:
            tag = local(child.tag)
            if tag in also:
                continue
            assert tag in names, f"{self.operation}: {path} has {tag}, which the model does not know"
            assert tag not in seen, f"{self.operation}: {path} has {tag} twice"
            seen.add(tag)
            self.value(names[tag][1], child, f"{path}.{tag}")
        for name in shape.required_members:
            tag = shape.members[name].serialization.get("name", name)
            assert tag in seen, f"{self.operation}: {path} lacks {tag}"

    def value(self, shape, element, path):
        kind = shape.type_name
        if kind == "structure":
            self.structure(shape, element, path)
        elif kind == "list":
            for child in element:
                assert local(child.tag) == shape.member.serialization.get("name", "member"), f"{path}: {child.tag}"
                self.value(shape.member, child, f"{path}.item")
        else:
            assert len(element) == 0, f"{self.operation}: {path} is a {kind} and has elements"
            text = element.text or ""
            if kind in ("integer", "long"):
                int(text)
            elif kind in ("float", "double"):
                float(text)
            elif kind == "boolean":
                assert text in ("true", "false"), f"{path}: {text}"


def hold(operation_model, response_dict, **_):
    """Looks at an answer before botocore does."""
    name = operation_model.name
    assert response_dict["headers"]["content-type"].startswith("text/xml"), response_dict["headers"]
    root = ElementTree.fromstring(response_dict["body"])
    held = Held(name)
    if response_dict["status_code"] == 200:
        assert local(root.tag) == f"{name}Response", root.tag
        if operation_model.service_model.service_name == "ec2":
            assert root.find("{*}requestId") is not None, name
            if operation_model.output_shape is not None:
                held.structure(operation_model.output_shape, root, name, also=("requestId",))
            ANSWERED.add(name)
    elif operation_model.service_model.service_name == "ec2":
        assert [local(child.tag) for child in root] == ["Errors", "RequestID"], name
        assert {local(child.tag) for child in root[0][0]} <= {"Code", "Message", "Detail"}, name
        if root.findtext("Errors/Error/Code") not in NEITHER:
            ANSWERED.add(name)


def client(service="ec2", **options):
    """A client of the controller."""
    config = botocore.config.Config(retries={"mode": "standard", "max_attempts": 4})
    options = {"endpoint_url": ENDPOINT, "verify": VERIFY, "config": config, **options}
    made = boto3.session.Session().client(service, **options)
    made.meta.events.register(f"before-parse.{service}", hold)
    return made


EC2 = client()


def offered():
    """The operations of the model that the controller has: others are told apart by its answer to a dry run."""
    bare = client(config=botocore.config.Config(parameter_validation=False, retries={"max_attempts": 4}))
    found = set()
    for name in EC2.meta.service_model.operation_names:
        if name not in TABLE:
            continue
        method = {operation: method for method, operation in EC2.meta.method_to_api_mapping.items()}[name]
        try:
            # Few have no dry run, and those take what nobody sends here.
            is_dry = "DryRun" in EC2.meta.service_model.operation_model(name).input_shape.members
            getattr(bare, method)(**({"DryRun": True} if is_dry else {}))
        except botocore.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "InvalidAction":
                found.add(name)
        else:
            assert not is_dry, f"{name}: a dry run was answered as if it were none"
            found.add(name)
    return found


def table():
    """The operations of the committed table."""
    import json

    path = os.path.join(os.path.dirname(__file__), "../../firewall-ctl/src/ec2/shapes.json")
    with open(path, encoding="utf-8") as file:
        return set(json.load(file)["operations"])


TABLE = table()


class Test(unittest.TestCase):
    """A test with words for what is asked most."""

    maxDiff = None

    def refused(self, code, call, *args, words=(), **kwargs):
        """The call is refused with this code, and says these words; the error is given."""
        with self.assertRaises(botocore.exceptions.ClientError, msg=f"{call} {kwargs}") as caught:
            call(*args, **kwargs)
        error = caught.exception.response["Error"]
        self.assertEqual(error["Code"], code, error)
        for word in words:
            self.assertIn(word, f"{error['Message']}\n{error.get('Detail', '')}")
        return caught.exception.response

    def vpc(self, block="10.50.0.0/16"):
        """A VPC that goes when the test ends."""
        made = EC2.create_vpc(CidrBlock=block)["Vpc"]["VpcId"]
        self.addCleanup(EC2.delete_vpc, VpcId=made)
        return made

    def group(self, name, vpc=None):
        """A group that goes when the test ends."""
        place = {"VpcId": vpc} if vpc else {}
        made = EC2.create_security_group(GroupName=name, Description="of a test", **place)["GroupId"]
        self.addCleanup(EC2.delete_security_group, GroupId=made)
        return made


def permission(protocol="tcp", port=443, **peers):
    """An item of IpPermissions: `IpRanges=["10.0.0.0/8"]` and its like are written out."""
    keys = {"IpRanges": "CidrIp", "Ipv6Ranges": "CidrIpv6", "PrefixListIds": "PrefixListId", "UserIdGroupPairs": "GroupId"}
    made = {name: [{keys[name]: peer} for peer in values] for name, values in peers.items()}
    ports = {} if protocol == "-1" else {"FromPort": port, "ToPort": port}
    return {"IpProtocol": protocol, **ports, **made}


def main():
    """Runs the tests of the calling script."""
    unittest.main(module=sys.modules["__main__"], verbosity=2)
