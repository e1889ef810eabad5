"""Reading from the API server without starting a program for it: what polls must cost little."""
import http.client
import json
import ssl

from layout import CONTROL, PKI

PATHS = {
    "applications": "/apis/argoproj.io/v1alpha1/applications",
    "secrets": "/api/v1/secrets", "namespaces": "/api/v1/namespaces", "persistentvolumeclaims": "/api/v1/persistentvolumeclaims",
    "certificates": "/apis/cert-manager.io/v1/certificates", "clusterissuers": "/apis/cert-manager.io/v1/clusterissuers",
    "clusterbundles": "/apis/trust-manager.io/v1alpha2/clusterbundles", "externalsecrets": "/apis/external-secrets.io/v1/externalsecrets",
}


def items(kind: str) -> list[dict]:
    """All objects of a kind, in every namespace. For programs in the machine's network."""
    context = ssl.create_default_context(cafile=str(PKI / "kube-ca.crt"))
    context.load_cert_chain(PKI / "admin.crt", PKI / "admin.key")
    connection = http.client.HTTPSConnection(CONTROL, 6443, context=context, timeout=20)
    try:
        connection.request("GET", PATHS[kind])
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise OSError(f"the API server answers {answer.status} for {kind}: {body[:200]!r}")
        return json.loads(body)["items"]
    finally:
        connection.close()
