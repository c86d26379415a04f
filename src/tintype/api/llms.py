"""The model's page in Markdown, for people and for language models, made from the classes that validate."""

import json
from string import Template
from typing import Any

from starlette.responses import Response

from tintype.api.gateway import Wired
from tintype.api.openapi import CATEGORY, DESCRIPTION, TAGS, TITLE, components
from tintype.api.surface import Seen
from tintype.core import ENDPOINT, JSON

PAGE = r"""# $title

> $description


## Overview

- **Endpoint**: `$run/$endpoint`
- **Model ID**: `$endpoint`
- **Category**: $category
- **Kind**: inference
**Tags**: $tags



$pricing## API Information

This model can be used via our HTTP API or more conveniently via our client libraries.
See the input and output schema below, as well as the usage examples.


### Input Schema

The API accepts the following input parameters:


$asked



**Required Parameters Example**:

```json
$required
```

**Full Example**:

```json
$full
```


### Output Schema

The API returns the following output format:

$answered



**Example Response**:

```json
$response
```


## Usage Examples

fal's clients reach this server with the settings that its command `tintype env` prints.

### cURL

```bash
curl --request POST \
  --url $run/$endpoint \
  --header "Authorization: Key $$FAL_KEY" \
  --header "Content-Type: application/json" \
  --data '{
     "prompt": $prompt_in_shell
   }'
```

### Python

Ensure you have the Python client installed:

```bash
pip install fal-client
```

Then use the API client to make requests:

```python
import fal_client

def on_queue_update(update):
    if isinstance(update, fal_client.InProgress):
        for log in update.logs:
           print(log["message"])

result = fal_client.subscribe(
    "$endpoint",
    arguments={
        "prompt": $prompt
    },
    with_logs=True,
    on_queue_update=on_queue_update,
)
print(result)
```

### JavaScript

Ensure you have the JavaScript client installed:

```bash
npm install --save @fal-ai/client
```

Then use the API client to make requests:

```javascript
import { fal } from "@fal-ai/client";

const result = await fal.subscribe("$endpoint", {
  input: {
    prompt: $prompt
  },
  logs: true,
  onQueueUpdate: (update) => {
    if (update.status === "IN_PROGRESS") {
      update.logs.map((log) => log.message).forEach(console.log);
    }
  },
});
console.log(result.data);
console.log(result.requestId);
```


## Additional Resources

### Documentation

- [Model Playground]($root/models/$endpoint)
- [API Documentation]($root/models/$endpoint/api)
- [OpenAPI Schema]($root/api/openapi/queue/openapi.json?endpoint_id=$endpoint)

### fal.ai Platform

- [Platform Documentation](https://docs.fal.ai)
- [Python Client](https://docs.fal.ai/clients/python)
- [JavaScript Client](https://docs.fal.ai/clients/javascript)
"""


async def llms(gateway: Wired, surface: Seen) -> Response:
    """``GET /models/fal-ai/z-image/turbo/llms.txt``: the page, for anyone, with addresses of the server as asked."""
    settings = gateway.settings
    schemas = components(settings.expansion_price)
    run = surface.root + ("/run" if surface.is_queue else "")
    price = (
        f"${settings.unit_price:g}" if settings.currency == "USD" else f"{settings.unit_price:g} {settings.currency}"
    )
    pricing = f"## Pricing\n\nYour request will cost **{price}** per megapixel.\n\n" if settings.unit_price else ""
    text = _page(schemas["ZImageTurboInput"], schemas["ZImageTurboOutput"], surface.root, run, pricing)
    return Response(text, media_type="text/markdown")


def _page(asked: JSON, answered: JSON, root: str, run: str, pricing: str) -> str:
    required = {name: _example(asked["properties"][name]) for name in asked["required"]}
    examples = {name: _example(schema) for name, schema in asked["properties"].items()}
    in_shell = json.dumps(required["prompt"], ensure_ascii=False).replace("'", "'\\''")
    return Template(PAGE).substitute(
        endpoint=ENDPOINT,
        root=root,
        run=run,
        title=TITLE,
        description=DESCRIPTION,
        category=CATEGORY,
        tags=", ".join(TAGS),
        pricing=pricing,
        asked=_fields(asked),
        answered=_fields(answered),
        required=_json(required),
        full=_json({name: example for name, example in examples.items() if example}),
        response=_json(_response(answered)),
        prompt=json.dumps(required["prompt"], ensure_ascii=False),
        prompt_in_shell=in_shell,
    )


def _fields(schema: JSON) -> str:
    fields = schema["properties"].items()
    return "\n\n".join(_field(name, each, name in schema["required"]) for name, each in fields)


def _field(name: str, schema: JSON, required: bool) -> str:
    """One bullet: its type, what it means, and what is allowed."""
    described = schema.get("description", "").splitlines()
    head = f"- **`{name}`** (`{_type(schema, name)}`, _{'required' if required else 'optional'}_)"
    return "\n".join([head + (":" if described else ""), *(f"  {line}" for line in described + _notes(schema))])


def _notes(schema: JSON) -> list[str]:
    notes: list[str] = []
    if "items" in schema:
        notes.append(f"- Array of {_type(schema['items'])}")
    if "default" in schema:
        notes.append(f"- Default: `{json.dumps(schema['default'])}`")
    if "maximum" in schema:
        notes.append(f"- Range: `{schema['minimum']}` to `{schema['maximum']}`")
    if "anyOf" in schema:
        notes.append(f"- One of: {_type(schema)}")
    if "enum" in schema:
        notes.append("- Options: " + ", ".join(f'`"{word}"`' for word in schema["enum"]))
    if "example" in schema:
        notes.append(f"- Examples: {json.dumps(schema['example'], ensure_ascii=False, separators=(',', ':'))}")
    return notes


def _type(schema: JSON, name: str = "") -> str:
    """fal's words for a type; a list of words is named after its field."""
    if "anyOf" in schema:
        return " | ".join(_type(each) for each in schema["anyOf"])
    if "$ref" in schema:
        return schema["$ref"].rpartition("/")[2]
    if "enum" in schema:
        return name.title().replace("_", "") + "Enum" if name else "Enum"
    return f"list<{_type(schema['items'])}>" if "items" in schema else schema["type"]


def _example(schema: JSON) -> Any:
    return schema.get("example", schema.get("default"))


def _response(answered: JSON) -> JSON:
    """What has an example, and texts empty, as fal has it."""
    texts = {name: "" for name, schema in answered["properties"].items() if schema.get("type") == "string"}
    examples = {name: schema["example"] for name, schema in answered["properties"].items() if "example" in schema}
    return {**examples, **texts}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
