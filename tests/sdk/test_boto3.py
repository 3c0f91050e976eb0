"""``boto3`` against moto's server, through a listener of the provider's own.

The SDK signs path and Host (SigV4, docs.aws.amazon.com: "Create a signed AWS API request"), so the sidecar adds no
prefix and passes the app's Host on.
"""

import hashlib
import json
import re
import urllib.request
from base64 import b64encode
from collections.abc import Callable
from io import BytesIO
from itertools import count
from typing import Any
from urllib.parse import urlsplit
from zlib import crc32

import boto3
import pytest
import urllib3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from botocore.httpchecksum import AwsChunkedWrapper, Crc32Checksum

from tests.sdk.conftest import Ends
from tests.sdk.provider import Provider
from tests.sdk.proxied import sidecar

MIB = 1024 * 1024
_names = count()


def client(service: str, url: str) -> Any:
    """As an application makes it: only the endpoint differs."""
    return boto3.client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, parameter_validation=True),
    )


def run(service: str, scenario: Callable[[Any], Any]) -> Callable[[str], Any]:
    """A scenario for one client, which is closed at its end."""

    def scene(url: str) -> Any:
        api = client(service, url)
        try:
            return scenario(api)
        finally:
            api.close()

    return scene


def bucket(api: Any) -> str:
    """A fresh bucket."""
    name = f"bucket-{next(_names)}"
    api.create_bucket(Bucket=name)
    return name


def test_objects_are_put_listed_read_and_deleted(aws_api: Ends) -> None:
    key = "folder one/ü+%20&=?*'().txt"

    def use(api: Any) -> tuple[Any, ...]:
        home = bucket(api)
        put = api.put_object(Bucket=home, Key=key, Body=b"hello", Metadata={"who": "me"}, ContentType="text/plain")
        head = api.head_object(Bucket=home, Key=key)
        got = api.get_object(Bucket=home, Key=key)
        part = api.get_object(Bucket=home, Key=key, Range="bytes=1-3")
        names = [item["Key"] for item in api.list_objects_v2(Bucket=home, Prefix="folder one/")["Contents"]]
        api.delete_object(Bucket=home, Key=key)
        left = api.list_objects_v2(Bucket=home)["KeyCount"]
        body, piece = got["Body"].read(), part["Body"].read()
        return put["ETag"], head["ContentLength"], head["Metadata"], body, piece, part["ContentRange"], names, left

    seen = aws_api.both(run("s3", use))
    etag = hashlib.md5(b"hello").hexdigest()
    assert seen == (f'"{etag}"', 5, {"who": "me"}, b"hello", b"ell", "bytes 1-3/5", [key], 0)


def test_a_list_is_paged(aws_api: Ends) -> None:
    def use(api: Any) -> list[list[str]]:
        home = bucket(api)
        for n in range(5):
            api.put_object(Bucket=home, Key=f"k{n}", Body=b"")
        pages = api.get_paginator("list_objects_v2").paginate(Bucket=home, PaginationConfig={"PageSize": 2})
        return [[item["Key"] for item in page["Contents"]] for page in pages]

    assert aws_api.both(run("s3", use)) == [["k0", "k1"], ["k2", "k3"], ["k4"]]


