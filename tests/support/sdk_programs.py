"""Programs that call AWS, each in another way; `main` makes all the calls."""

from __future__ import annotations

PROGRAMS = {
    "a client at the top": """
        s3 = boto3.client("s3")
        def main():
            s3.put_object(Bucket="orders-data", Key="k", Body=b"x")
            s3.get_object(Bucket="orders-data", Key="k")
        """,
    "a session, an alias, an imported function": """
        import boto3 as b
        from boto3 import client as make
        from boto3.session import Session
        def main():
            b.Session(region_name="us-east-1").client("s3").list_objects_v2(Bucket="orders-data")
            make("sqs").send_message(QueueUrl=URL, MessageBody="x")
            Session().client(service_name="dynamodb").put_item(TableName="orders", Item={"id": {"S": "1"}})
        URL = boto3.client("sqs").get_queue_url(QueueName="jobs")["QueueUrl"]
        """,
    "a class that is given its client": """
        class Store:
            table_name = "orders"
            def __init__(self, client, bucket="orders-data"):
                self._client = client
                self.bucket = bucket
            def save(self, key):
                self._client.put_object(Bucket=self.bucket, Key=key, Body=b"")
                return self.row(key)
            def row(self, key):
                self.db().put_item(TableName=self.table_name, Item={"id": {"S": key}})
            def db(self):
                return boto3.client("dynamodb")
        def main():
            Store(boto3.client("s3")).save("k")
        """,
    "functions that pass things on": """
        PREFIX = "orders"
        def bucket():
            return PREFIX + "-data"
        def put(client, *, name, key):
            client.put_object(Bucket=name, Key=key, Body=b"")
        def main():
            put(boto3.client("s3"), name=bucket(), key="k")
            put(boto3.client("s3"), name=f"{PREFIX}-data", key="l")
        """,
    "paginators and waiters": """
        def main():
            client = boto3.client("s3")
            waiter = client.get_waiter("bucket_exists")
            waiter.wait(Bucket="orders-data")
            for page in client.get_paginator("list_objects_v2").paginate(Bucket="orders-data"):
                print(page)
            boto3.client("dynamodb").get_waiter("table_exists").wait(TableName="orders")
        """,
    "transfers": """
        import io
        def main():
            client = boto3.client("s3")
            client.upload_fileobj(io.BytesIO(b"x"), "orders-data", "k")
            client.download_fileobj("orders-data", "k", io.BytesIO())
            client.copy({"Bucket": "orders-data", "Key": "k"}, "archive", "k")
            client.copy_object(Bucket="archive", Key="l", CopySource="orders-data/k")
        """,
    "a table": """
        table = boto3.resource("dynamodb").Table("orders")
        def main():
            table.put_item(Item={"id": "1"})
            table.get_item(Key={"id": "1"})
            table.update_item(Key={"id": "1"}, UpdateExpression="SET a = :a", ExpressionAttributeValues={":a": 1})
            with table.batch_writer() as batch:
                batch.put_item(Item={"id": "2"})
            table.scan()
            print(table.item_count)
            table.delete_item(Key={"id": "1"})
        """,
    "transactions and batches": """
        def main():
            client = boto3.client("dynamodb")
            item = {"id": {"S": "1"}}
            client.transact_write_items(TransactItems=[{"Put": {"TableName": "orders", "Item": item}}])
            client.transact_write_items(TransactItems=[{"Delete": {"TableName": "orders", "Key": item}}])
            client.transact_get_items(TransactItems=[{"Get": {"TableName": "orders", "Key": item}}])
            client.batch_get_item(RequestItems={"orders": {"Keys": [item]}})
            client.batch_write_item(RequestItems={"orders": [{"PutRequest": {"Item": item}}]})
        """,
    "buckets and objects": """
        import io
        s3 = boto3.resource("s3")
        def main():
            bucket = s3.Bucket("orders-data")
            bucket.put_object(Key="a", Body=b"x")
            bucket.upload_fileobj(io.BytesIO(b"x"), "b")
            bucket.Object("b").put(Body=b"y")
            one = s3.Object("orders-data", "a")
            print(one.content_length, one.get()["Body"], one.bucket_name)
            one.load()
            for each in bucket.objects.filter(Prefix="a"):
                each.delete()
            bucket.objects.all().delete()
        """,
    "queues and topics": """
        def main():
            queue = boto3.resource("sqs").get_queue_by_name(QueueName="jobs")
            queue.send_message(MessageBody="x")
            for message in queue.receive_messages(MaxNumberOfMessages=1):
                pass
            boto3.resource("sns").Topic("arn:aws:sns:us-east-1:123456789012:news").publish(Message="x")
        """,
    "the client of a resource, spread arguments, a loop": """
        def main():
            where = {"Bucket": "orders-data"}
            boto3.resource("s3").meta.client.list_objects_v2(**where)
            for name in ("orders-data", "archive"):
                boto3.client("s3").head_bucket(Bucket=name)
        """,
    "secrets, parameters and versions": """
        def main():
            boto3.client("secretsmanager").get_secret_value(SecretId="db/password")
            boto3.client("ssm").get_parameter(Name="/app/level")
            boto3.client("ssm").get_parameters(Names=["/app/level", "/app/size"])
            boto3.client("ssm").get_parameters_by_path(Path="/app")
            boto3.client("s3").put_object(Bucket="orders-data", Key="k", Body=b"", Tagging="a=b")
            boto3.client("sts").get_caller_identity()
        """,
    "a helper that makes clients by their names": """
        class Helper:
            def get_client(self, name, region=None):
                return boto3.client(name, region_name=region) if region else boto3.client(name)
            def get_resource(self, name):
                return self._make(name)
            def _make(self, kind):
                return boto3.resource(kind)
        def main():
            sqs = Helper().get_client("sqs", "us-east-1")
            sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="jobs")["QueueUrl"], MessageBody="x")
            s3, rows = Helper().get_client("s3"), Helper().get_resource("dynamodb").Table("orders")
            s3.put_object(Bucket="orders-data", Key="k", Body=b"")
            rows.put_item(Item={"id": "1"})
            Helper().get_resource("s3").Object("archive", "k").put(Body=b"")
        """,
    "classes that are derived, and clients that are declared": """
        from dataclasses import dataclass
        from typing import TYPE_CHECKING, Optional
        if TYPE_CHECKING:
            from mypy_boto3_sqs import SQSClient
        class Base:
            def __init__(self, bucket):
                self.s3 = boto3.client("s3")
                self.bucket = bucket
            def put(self, key):
                self.s3.put_object(Bucket=self.bucket, Key=key, Body=b"")
        class Store(Base):
            def get(self, key):
                return self.s3.get_object(Bucket=self.bucket, Key=key)
        @dataclass
        class Queue:
            client: "Optional[SQSClient]"
            def send(self):
                url = self.client.get_queue_url(QueueName="jobs")["QueueUrl"]
                self.client.send_message(QueueUrl=url, MessageBody="")
        def main():
            store = Store("orders-data")
            store.put("k")
            store.get("k")
            Queue(boto3.client("sqs")).send()
        """,
    "clients that are kept": """
        CLIENTS = {}
        def client(name):
            if name not in CLIENTS:
                CLIENTS[name] = boto3.client(name)
            return CLIENTS[name]
        class Aws:
            def __init__(self):
                self._kept = {}
            def of(self, service):
                if service not in self._kept:
                    self._kept[service] = boto3.client(service)
                return self._kept.get(service)
        def main():
            client("s3").put_object(Bucket="orders-data", Key="k", Body=b"")
            client("dynamodb").put_item(TableName="orders", Item={"id": {"S": "1"}})
            Aws().of("secretsmanager").get_secret_value(SecretId="db/password")
        """,
}
