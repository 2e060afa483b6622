"""Checks manifests on standard input: by the schemas of several Kubernetes versions, strictly; and by the standard
`restricted` of pod security. Prints what they are made of, as JSON."""

import json
import sys

import kubernetes_validate
import yaml

VERSIONS = ["1.29.0", "1.33.0", "1.37.0"]

# Kinds of Prometheus' operator: the fields that are used here, with their types; a list's element stands in it.
MATCH = {"matchLabels": dict}
ENDPOINT = {"port": str, "path": str, "interval": str}
RULE = {"alert": str, "expr": str, "for": str, "labels": dict, "annotations": dict}
OPERATOR = {
    "ServiceMonitor": {"jobLabel": str, "selector": MATCH, "endpoints": [ENDPOINT]},
    "PrometheusRule": {"groups": [{"name": str, "rules": [RULE]}]},
}


def shaped(value, shape, where):
    """Holds a value against a shape, field by field."""
    if isinstance(shape, type):
        assert isinstance(value, shape), f"{where}: {value!r} is no {shape.__name__}"
    elif isinstance(shape, list):
        assert isinstance(value, list) and value, f"{where}: no list, or an empty one"
        for at, item in enumerate(value):
            shaped(item, shape[0], f"{where}[{at}]")
    else:
        for name, inner in value.items():
            assert name in shape, f"{where}: there is no field {name}"
            shaped(inner, shape[name], f"{where}.{name}")


def restricted(pod):
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted, and a read-only root."""
    context = pod["securityContext"]
    assert context["runAsNonRoot"] and context["runAsUser"] > 0, "runs as root"
    assert context["seccompProfile"]["type"] == "RuntimeDefault", "no seccomp profile"
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        assert not pod.get(field), field
    for volume in pod.get("volumes", []):
        kinds = set(volume) - {"name"}
        assert kinds <= {"secret", "configMap", "emptyDir", "persistentVolumeClaim", "projected"}, kinds
    for container in pod["containers"] + pod.get("initContainers", []):
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False, "privilege escalation"
        assert context["capabilities"] == {"drop": ["ALL"]}, "capabilities"
        assert context["readOnlyRootFilesystem"] is True, "a root that can be written to"
        assert not context.get("privileged"), "privileged"
        assert not any("hostPort" in port for port in container["ports"]), "a port of the host"


def main():
    documents = [document for document in yaml.safe_load_all(sys.stdin) if document]
    for document in documents:
        kind, name = document["kind"], document["metadata"]["name"]
        if document["apiVersion"] == "monitoring.coreos.com/v1":
            shaped(document["spec"], OPERATOR[kind], kind)
        else:
            for version in VERSIONS:
                kubernetes_validate.validate(document, version, strict=True)
        if kind in ("Deployment", "StatefulSet"):
            restricted(document["spec"]["template"]["spec"])
        if kind == "Secret":
            raise AssertionError(f"{name}: a secret does not belong into a repository")
    print(json.dumps(documents))


main()