def test_a_two_mebibyte_put_asks_first_with_expect_100_continue(aws_api: Ends) -> None:
    body = bytes(range(256)) * (2 * MIB // 256)
    expected: list[str] = []

    def use(api: Any) -> tuple[Any, ...]:
        def before(request: Any, **_: Any) -> None:
            expected.append(request.headers.get("Expect", b"").decode())

        api.meta.events.register("before-send.s3.PutObject", before)
        home = bucket(api)
        api.put_object(Bucket=home, Key="k", Body=body)
        return hashlib.sha256(api.get_object(Bucket=home, Key="k")["Body"].read()).hexdigest(), expected[-1]

    assert aws_api.both(run("s3", use)) == (hashlib.sha256(body).hexdigest(), "100-continue")


def test_a_checksum_in_the_header(aws_api: Ends) -> None:
    body = bytes(range(256)) * 4096

    def use(api: Any) -> tuple[Any, ...]:
        home = bucket(api)
        put = api.put_object(Bucket=home, Key="k", Body=BytesIO(body), ChecksumAlgorithm="CRC32")
        got = api.get_object(Bucket=home, Key="k", ChecksumMode="ENABLED")
        return put["ChecksumCRC32"], got["ChecksumCRC32"], hashlib.sha256(got["Body"].read()).hexdigest()

    put, got, digest = aws_api.both(run("s3", use))
    assert put == got == b64encode(crc32(body).to_bytes(4, "big")).decode()
    assert digest == hashlib.sha256(body).hexdigest()


def test_an_aws_chunked_body_with_a_trailing_checksum(aws_api: Ends) -> None:
    """The encoding of the SDK's own; over plain http it is not chosen by itself, so it is sent by hand."""
    body = bytes(range(256)) * 4096
    headers = {
        "Content-Encoding": "aws-chunked",
        "Transfer-Encoding": "chunked",
        "X-Amz-Content-Sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "X-Amz-Decoded-Content-Length": str(len(body)),
        "X-Amz-Trailer": "x-amz-checksum-crc32",
        "X-Amz-Sdk-Checksum-Algorithm": "CRC32",
    }

    def use(url: str) -> tuple[Any, ...]:
        home = run("s3", bucket)(url)
        chunked = AwsChunkedWrapper(BytesIO(body), Crc32Checksum, "x-amz-checksum-crc32", chunk_size=64 * 1024)
        with urllib3.PoolManager() as http:
            put = http.request("PUT", f"{url}/{home}/k", body=iter(lambda: chunked.read(8192), b""), headers=headers)
        stored = run("s3", lambda api: api.get_object(Bucket=home, Key="k")["Body"].read())(url)
        return put.status, put.headers.get("x-amz-checksum-crc32"), hashlib.sha256(stored).hexdigest()

    checksum = b64encode(crc32(body).to_bytes(4, "big")).decode()
    assert aws_api.both(use) == (200, checksum, hashlib.sha256(body).hexdigest())


def test_a_multipart_upload(aws_api: Ends) -> None:
    body = bytes(range(256)) * (12 * MIB // 256)

    def use(api: Any) -> tuple[Any, ...]:
        home = bucket(api)
        config = boto3.s3.transfer.TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
        api.upload_fileobj(BytesIO(body), home, "big", Config=config)
        sink = BytesIO()
        api.download_fileobj(home, "big", sink, Config=config)
        return api.head_object(Bucket=home, Key="big")["ETag"], hashlib.sha256(sink.getvalue()).hexdigest()

    etag, digest = aws_api.both(run("s3", use))
    assert digest == hashlib.sha256(body).hexdigest()
    assert etag.endswith('-3"')


def test_presigned_urls_work_without_the_sdk(aws_api: Ends) -> None:
    def use(api: Any) -> tuple[Any, ...]:
        home = bucket(api)
        params = {"Bucket": home, "Key": "a b"}
        put = urllib.request.Request(
            api.generate_presigned_url("put_object", params), b"signed", {"Content-Type": ""}, method="PUT"
        )
        with urllib.request.urlopen(put) as answer:
            stored = answer.status
        with urllib.request.urlopen(api.generate_presigned_url("get_object", params)) as answer:
            return stored, answer.read()

    assert aws_api.both(run("s3", use)) == (200, b"signed")


def test_errors_map_to_the_same_exceptions(aws_api: Ends) -> None:
    def fail(api: Any) -> tuple[Any, ...]:
        home = bucket(api)
        with pytest.raises(api.exceptions.NoSuchKey) as missing:
            api.get_object(Bucket=home, Key="none")
        with pytest.raises(ClientError) as absent:
            api.head_object(Bucket=home, Key="none")
        etag = api.put_object(Bucket=home, Key="k", Body=b"x")["ETag"]
        with pytest.raises(ClientError) as unchanged:
            api.get_object(Bucket=home, Key="k", IfNoneMatch=etag)
        found = [error.value.response for error in (missing, absent, unchanged)]
        return [(one["Error"]["Code"], one["ResponseMetadata"]["HTTPStatusCode"]) for one in found]

    assert aws_api.both(run("s3", fail)) == [("NoSuchKey", 404), ("404", 404), ("304", 304)]


def test_sqs(aws_api: Ends) -> None:
    def use(api: Any) -> tuple[Any, ...]:
        url = api.create_queue(QueueName=f"queue-{next(_names)}")["QueueUrl"]
        api.send_message(
            QueueUrl=url,
            MessageBody="grüße",
            MessageAttributes={
                "kind": {"DataType": "String", "StringValue": "greeting"},
            },
        )
        got = api.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"][0]
        api.delete_message(QueueUrl=url, ReceiptHandle=got["ReceiptHandle"])
        left = api.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
        return got["Body"], got["MessageAttributes"]["kind"]["StringValue"], left["ApproximateNumberOfMessages"]

    assert aws_api.both(run("sqs", use)) == ("grüße", "greeting", "0")


def test_dynamodb(aws_api: Ends) -> None:
    def use(api: Any) -> tuple[Any, ...]:
        table = f"table-{next(_names)}"
        api.create_table(
            TableName=table,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        api.put_item(TableName=table, Item={"id": {"S": "1"}, "n": {"N": "7"}, "raw": {"B": bytes(range(256))}})
        item = api.get_item(TableName=table, Key={"id": {"S": "1"}})["Item"]
        with pytest.raises(api.exceptions.ConditionalCheckFailedException):
            api.put_item(TableName=table, Item={"id": {"S": "1"}}, ConditionExpression="attribute_not_exists(id)")
        return item["n"]["N"], item["raw"]["B"], api.scan(TableName=table)["Count"]

    assert aws_api.both(run("dynamodb", use)) == ("7", bytes(range(256)), 1)


def test_the_sidecars_headers_are_visible(aws_api: Ends) -> None:
    api = client("s3", aws_api.through)
    try:
        headers = api.list_buckets()["ResponseMetadata"]["HTTPHeaders"]
    finally:
        api.close()
    assert headers["sidecar-outcome"] == "success"
    record = aws_api.sidecar.record(headers["sidecar-request-id"])
    assert record["provider"] == "aws"
    assert record["attempts"][0]["status"] == 200
    assert "AKIAIOSFODNN7EXAMPLE" not in json.dumps(record)


def test_aws_itself_is_reached_by_taking_the_sidecar_for_a_proxy(aws_api: Ends) -> None:
    """The endpoint stays AWS's, so its name is what is signed; the request comes in absolute form (RFC 9112 3.2.2)."""
    api = boto3.client(
        "s3",
        endpoint_url="http://s3.us-east-1.amazonaws.com",
        region_name="us-east-1",
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="secret",
        config=Config(proxies={"http": aws_api.through}, s3={"addressing_style": "path"}),
    )
    try:
        home = bucket(api)
        put = api.put_object(Bucket=home, Key="a b", Body=b"x" * MIB * 2)
        assert api.get_object(Bucket=home, Key="a b")["Body"].read() == b"x" * MIB * 2
    finally:
        api.close()
    assert put["ResponseMetadata"]["HTTPHeaders"]["sidecar-outcome"] == "success"


@pytest.mark.parametrize("as_proxy", [False, True])
def test_the_signature_still_holds_at_the_provider(provider: Provider, *, as_proxy: bool) -> None:
    """What arrives is signed anew with the same key: the result must be the signature that came with it."""
    about = {"base_url": provider.url, "listen": "127.0.0.1:0", "host_header": "app"}
    with sidecar({"web": about}) as running:
        address = running.address("providers.web.listen")
        proxied = {"proxies": {"http": address}} if as_proxy else {}
        api = boto3.client(
            "s3",
            endpoint_url="http://s3.us-east-1.amazonaws.com" if as_proxy else address,
            region_name="us-east-1",
            aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
            aws_secret_access_key="secret",
            config=Config(s3={"addressing_style": "path"}, **proxied),
        )
        try:
            arrived = json.loads(api.get_object(Bucket="echo", Key="ü b/c+d", Range="bytes=0-9")["Body"].read())
        finally:
            api.close()
    headers = {name.lower(): value for name, value in arrived["headers"]}
    assert headers["host"] == ("s3.us-east-1.amazonaws.com" if as_proxy else urlsplit(address).netloc)
    credential, signed, signature = re.findall(r"=([^, ]+)", headers["authorization"])
    kept = {name: headers[name] for name in signed.split(";") if name != "host"}
    again = AWSRequest("GET", f"http://{headers['host']}{arrived['target']}", kept)
    again.context["timestamp"] = headers["x-amz-date"]
    signer = S3SigV4Auth(Credentials("AKIAIOSFODNN7EXAMPLE", "secret"), "s3", "us-east-1")
    assert credential.startswith("AKIAIOSFODNN7EXAMPLE/")
    text = signer.string_to_sign(again, signer.canonical_request(again))
    assert signer.signature(text, again) == signature
