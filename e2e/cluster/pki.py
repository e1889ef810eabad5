"""The cluster's certificates and who is who: made anew for each cluster."""
import json

from layout import API, API_SERVICE, CONTROL, PKI, tool
from shell import run

KUBE_CA, GIT_AND_S3_CA = "kube-ca", "outside-ca"


def openssl(*arguments, text=None):
    run(tool("openssl"), *arguments, text=text)


def authority(name: str) -> None:
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
            "-subj", f"/CN={name}", "-keyout", PKI / f"{name}.key", "-out", PKI / f"{name}.crt",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign")


def certificate(name: str, ca: str, subject: str, names: list[str] = ()) -> None:
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject,
            "-keyout", PKI / f"{name}.key", "-out", PKI / f"{name}.csr")
    extensions = "extendedKeyUsage=serverAuth,clientAuth\n"
    if names:
        extensions += f"subjectAltName={','.join(names)}\n"
    (PKI / f"{name}.ext").write_text(extensions)
    openssl("x509", "-req", "-days", "30", "-in", PKI / f"{name}.csr", "-CA", PKI / f"{ca}.crt", "-CAkey", PKI / f"{ca}.key",
            "-CAcreateserial", "-extfile", PKI / f"{name}.ext", "-out", PKI / f"{name}.crt")


def identity(name: str, user: str, group: str = "") -> None:
    """A client of the API server: its certificate, and a kubeconfig that names it."""
    certificate(name, KUBE_CA, (f"/O={group}" if group else "") + f"/CN={user}")
    (PKI / f"{name}.kubeconfig").write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "galeno",
        "clusters": [{"name": "galeno", "cluster": {"server": API, "certificate-authority": str(PKI / f"{KUBE_CA}.crt")}}],
        "users": [{"name": user, "user": {"client-certificate": str(PKI / f"{name}.crt"), "client-key": str(PKI / f"{name}.key")}}],
        "contexts": [{"name": "galeno", "context": {"cluster": "galeno", "user": user}}],
    }))


def make() -> None:
    PKI.mkdir(parents=True, mode=0o700)
    authority(KUBE_CA)
    authority(GIT_AND_S3_CA)
    certificate("apiserver", KUBE_CA, "/CN=kube-apiserver", [
        f"IP:{CONTROL}", f"IP:{API_SERVICE}", "IP:127.0.0.1", "DNS:kubernetes", "DNS:kubernetes.default",
        "DNS:kubernetes.default.svc", "DNS:kubernetes.default.svc.cluster.local"])
    identity("admin", "galeno-e2e", "system:masters")
    identity("controller-manager", "system:kube-controller-manager")
    identity("scheduler", "system:kube-scheduler")
    openssl("genrsa", "-out", PKI / "service-accounts.key", "2048")
    openssl("rsa", "-in", PKI / "service-accounts.key", "-pubout", "-out", PKI / "service-accounts.pub")
