"""Measure the flow from a presigned form to the thumbnail for 200 photos, with injected faults.

    python benchmarks/thumbnail_flow.py [PHOTOS]

Each photo is posted to S3 with its form, and all following deliveries are made, with
CHAOS=duplicate,reorder or the value of CHAOS. Handlers run in this process, one at a time, so the
time is that of one worker. It fails if a thumbnail is missing, or was created or published twice.
"""

from __future__ import annotations

import io
import os
import sys
import time
from collections import Counter
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "layers" / "coffer" / "python"), str(ROOT)]

from PIL import Image, ImageDraw  # noqa: E402 - found only after the line above

from local.faults.chaos import Chaos  # noqa: E402 - as above
from local.invocation import Outcome  # noqa: E402 - as above
from local.resources import Function  # noqa: E402 - as above
from local.stack import LocalStack  # noqa: E402 - as above
from tests.api.clients import post  # noqa: E402 - as above

PHOTOS = 200
SEED = 7


def main(number: int) -> int:
    chaos = Chaos.parse(os.environ.get("CHAOS", "duplicate,reorder"), SEED)
    # The handlers' logs are discarded.
    with redirect_stdout(io.StringIO()), LocalStack(chaos=chaos) as stack:
        invocations = count_invocations(stack)
        photos = [photo(one) for one in range(number)]
        begun = time.monotonic()
        for offered, body in zip(presigned_post(stack, number), photos, strict=True):
            status = post(offered, body)
            assert status in (201, 204), status
        stack.settle(retries=True)
        seconds = time.monotonic() - begun
        lines, code = report(stack, number, seconds, invocations)
    print("\n".join(lines))
    return code


def count_invocations(stack: LocalStack) -> Counter[str]:
    """Count the invocations by function from now on."""
    counted: Counter[str] = Counter()
    invoke = stack._recorded.invoke

    def counting(function: Function, event: Any) -> Outcome:
        counted[function.logical_id] += 1
        return invoke(function, event)

    setattr(stack._recorded, "invoke", counting)  # noqa: B010 - as a profiler would
    return counted


def presigned_post(stack: LocalStack, number: int) -> list[dict[str, Any]]:
    files = [{"originalFilename": f"photo-{one}.jpg"} for one in range(number)]
    answer = stack.request("POST", "/api/v1/upload/photos", json_body={"files": files})
    assert answer.status == 200, answer.text
    return list(answer.json()["files"])


def photo(number: int) -> bytes:
    """Return a JPEG of two megapixels, different for each number."""
    image = Image.effect_noise((160, 120), 90).resize((1600, 1200)).convert("RGB")
    ImageDraw.Draw(image).text((40, 40), f"photo {number}", font_size=200)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


def report(
    stack: LocalStack, number: int, seconds: float, invocations: Counter[str]
) -> tuple[list[str], int]:
    uploads = stack.items("UploadsTable")
    statuses = Counter(str(one.get("thumbnailStatus")) for one in uploads)
    written = Counter(
        one["instanceId"]
        for one in stack.items("AuditTable")
        if "thumbnailStatus" in one["changedProperties"] and '"READY"' in str(one["state"])
    )
    told = {
        one["detail"]["id"]: one["detail"]["fileIdentifier"]
        for one in stack.bus_events
        if one["detail-type"] == "ThumbnailNotification"
    }
    messages = Counter(told.values())
    kept = stack.keys("ObjectBucket", "thumbnails/")
    twice = [one for one, times in (written | messages).items() if times > 1]
    lines = [
        f"{number} photos, {seconds:.1f} s from the first form to the last delivery",
        *(
            f"{times:6} invocations of {function} ({times / number:.2f} a photo)"
            for function, times in sorted(invocations.items())
        ),
        f"thumbnails: {dict(statuses)}, {len(kept)} in the store",
        f"told of {len(messages)}; written or told twice: {len(twice)}",
    ]
    whole = statuses == {"READY": number} and len(kept) == len(messages) == len(written) == number
    return lines, 0 if whole and not twice else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else PHOTOS))
