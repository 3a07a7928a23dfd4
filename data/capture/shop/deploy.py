"""deploy: the deploy mark. Says in one record what was rolled out, as a pipeline does, and ends."""

from __future__ import annotations

import os

from telemetry import Telemetry


def main() -> None:
    otel = Telemetry("shop.deploy")
    service, old, new = os.environ["SHOP_DEPLOY"].split()
    otel.log("info", f"{service} {old} -> {new} rolled out", event="deployment", deployment_name=service,
             deployment_version=new, deployment_previous__version=old)  # fmt: skip
    otel.close()
