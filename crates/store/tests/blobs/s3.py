# An S3 server by others, on a free port, until its input ends: `s3.py KEY SECRET`. It tells its port in one line.
#
# moto keeps the buckets, and would answer anybody. So a guard stands before it, which lets in what is signed with this key and nothing
# else. Who says what the right signature is, is botocore, the library by Amazon that its own client is made of: the guard hands it each request
# or link as it came, and compares. The codes of refusals are those of the protocol (Amazon S3 API Reference, "Error responses").
#
# Its input asks for what a test needs and Mainstay never does, one line each, answered by one line: `make BUCKET`, and `names BUCKET` for the
# names of all objects as JSON. boto3 does it, through the guard like anybody, so that the guard is seen to let in another one than Mainstay.
import hashlib
import hmac
import io
import json
import logging
import sys
import threading
from datetime import datetime, timedelta, timezone

import boto3
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

REGION = "us-east-1"
# What the protocol allows: a clock that is so far off, and a link for so long (a week).
APART_MAX = timedelta(minutes=15)
LINK_SECONDS_MAX = 7 * 24 * 3600


class Refused(Exception):
    def __init__(self, code, status=403):
        super().__init__(code)
        self.code, self.status = code, status

    def answer(self):
        told = f"<Error><Code>{self.code}</Code><Message>The guard lets nobody in with this.</Message></Error>"
        return Response(told, self.status, content_type="application/xml")


class Guard:
    def __init__(self, behind, key, secret):
        self.behind, self.credentials = behind, Credentials(key, secret)

    def __call__(self, environ, start_response):
        request = Request(environ, populate_request=False)
        # Also of who is refused: a connection that breaks in the middle of sending would hide the answer.
        body = request.get_data(cache=False)
        environ["wsgi.input"] = io.BytesIO(body)
        try:
            self.look_at(request, environ["RAW_URI"], body)
        except Refused as refused:
            return refused.answer()(environ, start_response)
        except (KeyError, ValueError):
            malformed = Refused("AuthorizationHeaderMalformed", 400)
            return malformed.answer()(environ, start_response)
        return self.behind(environ, start_response)

    def look_at(self, request, target, body):
        if "Authorization" in request.headers:
            self.look_at_head(request, target, body)
        elif "X-Amz-Signature" in request.args:
            self.look_at_link(request, target)
        else:
            raise Refused("AccessDenied")

    def look_at_head(self, request, target, body):
        kind, _, rest = request.headers["Authorization"].partition(" ")
        said = dict(part.strip().split("=", 1) for part in rest.split(","))
        stamp = request.headers["X-Amz-Date"]
        if abs(now() - moment(stamp)) > APART_MAX:
            raise Refused("RequestTimeTooSkewed")
        # Over plain HTTP a body that isn't signed could be anybody's, so none is taken.
        if request.headers["X-Amz-Content-SHA256"] != hashlib.sha256(body).hexdigest():
            raise Refused("XAmzContentSHA256Mismatch", 400)
        signer = S3SigV4Auth(self.credentials, "s3", REGION)
        self.compare(signer, request, target, stamp, kind, said["Credential"], said["SignedHeaders"], said["Signature"])

    def look_at_link(self, request, target):
        said = request.args
        stamp, lasts = said["X-Amz-Date"], int(said["X-Amz-Expires"])
        if not 1 <= lasts <= LINK_SECONDS_MAX:
            raise Refused("AuthorizationQueryParametersError", 400)
        if moment(stamp) - now() > APART_MAX or now() > moment(stamp) + timedelta(seconds=lasts):
            raise Refused("AccessDenied")
        path, _, query = target.partition("?")
        rest = [part for part in query.split("&") if not part.startswith("X-Amz-Signature=")]
        target = path + "?" + "&".join(rest)
        signer = S3SigV4QueryAuth(self.credentials, "s3", REGION)
        names = said["X-Amz-SignedHeaders"]
        self.compare(signer, request, target, stamp, said["X-Amz-Algorithm"], said["X-Amz-Credential"], names, said["X-Amz-Signature"])

    def compare(self, signer, request, target, stamp, kind, credential, names, signature):
        names = names.split(";")
        must = {"host"} | {name.lower() for name in request.headers.keys() if name.lower().startswith("x-amz-")}
        if not must <= set(names):
            raise Refused("AccessDenied")
        if credential.split("/")[0] != self.credentials.access_key:
            raise Refused("InvalidAccessKeyId")
        signed = {name: request.headers[name] for name in names}
        again = AWSRequest(request.method, "http://s3" + target, signed)
        again.context["timestamp"] = stamp
        if kind != "AWS4-HMAC-SHA256" or credential != signer.scope(again):
            raise Refused("AuthorizationHeaderMalformed", 400)
        text = signer.string_to_sign(again, signer.canonical_request(again))
        if not hmac.compare_digest(signature, signer.signature(text, again)):
            raise Refused("SignatureDoesNotMatch")


def now():
    return datetime.now(timezone.utc)


def moment(stamp):
    return datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)


def obey(client, line):
    verb, bucket = line.split()
    if verb == "make":
        client.create_bucket(Bucket=bucket)
        return "made"
    found = client.list_objects_v2(Bucket=bucket).get("Contents", [])
    return json.dumps([about["Key"] for about in found])


logging.getLogger("werkzeug").setLevel(logging.ERROR)
key, secret = sys.argv[1:]
guard = Guard(DomainDispatcherApplication(create_backend_app), key, secret)
server = make_server("127.0.0.1", 0, guard, threaded=True, request_handler=MotoRequestHandler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
address = f"http://127.0.0.1:{server.server_address[1]}"
client = boto3.client(
    "s3",
    endpoint_url=address,
    region_name=REGION,
    aws_access_key_id=key,
    aws_secret_access_key=secret,
    # Whatever proxy this machine has, none leads here.
    config=Config(proxies={}, s3={"addressing_style": "path"}),
)
for line in sys.stdin:
    print(obey(client, line), flush=True)
server.shutdown()
