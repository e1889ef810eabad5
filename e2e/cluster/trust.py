"""trust-manager, in short: each committed ClusterBundle becomes a ConfigMap in the namespaces that it selects."""
import base64

from addons import TRUST_MANAGER, apply
from api import items

_made: list[dict] = []  # as it was applied last
SOURCES = "cert-manager"  # the namespace whose Secrets may be read


def sync() -> None:
    secrets = {s["metadata"]["name"]: s for s in items("secrets") if s["metadata"]["namespace"] == SOURCES}
    namespaces, made = items("namespaces"), []
    for bundle in items("clusterbundles"):
        spec, parts = bundle["spec"], []
        for source in spec.get("sourceRefs", []):
            found = secrets.get(source["name"], {}).get("data", {}).get(source["key"])
            if source["kind"] != "Secret" or not found:
                return  # not yet: cert-manager has not made it
            parts.append(base64.b64decode(found).decode().strip())
        wanted = spec["target"]["namespaceSelector"]["matchLabels"]
        for namespace in namespaces:
            if wanted.items() <= namespace["metadata"].get("labels", {}).items():
                made.append({"apiVersion": "v1", "kind": "ConfigMap",
                             "metadata": {"name": bundle["metadata"]["name"], "namespace": namespace["metadata"]["name"]},
                             "data": {entry["key"]: "\n".join(parts) + "\n" for entry in spec["target"]["configMap"]["data"]}})
    global _made
    if made and made != _made:
        apply(*made, account=TRUST_MANAGER)
        _made = made
