"""Checks a webhook as a receiver does, with the library of Standard Webhooks: python verify.py SECRET < request.json"""

import json
import sys

from standardwebhooks.webhooks import Webhook

request = json.load(sys.stdin)
event = Webhook(sys.argv[1]).verify(request["body"], request["headers"])
print(json.dumps(event))
