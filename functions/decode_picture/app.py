"""Decode one picture for `make_thumbnail` or `build_export`, with a role that has no data.

Settings, see `coffer/settings.py`: none.
"""

from typing import Any

from coffer.adapters.imaging.decode_picture import decode_picture
from coffer.adapters.imaging.decoder_process import DecoderProcess
from coffer.adapters.imaging.isolation import hide_memory
from coffer.observability import logger, start_invocation

decoder = DecoderProcess()
refused = hide_memory()
if refused:
    logger.warning("function without these protections of the kernel", refused=refused)


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    start_invocation(context.aws_request_id)
    response = decode_picture(decoder, event)
    failure = response["failure"]
    logger.info("picture", outcome=failure["code"] if failure else "decoded")
    return response
