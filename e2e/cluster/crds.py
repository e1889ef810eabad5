"""CustomResourceDefinitions out of `schemas/upstream`: the very schemas that the compiler held the manifests against."""
import csv
import json

from layout import ROOT

UPSTREAM = ROOT / "schemas" / "upstream"
WANTED = ("cert-manager.json", "external-secrets.json", "gateway-api.json", "traefik.json", "trust-manager.json")


def all() -> list[dict]:
    found: dict[str, dict] = {}
    schemas = {name: json.loads((UPSTREAM / name).read_text()) for name in WANTED}
    with open(UPSTREAM / "index.tsv", newline="") as table:
        for row in csv.DictReader(table, delimiter="\t"):
            if row["file"] not in WANTED:
                continue
            group, version = row["apiVersion"].split("/")
            name = f"{row['plural']}.{group}"
            crd = found.setdefault(name, {
                "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                # Groups below k8s.io are guarded: whoever makes one there says who approved it.
                "metadata": {"name": name, "annotations": {"api-approved.kubernetes.io": "https://github.com/kubernetes-sigs/gateway-api/pull/2466"}
                             if group.endswith(".k8s.io") else {}},
                "spec": {"group": group, "scope": "Cluster" if row["scope"] == "Cluster" else "Namespaced", "versions": [],
                         "names": {"kind": row["kind"], "listKind": f"{row['kind']}List", "plural": row["plural"], "singular": row["kind"].lower()}}})
            schema = schemas[row["file"]][row["entry"]]
            one = {"name": version, "served": True, "storage": False, "schema": {"openAPIV3Schema": schema}}
            # Controllers write the status apart; its schema is not kept here.
            schema.setdefault("properties", {}).setdefault("status", {"type": "object", "x-kubernetes-preserve-unknown-fields": True})
            one["subresources"] = {"status": {}}
            crd["spec"]["versions"].append(one)
    for crd in found.values():
        order = sorted(crd["spec"]["versions"], key=lambda one: (len(one["name"]), one["name"]))
        order[0]["storage"] = True  # v1 before v1beta1
    return list(found.values())
