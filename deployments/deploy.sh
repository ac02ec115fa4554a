#!/usr/bin/env bash
# Deploy everything in prefect.yaml to the Prefect server that PREFECT_API_URL names; make the work pool and the
# automation if there are none. Safe to repeat: a deployment of the same name is brought up to date.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PWD/.venv/bin:$PATH
# Without it Prefect would write resource IDs with nothing in that place, and the first night's run would fail.
: "${AZURE_SUBSCRIPTION_ID:?set it: az account show --query id -o tsv}"
: "${PREFECT_API_URL:?set it to your server, for example http://127.0.0.1:4200/api}"
export GOLDEN_CHECKOUT=${GOLDEN_CHECKOUT:-$PWD}
prefect work-pool inspect golden >/dev/null 2>&1 || prefect work-pool create golden --type process
prefect automation inspect crash-silent-runs >/dev/null 2>&1 ||
  prefect automation create --from-file deployments/automations.yaml
prefect --no-prompt deploy --all --prefect-file deployments/prefect.yaml
