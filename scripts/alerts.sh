#!/usr/bin/env bash
# Prints the alerts as Prometheus' operator takes them; a test compares. After a change of the alerts:
#   scripts/alerts.sh >deploy/kubernetes/monitoring/prometheusrule.yaml
set -euo pipefail
cd "$(dirname "$0")/.."

cat <<'END'
# Made by scripts/alerts.sh from deploy/prometheus/usher.rules.yml.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: usher
spec:
END
sed -n '/^groups:/,$ { s/^./  &/; p }' deploy/prometheus/usher.rules.yml
