"""trust-manager, in short: each committed ClusterBundle becomes a ConfigMap in the namespaces that it selects."""
import base64
import json

from addons import TRUST_MANAGER, apply
from control import kubectl

SOURCES = "cert-manager"  # the namespace whose Secrets may be read


def get(*arguments) -> list[dict]:
    return json.loads(kubectl("get", *arguments, "-o", "json", quiet=True))["items"]


def sync() -> None:
    secrets = {s["metadata"]["name"]: s for s in get("-n", SOURCES, "secrets")}
    made = []
    for bundle in get("clusterbundles.trust-manager.io"):
        spec, parts = bundle["spec"], []
        for source in spec.get("sourceRefs", []):
            found = secrets.get(source["name"], {}).get("data", {}).get(source["key"])
            if source["kind"] != "Secret" or not found:
                return  # not yet: cert-manager has not made it
            parts.append(base64.b64decode(found).decode().strip())
        wanted = spec["target"]["namespaceSelector"]["matchLabels"]
        for namespace in get("namespaces"):
            if wanted.items() <= namespace["metadata"].get("labels", {}).items():
                made.append({"apiVersion": "v1", "kind": "ConfigMap",
                             "metadata": {"name": bundle["metadata"]["name"], "namespace": namespace["metadata"]["name"]},
                             "data": {entry["key"]: "\n".join(parts) + "\n" for entry in spec["target"]["configMap"]["data"]}})
    if made:
        apply(*made, account=TRUST_MANAGER)
