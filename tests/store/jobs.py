"""Jobs to submit."""

from typing import Any
from uuid import uuid4

from tintype.core import Job, Params, Result

PARAMS = Params(
    prompt="a postcard of a lighthouse — «Überfahrt» 🗼",
    width=1024,
    height=768,
    steps=8,
    seed=2**63 - 1,
    images=1,
    format="png",
    inline=False,
    acceleration="regular",
    check_safety=True,
    expand_prompt=False,
)
RESULT = Result(images=(), seed=7, prompt="a", flagged=(False,), timings={"inference": 0.1})


def new_job(**fields: Any) -> Job:
    return Job(**{"id": str(uuid4()), "account": "someone", "params": PARAMS} | fields)
