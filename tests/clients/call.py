"""Calls of boto3 for a test in another language: lines of JSON, [METHOD, PARAMETERS], in; lines with the answer, or {"Error": ...}, out."""

import json
import sys

import botocore.exceptions

from common import EC2

for line in sys.stdin:
    method, parameters = json.loads(line)
    try:
        answer = getattr(EC2, method)(**parameters)
    except botocore.exceptions.ClientError as error:
        answer = {"Error": error.response["Error"]}
    except botocore.exceptions.BotoCoreError as error:
        answer = {"Error": {"Code": type(error).__name__, "Message": str(error)}}
    answer.pop("ResponseMetadata", None)
    print(json.dumps(answer, default=str), flush=True)
