"""Prints a YAML file on standard input as JSON: its anchors and merges resolved."""

import json
import sys

import yaml

print(json.dumps(yaml.safe_load(sys.stdin)))
