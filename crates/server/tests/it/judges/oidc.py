# An OpenID Connect provider by others, on a free port, until its input ends. It tells its port in one line.
import json
import logging
import os
import sys

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

from oidc_provider_mock import User, run_server_in_thread  # noqa: E402

logging.getLogger("werkzeug").setLevel(logging.ERROR)
people = [
    User(sub=sub, claims=claims) for sub, claims in json.loads(sys.argv[1]).items()
]
with run_server_in_thread(port=0, require_nonce=True, user_claims=people) as server:
    print(server.server_port, flush=True)
    sys.stdin.read()
