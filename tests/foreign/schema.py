"""Judges a JSON document by a JSON Schema with a validator that nobody of this project wrote (jsonschema_rs).

    schema.py SCHEMA DOCUMENT
"""

import json
import sys

import jsonschema_rs

schema, document = (json.load(open(path, encoding="utf-8")) for path in sys.argv[1:])
validator = jsonschema_rs.Draft202012Validator(schema)
errors = [f"{list(error.instance_path)}: {error.message}" for error in validator.iter_errors(document)]
print("\n".join(errors) or "valid")
sys.exit(1 if errors else 0)
